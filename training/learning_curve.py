"""Would more statements help? Recipes trained on growing parts of a corpus, each measured on the same statements.

Every finished point is a line of points.jsonl, so a run that was cut goes on where it was. The
points are no tracked runs and make no model.
"""

import dataclasses
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from stance.corpus import digest, read_corpus
from stance.errors import InputError, shortened
from stance.inputs import INPUT_FORMAT
from stance.jsonl import read_lines, write_line
from stance.labels import HEADS
from stance.models.base import Model
from stance.predictor import Predictor
from stance.records import LabelledStatement
from training.evaluate import evaluate
from training.fit import fit
from training.recipe import Recipe
from training.remembering import Encoders
from training.split import Split, check_labels, read_split

POINTS_FILE: Final = "points.jsonl"
TEST: Final = "test"
_COLOURS: Final = ("#1f6f8b", "#c8553d", "#6a994e", "#7b5ea7")

OnPoint = Callable[[int, int], None]
"""Called with (points done, points in all)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One trained model on one set: macro-F1 by head, beside what always answering one label scores there."""

    recipe: str
    statements: int
    seed: int
    measured_on: str
    macro_f1: dict[str, float]
    majority: dict[str, float]


def measure(
    recipes: Sequence[Recipe], data: Path, sizes: Sequence[int], seeds: int, also: Sequence[Path], out: Path, on_point: OnPoint
) -> list[Point]:
    """Return the points of every recipe, size and seed, on the test part and on each corpus of `also`.

    A size over the train part means all of it. Seeds are 0 to `seeds` - 1, whatever the recipe says; with one, a
    larger part holds the smaller one. Points that `out`/points.jsonl has are not trained again.
    """
    if not sizes or min(sizes) < 1 or seeds < 1:
        raise InputError(f"sizes and seeds: expected at least one size and one seed, each at least 1, got {list(sizes)} and {seeds}")
    split = read_split(data)
    check_labels(split)
    sets = _sets(split, also)
    _refuse_doubled([recipe.name for recipe in recipes], "recipes", "rename one file")
    kept = _KeptPoints(out)
    wanted = [(recipe, seed, n) for recipe in recipes for seed in range(seeds) for n in sorted({min(n, len(split.train)) for n in sizes})]
    encoders = Encoders()
    points: list[Point] = []
    for number, (recipe, seed, n) in enumerate(wanted):
        on_point(number, len(wanted))
        keys = {name: _key(recipe, split, digest, n, seed) for name, (digest, _) in sets.items()}
        missing = {name: statements for name, (_, statements) in sets.items() if keys[name] not in kept.points}
        if missing:
            order = np.random.default_rng(seed).permutation(len(split.train))[:n]
            model = _fitted(recipe.with_seed(seed), [split.train[i] for i in order], split.calibration, encoders)
            for point in _points(model, recipe.name, n, seed, missing):
                kept.add(keys[point.measured_on], point)
        points += [kept.points[key] for key in keys.values()]
    on_point(len(wanted), len(wanted))
    return points


def curve_figure(points: Sequence[Point]) -> Figure:
    """Return a panel per head and measured set: mean over seeds against statements, the seeds' range shaded."""
    names = list(dict.fromkeys(point.measured_on for point in points))
    recipes = list(dict.fromkeys(point.recipe for point in points))
    figure = Figure(figsize=(3.6 * len(HEADS), 2.9 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), len(HEADS), squeeze=False, sharex=True)
    for row, name in zip(axes, names, strict=True):
        for axis, head in zip(row, HEADS, strict=True):
            found = [point for point in points if point.measured_on == name]
            for recipe, colour in zip(recipes, _COLOURS * len(recipes), strict=False):
                sizes, values = _by_size([point for point in found if point.recipe == recipe], head)
                axis.plot(sizes, [np.mean(v) for v in values], "o-", color=colour, label=recipe, markersize=3.5)
                axis.fill_between(sizes, [min(v) for v in values], [max(v) for v in values], color=colour, alpha=0.18, linewidth=0)
            axis.axhline(found[0].majority[head], color="grey", linestyle=":", label="commonest label")
            axis.set_xscale("log")
            axis.set_ylim(0.0, 1.0)
            axis.set_title(f"{head}, {name}", fontsize=10)
            axis.grid(alpha=0.25)
    ticks = sorted({point.statements for point in points})
    for axis in axes[-1]:
        axis.set_xticks(ticks, [f"{n:,}" for n in ticks], fontsize=7)
        axis.minorticks_off()
        axis.set_xlabel("training statements")
    for row in axes:
        row[0].set_ylabel("macro-F1")
    axes[0][0].legend(fontsize=8)
    return figure


