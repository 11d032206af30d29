"""Two models' confidences on the same statements: whose names the more certain half better?

Interval and p-value as in training/paired.py (paired bootstrap, approximate randomisation). Confidences differ from statement
to statement, so here the statements themselves are drawn.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.draws import blocks, swaps_of, weights_of
from training.paired import NO_DIFFERENCE, Difference

SORTED_ROUNDS: Final = 2000
"""Rounds where all statements are sorted anew in each."""
_QUANTILES: Final = (0.025, 0.975)
_TIE: Final = 1e-9

Confidences = NDArray[np.float64]
Rights = NDArray[np.bool_]


def half_difference(
    first: Confidences, first_right: Rights, second: Confidences, second_right: Rights, *, rounds: int = SORTED_ROUNDS, seed: int = 0
) -> Difference:
    """Return by how much the accuracy of the second model's more confident half exceeds that of the first one's; shapes (n,)."""
    n = len(first)
    if n == 0:
        return NO_DIFFERENCE
    ranks = np.unique(np.concatenate([first, second]), return_inverse=True)[1].astype(np.int32)
    codes = 2 * ranks.reshape(2, n) + np.stack([first_right, second_right])
    value = float(_halves(codes[1:])[0] - _halves(codes[:1])[0])
    drawn, hits = [], 0
    for size, number in blocks(rounds, n):
        weights, swaps = weights_of(n, size, seed, number), swaps_of(n, size, seed, number) > 0
        drawn.append(_weighted_halves(second, second_right, weights) - _weighted_halves(first, first_right, weights))
        swapped = np.where(swaps, codes[0], codes[1])
        hits += int((np.abs(_halves(swapped) - _halves(codes.sum(axis=0, dtype=np.int32) - swapped)) >= abs(value) - _TIE).sum())
    low, high = np.quantile(np.concatenate(drawn), _QUANTILES)
    return Difference(value, min(value, float(low)), max(value, float(high)), (1 + hits) / (1 + rounds), n)


def _halves(codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return, for each row, the accuracy of its more confident half and of what ties with its last.

    `codes` (rounds, n) are twice the confidence's rank, 1 more where the answer is right.
    """
    middle = codes.shape[1] // 2
    least = np.partition(codes, middle, axis=1)[:, middle, None] & ~1
    half = codes >= least
    return np.asarray(np.count_nonzero(half & (codes & 1 > 0), axis=1) / np.count_nonzero(half, axis=1))


def _weighted_halves(confidence: Confidences, right: Rights, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the same of one model's answers under each weighting (rounds, n)."""
    order = np.argsort(-confidence, kind="stable")
    last = np.searchsorted(-confidence[order], -confidence[order], side="right") - 1  # of the statements tied with each
    weights = np.take(weights, order, axis=1)
    ends = last[(weights.cumsum(axis=1) < len(order) / 2).sum(axis=1)]
    half = weights * (np.arange(len(order)) <= ends[:, None])
    return np.asarray(half @ right[order].astype(np.float32) / half.sum(axis=1), dtype=np.float64)
