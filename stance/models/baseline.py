"""TF-IDF of words and characters with a linear head each: the model to beat.

Reads the statement and its context, not the target. Holds arrays and vocabularies only, no
pickled estimator.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.models.base import WEIGHTS_FILE, Logits

SETTINGS_FILE: Final = "baseline.json"
_ANALYSERS: Final[tuple[tuple[str, tuple[int, int]], ...]] = (("word", (1, 2)), ("char_wb", (2, 5)))


def new_vectorizers(max_features: int) -> list[TfidfVectorizer]:
    """Return the unfitted vectorizers, words then characters, each with at most `max_features` columns."""
    return [
        TfidfVectorizer(analyzer=analyser, ngram_range=ngrams, max_features=max_features, sublinear_tf=True, dtype=np.float64)
        for analyser, ngrams in _ANALYSERS
    ]


def texts(inputs: Sequence[ModelInput]) -> list[str]:
    """Return the one text per input that the vectorizers read."""
    return [f"{item.statement}\n{item.context}" for item in inputs]


class BaselineModel:
    """Vectorizers and, per head, weights of shape (labels, features) and a bias of shape (labels,)."""

    kind = "baseline"

    def __init__(
        self,
        vectorizers: list[TfidfVectorizer],
        weights: dict[str, NDArray[np.float64]],
        biases: dict[str, NDArray[np.float64]],
    ) -> None:
        self._vectorizers, self._weights, self._biases = vectorizers, weights, biases

    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        """Return logits as base.Model says."""
        if not inputs:
            return {head: np.zeros((0, len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        features = self.features(inputs)
        return {head: (features @ self._weights[head].T + self._biases[head]).astype(np.float32) for head in HEADS}

    def features(self, inputs: Sequence[ModelInput]) -> csr_matrix:
        """Return the sparse float64 matrix of shape (n, features)."""
        rows = texts(inputs)
        return csr_matrix(hstack([vectorizer.transform(rows) for vectorizer in self._vectorizers]))

    def save(self, directory: Path) -> None:
        """Write model.safetensors (float64) and baseline.json (vocabularies) into `directory`."""
        arrays = {f"idf.{i}": np.asarray(v.idf_) for i, v in enumerate(self._vectorizers)}
        arrays |= {f"{head}.weight": self._weights[head] for head in HEADS}
        arrays |= {f"{head}.bias": self._biases[head] for head in HEADS}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, directory / WEIGHTS_FILE)
        vocabularies = [sorted(v.vocabulary_, key=v.vocabulary_.__getitem__) for v in self._vectorizers]
        (directory / SETTINGS_FILE).write_text(json.dumps({"vocabularies": vocabularies}, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the saved model."""
        settings = json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8"))
        arrays = load_file(directory / WEIGHTS_FILE)
        vectorizers = []
        for index, (vocabulary, vectorizer) in enumerate(zip(settings["vocabularies"], new_vectorizers(1), strict=True)):
            vectorizer.set_params(vocabulary={term: column for column, term in enumerate(vocabulary)}, max_features=None)
            vectorizer.idf_ = arrays[f"idf.{index}"]
            vectorizers.append(vectorizer)
        return cls(
            vectorizers,
            {head: arrays[f"{head}.weight"] for head in HEADS},
            {head: arrays[f"{head}.bias"] for head in HEADS},
        )

    def describe(self) -> dict[str, Any]:
        """Return the number of features."""
        return {"features": int(self._weights["stance"].shape[1])}
