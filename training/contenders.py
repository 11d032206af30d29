"""Which runs are compared, on which statements: chosen, grouped by seed, checked to be measured alike."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stance.errors import InputError, RunError
from training import tracking
from training.answers import Answers, Gold, Rows, answers_of, gold_of, in_order, same_statements
from training.evaluate import prediction_rows
from training.evaluation import Measured, read_measured
from training.loading import load_predictor
from training.tracking import Origin, RunSummary

SEED: Final = "seed"
"""What runs can be grouped by."""
_SPEED: Final = "test/statements_per_second"
_FINISHED: Final = "FINISHED"
_ALL: Final = 5000
_NAMING: Final = ("name", "seed")  # fields of a recipe that decide nothing but the luck

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total) as a comparison goes on."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A run, or the runs of one recipe under several seeds, with their answers in the same order."""

    name: str
    runs: tuple[RunSummary, ...]
    origins: tuple[Origin, ...]
    answers: tuple[Answers, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """Contenders, the reference first, and the statements that all of them answered; `data` says which, `digest` names them."""

    data: str
    digest: str
    gold: Gold
    contenders: tuple[Contender, ...]


def choose_runs(references: Sequence[str], *, last: int | None = None, recipe: str = "") -> list[RunSummary]:
    """Return the runs named (see find_run), then the `last` finished ones (of a recipe; without `last` all of it), oldest first.

    A run named twice comes once. Raises RunError where a reference means none, InputError where fewer than two are left.
    """
    chosen = [tracking.find_run(reference) for reference in references]
    if last is not None or recipe:
        found = [run for run in tracking.list_runs(_ALL) if run.status == _FINISHED and recipe in ("", run.recipe)]
        chosen += reversed(found[:last])
    runs = list({run.run_id: run for run in chosen}.values())
    if len(runs) < 2:
        got = f"only {runs[0].name}" if runs else "none"
        raise InputError(f"runs: expected at least two different ones to compare, got {got}; name another ('stance runs')")
    return runs


def gather(
    runs: Sequence[RunSummary], *, data: Path | None = None, part: str | None = None, group: str | None = None, on_progress: Progress
) -> Field:
    """Return the contenders with their answers: the logged ones, or, where `data` is given, made now (see read_measured).

    Raises InputError where runs were measured on different statements, RunError where one logged no predictions.
    """
    if data is not None:
        measured = read_measured(data, part)
        name, digest = measured.name, measured.digest
        found = [_measure(run, measured, on_progress, done, len(runs)) for done, run in enumerate(runs)]
    else:
        name, digest = "their test part", runs[0].test_digest or runs[0].data_digest
        _check_digests(runs)
        found = [(run, _logged(run, on_progress, done, len(runs))) for done, run in enumerate(runs)]
        for run, rows in found:
            if not same_statements(found[0][1], rows):
                raise InputError(_unlike(runs[0], run, digest, "other statements or gold labels under it"))
    gold = gold_of(max((rows for _, rows in found), key=lambda rows: len(rows[0]) if rows else 0))  # the one that says most
    named = [(run, tracking.origin_of(run), answers_of(rows, gold)) for run, rows in found]
    members = [(run.name, [entry]) for entry in named for run in entry[:1]] if group is None else _by_seed(named)
    if len(members) < 2:
        raise InputError(f"--group {SEED}: expected runs of at least two recipes, got seeds of one; name another, or leave --group out")
    return Field(name, digest, gold, tuple(Contender(n, *(tuple(column) for column in zip(*own, strict=True))) for n, own in members))


def _by_seed(named: list[tuple[RunSummary, Origin, Answers]]) -> list[tuple[str, list[tuple[RunSummary, Origin, Answers]]]]:
    """Return each recipe's runs, of a seed that ran twice the newest."""
    groups: dict[tuple[object, ...], dict[str, tuple[RunSummary, Origin, Answers]]] = {}
    for run, origin, answers in named:
        fields = {name: value for name, value in origin.recipe.items() if name not in _NAMING}
        own = groups.setdefault((*sorted(fields.items()), origin.init_from, run.data_digest), {})
        if run.seed not in own or own[run.seed][0].started < run.started:
            own[run.seed] = (run, origin, answers)
    names: list[str] = []
    for own in groups.values():
        name = next(iter(own.values()))[0].recipe
        before = sum(taken.split(" (")[0] == name for taken in names)
        names.append(f"{name} ({before + 1})" if before else name)
    return [(name, list(own.values())) for name, own in zip(names, groups.values(), strict=True)]


def _measure(run: RunSummary, data: Measured, on_progress: Progress, done: int, total: int) -> tuple[RunSummary, Rows]:
    on_progress("measuring the runs", done, total)
    predictor, _ = load_predictor(run.run_id)
    started = time.perf_counter()
    predictions = predictor.predict([s.statement for s in data.statements])
    speed = len(predictions) / (time.perf_counter() - started)
    return dataclasses.replace(run, metrics={**run.metrics, _SPEED: speed}), in_order(prediction_rows(data.statements, predictions))


def _logged(run: RunSummary, on_progress: Progress, done: int, total: int) -> Rows:
    on_progress("reading predictions", done, total)
    try:
        return in_order(tracking.logged_predictions(run))
    except RunError as error:
        told = f"run {run.name} ({run.status.lower()}): expected the test predictions that it logged, got none: {error}"
        raise RunError(f"{told}; measure the runs on the spot: stance compare ... --data FOLDER") from error


def _check_digests(runs: Sequence[RunSummary]) -> None:
    first = runs[0]
    for run in runs:
        if first.data_digest != run.data_digest and not (first.test_digest and first.test_digest == run.test_digest):
            parts = first.test_digest, run.test_digest
            raise InputError(_unlike(first, run, *(parts if all(parts) else (first.data_digest, run.data_digest))))


def _unlike(first: RunSummary, other: RunSummary, wanted: str, got: str) -> str:
    alike = f"stance compare {first.name} {other.name} --data FOLDER, or each with stance evaluate RUN --data FOLDER"
    return (
        f"run {other.name}: expected it to be measured on the data of {first.name}, digest {wanted or 'unknown'}, got {got or 'unknown'}; "
        f"measure them alike: {alike}"
    )
