"""Temperatures and the abstention threshold, chosen on statements that neither train nor test."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from stance.calibration import probabilities
from training.labels import NO_LABEL

_LOG_TEMPERATURES = (-3.0, 3.0)
_SMALLEST = 1e-12


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature in [0.05, 20] with the lowest negative log-likelihood; 1.0 without labels.

    `logits` is (n, labels), `labels` (n,) with NO_LABEL where there is none.
    """
    known = labels != NO_LABEL
    if not known.any():
        return 1.0
    rows, wanted = logits[known], labels[known]

    def loss(log_temperature: float) -> float:
        chosen = probabilities(rows, float(np.exp(log_temperature)))[np.arange(len(wanted)), wanted]
        return float(-np.log(np.maximum(chosen, _SMALLEST)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded").x))


def choose_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], target_precision: float) -> float:
    """Return the lowest confidence from which on predictions are right at least `target_precision` often.

    Both arrays are (n,). Where no threshold reaches the precision, the highest confidence seen is
    returned, so that all but the surest abstain; 0.0 for no statements.
    """
    if not len(confidence):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(confidence[order]) != 0, True)  # a threshold can't part equal confidences
    reached = np.flatnonzero((precision >= target_precision) & last_of_equals)
    return float(confidence[order][reached[-1] if len(reached) else 0])
