"""What training minimises: cross-entropy per head over the statements that have its label, and R-Drop's agreement term."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stance.labels import HEADS
from training.labels import NO_LABEL
from training.recipe import FinetuneOptions


class HeadLosses:
    """The mean over heads of each head's cross-entropy; `labels` of the whole train part give the class weights."""

    def __init__(self, labels: dict[str, NDArray[np.int64]], options: FinetuneOptions, device: torch.device) -> None:
        self._device = device
        self._losses = {
            head: nn.CrossEntropyLoss(
                weight=_class_weights(labels[head], len(names), device) if options.class_weights else None,
                ignore_index=NO_LABEL,
                label_smoothing=options.label_smoothing,
            )
            for head, names in HEADS.items()
        }

    def __call__(self, logits: dict[str, Tensor], labels: dict[str, NDArray[np.int64]]) -> Tensor:
        """Return the loss of {head: (n, labels)} against {head: (n,)}; zero where no statement has any label."""
        parts = []
        for head, values in logits.items():
            wanted = torch.from_numpy(labels[head]).to(self._device)
            if bool((wanted != NO_LABEL).any()):
                parts.append(self._losses[head](values.float(), wanted))
        unread = sum((values.sum() for values in logits.values()), torch.zeros((), device=self._device)) * 0.0
        return torch.stack(parts).mean() + unread if parts else unread


def disagreement(first: dict[str, Tensor], second: dict[str, Tensor]) -> Tensor:
    """Return how far two passes with different dropout are apart: symmetric KL divergence, mean over rows and heads.

    R-Drop, Liang et al., NeurIPS 2021.
    """
    parts = []
    for head, values in first.items():
        p, q = values.float().log_softmax(dim=-1), second[head].float().log_softmax(dim=-1)
        parts.append(0.5 * ((p.exp() - q.exp()) * (p - q)).sum(dim=-1).mean())
    return torch.stack(parts).mean()


def _class_weights(labels: NDArray[np.int64], count: int, device: torch.device) -> Tensor:
    counts = np.bincount(labels[labels != NO_LABEL], minlength=count)
    shares = np.maximum(counts, 1) / max(1, counts.sum())
    return torch.tensor(1.0 / (count * shares), dtype=torch.float32, device=device)