def table(points: Sequence[Point], head: str) -> list[tuple[str, str, int, float, float, float]]:
    """Return (recipe, measured on, statements, mean, least, most over seeds) of one head's macro-F1."""
    groups: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for point in points:
        groups[point.recipe, point.measured_on, point.statements].append(point.macro_f1[head])
    return [(*key, float(np.mean(values)), min(values), max(values)) for key, values in groups.items()]


class _KeptPoints:
    """The points of earlier runs, in a file that may have been cut off in the middle of a line."""

    def __init__(self, out: Path) -> None:
        if out.exists() and not out.is_dir():
            raise InputError(f"{out}: expected a folder for the points and the figure, got a file; name another --out")
        out.mkdir(parents=True, exist_ok=True)
        self._file = out / POINTS_FILE
        self.points: dict[str, Point] = {}
        if self._file.is_file():
            if not self._file.read_bytes().endswith(b"\n"):
                with self._file.open("a", encoding="utf-8") as stream:
                    stream.write("\n")
            for line in read_lines(self._file):
                if line.value is not None:
                    key = str(line.value.pop("key", ""))
                    self.points[key] = _read_point(line.value, line.where)

    def add(self, key: str, point: Point) -> None:
        """Keep a point, on a line of its own."""
        self.points[key] = point
        with self._file.open("a", encoding="utf-8") as stream:
            write_line(stream, {"key": key, **dataclasses.asdict(point)})


def _read_point(fields: dict[str, Any], where: str) -> Point:
    try:
        return Point(**fields)
    except TypeError as error:
        raise InputError(f"{where}: expected a point of a learning curve, got {shortened(fields)}; delete the line") from error


def _sets(split: Split, also: Sequence[Path]) -> dict[str, tuple[str, list[LabelledStatement]]]:
    """Return {name: (digest, statements)} of everything that is measured on."""
    named = [("/".join((path.with_suffix("") if path.is_file() else path).parts[-2:]), path) for path in also]
    _refuse_doubled([TEST, *(name for name, _ in named)], "sets to measure on", "put them into folders of other names")
    return {TEST: (split.digest, split.test), **{name: (digest(path), read_corpus(path)) for name, path in named}}


def _refuse_doubled(names: Sequence[str], what: str, advice: str) -> None:
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{what}: expected different names, got {doubled[0]!r} twice; {advice}")


def _fitted(recipe: Recipe, train: list[LabelledStatement], calibration: list[LabelledStatement], encoders: Encoders) -> Model:
    start = encoders.of(recipe) if recipe.kind == "quick" else None
    return fit(recipe, train, calibration, lambda _: None, lambda *_: None, start=start)


def _points(model: Model, recipe: str, n: int, seed: int, sets: dict[str, list[LabelledStatement]]) -> Iterator[Point]:
    predictor = Predictor(model, dict.fromkeys(HEADS, 1.0), 0.0)
    for name, statements in sets.items():
        heads = evaluate(predictor, statements)[0].heads
        yield Point(
            recipe,
            n,
            seed,
            name,
            {head: round(report.macro_f1.value, 4) for head, report in heads.items()},
            {head: round(report.majority, 4) for head, report in heads.items()},
        )


def _key(recipe: Recipe, split: Split, measured_on: str, n: int, seed: int) -> str:
    """Return what a point depends on, hashed: recipe, corpus, part of it, seed, measured statements, input format."""
    named = [recipe.name, recipe.resolved() | {"seed": seed}, split.digest, measured_on, n, INPUT_FORMAT]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]


def _by_size(points: Sequence[Point], head: str) -> tuple[list[int], list[list[float]]]:
    values: dict[int, list[float]] = defaultdict(list)
    for point in points:
        values[point.statements].append(point.macro_f1[head])
    sizes = sorted(values)
    return sizes, [values[n] for n in sizes]
