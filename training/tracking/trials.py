"""A tuning as nested runs, in an experiment of their own: a parent run, and a child run for each trial.

Trials log no figure of the test part and no model, so no list of models ever holds them.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from mlflow.entities import Metric, Param, Run, RunStatus, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from training.recipe import Recipe
from training.tracking.store import connect, experiment_id, told

TUNING_EXPERIMENT: Final = "stance-tuning"
KIND_TAG: Final = "stance.kind"
STUDY_TAG: Final = "stance.study"
OUTCOME_TAG: Final = "stance.trial"
"""What became of a trial: complete, pruned, diverged, or cut off."""
BEST_TAG: Final = "stance.best_run"

Outcome = Literal["complete", "pruned", "diverged", "cut off"]


@dataclass(slots=True)
class TrialRun:
    """A trial being logged; whoever carries it out says what became of it."""

    run_id: str
    outcome: Outcome = "cut off"

    @told
    def log_point(self, number: int, values: dict[str, float], *, curve: str) -> None:
        """Add a point to each curve, under CURVE/NAME."""
        _log(self.run_id, {f"{curve}/{name}": value for name, value in values.items()}, number)

    @told
    def log_metrics(self, values: dict[str, float], *, prefix: str) -> None:
        """Log figures that have one value a trial."""
        _log(self.run_id, {f"{prefix}/{name}": value for name, value in values.items()}, 0)


@dataclass(frozen=True, slots=True)
class TuningRun:
    """The parent run of a study's trials, found again by every process that takes part."""

    run_id: str
    name: str

    @contextmanager
    def trial(self, number: int, recipe: Recipe, tags: dict[str, str]) -> Iterator[TrialRun]:
        """Open a trial's run; it ends when the block does, as failed where that leaves no outcome."""
        run = TrialRun(_start_trial(self.run_id, f"{recipe.name}-t{number}", recipe, tags))
        try:
            yield run
        finally:
            _end(run.run_id, "FAILED" if run.outcome == "cut off" else "FINISHED", {OUTCOME_TAG: run.outcome})

    @told
    def finish(self, metrics: dict[str, float], files: dict[str, str], best_run: str) -> None:
        """Log what a tuning came to: figures, text files by their path, and the best trial's run; the run is finished."""
        for path, text in files.items():
            MlflowClient().log_text(self.run_id, text, path)
        _log(self.run_id, metrics, 0)
        _end(self.run_id, "FINISHED", {BEST_TAG: best_run})


@contextmanager
def tuning_run(study: str, recipe: Recipe, tags: dict[str, str]) -> Iterator[TuningRun]:
    """Open the parent run of a study, or go on in the one that is there; it is marked killed where the block raises.

    `study` is a study's name, a slash, and what tells it from others of that name.
    """
    run = _parent(study, recipe, tags)
    ended = False
    try:
        yield TuningRun(run.info.run_id, run.info.run_name or "")
        ended = True
    finally:
        if not ended:
            _end(run.info.run_id, "KILLED", {})


@told
def _parent(study: str, recipe: Recipe, tags: dict[str, str]) -> Run:
    connect()
    client, experiment = MlflowClient(), experiment_id(TUNING_EXPERIMENT)
    if not _parents(experiment, study):
        marks = {KIND_TAG: "tuning", STUDY_TAG: study, "recipe": recipe.name, **tags}
        made = client.create_run(experiment, run_name=study.partition("/")[0], tags=marks)
        client.log_batch(made.info.run_id, params=_params(recipe))
        if (first := _parents(experiment, study)[0]).info.run_id != made.info.run_id:  # another process began in the same moment
            client.delete_run(made.info.run_id)
            return first
    found = _parents(experiment, study)[0]
    client.update_run(found.info.run_id, status="RUNNING")
    return found


def _parents(experiment: str, study: str) -> list[Run]:
    wanted = f"tags.`{STUDY_TAG}` = '{study}' and tags.`{KIND_TAG}` = 'tuning'"
    found: list[Run] = MlflowClient().search_runs([experiment], wanted, order_by=["attributes.start_time ASC"])
    return found


@told
def _start_trial(parent: str, name: str, recipe: Recipe, tags: dict[str, str]) -> str:
    client = MlflowClient()
    marks = {MLFLOW_PARENT_RUN_ID: parent, KIND_TAG: "trial", "recipe": recipe.name, **tags}
    run_id = str(client.create_run(experiment_id(TUNING_EXPERIMENT), run_name=name, tags=marks).info.run_id)
    client.log_batch(run_id, params=_params(recipe))
    return run_id


def _params(recipe: Recipe) -> list[Param]:
    return [Param(name, str(value)) for name, value in recipe.resolved().items()]


@told
def _log(run_id: str, values: dict[str, float], step: int) -> None:
    now = round(time.time() * 1000)
    MlflowClient().log_batch(run_id, metrics=[Metric(n, v, now, step) for n, v in values.items() if math.isfinite(v)])


@told
def _end(run_id: str, status: str, tags: dict[str, Any]) -> None:
    client = MlflowClient()
    if tags:
        client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    client.set_terminated(run_id, RunStatus.to_string(RunStatus.from_string(status)))
