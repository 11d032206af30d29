"""Figures of a report; drawn without a display."""

import numpy as np
from matplotlib.figure import Figure

from stance.labels import HEADS
from training.evaluate import Report


def confusion_figure(report: Report) -> Figure:
    """Return the confusion matrices of all heads side by side: rows gold, columns predicted, counts."""
    figure = Figure(figsize=(4.2 * len(HEADS), 3.8), layout="constrained")
    for axis, (head, labels) in zip(figure.subplots(1, len(HEADS)), HEADS.items(), strict=True):
        counts = report.heads[head].confusion
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axis.set_title(f"{head}: macro-F1 {report.heads[head].macro_f1.value:.3f}")
        axis.set_xticks(range(len(labels)), labels, rotation=20)
        axis.set_yticks(range(len(labels)), labels)
        axis.set_xlabel("predicted")
        axis.set_ylabel("gold")
        for row in range(len(labels)):
            for column in range(len(labels)):
                colour = "white" if shares[row, column] > 0.6 else "black"
                axis.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    return figure
