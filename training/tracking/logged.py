"""Everything that one run logged."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import mlflow
from mlflow.entities import FileInfo
from mlflow.tracking import MlflowClient

from stance.artifact import MANIFEST_FILE, Manifest, read_manifest
from training.tracking.runs import MODEL_URI_TAG, RunSummary
from training.tracking.store import connect, told

_MODEL_URI: Final = "models:/"


@dataclass(frozen=True, slots=True)
class Logged:
    """What a run logged beside its metrics: artifacts and the model's files as {path: bytes}; `manifest` is None without a model.

    `source` is where its data was when it was trained, `ended` is None while it runs.
    """

    params: dict[str, str]
    tags: dict[str, str]
    source: str
    ended: datetime | None
    artifacts: dict[str, int]
    model_files: dict[str, int]
    manifest: Manifest | None


@told
def logged(run: RunSummary) -> Logged:
    """Return what a run logged; of its model only the manifest is fetched. Raises ArtifactError where that is damaged."""
    connect()
    client = MlflowClient()
    found = client.get_run(run.run_id)
    inputs = found.inputs.dataset_inputs if found.inputs else []
    model_id = found.data.tags.get(MODEL_URI_TAG, "").removeprefix(_MODEL_URI)
    model = _files(lambda path: client.list_logged_model_artifacts(model_id, path)) if model_id else {}
    return Logged(
        params=dict(found.data.params),
        tags=dict(found.data.tags),
        source=_source(inputs),
        ended=datetime.fromtimestamp(found.info.end_time / 1000, UTC) if found.info.end_time else None,
        artifacts=_files(lambda path: client.list_artifacts(run.run_id, path)),
        model_files=model,
        manifest=_manifest(model_id, model) if model_id else None,
    )


def _files(listed: Callable[[str | None], list[FileInfo]], folder: str | None = None) -> dict[str, int]:
    files: dict[str, int] = {}
    for entry in listed(folder):
        files |= _files(listed, entry.path) if entry.is_dir else {entry.path: entry.file_size or 0}
    return files


def _source(inputs: list[Any]) -> str:
    return mlflow.data.get_source(inputs[0].dataset).uri if inputs else ""


def _manifest(model_id: str, files: dict[str, int]) -> Manifest | None:
    path = next((path for path in files if Path(path).name == MANIFEST_FILE), None)
    if path is None:
        return None
    place = f"{MlflowClient().get_logged_model(model_id).artifact_location}/{path}"  # a models: URI can't name a file
    with tempfile.TemporaryDirectory() as folder:
        return read_manifest(Path(mlflow.artifacts.download_artifacts(artifact_uri=place, dst_path=folder)).parent)
