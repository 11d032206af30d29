"""Two models on the same statements: is one really better?

A difference is the second model's figure less the first one's. Its 95 % interval is the percentile bootstrap's over statements
(Efron and Tibshirani, 1993), both models read on the same resample; its p-value comes from approximate randomisation (Noreen,
1989; Yeh, COLING 2000): per statement the two models' answers change places with probability 1/2.

Statements on which gold label and all answers agree are interchangeable. So what is drawn is how many of each such pattern a
resample holds, which is the same draw and takes thousandths of the time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student

from stance.errors import InputError
from training.metrics import label_f1

ROUNDS: Final = 10_000
LEVEL: Final = 0.05
"""A difference is shown where its corrected p-value lies under this."""
_Z: Final = 1.959963984540054  # the normal distribution's 97.5th percentile
_QUANTILES: Final = (0.025, 0.975)
_CELLS: Final = 8_000_000  # weights held at once: 64 MB
_TIE: Final = 1e-12  # what rounding may take off a difference as large as the one seen

Metric = Literal["macro_f1", "accuracy"]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Difference:
    """The second model's figure less the first one's over `statements` statements, with its 95 % interval.

    `p_value` is two-sided: how often so large a difference, either way, comes of two models that are alike. No statements: 0,
    [0, 0], 1.
    """

    value: float
    low: float
    high: float
    p_value: float
    statements: int


NO_DIFFERENCE: Final = Difference(0.0, 0.0, 0.0, 1.0, 0)


def paired_difference(
    gold: Indices,
    first: Indices,
    second: Indices,
    labels: int,
    *,
    metric: Metric = "macro_f1",
    clusters: Indices | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Difference:
    """Return by how much the second model's macro-F1 (or accuracy) exceeds the first one's.

    `gold` has shape (n,), `first` and `second` (n,), or (runs, n) for several runs of one recipe, all label indices 0 ...
    labels-1. Of several runs the value is the difference of their means, on each resample too; for the p-value their answers
    are pooled, 1/runs each, and those of a statement change sides together: runs that agree are no further evidence.
    `clusters` (n,) names the cluster of each statement, as its peace process: clusters are then drawn and swapped whole. Few
    clusters make the interval too narrow. Raises InputError where the shapes don't fit.
    """
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    n = len(gold)
    if first.shape[1] != n or second.shape[1] != n or (clusters is not None and len(clusters) != n):
        raise InputError(f"paired_difference: expected {n} answers of each model, got {first.shape[1]} and {second.shape[1]}")
    if n == 0:
        return NO_DIFFERENCE
    patterns, which, counts = np.unique(np.vstack([gold, first, second]).T, axis=0, return_inverse=True, return_counts=True)
    first_cells = _cells(patterns[:, 0], patterns[:, 1 : 1 + len(first)], labels)
    second_cells = _cells(patterns[:, 0], patterns[:, 1 + len(first) :], labels)
    figure = _macro_f1 if metric == "macro_f1" else _accuracy

    def differences(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _means(figure, weights, second_cells, labels) - _means(figure, weights, first_cells, labels)

    members = None if clusters is None else _members(clusters, which, len(counts))
    drawn = np.concatenate([differences(weights) for weights in _resamples(counts, members, rounds, seed)])
    low, high = np.quantile(drawn, _QUANTILES)
    hits = _as_large(figure, counts, members, first_cells.mean(axis=0), second_cells.mean(axis=0), labels, rounds, seed)
    value = float(differences(counts[None].astype(np.float64))[0])
    return Difference(value, float(low), float(high), (1 + hits) / (1 + rounds), n)


def share_difference(first: NDArray[np.bool_], second: NDArray[np.bool_], *, seed: int = 0) -> Difference:
    """Return by how much oftener the second model does something, as to be right or to answer, than the first one.

    Both have shape (n,) or (runs, n). Of single runs the interval is Bonett and Price's adjusted Wald (Journal of Educational
    and Behavioral Statistics 2012), which also holds for a handful of statements, and the p-value McNemar's; of several runs
    both are those of paired_difference.
    """
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    n = first.shape[1]
    if n == 0:
        return NO_DIFFERENCE
    if len(first) > 1 or len(second) > 1:
        ones = np.ones(n, dtype=np.int64)
        return paired_difference(ones, first.astype(np.int64), second.astype(np.int64), 2, metric="accuracy", seed=seed)
    won, lost = int((second & ~first).sum()), int((first & ~second).sum())
    more, less = (won + 1) / (n + 2), (lost + 1) / (n + 2)
    half, value = _Z * np.sqrt((more + less - (more - less) ** 2) / (n + 2)), (won - lost) / n
    low, high = max(-1.0, min(value, more - less - half)), min(1.0, max(value, more - less + half))
    return Difference(value, float(low), float(high), _binomial(won, won + lost), n)


def seeds_difference(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """Return the difference of two recipes' means over seeds (Welch, Biometrika 1947), or None with fewer than two seeds of each.

    `statements` is 0: what it says holds for other seeds on the same statements.
    """
    if min(len(first), len(second)) < 2:
        return None
    value = float(np.mean(second) - np.mean(first))
    if max(np.ptp(first), np.ptp(second)) < _TIE:  # nothing hangs on the seed
        return Difference(value, value, value, float(value == 0), 0)
    shares = [np.var(values, ddof=1) / len(values) for values in (first, second)]
    error = float(np.sqrt(sum(shares)))
    freedom = sum(shares) ** 2 / sum(share**2 / (len(values) - 1) for share, values in zip(shares, (first, second), strict=True))
    half = error * student.ppf(_QUANTILES[1], freedom)
    return Difference(value, float(value - half), float(value + half), float(2 * student.sf(abs(value) / error, freedom)), 0)


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> float:
    """Return McNemar's exact two-sided p-value of a difference in accuracy (McNemar, Psychometrika 1947); 1 where no answer differs.

    Both have shape (n,). It also holds for any other yes or no of the two models, as whether they abstain.
    """
    return _binomial(int((second_right & ~first_right).sum()), int((first_right != second_right).sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for so many tests, in their order (Holm, Scandinavian Journal of Statistics 1979)."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return [float(p) for p in corrected]


@lru_cache(maxsize=4096)  # a page of small differences asks for the same few again and again
def _binomial(hits: int, trials: int) -> float:
    return float(binomtest(hits, trials).pvalue) if trials else 1.0


def _cells(gold: Indices, answers: Indices, labels: int) -> NDArray[np.float64]:
    """Return which cell of its confusion matrix each run's answer falls in: gold (p,), answers (p, runs) -> (runs, p, labels²)."""
    cells = np.zeros((answers.shape[1], len(gold), labels * labels))
    for run, answer in enumerate(answers.T):
        cells[run, np.arange(len(gold)), gold * labels + answer] = 1.0
    return cells


