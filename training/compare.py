"""Runs side by side on the same statements: by how much is one better, where, and is that more than chance?

The first contender is the reference; what is told of another is its figure less the reference's. training/paired.py says how a
difference's interval and p-value are made; parts are compared by accuracy, which also holds for a handful of statements.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS
from training.answers import Gold
from training.comparison import Compared, Comparison, Entry, Flip, Measure
from training.conclusions import conclude
from training.contenders import Contender, Field, Progress, choose_runs, gather
from training.evaluate import COMMON_TAG
from training.metrics import Score, calibration_score, coverage_curve, macro_f1, reliability, share
from training.paired import Difference, holm, paired_difference, seeds_difference, share_difference
from training.paired_confidence import half_difference
from training.paired_many import calibration_differences, f1_differences
from training.seeds import spread
from training.tracking import RunSummary

_NOT_TOLD: Final = ("name",)  # fields of a recipe that decide nothing
_SHORT: Final = 12  # of a digest

Rights = NDArray[np.bool_]


def compare(
    *references: str,
    last: int | None = None,
    recipe: str = "",
    group: str | None = None,
    data: Path | None = None,
    part: str | None = None,
    seed: int = 0,
    on_progress: Progress = lambda *_: None,
) -> Comparison:
    """Return the comparison of runs ("champion", "last", "v3", a run's name or id; see find_run), the first one the reference.

    `last` adds so many of the newest finished runs, of a `recipe` if that is named (which alone adds all of its runs). `group`
    "seed" makes one contender of the runs of a recipe that differ by seed only. `data` and `part` measure the models now (see
    read_measured) instead of reading the predictions that runs logged. `seed` is that of the resamples: the same, the same numbers.

    Raises InputError where fewer than two contenders are left or runs were measured on different data, RunError where a run is
    not there or logged no predictions.
    """
    runs = choose_runs(references, last=last, recipe=recipe)
    return weigh(gather(runs, data=data, part=part, group=group, on_progress=on_progress), seed=seed, on_progress=on_progress)


def weigh(field: Field, *, seed: int = 0, on_progress: Progress = lambda *_: None) -> Comparison:
    """Return the comparison of contenders whose answers are at hand."""
    heads: dict[str, dict[str, Measure]] = {head: {} for head in HEADS}
    for done, head in enumerate(HEADS):
        on_progress("comparing", done, len(HEADS) + 1)
        if len(field.gold.labels[head]):
            heads[head] = _head_measures(head, field, seed)
    heads = {head: found for head, found in heads.items() if found}
    names = dict.fromkeys(name for found in heads.values() for name in found)
    for name in names:
        corrected = _corrected({head: found[name] for head, found in heads.items() if name in found})
        for head, measure in corrected.items():
            heads[head][name] = measure
    on_progress("comparing", len(HEADS), len(HEADS) + 1)
    found = Comparison(
        data=field.data,
        digest=field.digest,
        statements=len(field.gold.said),
        seed=seed,
        contenders=tuple(_entry(contender, field.gold, list(heads)) for contender in field.contenders),
        heads=heads,
        parts={kind: _part_measures(kind, field, seed) for kind in field.gold.parts},
        flips=tuple(_flips(field, list(heads))),
        settings=_settings(field.contenders),
        conclusions=(),
    )
    return replace(found, conclusions=conclude(found))


@dataclass(frozen=True, slots=True)
class _Side:
    """A contender's answers on a head: predicted labels, confidences and which are right, each (runs, n); stance: which it gave."""

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: Rights
    answered: Rights

    @property
    def is_one(self) -> bool:
        return len(self.predicted) == 1


def _side(contender: Contender, gold: Gold, head: str) -> _Side:
    predicted = np.array([answers.predicted[head] for answers in contender.answers])
    confidence = np.array([answers.confidence(head) for answers in contender.answers])
    return _Side(predicted, confidence, predicted == gold.labels[head], np.array([answers.answered for answers in contender.answers]))


Between = Callable[[_Side, Sequence[_Side]], Sequence[Difference | None]]
"""Of the reference and the others: each other's difference over statements, None where it can't be told."""


def _head_measures(head: str, field: Field, seed: int) -> dict[str, Measure]:
    gold, labels = field.gold.labels[head], len(HEADS[head])
    sides = [_side(contender, field.gold, head) for contender in field.contenders]
    found = {
        "macro_f1": _measure(
            sides, lambda side, run: macro_f1(gold, side.predicted[run], labels, seed=seed), partial(_f1_differences, gold, labels, seed)
        ),
        "accuracy": _accuracy(sides, seed),
        "calibration_error": _measure(
            sides, lambda side, run: calibration_score(side.confidence[run], side.right[run], seed=seed), partial(_calibrations, seed)
        ),
    }
    return found | _abstention(sides, seed) if head == "stance" else found


def _abstention(sides: Sequence[_Side], seed: int) -> dict[str, Measure]:
    return {
        "coverage": _measure(
            sides,
            lambda side, run: _share(side.answered[run]),
            lambda first, others: [share_difference(first.answered, side.answered, seed=seed) for side in others],
        ),
        "selective_accuracy": _measure(
            sides, lambda side, run: _share(side.right[run][side.answered[run]]), lambda _, others: [None] * len(others)
        ),
        "confident_half_accuracy": _measure(
            sides, lambda side, run: coverage_curve(side.confidence[run], side.right[run])[0], partial(_halves, seed)
        ),
    }


def _f1_differences(gold: NDArray[np.int64], labels: int, seed: int, first: _Side, others: Sequence[_Side]) -> list[Difference]:
    if first.is_one and all(side.is_one for side in others):
        return f1_differences(gold, first.predicted[0], [side.predicted[0] for side in others], labels, seed=seed)
    return [paired_difference(gold, first.predicted, side.predicted, labels, seed=seed) for side in others]


def _calibrations(seed: int, first: _Side, others: Sequence[_Side]) -> Sequence[Difference | None]:
    """Return the differences over statements, where single runs are compared: several runs differ over seeds only."""
    if not (first.is_one and all(side.is_one for side in others)):
        return [None] * len(others)
    confidences, rights = [side.confidence[0] for side in others], [side.right[0] for side in others]
    return calibration_differences(first.confidence[0], first.right[0], confidences, rights, seed=seed)


def _halves(seed: int, first: _Side, others: Sequence[_Side]) -> list[Difference | None]:
    """Return the same of the more confident half."""
    return [
        half_difference(first.confidence[0], first.right[0], side.confidence[0], side.right[0], seed=seed)
        if first.is_one and side.is_one
        else None
        for side in others
    ]


def _accuracy(sides: Sequence[_Side], seed: int) -> Measure:
    found = _measure(
        sides,
        lambda side, run: _share(side.right[run]),
        lambda first, others: [share_difference(first.right, o.right, seed=seed) for o in others],
    )
    return replace(found, differences=tuple(_counted(sides[0], side, d) for side, d in zip(sides[1:], found.differences, strict=True)))


def _counted(first: _Side, second: _Side, found: Compared | None) -> Compared | None:
    """Return the difference with the statements won and lost; of several seeds, those that most of them win or lose."""
    if found is None:
        return None
    before, after = first.right.mean(axis=0) > 0.5, second.right.mean(axis=0) > 0.5
    return replace(found, gained=int((after & ~before).sum()), lost=int((before & ~after).sum()))


def _measure(sides: Sequence[_Side], score: Callable[[_Side, int], Score], between: Between) -> Measure:
    """Return a metric of all sides; `score(side, run)` is a run's."""
    runs = [[score(side, run) for run in range(len(side.predicted))] for side in sides]
    values = tuple(tuple(found.value for found in own) for own in runs)
    over_statements = between(sides[0], sides[1:])
    over_seeds = [seeds_difference(values[0], own) for own in values[1:]]
    differences = tuple(_compared(*found) for found in zip(over_statements, over_seeds, strict=True))
    return Measure(tuple(_score(own) for own in runs), values, differences)


def _compared(over_statements: Difference | None, over_seeds: Difference | None) -> Compared | None:
    p_values = [found.p_value for found in (over_statements, over_seeds) if found is not None]
    return Compared(over_statements, over_seeds, max(p_values)) if p_values else None


def _score(runs: Sequence[Score]) -> Score:
    """Return a run's score, or the mean of several with its interval over them."""
    if len(runs) == 1:
        return runs[0]
    found = spread([run.value for run in runs])
    return Score(found.mean, max(0.0, found.low), min(1.0, found.high), runs[0].statements)


def _share(hits: Rights) -> Score:
    return share(int(hits.sum()), len(hits))


def _corrected(measures: dict[str, Measure]) -> dict[str, Measure]:
    """Return measures of one family with their differences' p-values corrected for all of them (Holm)."""
    tested = [found for measure in measures.values() for found in measure.differences if found is not None]
    p_values = iter(holm([found.p_value for found in tested]))
    return {
        key: replace(
            measure, differences=tuple(replace(d, corrected=next(p_values)) if d is not None else None for d in measure.differences)
        )
        for key, measure in measures.items()
    }


def _part_measures(kind: str, field: Field, seed: int) -> dict[str, dict[str, Measure]]:
    """Return {part: {head: accuracy on it}}; phenomena of fewer than COMMON_TAG statements of a head are left out."""
    least = COMMON_TAG if kind == "phenomenon" else 1
    found = {}
    for head in HEADS:
        sides = [_side(contender, field.gold, head) for contender in field.contenders]
        for name, members in field.gold.parts[kind].items():
            chosen = members[field.gold.scored[head]]
            if chosen.sum() >= least:
                found[f"{name}\n{head}"] = _accuracy([_only(side, chosen) for side in sides], seed)
    parts: dict[str, dict[str, Measure]] = {name: {} for name in field.gold.parts[kind]}
    for key, measure in _corrected(found).items():
        name, head = key.rsplit("\n", 1)
        parts[name][head] = measure
    return {name: heads for name, heads in parts.items() if heads}


def _only(side: _Side, chosen: Rights) -> _Side:
    return _Side(side.predicted[:, chosen], side.confidence[:, chosen], side.right[:, chosen], side.answered)


def _flips(field: Field, heads: Sequence[str]) -> Iterable[Flip]:
    """Yield the statements that reference and contender don't both get right or wrong, by contender and head, the surest first."""
    for head in heads:
        labels, gold, places = HEADS[head], field.gold.labels[head], field.gold.scored[head]
        means = [np.mean([answers.probabilities[head] for answers in contender.answers], axis=0) for contender in field.contenders]
        guesses = [mean.argmax(axis=1) for mean in means]
        for contender, after, guess in zip(field.contenders[1:], means[1:], guesses[1:], strict=True):
            flipped = np.flatnonzero((guesses[0] == gold) != (guess == gold))
            made = (
                Flip(
                    contender.name,
                    head,
                    field.gold.said[places[i]],
                    (labels[guesses[0][i]], labels[guess[i]]),
                    (dict(zip(labels, means[0][i].tolist(), strict=True)), dict(zip(labels, after[i].tolist(), strict=True))),
                )
                for i in flipped
            )
            yield from sorted(made, key=lambda flip: -flip.certainty)


def _entry(contender: Contender, gold: Gold, heads: Sequence[str]) -> Entry:
    sides = {head: _side(contender, gold, head) for head in heads}
    stance = sides.get("stance")
    return Entry(
        name=contender.name,
        runs=contender.runs,
        reliability={head: reliability(side.confidence.ravel(), side.right.ravel()) for head, side in sides.items()},
        coverage=coverage_curve(stance.confidence.ravel(), stance.right.ravel())[1] if stance else (),
        fit_seconds=_mean(contender.runs, "fit/seconds"),
        model_bytes=_mean(contender.runs, "fit/model_bytes"),
        parameters=_mean(contender.runs, "fit/parameters"),
        statements_per_second=_mean(contender.runs, "test/statements_per_second"),
    )


def _mean(runs: Sequence[RunSummary], metric: str) -> float | None:
    return float(np.mean([run.metrics[metric] for run in runs])) if all(metric in run.metrics for run in runs) else None


def _settings(contenders: Sequence[Contender]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what contenders differ in, {kind: {name: each one's value}}; values that differ by seed are joined."""
    known = all(origin.versions for c in contenders for origin in c.origins)  # old runs logged none
    tables = {
        "recipe": [[origin.recipe for origin in c.origins] for c in contenders],
        "data": [[_data(run, origin.init_from) for run, origin in zip(c.runs, c.origins, strict=True)] for c in contenders],
        "code": [[{"commit": origin.git_commit} for origin in c.origins] for c in contenders],
        "versions": [[origin.versions for origin in c.origins] for c in contenders] if known else [],
    }
    found = {}
    for kind, table in tables.items():
        names = dict.fromkeys(chain.from_iterable(chain.from_iterable(table)))
        rows = {
            name: tuple(", ".join(sorted({run.get(name, "") for run in own})) for own in table) for name in names if name not in _NOT_TOLD
        }
        found[kind] = {name: values for name, values in rows.items() if len(set(values)) > 1}
    return {kind: rows for kind, rows in found.items() if rows}


def _data(run: RunSummary, init_from: str) -> dict[str, str]:
    return {"trained on": run.data_digest[:_SHORT], "begun from": init_from[:_SHORT]}
