"""Logistic regression per head, as plain weights and biases."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from stance.labels import HEADS
from training.labels import NO_LABEL

_ABSENT_LABEL_BIAS = -1e4  # a label that no training statement has is never predicted


def fit_linear_heads(
    features: NDArray[np.float64] | csr_matrix,
    labels: dict[str, NDArray[np.int64]],
    *,
    inverse_regularisation: float,
    seed: int,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return ({head: weights (labels, features)}, {head: biases (labels,)}), classes weighted alike.

    `features` is (n, features); statements without a head's label (NO_LABEL) are left out of it.
    """
    weights, biases = {}, {}
    for head, names in HEADS.items():
        known = labels[head] != NO_LABEL
        weights[head] = np.zeros((len(names), features.shape[1]))
        biases[head] = np.full(len(names), _ABSENT_LABEL_BIAS)
        present = np.unique(labels[head][known])
        if len(present) < 2:  # nothing to tell apart: the one label, or none, whatever is said
            biases[head][present if len(present) else slice(None)] = 0.0
            continue
        classifier = LogisticRegression(C=inverse_regularisation, class_weight="balanced", max_iter=2000, random_state=seed).fit(
            features[known], labels[head][known]
        )
        rows, offsets = classifier.coef_, classifier.intercept_
        if len(classifier.classes_) == 2:  # scikit-learn keeps one row for two classes
            rows, offsets = np.vstack([-rows / 2, rows / 2]), np.concatenate([-offsets / 2, offsets / 2])
        weights[head][classifier.classes_] = rows
        biases[head][classifier.classes_] = offsets
    return weights, biases
