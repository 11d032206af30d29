"""May a run's model become the champion? Every gate, with what was wanted, what was found and by how much it fell short.

Knows no store and moves nothing: training/promote.py does both. A model that is damaged or doesn't answer never gets as far as here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stance.errors import RunError
from stance.labels import HEADS
from training.behaviour import DEFAULT_SUITE, THRESHOLDS_FILE, Behaviour
from training.paired import LEVEL, Difference, paired_difference
from training.tracking import RunSummary

MOST_CALIBRATION_ERROR: Final = 0.10
"""The largest expected calibration error that a head may have on the test part: in the mean over the bins, a confidence is no
further from the share of right answers."""
_SHOWN_DIGITS: Final = 8  # of a digest
_NO_LABELS: Final = "no labels in the test part"


@dataclass(frozen=True, slots=True)
class Check:
    """One gate; where it was not passed, `short` says by how much it was missed, and `advice` what to do.

    The gates "HEAD as good" tell macro-F1 less the champion's, with its 95 % interval and p-value.
    """

    name: str
    wanted: str
    found: str
    ok: bool
    short: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every gate, and what was measured for them as metrics: gate/HEAD/difference with _low, _high and _p; behaviour/PHENOMENON."""

    checks: tuple[Check, ...]
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every gate was passed."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of those that were not."""
        return tuple(check.name for check in self.checks if not check.ok)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks], "metrics": self.metrics}


class GateError(RunError):
    """A run may not become the champion; `verdict` holds every gate."""

    def __init__(self, message: str, verdict: Verdict) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run with its logged test predictions (see training.evaluate.prediction_rows)."""

    run: RunSummary
    rows: Sequence[dict[str, Any]]


def judge(candidate: MeasuredRun, champion: MeasuredRun | None, behaviour: Behaviour | None, suite: Path | None = DEFAULT_SUITE) -> Verdict:
    """Return the verdict on a candidate; without a champion there is nothing to compare it with.

    `behaviour` is what the cases of the folder `suite` came to, None where there is no such folder; the suite is None where it
    was left out on purpose.
    """
    checks = [*_calibration_checks(candidate.run), *_behaviour_checks(behaviour, suite)]
    metrics = {f"behaviour/{name}": value for name, value in behaviour.metrics().items()} if behaviour else {}
    if champion is None:
        return Verdict(tuple(checks), metrics)
    data = _data_check(candidate.run, champion.run)
    differences = dict(_differences(champion, candidate)) if data.ok else {}
    for head, found in differences.items():
        named = {"": found.value, "_low": found.low, "_high": found.high, "_p": found.p_value}
        metrics |= {f"gate/{head}/difference{end}": value for end, value in named.items() if found.statements}
    return Verdict((data, *(_difference_check(head, differences.get(head)) for head in HEADS), *checks), metrics)


def _data_check(candidate: RunSummary, champion: RunSummary) -> Check:
    same_test = bool(candidate.test_digest) and candidate.test_digest == champion.test_digest
    whole = candidate.data_digest, champion.data_digest
    parts = candidate.test_digest, champion.test_digest
    found, wanted = (digest[:_SHOWN_DIGITS] for digest in (parts if all(parts) else whole))
    return Check(
        "same test data",
        f"the champion's, {wanted}",
        found,
        same_test or whole[0] == whole[1],
        advice=f"measure both on one part ('stance evaluate {champion.name} --data FOLDER', and {candidate.name} too), or train "
        f"{candidate.recipe} on the champion's data ('stance show {champion.name}' says where it was)",
    )


def _differences(champion: MeasuredRun, candidate: MeasuredRun) -> Iterator[tuple[str, Difference]]:
    if [row["id"] for row in champion.rows] != [row["id"] for row in candidate.rows]:
        raise RunError(
            f"run {candidate.run.name}: expected test predictions of the statements that {champion.run.name} was tested on, got those of "
            "others, though the data's digests agree; train it again"
        )
    for head, labels in HEADS.items():
        pairs = [(old, new) for old, new in zip(champion.rows, candidate.rows, strict=True) if _is_scored(old, head)]
        gold, first, second = (
            _indices(labels, names)
            for names in ([old[f"{head}_gold"] for old, _ in pairs], [old[head] for old, _ in pairs], [new[head] for _, new in pairs])
        )
        yield head, paired_difference(gold, first, second, len(labels))


def _is_scored(row: dict[str, Any], head: str) -> bool:
    """Return whether a row has the head's gold label; a stance counts only on target, as in training.evaluate."""
    return isinstance(row[f"{head}_gold"], str) and (head != "stance" or row["relevance_gold"] != "off_target")


def _indices(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    return np.array([labels.index(name) for name in names], dtype=np.int64)


def _difference_check(head: str, found: Difference | None) -> Check:
    """Return whether a head is not significantly worse; p-values are not corrected for three heads, which would let more pass."""
    name, wanted = f"{head} as good", f"not worse at p < {LEVEL}"
    if found is None:
        return Check(name, wanted, "not measured: other test data", ok=False)
    if not found.statements:
        return Check(name, wanted, _NO_LABELS, ok=True)
    worse = found.value < 0 and found.p_value < LEVEL
    told = f"{found.value:+.3f} [{found.low:.3f}, {found.high:.3f}], p {found.p_value:.4f}"
    return Check(name, wanted, told, not worse, f"{-found.value:.3f}" if worse else "")


def _calibration_checks(run: RunSummary) -> Iterator[Check]:
    for head in HEADS:
        name, wanted = f"{head} calibrated", f"error at most {MOST_CALIBRATION_ERROR:.2f}"
        found = run.metrics.get(f"test/{head}/calibration_error")
        if found is None:
            yield Check(name, wanted, _NO_LABELS, ok=True)
            continue
        excess = found - MOST_CALIBRATION_ERROR
        yield Check(name, wanted, f"{found:.3f}", excess <= 0, f"{excess:.3f}" if excess > 0 else "")


def _behaviour_checks(behaviour: Behaviour | None, suite: Path | None) -> Iterator[Check]:
    if suite is None:
        yield Check("behaviour", "the thresholds of a suite", "left out on purpose", ok=True)
    elif behaviour is None:
        advice = "name a folder with --behaviour, or leave the cases out with --no-behaviour"
        yield Check("behaviour", "the thresholds of a suite", f"no suite at {suite}", ok=False, advice=advice)
    elif all(rate.threshold is None for rate in behaviour.rates):
        yield Check("behaviour", "the thresholds of a suite", f"no threshold in {suite / THRESHOLDS_FILE}", ok=True)
    else:
        for rate in behaviour.rates:
            if rate.threshold is not None:
                found, short = f"{rate.value:.2f} ({rate.passed} of {rate.cases})", f"{rate.threshold - rate.value:.2f}"
                yield Check(f"behaviour: {rate.phenomenon}", f"at least {rate.threshold:.2f}", found, rate.ok, "" if rate.ok else short)
