"""Search a recipe's fields for what is best on the calibration part of a corpus; the test part is never looked at.

Each trial trains the recipe with other values in some fields and is measured by macro-F1. That figure flatters the best
trial, which was chosen by it: what a recipe is worth is told by `stance train` with the recipe that comes out.
"""

import dataclasses
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from optuna import Trial as HeldTrial
from optuna import TrialPruned
from optuna.trial import FrozenTrial, TrialState

from stance.errors import DivergenceError, InputError, RunError
from stance.inputs import INPUT_FORMAT
from stance.labels import HEADS
from stance.models.base import Model
from stance.predictor import Predictor
from training import checkpoint, tracking
from training.evaluate import Report, evaluate
from training.fit import fit
from training.fit_encoder import Epoch, Steps
from training.metrics import metric_fields
from training.recipe import Recipe, recipe_toml, with_fields
from training.remembering import Encoders
from training.search_space import Space, read_space, space_fields
from training.split import Split, check_labels, read_split
from training.study import DIVERGED, SharedStudy, shown_storage
from training.tracking import Outcome
from training.train import DEFAULT_DATA, Plan, Progress, git_commit

DEFAULT_STORAGE: Final = "tuning.journal"
FOUND_BY: Final = "# Found by stance tune"
"""How the file of a best recipe begins."""
Objective = Literal["mean", "relevance", "stance", "sentiment"]
_RUN: Final = "run_id"
_EPOCHS: Final = "epoch"


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial: the values it tried, and its figure on the calibration part (None where it was pruned or diverged)."""

    number: int
    outcome: Outcome
    value: float | None
    fields: dict[str, Any]
    seconds: float
    run_id: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a search came to."""

    study: str
    recipe: str
    objective: Objective
    data: str
    """The corpus folder's name."""
    data_digest: str
    storage: str
    trials: tuple[Trial, ...]
    """The finished ones, by number."""
    best: Trial
    best_recipe: Recipe
    importance: dict[str, float]
    """Each searched field's share in what separates good trials from bad ones; empty for too few trials."""
    run_id: str
    """The parent run of the trials' runs."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"best_recipe": self.best_recipe.resolved()}

    def best_toml(self) -> str:
        """Return the best recipe as a file, with a comment that says where it comes from."""
        figure = "mean macro-F1" if self.objective == "mean" else f"{self.objective} macro-F1"
        cut = sum(trial.outcome != "complete" for trial in self.trials)
        return (
            f"{FOUND_BY} {self.recipe}: trial {self.best.number} of study {self.study}, the best of {len(self.trials)} trials\n"
            f"# ({cut} of them cut short), {figure} {self.best.value:.4f} on the calibration part of {self.data} "
            f"({self.data_digest[:8]}).\n"
            f"# That figure chose it and flatters it: train it for figures on the test part.\n{recipe_toml(self.best_recipe)}"
        )


def tune(
    recipe: Recipe,
    data: Path = DEFAULT_DATA,
    *,
    trials: int,
    space: Path | None = None,
    storage: str = DEFAULT_STORAGE,
    objective: Objective = "mean",
    on_progress: Progress = lambda *_: None,
) -> Tuning:
    """Return what `trials` trials of a recipe came to, those that the study has already among them.

    `space` is a file that names the searched fields (see search_space; None: those usual for the kind), `storage` a journal
    file's path or a database URL, `objective` a head, or the mean over all heads that have labels. Every process that calls this
    with the same arguments takes part in the same study; other recipes, spaces, objectives or data are other studies. Progress
    is told in hundredths of a trial.

    Raises InputError (CorpusError, RecipeError) for what can't be used, and RunError where no trial came to its end.
    """
    if trials < 1:
        raise InputError(f"trials: expected at least one, got {trials}")
    split = read_split(data)
    lacking = check_labels(split)
    if objective not in get_args(Objective) or objective in lacking:
        legal = ", ".join(name for name in get_args(Objective) if name not in lacking)
        raise InputError(f"objective: expected one of {legal} on {data}, got {objective!r}; choose one")
    fields = read_space(space, recipe)
    name = _identity(recipe, fields, split, objective)
    study = SharedStudy(name, storage, fields, seed=recipe.seed)
    with tracking.tuning_run(study.key, recipe, {"data_digest": split.digest, "objective": objective}) as run:
        tuner = _Tuner(recipe, split, study, run, objective, trials, on_progress)
        while (trial := study.take(trials)) is not None:
            with study.held(trial):
                tuner.carry_out(trial)
        found = tuner.result(shown_storage(storage))
        figures = {"trials": float(len(found.trials)), "best": float(found.best.value or 0.0)}
        files = {"best.toml": found.best_toml(), "space.json": json.dumps(space_fields(fields), indent=1)}
        run.finish(figures | {f"importance/{n}": share for n, share in found.importance.items()}, files, found.best.run_id)
    return found


@dataclass(frozen=True, slots=True)
class _Tuner:
    recipe: Recipe
    split: Split
    study: SharedStudy
    run: tracking.TuningRun
    objective: Objective
    wanted: int
    on_progress: Progress
    encoders: Encoders = dataclasses.field(default_factory=Encoders)
    commit: str = dataclasses.field(default_factory=git_commit)

    def carry_out(self, trial: HeldTrial) -> None:
        """Train and measure one trial, and tell the study and MLflow what became of it."""
        self._tell_progress(0, 1)
        recipe = dataclasses.replace(
            with_fields(self.recipe, trial.params, f"trial {trial.number}"), name=f"{self.study.name}-t{self.study.origin(trial)}"
        )
        with self.run.trial(trial.number, recipe, {"git_commit": self.commit}) as run:
            trial.set_user_attr(_RUN, run.run_id)
            value: float | None = None
            outcome: Outcome = "pruned"
            told = ""
            try:
                if (model := self._fitted(recipe, trial, run)) is not None:
                    report = self._measured(model)
                    value, outcome = self._value(report), "complete"
                    run.log_metrics(_figures(report) | {"objective": value}, prefix="calibration")
            except DivergenceError as error:
                outcome, told = "diverged", str(error)
            if self.study.finish(trial, value, diverged=told):  # else it was held for dead meanwhile, and another process tries it
                run.outcome = outcome
        self._tell_progress(0, 1)

    def result(self, storage: str) -> Tuning:
        """Return what all trials came to; raises RunError where none is complete."""
        finished, best = [_read(trial) for trial in self.study.finished()], self.study.best()
        if best is None:
            raise RunError(
                f"study {self.study.name}: expected a trial that comes to its end, got {len(finished)} that diverged; "
                "lower the rates of the search space"
            )
        return Tuning(
            study=self.study.name,
            recipe=self.recipe.name,
            objective=self.objective,
            data=self.split.path.resolve().name,
            data_digest=self.split.digest,
            storage=storage,
            trials=tuple(finished),
            best=_read(best),
            best_recipe=with_fields(self.recipe, best.params, f"trial {best.number}"),
            importance=self.study.importance(),
            run_id=self.run.run_id,
        )

    def _fitted(self, recipe: Recipe, trial: HeldTrial, run: tracking.TrialRun) -> Model | None:
        """Return the trial's model, or None where it is pruned; a fine-tuning that was cut off on this machine goes on where it was."""
        start = self.encoders.of(recipe) if recipe.kind == "quick" else None

        def on_point(point: Epoch | Steps) -> None:
            values = asdict(point)
            number = int(values.pop("number"))
            run.log_point(number, values, curve=_EPOCHS if isinstance(point, Epoch) else "steps")
            if isinstance(point, Epoch):
                self.study.report(trial, number, -point.calibration_loss)

        with checkpoint.attempt(Plan(recipe, self.split, None, self.commit).key, fresh=False) as resume:
            try:
                return fit(recipe, self.split.train, self.split.calibration, on_point, self._tell_progress, start=start, resume=resume)
            except TrialPruned:
                return None

    def _measured(self, model: Model) -> Report:
        return evaluate(Predictor(model, dict.fromkeys(HEADS, 1.0), 0.0), self.split.calibration, seed=self.recipe.seed)[0]

    def _value(self, report: Report) -> float:
        heads = HEADS if self.objective == "mean" else (self.objective,)
        return float(np.mean([report.heads[h].macro_f1.value for h in heads if report.heads[h].macro_f1.statements]))

    def _tell_progress(self, done: int, total: int) -> None:
        finished = min(len(self.study.finished()), self.wanted)
        self.on_progress("trials", 100 * finished + (100 * done // total if finished < self.wanted else 0), 100 * self.wanted)


def _identity(recipe: Recipe, space: Space, split: Split, objective: Objective) -> str:
    """Return a study's name: the recipe's, and what its figures depend on, hashed."""
    left = {name: value for name, value in recipe.resolved().items() if name != "name" and name not in space}
    named = [left, space_fields(space), split.digest, objective, INPUT_FORMAT]
    return f"{recipe.name}-{hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:8]}"


def _figures(report: Report) -> dict[str, float]:
    figures: dict[str, float] = {}
    for head, found in report.heads.items():
        if found.macro_f1.statements:
            figures |= metric_fields(f"{head}/macro_f1", found.macro_f1) | {f"{head}/accuracy": found.accuracy.value}
    return figures


def _read(trial: FrozenTrial) -> Trial:
    complete = trial.state == TrialState.COMPLETE
    return Trial(
        number=trial.number,
        outcome="complete" if complete else "diverged" if DIVERGED in trial.user_attrs else "pruned",
        value=trial.value if complete else None,  # Optuna gives a pruned trial its last loss
        fields=dict(trial.params),
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
        run_id=str(trial.user_attrs.get(_RUN, "")),
    )
