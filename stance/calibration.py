"""Logits -> calibrated probabilities: one temperature per head.

Temperature scaling after Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

import numpy as np
from numpy.typing import NDArray


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return softmax(logits / temperature) as float64 of the same shape (n, labels); rows sum to 1."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf)
    exponents = np.exp(scaled)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
