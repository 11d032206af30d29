"""A model by its name: a model directory, or what a run logged."""

import os
import tempfile
from pathlib import Path

from stance.artifact import Manifest, verify_artifact
from stance.errors import ArtifactError, RunError
from stance.predictor import Predictor
from training import tracking
from training.tracking import RunSummary


def load_predictor(reference: str) -> tuple[Predictor, RunSummary | None]:
    """Return the predictor of a model directory (with None), or of a run ("champion", "last", a run's name or id; see find_run).

    Raises ArtifactError or RunError where there is none, or it is damaged.
    """
    if is_directory(reference):
        if not Path(reference).is_dir():
            raise ArtifactError(f"{reference}: expected a model directory, found none; check the path, or name a run ('stance runs')")
        return Predictor.load(Path(reference)), None
    try:
        run = tracking.find_run(reference)
    except RunError as error:
        raise RunError(f"{error}; nor is there a model directory of that name") from error
    with tempfile.TemporaryDirectory() as folder:
        directory, _ = fetch_verified(run, Path(folder))
        return Predictor.load(directory), run


def is_directory(reference: str) -> bool:
    """Return whether a model's reference means a directory rather than a run."""
    return os.sep in reference or Path(reference).is_dir()


def fetch_verified(run: RunSummary, folder: Path) -> tuple[Path, Manifest]:
    """Return a run's model directory, downloaded into `folder`, and its manifest; raises RunError or ArtifactError."""
    directory = tracking.fetch_artifact(run, folder)
    manifest = verify_artifact(directory)
    if manifest.run_id != run.run_id:
        raise ArtifactError(f"run {run.name}: its model says it comes from run {manifest.run_id}; train it again")
    return directory, manifest
