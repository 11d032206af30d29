"""What single words and pairs of words say: hashed n-grams of token ids with a linear head each.

Reads the same rows as the encoder beside it, to which it adds its logits. Feature hashing after Weinberger et al., "Feature
hashing for large scale multitask learning", ICML 2009.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from stance.labels import HEADS
from stance.models.base import Logits
from stance.models.tokens import TokenRow

BUCKET_BITS: Final = 18
BUCKETS: Final = 1 << BUCKET_BITS
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Knuth's multiplicative hashing
_FIELD_BITS: Final = 20  # a token id takes fewer


class LexicalHeads:
    """Per head, weights of shape (labels, BUCKETS) on l2-normalised TF-IDF, and a bias of shape (labels,)."""

    def __init__(self, idf: NDArray[np.float32], weights: dict[str, NDArray[np.float32]], biases: dict[str, NDArray[np.float32]]) -> None:
        self._idf, self._weights, self._biases = idf, weights, biases

    def logits(self, rows: Sequence[TokenRow]) -> Logits:
        """Return logits as base.Model says, of token rows."""
        features = tf_idf(count_grams(rows), self._idf)
        return {head: (features @ self._weights[head].T + self._biases[head]).astype(np.float32) for head in HEADS}

    def save(self, file: Path) -> None:
        """Write all arrays as safetensors, float32."""
        arrays = {"idf": self._idf}
        arrays |= {f"{head}.weight": self._weights[head] for head in HEADS}
        arrays |= {f"{head}.bias": self._biases[head] for head in HEADS}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the saved heads."""
        arrays = load_file(file)
        return cls(arrays["idf"], {head: arrays[f"{head}.weight"] for head in HEADS}, {head: arrays[f"{head}.bias"] for head in HEADS})


def count_grams(rows: Sequence[TokenRow]) -> csr_matrix:
    """Return how often each n-gram stands in a row: float32 of shape (n, BUCKETS).

    An n-gram is an id or a pair of neighbours; those of the statement and of its context are told apart. The target is not read.
    """
    grams = [_buckets(row) for row in rows]
    ends = np.cumsum([0, *(len(row) for row in grams)])
    indices = np.concatenate([*grams, np.zeros(0, dtype=np.int64)])
    counts = csr_matrix((np.ones(len(indices), dtype=np.float32), indices, ends), shape=(len(rows), BUCKETS))
    counts.sum_duplicates()
    return counts


def tf_idf(counts: csr_matrix, idf: NDArray[np.float32]) -> csr_matrix:
    """Return the counts as 1 + ln(count), times `idf` of shape (BUCKETS,), each row of length 1."""
    values = (1.0 + np.log(counts.data)) * idf[counts.indices]
    weighed = csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
    return normalize(weighed, copy=False) if len(values) else weighed  # normalize refuses a matrix without rows


def _buckets(row: TokenRow) -> NDArray[np.int64]:
    ids = np.asarray(row.ids, dtype=np.uint64)
    keys = []
    for salt, part in ((1, ids[row.said_start : row.said_end]), (2, ids[row.said_end + 1 : -1])):
        keys += [_key(salt, part), _key(salt, part[:-1], part[1:])]
    return ((np.concatenate(keys) * _GOLDEN) >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)


def _key(salt: int, *ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one number per n-gram, which no other n-gram has."""
    key = np.full(len(ids[0]), salt, dtype=np.uint64)
    for column in ids:
        key = (key << np.uint64(_FIELD_BITS)) | column
    return key
