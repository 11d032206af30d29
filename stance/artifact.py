"""A model directory: weights, tokenizer and a manifest that holds the hash of every file.

Nothing is loaded before all of it is verified: a changed byte, a missing file, other labels or
another input format is an ArtifactError. Only safetensors and JSON are ever read.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stance.errors import ArtifactError, shortened
from stance.inputs import INPUT_FORMAT, check_format
from stance.labels import HEADS
from stance.models.base import KINDS, Model, load_model, sha256_of

MANIFEST_FILE: Final = "manifest.json"
_LAYOUT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an artifact says of itself."""

    kind: str
    """Which model class reads it: "baseline" or "encoder"."""
    temperatures: dict[str, float]
    """Per head, what the logits are divided by."""
    threshold: float
    """Stance predictions less probable than this abstain."""
    target_precision: float
    """The precision the threshold was chosen for."""
    recipe: dict[str, Any]
    """The resolved recipe."""
    model: dict[str, Any]
    """Base checkpoint with its hash, sizes."""
    data: dict[str, Any]
    """Digest and processes of what it was trained, calibrated and tested on."""
    metrics: dict[str, Any]
    """Test metrics with their 95 % intervals."""
    run_id: str
    git_commit: str
    versions: dict[str, str]
    labels: dict[str, list[str]] = dataclasses.field(default_factory=lambda: {h: list(v) for h, v in HEADS.items()})
    input_format: str = INPUT_FORMAT
    layout: int = _LAYOUT
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    """sha256 of every other file."""

    def seal(self) -> str:
        """Return the sha256 of the manifest's own content."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


def save_artifact(model: Model, manifest: Manifest, directory: Path) -> Manifest:
    """Write `model` and its sealed manifest into `directory` (made, must be empty); return the manifest with hashes."""
    if directory.is_file():
        raise ArtifactError(f"{directory}: expected a directory to write a model into, got a file; name another")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise ArtifactError(f"{directory}: expected an empty directory to write a model into, got one with files; name another")
    model.save(directory)
    manifest = dataclasses.replace(manifest, files={f.name: sha256_of(f) for f in sorted(directory.iterdir())})
    content = {**dataclasses.asdict(manifest), "seal": manifest.seal()}
    (directory / MANIFEST_FILE).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Return a model directory's manifest after checking its seal and layout; no other file is looked at."""
    path = directory / MANIFEST_FILE
    if not path.is_file():
        raise ArtifactError(
            f"{directory}: expected a model directory with {MANIFEST_FILE}, found none; export one with 'stance export RUN DIR'"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        seal = content.pop("seal")
        manifest = Manifest(**content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path}: expected a manifest of layout {_LAYOUT}, got: {error}; export the model again") from error
    if seal != manifest.seal():
        raise ArtifactError(f"{path}: the manifest does not match its seal: it was changed after it was written; export the model again")
    if manifest.layout != _LAYOUT:
        raise ArtifactError(f"{path}: expected layout {_LAYOUT}, got {manifest.layout}; export the model with this version")
    return manifest


def verify_artifact(directory: Path) -> Manifest:
    """Return the manifest after checking the seal, every file's hash, the labels and the input format."""
    path, manifest = directory / MANIFEST_FILE, read_manifest(directory)
    expected = {head: list(labels) for head, labels in HEADS.items()}
    if manifest.labels != expected or list(manifest.labels) != list(expected):
        raise ArtifactError(
            f"{path}: expected the labels {shortened(expected, 200)} in this order, got {shortened(manifest.labels, 200)}; train again"
        )
    check_format(manifest.input_format, str(path))
    if manifest.kind not in KINDS:
        raise ArtifactError(f"{path}: this version does not know models of kind {manifest.kind!r}; use the version that made it")
    loadable = {f.name for pattern in ("*.json", "*.safetensors") for f in directory.glob(pattern)} - {MANIFEST_FILE}
    if unlisted := sorted(loadable - set(manifest.files)):
        raise ArtifactError(f"{directory / unlisted[0]}: the manifest does not list this file; export the model again")
    for name, wanted in manifest.files.items():
        file = directory / name
        if Path(name).name != name or not file.is_file():
            raise ArtifactError(f"{file}: the manifest lists this file, but it is not there; export the model again")
        if (found := sha256_of(file)) != wanted:
            raise ArtifactError(f"{file}: expected sha256 {wanted[:12]}…, got {found[:12]}…: the file was changed; export the model again")
    return manifest


def load_artifact(directory: Path) -> tuple[Model, Manifest]:
    """Return the verified model and its manifest."""
    manifest = verify_artifact(directory)
    return load_model(manifest.kind, directory), manifest
