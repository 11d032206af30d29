"""One training run from a recipe to a registered model: fit, calibrate, measure, log."""

import dataclasses
import hashlib
import importlib.metadata
import json
import math
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import safe_open

from stance.artifact import Manifest, save_artifact
from stance.calibration import probabilities
from stance.inputs import INPUT_FORMAT, shape
from stance.labels import HEADS, STANCE
from stance.models.base import WEIGHTS_FILE, Model
from stance.predictor import Predictor
from training import checkpoint, tracking
from training.calibrate import choose_threshold, fit_temperature
from training.evaluate import Report, prediction_rows
from training.evaluate import report as report_of
from training.figures import confusion_figure
from training.fit import fit
from training.fit_encoder import Epoch, Steps
from training.labels import label_indices
from training.loading import load_predictor
from training.recipe import Recipe
from training.split import Split, check_labels, read_split

DEFAULT_DATA: Final = Path("datasets/peace_deals")
UNTRAINED: Final = "untrained_heads"
"""Where a manifest's `data` names the heads that were never trained."""
_LIBRARIES: Final = (
    "torch",
    "accelerate",
    "peft",
    "transformers",
    "tokenizers",
    "safetensors",
    "scikit-learn",
    "scipy",
    "numpy",
    "mlflow",
    "stance",
)

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


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a training's result depends on: the same key, the same weights."""

    recipe: Recipe
    split: Split
    start: Predictor | None
    """The model that training begins from, instead of the recipe's base."""
    commit: str

    @property
    def key(self) -> str:
        """A name for the training, of 16 hexadecimal digits."""
        named = [self.recipe.resolved(), self.split.digest, self._start_manifest("seal"), INPUT_FORMAT, self.commit]
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def tags(self) -> dict[str, str]:
        """What marks the run in MLflow."""
        return {
            "git_commit": self.commit,
            "init_from": self._start_manifest("run_id"),
            "versions": json.dumps(library_versions()),
            tracking.FIT_TAG: self.key,
            tracking.TEST_DIGEST_TAG: self.split.test_digest,
        }

    @property
    def untrained_heads(self) -> list[str]:
        """The heads that answer at random: without labels here, and in what training begins from."""
        lacking = check_labels(self.split)
        if self.start is None or self.start.manifest is None:
            return list(lacking)
        return [head for head in lacking if head in self.start.manifest.data.get(UNTRAINED, [])]

    def _start_manifest(self, name: str) -> str:
        if self.start is None or self.start.manifest is None:
            return ""
        return self.start.manifest.seal() if name == "seal" else str(getattr(self.start.manifest, name))


def plan_training(recipe: Recipe, data: Path, init_from: str = "") -> Plan:
    """Return the plan of a training (see train)."""
    split = read_split(data)
    check_labels(split)
    return Plan(recipe, split, load_predictor(init_from)[0] if init_from else None, git_commit())


def train(
    recipe: Recipe, data: Path = DEFAULT_DATA, *, init_from: str = "", fresh: bool = False, on_progress: Progress = _silent
) -> TrainedRun:
    """Return the run that trained `recipe` on a corpus folder, logged and registered.

    `init_from` is a model directory or a run whose model training begins from, instead of the recipe's base. A training of
    the same recipe, data, beginning and code that was cut off goes on where it was, in its own run, unless it is to be `fresh`.

    Raises CorpusError or InputError before anything is logged where the data can't be used, and RecipeError where the
    base can't be loaded or training diverges; the run is then marked failed.
    """
    return carry_out(plan_training(recipe, data, init_from), fresh=fresh, on_progress=on_progress)


def carry_out(plan: Plan, *, fresh: bool = False, on_progress: Progress = _silent) -> TrainedRun:
    """Return the run of a plan (see train); the model that it begins from is changed."""
    with checkpoint.attempt(plan.key, fresh=fresh) as resume:
        again = tracking.unfinished_run(plan.key) if resume.is_file() else None
        with tracking.new_run(plan.recipe, plan.tags, again=again) as run:
            return _train(plan, run, resume, on_progress)


def assist(recipe: Recipe, data: Path = DEFAULT_DATA, *, init_from: str = "", fresh: bool = False) -> None:
    """Take a further process's part in a training that `accelerate launch` started in several; nothing is logged."""
    plan = plan_training(recipe, data, init_from)
    _fit(plan, None if fresh else checkpoint.path_of(plan.key), lambda _: None, lambda *_: None)


