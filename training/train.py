"""One training run from a recipe to a registered model: fit, calibrate, measure, log."""

import importlib.metadata
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from stance.artifact import Manifest, save_artifact
from stance.calibration import probabilities
from stance.inputs import shape
from stance.labels import HEADS, STANCE
from stance.models.base import Model
from stance.predictor import Predictor
from stance.records import LabelledStatement
from training import tracking
from training.calibrate import choose_threshold, fit_temperature
from training.evaluate import Report, evaluate, prediction_rows
from training.figures import confusion_figure
from training.fit import fit
from training.fit_encoder import Epoch
from training.labels import label_indices
from training.recipe import Recipe
from training.split import Split, check_labels, read_split

DEFAULT_DATA: Final = Path("datasets/peace_deals")
_LIBRARIES: Final = ("torch", "transformers", "tokenizers", "safetensors", "scikit-learn", "scipy", "numpy", "mlflow", "stance")

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total) as a run goes on."""


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A finished run."""

    run_id: str
    name: str
    version: str
    report: Report
    fit_seconds: float


def _silent(stage: str, done: int, total: int) -> None:
    pass


def train(recipe: Recipe, data: Path = DEFAULT_DATA, *, on_progress: Progress = _silent) -> TrainedRun:
    """Return the run that trained `recipe` on a corpus folder, logged and registered.

    Raises CorpusError or InputError before anything is logged where the data can't be used, and
    RecipeError where the base can't be loaded or training diverges; the run is then marked failed.
    """
    split = read_split(data)
    check_labels(split)
    commit = git_commit()
    with tracking.new_run(recipe, {"git_commit": commit}) as run, tempfile.TemporaryDirectory() as folder:
        run.log_data(split.path, split.digest)
        started = time.perf_counter()
        model = _fit(recipe, split, run, on_progress)
        fit_seconds = time.perf_counter() - started
        on_progress("calibrating", 0, 1)
        predictor = _calibrated(model, split.calibration, recipe)
        on_progress("measuring", 0, 1)
        report, predictions = evaluate(predictor, split.test, seed=recipe.seed)
        run.log_metrics(report.metrics(), prefix="test")
        run.log_metrics({"seconds": fit_seconds, **{f"temperature_{h}": t for h, t in predictor.temperatures.items()}}, prefix="fit")
        run.log_figure(confusion_figure(report), "confusion")
        run.log_predictions(prediction_rows(split.test, predictions))
        on_progress("registering", 0, 1)
        directory = Path(folder) / "stance-model"
        save_artifact(model, _manifest(predictor, recipe, split, report, run.run_id, commit), directory)
        requirements = [f"{name}=={version}" for name, version in library_versions().items() if name not in ("python", "stance", "mlflow")]
        version = run.log_artifact(directory, requirements)
    return TrainedRun(run.run_id, run.name, version, report, fit_seconds)


def _fit(recipe: Recipe, split: Split, run: tracking.ActiveRun, on_progress: Progress) -> Model:
    def log_epoch(epoch: Epoch) -> None:
        run.log_epoch(
            epoch.number,
            {
                "train_loss": epoch.train_loss,
                "calibration_loss": epoch.calibration_loss,
                "learning_rate": epoch.learning_rate,
                "seconds": epoch.seconds,
            },
        )

    stage = f"fitting {recipe.kind}"
    on_progress(stage, 0, 1)
    return fit(recipe, split.train, split.calibration, log_epoch, lambda done, total: on_progress(stage, done, total))


def _calibrated(model: Model, calibration: list[LabelledStatement], recipe: Recipe) -> Predictor:
    logits = model.logits([shape(s.statement) for s in calibration])
    labels = label_indices(calibration)
    temperatures = {head: fit_temperature(logits[head], labels[head]) for head in HEADS}
    scored = np.array([s.relevance != "off_target" and s.stance in STANCE for s in calibration], dtype=bool)
    stance = probabilities(logits["stance"], temperatures["stance"])[scored]
    right = stance.argmax(axis=1) == labels["stance"][scored]
    return Predictor(model, temperatures, choose_threshold(stance.max(axis=1), right, recipe.target_precision))


def _manifest(predictor: Predictor, recipe: Recipe, split: Split, report: Report, run_id: str, commit: str) -> Manifest:
    return Manifest(
        kind=predictor.model.kind,
        temperatures=predictor.temperatures,
        threshold=predictor.threshold,
        target_precision=recipe.target_precision,
        recipe=recipe.resolved(),
        model=predictor.model.describe(),
        data=split.describe(),
        metrics=report.metrics(),
        run_id=run_id,
        git_commit=commit,
        versions=library_versions(),
    )


def library_versions() -> dict[str, str]:
    """Return the versions that made a model, local tags such as "+cpu" left out."""
    found = {name: importlib.metadata.version(name).split("+")[0] for name in _LIBRARIES}
    return {"python": platform.python_version(), **found}


def git_commit() -> str:
    """Return the working tree's commit, "-dirty" behind it where it was changed, "unknown" outside git."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-dirty" if changed else commit
