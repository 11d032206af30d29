"""Make a run's model the champion: fetch it, verify it, hand it to the store, move the alias."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from stance.artifact import Manifest
from stance.errors import ArtifactError
from stance.predictor import Predictor
from stance.records import Statement
from training import tracking
from training.loading import fetch_verified
from training.tracking import RunSummary
from training.train import UNTRAINED

Store = Callable[[Path, Manifest, str], str]
"""Called with (verified directory, manifest, registered version); returns the name it is kept under."""

_SMOKE = Statement("the peace agreement", "We will sign it tomorrow.", "“We will sign it tomorrow,” the envoy said.", "the envoy")


def promote(reference: str, store: Store) -> tuple[RunSummary, str]:
    """Return the promoted run and the name its model has in the store.

    The artifact is verified and answers a statement before anything moves; the alias moves last.
    Raises RunError or ArtifactError.
    """
    run = tracking.find_run(reference)
    with tempfile.TemporaryDirectory() as folder:
        directory, manifest = fetch_verified(run, Path(folder))
        if untrained := manifest.data.get(UNTRAINED):
            raise ArtifactError(f"run {run.name}: its {untrained[0]} head was never trained; train on a corpus with that head's labels")
        Predictor.load(directory).predict([_SMOKE])
        kept = store(directory, manifest, run.model_version)
    tracking.set_champion(run)
    return run, kept


def export(reference: str, target: Path) -> RunSummary:
    """Write a run's verified model into `target`, which must not exist or be empty, and return the run."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArtifactError(f"{target}: expected no such directory, or an empty one; name another")
    run = tracking.find_run(reference)
    with tempfile.TemporaryDirectory() as folder:
        directory, _ = fetch_verified(run, Path(folder))
        shutil.copytree(directory, target, dirs_exist_ok=True)
    return run
