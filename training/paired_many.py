"""One model beside many others on the same statements, for figures that are made of sums over statements.

Intervals and p-values as in training/paired.py (paired bootstrap, approximate randomisation). Here the statements themselves are
drawn, once for all models, and the sums of all models in all rounds are one product of matrices.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.draws import blocks, swaps_of, weights_of
from training.metrics import BINS, confidence_bins, label_f1
from training.paired import ROUNDS, Difference, Indices

_QUANTILES: Final = (0.025, 0.975)
_MODELS: Final = 16  # others at once: as many sums as stay in memory
_TIE: Final = 1e-6  # of sums in single precision

Rows = NDArray[np.float32]
Figure = Callable[[Rows], NDArray[np.float64]]


def f1_differences(
    gold: Indices, first: Indices, others: Sequence[Indices], labels: int, *, rounds: int = ROUNDS, seed: int = 0
) -> list[Difference]:
    """Return by how much each other model's macro-F1 exceeds the first one's: paired_difference's figures but for the luck of the draw.

    `gold`, `first` and each of `others` have shape (n,), label indices 0 ... labels-1.
    """

    def figure(sums: Rows) -> NDArray[np.float64]:
        return np.asarray(label_f1(sums.reshape(-1, labels, labels)).mean(axis=1), dtype=np.float64)

    def rows(answers: Indices) -> Rows:
        return np.asarray(np.eye(labels * labels, dtype=np.float32)[gold * labels + answers])

    return [
        Difference(value, float(low), float(high), p_value, len(gold))
        for value, low, high, p_value in _differences(figure, rows(first), [rows(answers) for answers in others], rounds, seed)
    ]


def calibration_differences(
    first: NDArray[np.float64],
    first_right: NDArray[np.bool_],
    others: Sequence[NDArray[np.float64]],
    others_right: Sequence[NDArray[np.bool_]],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> list[Difference]:
    """Return by how much each other model's calibration error exceeds the first one's; confidences and rights have shape (n,).

    The interval is the basic one, as a resample's calibration error is larger than the sample's.
    """
    n = len(first)

    def figure(sums: Rows) -> NDArray[np.float64]:
        return np.asarray(np.abs(sums).sum(axis=1, dtype=np.float64) / n)

    rows = [_gaps(confidence, right) for confidence, right in zip(others, others_right, strict=True)]
    return [
        Difference(value, min(value, float(2 * value - high)), max(value, float(2 * value - low)), p_value, n)
        for value, low, high, p_value in _differences(figure, _gaps(first, first_right), rows, rounds, seed)
    ]


def _gaps(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Rows:
    """Return how far each statement's confidence lies above what was right, in the column of its bin; (n, bins)."""
    gaps = np.zeros((len(confidence), BINS), dtype=np.float32)
    gaps[np.arange(len(confidence)), confidence_bins(confidence)] = confidence - right
    return gaps


def _differences(
    figure: Figure, first: Rows, others: Sequence[Rows], rounds: int, seed: int
) -> Iterator[tuple[float, float, float, float]]:
    """Yield each other's (value, low, high, p-value), low and high the percentiles drawn; rows have shape (n, k), figure (r, k) -> (r,)."""
    n, k = first.shape
    if n == 0:
        yield from ((0.0, 0.0, 0.0, 1.0) for _ in others)
        return
    for start in range(0, len(others), _MODELS):
        chosen = np.stack(others[start : start + _MODELS], axis=1)  # (n, models, k)
        models = chosen.shape[1]
        before, after = first.sum(axis=0), chosen.sum(axis=0)
        values = figure(after) - figure(before[None])
        drawn, hits = [], np.zeros(models)
        for size, number in blocks(rounds, n):
            weights, swaps = weights_of(n, size, seed, number), swaps_of(n, size, seed, number)
            sums = figure((weights @ chosen.reshape(n, -1)).reshape(-1, k)).reshape(size, models)
            drawn.append(sums - figure(weights @ first)[:, None])
            moved = (swaps @ (chosen - first[:, None]).reshape(n, -1)).reshape(size, models, k)
            swapped = figure((after - moved).reshape(-1, k)) - figure((before + moved).reshape(-1, k))
            hits += (np.abs(swapped).reshape(size, models) >= np.abs(values) - _TIE).sum(axis=0)
        lows, highs = np.quantile(np.concatenate(drawn), _QUANTILES, axis=0)
        for value, low, high, hit in zip(values, lows, highs, hits, strict=True):
            yield float(value), float(low), float(high), float((1 + hit) / (1 + rounds))
