"""Probabilities -> Prediction: a label per head, and whether the stance is too unsure to count."""

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS
from stance.records import HeadPrediction, Prediction


def decide(probabilities: dict[str, NDArray[np.float64]], threshold: float) -> list[Prediction]:
    """Return a Prediction per row of {head: (n, labels)}; `abstained` where no stance reaches `threshold`."""
    heads = {head: [_head(head, row) for row in probabilities[head]] for head in HEADS}
    return [
        Prediction(relevance, stance, sentiment, max(stance.probabilities.values()) < threshold)
        for relevance, stance, sentiment in zip(heads["relevance"], heads["stance"], heads["sentiment"], strict=True)
    ]


def _head(head: str, row: NDArray[np.float64]) -> HeadPrediction:
    labels = HEADS[head]
    return HeadPrediction(labels[int(row.argmax())], {label: float(p) for label, p in zip(labels, row, strict=True)})