def _means(
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]], weights: NDArray[np.float64], cells: NDArray[np.float64], labels: int
) -> NDArray[np.float64]:
    """Return the mean over runs of a figure under each weighting of the patterns: weights (rounds, p) -> (rounds,)."""
    return np.asarray(np.mean([figure((weights @ run).reshape(-1, labels, labels)) for run in cells], axis=0))


def _as_large(
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    counts: Indices,
    members: NDArray[np.float64] | None,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    labels: int,
    rounds: int,
    seed: int,
) -> int:
    """Return in how many rounds of swapped answers the difference is at least as large as without; first and second (p, labels²)."""

    def difference(moved: NDArray[np.float64]) -> NDArray[np.float64]:
        firsts, seconds = (counts @ first + moved).reshape(-1, labels, labels), (counts @ second - moved).reshape(-1, labels, labels)
        return np.abs(figure(seconds) - figure(firsts))

    seen = difference(np.zeros((1, labels * labels)))[0]
    change = second - first
    matters = np.flatnonzero(np.any(change != 0, axis=1))
    change, held = change[matters], counts[matters]
    start = np.zeros(labels * labels)
    if members is None and len(matters):  # patterns that change alike, or the other way round, are one
        sign = np.sign(change[np.arange(len(change)), (change != 0).argmax(axis=1)])
        start = (held * (sign < 0)) @ change
        change, alike = np.unique(change * sign[:, None], axis=0, return_inverse=True)
        held = np.bincount(alike.ravel(), weights=held).astype(np.int64)
    swaps = _swaps(held, None if members is None else members[:, matters], rounds, seed)
    return sum(int((difference(start + swapped @ change) >= seen - _TIE).sum()) for swapped in swaps)


def _resamples(counts: Indices, members: NDArray[np.float64] | None, rounds: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of shape (some rounds, p): how often each pattern is drawn."""
    rng = np.random.default_rng([seed, 0])
    for size in _blocks(rounds, len(counts)):
        if members is None:
            yield rng.multinomial(counts.sum(), counts / counts.sum(), size=size).astype(np.float64)
        else:
            yield rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=size) @ members


def _swaps(counts: Indices, members: NDArray[np.float64] | None, rounds: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of shape (some rounds, p): how many statements of each pattern change sides."""
    rng = np.random.default_rng([seed, 1])
    for size in _blocks(rounds, len(counts)):
        if members is None:
            yield rng.binomial(counts, 0.5, size=(size, len(counts))).astype(np.float64)
        else:
            yield rng.integers(0, 2, size=(size, len(members))) @ members


def _members(clusters: Indices, which: Indices, patterns: int) -> NDArray[np.float64]:
    """Return how many statements of each pattern each cluster has, (clusters, p)."""
    names, cluster = np.unique(clusters, return_inverse=True)
    members = np.zeros((len(names), patterns))
    np.add.at(members, (cluster, which), 1.0)
    return members


def _blocks(rounds: int, width: int) -> list[int]:
    block = max(1, _CELLS // max(1, width))
    return [min(block, rounds - done) for done in range(0, rounds, block)]


def _macro_f1(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(label_f1(confusion).mean(axis=1))


def _accuracy(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.trace(confusion, axis1=1, axis2=2) / confusion.sum(axis=(1, 2)))
