"""Which statements a resample holds, and whose answers change places: drawn once for all models on as many statements."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_CELLS: Final = 4_000_000  # drawn at once: 16 MB
_ROWS: Final = 64
_BLOCKS_KEPT: Final = 4  # for the next models on the same statements


def blocks(rounds: int, n: int) -> list[tuple[int, int]]:
    """Return (size, number) of each block of rounds."""
    block = max(1, _CELLS // n)
    return [(min(block, rounds - done), number) for number, done in enumerate(range(0, rounds, block))]


@lru_cache(maxsize=_BLOCKS_KEPT)
def weights_of(n: int, size: int, seed: int, number: int) -> NDArray[np.float32]:
    """Return how often each statement is drawn in each round of a block, (size, n)."""
    rng, weights = np.random.default_rng([seed, 0, number]), np.empty((size, n), dtype=np.float32)
    for start in range(0, size, _ROWS):  # few rows at a time stay in the processor's cache
        rows = weights[start : start + _ROWS]
        drawn = rng.integers(0, n, size=rows.shape, dtype=np.int32) + n * np.arange(len(rows), dtype=np.int32)[:, None]
        rows[:] = np.bincount(drawn.ravel(), minlength=rows.size).reshape(rows.shape)
    return weights


@lru_cache(maxsize=_BLOCKS_KEPT)
def swaps_of(n: int, size: int, seed: int, number: int) -> NDArray[np.float32]:
    """Return 1 where a statement's answers change sides in a round of a block, else 0, (size, n)."""
    return np.random.default_rng([seed, 1, number]).integers(0, 2, size=(size, n), dtype=np.int8).astype(np.float32)