def _train(plan: Plan, run: tracking.ActiveRun, resume: Path, on_progress: Progress) -> TrainedRun:
    recipe, split = plan.recipe, plan.split
    run.log_data(split.path, split.digest)
    stage, started = f"fitting {recipe.kind}", time.perf_counter()
    on_progress(stage, 0, 1)
    model = _fit(plan, resume, lambda point: _log_point(run, point), lambda done, total: on_progress(stage, done, total))
    fit_seconds = time.perf_counter() - started
    on_progress("calibrating", 0, 1)
    predictor = _calibrated(model, plan)
    on_progress("measuring", 0, 1)
    started = time.perf_counter()
    predictions = predictor.predict([s.statement for s in split.test])
    speed = len(predictions) / (time.perf_counter() - started)
    report = report_of(split.test, predictions, seed=recipe.seed)
    run.log_metrics({**report.metrics(), "statements_per_second": speed}, prefix="test")
    run.log_metrics({"seconds": fit_seconds, **{f"temperature_{h}": t for h, t in predictor.temperatures.items()}}, prefix="fit")
    run.log_figure(confusion_figure(report), "confusion")
    run.log_predictions(prediction_rows(split.test, predictions))
    on_progress("registering", 0, 1)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "stance-model"
        save_artifact(model, _manifest(predictor, plan, report, run.run_id), directory)
        run.log_metrics(_sizes(directory), prefix="fit")
        requirements = [f"{name}=={version}" for name, version in library_versions().items() if name not in ("python", "stance", "mlflow")]
        version = run.log_artifact(directory, requirements)
    return TrainedRun(run.run_id, run.name, version, report, fit_seconds)


def _fit(plan: Plan, resume: Path | None, on_point: Callable[[Epoch | Steps], None], on_batch: Callable[[int, int], None]) -> Model:
    start = plan.start.model if plan.start else None
    return fit(plan.recipe, plan.split.train, plan.split.calibration, on_point, on_batch, start=start, resume=resume)


def _log_point(run: tracking.ActiveRun, point: Epoch | Steps) -> None:
    values = dataclasses.asdict(point)
    run.log_point(values.pop("number"), values, curve="epoch" if isinstance(point, Epoch) else "steps")


def _calibrated(model: Model, plan: Plan) -> Predictor:
    """Return the model with its temperatures and threshold; a head without labels keeps those of the beginning."""
    calibration = plan.split.calibration
    logits = model.logits([shape(s.statement) for s in calibration])
    labels = label_indices(calibration)
    before = plan.start.temperatures if plan.start else dict.fromkeys(HEADS, 1.0)
    lacking = check_labels(plan.split)
    temperatures = {head: before[head] if head in lacking else fit_temperature(logits[head], labels[head]) for head in HEADS}
    if "stance" in lacking:
        return Predictor(model, temperatures, plan.start.threshold if plan.start else 1.0)
    scored = np.array([s.relevance != "off_target" and s.stance in STANCE for s in calibration], dtype=bool)
    stance = probabilities(logits["stance"], temperatures["stance"])[scored]
    right = stance.argmax(axis=1) == labels["stance"][scored]
    return Predictor(model, temperatures, choose_threshold(stance.max(axis=1), right, plan.recipe.target_precision))


def _sizes(directory: Path) -> dict[str, float]:
    """Return how many numbers a model directory's weights hold, and the bytes of all its files."""
    with safe_open(directory / WEIGHTS_FILE, framework="np") as weights:
        parameters = sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 - no mapping
    return {"parameters": float(parameters), "model_bytes": float(sum(file.stat().st_size for file in directory.iterdir()))}


def _manifest(predictor: Predictor, plan: Plan, report: Report, run_id: str) -> Manifest:
    return Manifest(
        kind=predictor.model.kind,
        temperatures=predictor.temperatures,
        threshold=predictor.threshold,
        target_precision=plan.recipe.target_precision,
        recipe=plan.recipe.resolved(),
        model=predictor.model.describe(),
        data={**plan.split.describe(), UNTRAINED: plan.untrained_heads},
        metrics=report.metrics(),
        run_id=run_id,
        git_commit=plan.commit,
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
