"""How right a predictor is on labelled statements, with 95 % intervals.

Stance is scored on statements whose gold relevance is not off_target; macro-F1 is the mean over all
labels of a head, a label that never occurs counting 0. Intervals are percentile bootstrap
intervals over statements (Efron and Tibshirani, 1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS
from stance.output import flat_prediction
from stance.predictor import Predictor
from stance.records import LabelledStatement, Prediction

ROUNDS: Final = 1000
_BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """A metric with its 95 % interval over `statements` statements."""

    value: float
    low: float
    high: float
    statements: int


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head's metrics; `confusion` is (gold, predicted), `majority` what always answering one label scores."""

    macro_f1: Score
    accuracy: float
    majority: float
    calibration_error: float
    confusion: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Report:
    """Every head's metrics over all statements, and each process's stance macro-F1."""

    heads: dict[str, HeadReport]
    processes: dict[str, Score]
    coverage: float
    """Share of on-target statements on which the stance did not abstain."""
    selective_accuracy: float
    """Stance accuracy on those."""

    def metrics(self) -> dict[str, float]:
        """Return every figure under a flat name ("stance/macro_f1", "process/NAME/stance/macro_f1")."""
        flat = {"stance/coverage": self.coverage, "stance/selective_accuracy": self.selective_accuracy}
        for head, report in self.heads.items():
            if report.macro_f1.statements == 0:
                continue  # nothing was measured
            flat |= _flat(f"{head}/macro_f1", report.macro_f1)
            flat[f"{head}/accuracy"] = report.accuracy
            flat[f"{head}/majority_macro_f1"] = report.majority
            flat[f"{head}/calibration_error"] = report.calibration_error
        for process, score in self.processes.items():
            flat |= _flat(f"process/{process}/stance/macro_f1", score)
        return flat


def evaluate(predictor: Predictor, statements: Sequence[LabelledStatement], *, seed: int = 0) -> tuple[Report, list[Prediction]]:
    """Return the report and the predictions it stands on, in the statements' order."""
    predictions = predictor.predict([s.statement for s in statements])
    return report(statements, predictions, seed=seed), predictions


def report(statements: Sequence[LabelledStatement], predictions: Sequence[Prediction], *, seed: int = 0) -> Report:
    """Return the metrics of predictions made earlier."""
    heads, stance_pairs, names = {}, np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=str)
    for head, labels in HEADS.items():
        scored = [i for i, s in enumerate(statements) if s.label(head) is not None and (head != "stance" or s.relevance != "off_target")]
        gold = np.array([labels.index(str(statements[i].label(head))) for i in scored], dtype=np.int64)
        chosen = [getattr(predictions[i], head) for i in scored]
        predicted = np.array([labels.index(c.label) for c in chosen], dtype=np.int64)
        confidence = np.array([max(c.probabilities.values()) for c in chosen], dtype=np.float64)
        heads[head] = _head_report(gold, predicted, confidence, len(labels), seed)
        if head == "stance":
            stance_pairs = np.stack([gold, predicted], axis=1)
            names = np.array([statements[i].process for i in scored])
            answered = np.array([not predictions[i].abstained for i in scored], dtype=bool)
    count = len(HEADS["stance"])
    processes = {str(name): _pairs_f1(stance_pairs[names == name], count, seed) for name in np.unique(names)}
    right = stance_pairs[:, 0] == stance_pairs[:, 1]
    coverage = float(answered.mean()) if len(answered) else 0.0
    return Report(heads, processes, coverage, float(right[answered].mean()) if answered.any() else 0.0)


def macro_f1(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int, *, seed: int = 0) -> Score:
    """Return macro-F1 over label indices 0 ... labels-1 with its bootstrap interval; zeros for no statements."""
    n = len(gold)
    if n == 0:
        return Score(0.0, 0.0, 0.0, 0)
    cells = np.zeros((n, labels * labels))
    cells[np.arange(n), gold * labels + predicted] = 1.0
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=ROUNDS)
    rounds = _f1((counts @ cells).reshape(ROUNDS, labels, labels))
    low, high = np.quantile(rounds, [0.025, 0.975])
    return Score(float(_f1(cells.sum(axis=0).reshape(1, labels, labels))[0]), float(low), float(high), n)


def _pairs_f1(pairs: NDArray[np.int64], labels: int, seed: int) -> Score:
    return macro_f1(pairs[:, 0], pairs[:, 1], labels, seed=seed)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten equal bins of confidence (Naeini et al., AAAI 2015)."""
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.abs(np.bincount(bins, confidence, _BINS) - np.bincount(bins, right, _BINS))
    return float(gaps.sum() / len(confidence))


def _f1(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the macro-F1 of each (gold, predicted) matrix; shape (rounds, k, k) -> (rounds,)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    totals = confusion.sum(axis=1) + confusion.sum(axis=2)
    return np.asarray(np.divide(2 * hits, totals, out=np.zeros_like(hits), where=totals > 0).mean(axis=1))


def _head_report(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], confidence: NDArray[np.float64], labels: int, seed: int
) -> HeadReport:
    confusion = np.zeros((labels, labels), dtype=np.int64)
    np.add.at(confusion, (gold, predicted), 1)
    right = gold == predicted
    common = np.full_like(gold, confusion.sum(axis=1).argmax())
    return HeadReport(
        macro_f1(gold, predicted, labels, seed=seed),
        float(right.mean()) if len(gold) else 0.0,
        macro_f1(gold, common, labels, seed=seed).value,
        calibration_error(confidence, right),
        confusion,
    )


def _flat(name: str, score: Score) -> dict[str, float]:
    return {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}


def prediction_rows(statements: Sequence[LabelledStatement], predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Return a flat row per statement: id, process, gold labels as HEAD_gold, and the prediction (see flat_prediction)."""
    return [
        {"id": s.id, "process": s.process, **{f"{head}_gold": s.label(head) for head in HEADS}, **flat_prediction(prediction)}
        for s, prediction in zip(statements, predictions, strict=True)
    ]
