"""What a comparison of runs found, as plain values; knows neither how it is computed nor how it is shown."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from training.answers import Said
from training.metrics import Bin, CoveragePoint, Score
from training.paired import LEVEL, Difference
from training.tracking import RunSummary

_NAMED: Final = 4  # contenders in a name
_DIGITS: Final = 4  # of probabilities as JSON


@dataclass(frozen=True, slots=True)
class Compared:
    """A contender's metric less the reference's.

    `over_statements` holds for these runs on other statements, `over_seeds` for other seeds on these statements (None where there
    are not two of each). `p_value` is the larger one's: what is shown is shown of both (Berger, Technometrics 1982). `corrected` is
    that p-value after Holm. `gained` and `lost` count the statements that only the contender, or only the reference, is right on.
    """

    over_statements: Difference | None
    over_seeds: Difference | None
    p_value: float
    corrected: float = 1.0
    gained: int | None = None
    lost: int | None = None

    @property
    def difference(self) -> Difference:
        """The one over statements where there is one."""
        found = self.over_statements or self.over_seeds
        if found is None:
            raise ValueError("a difference over neither statements nor seeds")
        return found

    @property
    def shown(self) -> bool:
        """Whether the contender is shown to differ from the reference."""
        return self.corrected < LEVEL

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"shown": self.shown}


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: each contender's score, in their order, and the others' differences from the first one.

    A score's interval is over statements; of several seeds, whose mean it is, over seeds (Student's t). `values` has each run's.
    None in `differences`: the metric can't be paired.
    """

    scores: tuple[Score, ...]
    values: tuple[tuple[float, ...], ...]
    differences: tuple[Compared | None, ...]

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        scores = [asdict(score) | {"values": list(values)} for score, values in zip(self.scores, self.values, strict=True)]
        return {"scores": scores, "differences": [found.as_json() if found else None for found in self.differences]}


@dataclass(frozen=True, slots=True)
class Flip:
    """A statement that one of reference and contender gets right and the other wrong; the probabilities of several seeds are their mean."""

    contender: str
    head: str
    statement: Said
    predicted: tuple[str, str]
    """By the reference, by the contender."""
    probabilities: tuple[dict[str, float], dict[str, float]]

    @property
    def to_right(self) -> bool:
        """Whether the contender is the one that is right."""
        return self.predicted[1] == self.statement.gold[self.head]

    @property
    def certainty(self) -> float:
        """The smaller one of the two predicted labels' probabilities: how sure both were."""
        return min(found[label] for found, label in zip(self.probabilities, self.predicted, strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return everything but the statement's texts, which stand once in the comparison's."""
        found = [{label: round(p, _DIGITS) for label, p in probabilities.items()} for probabilities in self.probabilities]
        named = {"contender": self.contender, "head": self.head, "id": self.statement.id, "to_right": self.to_right}
        return named | {"predicted": list(self.predicted), "probabilities": found}


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender: its runs, how sure it is where (all its seeds' answers together), and what it costs (means over its runs).

    `reliability` is by head. `fit_seconds`, `model_bytes`, `parameters` and `statements_per_second` are None where a run did not
    log them.
    """

    name: str
    runs: tuple[RunSummary, ...]
    reliability: dict[str, tuple[Bin, ...]]
    coverage: tuple[CoveragePoint, ...]
    fit_seconds: float | None
    model_bytes: float | None
    parameters: float | None
    statements_per_second: float | None

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; of a run its names, seed and data."""
        fields = ("name", "run_id", "recipe", "seed", "model_version", "data_digest", "test_digest")
        runs = [{name: getattr(run, name) for name in fields} for run in self.runs]
        costs = {name: getattr(self, name) for name in ("fit_seconds", "model_bytes", "parameters", "statements_per_second")}
        reliability = {head: [asdict(b) for b in bins] for head, bins in self.reliability.items()}
        return {"name": self.name, "runs": runs, **costs, "reliability": reliability, "coverage": [asdict(p) for p in self.coverage]}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders on the same `statements` statements; the first contender is the reference.

    `heads` is {head: {metric: Measure}}, the metrics named as in a run's ("macro_f1", "accuracy", "calibration_error"; of stance
    also "coverage", "selective_accuracy", "confident_half_accuracy"). `parts` is {"process" | "phenomenon" | "length": {name: {head:
    Measure of accuracy}}}. p-values are corrected within a metric over heads and contenders, and within a kind of part over its
    parts too. `settings` is {"recipe" | "data" | "code" | "versions": {name: each contender's value}}, what is alike left out.
    `conclusions` say what may be concluded, a sentence a contender.
    """

    data: str
    digest: str
    statements: int
    seed: int
    contenders: tuple[Entry, ...]
    heads: dict[str, dict[str, Measure]]
    parts: dict[str, dict[str, dict[str, Measure]]]
    flips: tuple[Flip, ...]
    settings: dict[str, dict[str, tuple[str, ...]]]
    conclusions: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it compares, in a few words."""
        others = [entry.name for entry in self.others]
        return f"{' and '.join(others) if len(others) < _NAMED else f'{len(others)} others'} beside {self.reference.name}"

    @property
    def reference(self) -> Entry:
        """The contender that the others are compared with."""
        return self.contenders[0]

    @property
    def others(self) -> tuple[Entry, ...]:
        """Those compared with it."""
        return self.contenders[1:]

    def parts_shown(self, contender: int) -> Iterator[tuple[str, str, str, Compared]]:
        """Yield (kind, part, head, difference) of the parts on which the other of that number is shown to differ."""
        for kind, parts in self.parts.items():
            for name, heads in parts.items():
                for head, measure in heads.items():
                    found = measure.differences[contender]
                    if found is not None and found.shown:
                        yield kind, name, head, found

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "data": {"name": self.data, "digest": self.digest, "statements": self.statements},
            "seed": self.seed,
            "conclusions": list(self.conclusions),
            "contenders": [entry.as_json() for entry in self.contenders],
            "heads": {head: {name: found.as_json() for name, found in metrics.items()} for head, metrics in self.heads.items()},
            "parts": {
                kind: {name: {head: found.as_json() for head, found in heads.items()} for name, heads in parts.items()}
                for kind, parts in self.parts.items()
            },
            "settings": {kind: {name: list(values) for name, values in found.items()} for kind, found in self.settings.items()},
            "statements": {flip.statement.id: asdict(flip.statement) for flip in self.flips},
            "flips": [flip.as_json() for flip in self.flips],
        }
