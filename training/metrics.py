"""Figures with their 95 % intervals, from labels and confidences as arrays.

A plain share (accuracy, precision, recall) has Wilson's interval (Wilson, JASA 1927), which also holds for a handful of
statements; everything else a percentile bootstrap interval over statements (Efron and Tibshirani, 1993). All resamples of a
figure are computed at once, as weights of the statements.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ROUNDS: Final = 1000
BINS: Final = 10
"""Equal bins of confidence, for the calibration error and the reliability curve."""
_Z: Final = 1.959963984540054  # the normal distribution's 97.5th percentile
_QUANTILES: Final = (0.025, 0.975)
_CELLS: Final = 8_000_000  # weights held at once: 64 MB
_MOST_POINTS: Final = 100


@dataclass(frozen=True, slots=True)
class Score:
    """A metric with its 95 % interval over `statements` statements; zeros where there are none."""

    value: float
    low: float
    high: float
    statements: int


@dataclass(frozen=True, slots=True)
class LabelScores:
    """One label of a head; `gold` statements have it. Precision counts over the statements predicted to have it."""

    precision: Score
    recall: Score
    f1: Score
    gold: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Statements whose confidence lies in [start, end) (the last bin: [start, end]): how sure the model was, how often it was right."""

    start: float
    end: float
    confidence: float
    accuracy: Score


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Where only confidences of at least `threshold` are answered: the share answered, and the accuracy on it."""

    threshold: float
    coverage: float
    accuracy: Score


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Accuracy on the most confident statements, from few to all of them (Geifman and El-Yaniv, NeurIPS 2017).

    `area` lies under that curve: 1 where every error is less confident than every right answer, the accuracy where
    confidence says nothing. `half` is the accuracy of the more confident half (and what ties with its last). `points` are
    at most a hundred, evenly over the curve.
    """

    area: Score
    half: Score
    points: tuple[CoveragePoint, ...]


NOTHING: Final = Score(0.0, 0.0, 0.0, 0)


def share(hits: float, n: int) -> Score:
    """Return hits/n with Wilson's score interval; zeros for n = 0."""
    if n == 0:
        return NOTHING
    value = hits / n
    centre = (value + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2)))
    return Score(value, max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half)), n)


def macro_f1(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int, *, seed: int = 0) -> Score:
    """Return macro-F1 over label indices 0 ... labels-1 with its bootstrap interval; zeros for no statements.

    A label that never occurs counts 0.
    """
    return _f1_scores(gold, predicted, labels, seed)[0]


def label_scores(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int, *, seed: int = 0) -> list[LabelScores]:
    """Return precision, recall and F1 of each label index 0 ... labels-1."""
    scores = []
    for label, f1 in enumerate(_f1_scores(gold, predicted, labels, seed)[1:]):
        hits = int(((gold == label) & (predicted == label)).sum())
        has, said = int((gold == label).sum()), int((predicted == label).sum())
        scores.append(LabelScores(share(hits, said), share(hits, has), f1, has))
    return scores


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten equal bins of confidence (Naeini et al., AAAI 2015)."""
    if not len(confidence):
        return 0.0
    return float(_calibration_errors(confidence_bins(confidence), np.ones((1, len(confidence))), confidence - right)[0])


def calibration_score(confidence: NDArray[np.float64], right: NDArray[np.bool_], *, seed: int = 0) -> Score:
    """Return the expected calibration error with its interval.

    A resample's error is larger than the sample's just as the sample's is larger than the truth, so the interval is the
    basic one, which takes that off again, and always holds the value. Its lower end is 0 where a perfectly calibrated
    model would show as large an error by chance (consistency resampling: Bröcker and Smith, 2007).
    """
    n = len(confidence)
    if n == 0:
        return NOTHING
    value, bins = calibration_error(confidence, right), confidence_bins(confidence)
    low, high = np.quantile(_resampled(n, seed, lambda weights: _calibration_errors(bins, weights, confidence - right)), _QUANTILES)
    members, chances = np.eye(BINS, dtype=np.float32)[bins], confidence.astype(np.float32)
    by_chance = np.concatenate([np.abs((chances - (luck < chances)) @ members).sum(axis=1) / n for luck in _luck(n, seed)])
    least = 0.0 if value <= np.quantile(by_chance, _QUANTILES[1]) else min(value, max(0.0, float(2 * value - high)))
    return Score(value, least, min(1.0, max(value, float(2 * value - low))), n)


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Return the bins that hold statements, by confidence."""
    bins = confidence_bins(confidence)
    return tuple(
        Bin(b / BINS, (b + 1) / BINS, float(confidence[bins == b].mean()), share(int(right[bins == b].sum()), int((bins == b).sum())))
        for b in np.unique(bins)
    )


def risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_], *, seed: int = 0) -> RiskCoverage:
    """Return how accuracy falls as less confident statements are answered too; equal confidences are answered together."""
    n = len(confidence)
    if n == 0:
        return RiskCoverage(NOTHING, NOTHING, ())
    half, points = coverage_curve(confidence, right)
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], right[order].astype(np.float64)
    last = np.searchsorted(-confidence, -confidence, side="right") - 1  # of the statements tied with each

    def areas(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = weights[:, order]
        answered, right_ones = weights.cumsum(axis=1)[:, last], (weights * hits).cumsum(axis=1)[:, last]
        accuracy = np.divide(right_ones, answered, out=np.zeros_like(answered), where=answered > 0)
        return np.asarray((weights * accuracy).sum(axis=1) / n)

    return RiskCoverage(_with_interval(float(areas(np.ones((1, n)))[0]), _resampled(n, seed, areas), n), half, points)


def coverage_curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Score, tuple[CoveragePoint, ...]]:
    """Return `half` and `points` of RiskCoverage."""
    n = len(confidence)
    if n == 0:
        return NOTHING, ()
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], right[order].cumsum()
    last = np.searchsorted(-confidence, -confidence, side="right") - 1

    def point(index: int) -> CoveragePoint:
        return CoveragePoint(float(confidence[index]), (index + 1) / n, share(int(hits[index]), index + 1))

    ends = np.unique(last)
    shown = ends[np.unique(np.linspace(0, len(ends) - 1, _MOST_POINTS).round().astype(int))]
    return point(int(last[(n + 1) // 2 - 1])).accuracy, tuple(point(int(index)) for index in shown)


def metric_fields(name: str, score: Score) -> dict[str, float]:
    """Return {NAME: value, NAME_low, NAME_high}."""
    return {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}


def label_f1(confusion: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return each label's F1 of each (gold, predicted) matrix; shape (rounds, k, k) -> (rounds, k)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    totals = sum(confusion[:, label] + confusion[:, :, label] for label in range(confusion.shape[1]))  # far faster than sums over so few
    return np.asarray(np.divide(2 * hits, totals, out=np.zeros_like(hits), where=totals > 0))


def _f1_scores(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int, seed: int) -> list[Score]:
    """Return macro-F1, then the F1 of each label."""
    n = len(gold)
    if n == 0:
        return [NOTHING] * (labels + 1)
    cells = np.zeros((n, labels * labels))
    cells[np.arange(n), gold * labels + predicted] = 1.0

    def scores(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        f1 = label_f1((weights @ cells).reshape(-1, labels, labels))
        return np.column_stack([f1.mean(axis=1), f1])

    values, rounds = scores(np.ones((1, n)))[0], _resampled(n, seed, scores)
    return [_with_interval(float(value), rounds[:, column], n) for column, value in enumerate(values)]


def confidence_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which of the equal bins of confidence each lies in."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _calibration_errors(bins: NDArray[np.int64], weights: NDArray[np.float64], gaps: NDArray[Any]) -> NDArray[np.float64]:
    """Return the calibration error of each weighting; bins and gaps (confidence - right) of shape (n,), weights (rounds, n)."""
    members = np.zeros((len(bins), BINS))
    members[np.arange(len(bins)), bins] = gaps
    return np.asarray(np.abs(weights @ members).sum(axis=1) / len(bins))


def _resampled(n: int, seed: int, figures: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return figures(weights) of ROUNDS resamples; `weights` (some rounds, n) says how often each statement was drawn."""
    if len(_blocks(n)) == 1:
        return figures(_kept_weights(n, seed))
    rng = np.random.default_rng(seed)
    return np.concatenate([figures(_weights(rng, n, size)) for size in _blocks(n)])


@lru_cache(maxsize=2)  # a report asks for the same resamples again and again
def _kept_weights(n: int, seed: int) -> NDArray[np.float64]:
    return _weights(np.random.default_rng(seed), n, ROUNDS)


def _luck(n: int, seed: int) -> Iterable[NDArray[np.float32]]:
    """Return blocks of shape (some rounds, n) of even random numbers, ROUNDS rounds in all."""
    return [_kept_luck(n, seed)] if len(_blocks(n)) == 1 else _drawn_luck(n, seed)


@lru_cache(maxsize=2)
def _kept_luck(n: int, seed: int) -> NDArray[np.float32]:
    return np.concatenate(list(_drawn_luck(n, seed)))


def _drawn_luck(n: int, seed: int) -> Iterator[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return (rng.random((size, n), dtype=np.float32) for size in _blocks(n))


def _weights(rng: np.random.Generator, n: int, size: int) -> NDArray[np.float64]:
    weights = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(np.float64)
    weights.flags.writeable = False
    return weights


def _blocks(n: int) -> list[int]:
    """Return how many resamples of n statements are computed at once, each time."""
    block = max(1, _CELLS // n)
    return [min(block, ROUNDS - done) for done in range(0, ROUNDS, block)]


def _with_interval(value: float, rounds: NDArray[np.float64], n: int) -> Score:
    low, high = np.quantile(rounds, _QUANTILES)
    return Score(value, float(low), float(high), n)
