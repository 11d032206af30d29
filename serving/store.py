"""Verified artifacts in BentoML's model store, from which the service and a Bento take them.

The store is BentoML's own (BENTOML_HOME). A model is kept under stance:<first 12 characters of
its run id>; the one put there last is stance:latest, the one served.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Final

import bentoml
from bentoml.exceptions import NotFound

from stance.artifact import Manifest, verify_artifact
from stance.errors import ArtifactError

MODEL_NAME: Final = "stance"
_ID_CHARS: Final = 12


def put(directory: Path, manifest: Manifest, version: str) -> str:
    """Copy a verified model directory into the store as the latest and return its tag.

    The copy is verified again before it is kept; a model that is the latest already stays as it is.
    """
    tag = f"{MODEL_NAME}:{manifest.run_id[:_ID_CHARS]}"
    if _is_latest(tag, manifest):
        return tag
    verify_artifact(directory)
    with contextlib.suppress(NotFound):
        bentoml.models.delete(tag)
    metadata = {"run_id": manifest.run_id, "model_version": version, "recipe": str(manifest.recipe.get("name", ""))}
    with bentoml.models.create(tag, labels={"run_id": manifest.run_id[:_ID_CHARS], "model_version": version}, metadata=metadata) as model:
        folder = Path(model.path)
        for name in ("manifest.json", *manifest.files):
            shutil.copy2(directory / name, folder / name)
        verify_artifact(folder)
    return tag


def champion_directory() -> Path:
    """Return the directory of the model served; raises ArtifactError where none was promoted."""
    return Path(_latest().path)


def _is_latest(tag: str, manifest: Manifest) -> bool:
    try:
        latest = _latest()
        return str(latest.tag) == tag and verify_artifact(Path(latest.path)) == manifest
    except ArtifactError:
        return False


def _latest() -> bentoml.Model:
    try:
        return bentoml.models.get(f"{MODEL_NAME}:latest")
    except NotFound as error:
        raise ArtifactError(
            "there is no model yet: expected a promoted one; run 'stance train quick' and 'stance promote last', "
            "or name a directory with --model"
        ) from error
