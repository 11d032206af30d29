import numpy as np
import pytest
import torch

from stance.labels import HEADS
from training.labels import NO_LABEL
from training.losses import HeadLosses, disagreement
from training.recipe import FinetuneOptions

CPU = torch.device("cpu")


def logits(*rows: tuple[float, float]) -> dict[str, torch.Tensor]:
    return {head: torch.tensor([[*row, 0.0][: len(names)] for row in rows]) for head, names in HEADS.items()}


def labels(**known: list[int]) -> dict[str, np.ndarray]:
    n = len(next(iter(known.values())))
    return {head: np.array(known.get(head, [NO_LABEL] * n), dtype=np.int64) for head in HEADS}


def loss(options: FinetuneOptions, wanted: dict[str, np.ndarray], *rows: tuple[float, float]) -> float:
    return float(HeadLosses(wanted, options, CPU)(logits(*rows), wanted))


def test_it_is_the_mean_over_heads_that_have_labels() -> None:
    options = FinetuneOptions(class_weights=False)
    relevance = loss(options, labels(relevance=[0]), (2.0, 0.5))
    stance = loss(options, labels(stance=[1]), (2.0, 0.5))
    assert relevance == pytest.approx(np.log(1 + np.exp(-1.5)))
    assert stance == pytest.approx(np.log(np.exp([2.0, 0.5, 0.0]).sum()) - 0.5)
    assert loss(options, labels(relevance=[0], stance=[1]), (2.0, 0.5)) == pytest.approx((relevance + stance) / 2)
    assert loss(options, labels(stance=[NO_LABEL]), (2.0, 0.5)) == 0.0


def test_rare_labels_weigh_as_much_as_common_ones() -> None:
    wanted, rows = labels(relevance=[0, 0, 0, 1]), [(0.0, 3.0)] * 3 + [(3.0, 0.0)]
    assert loss(FinetuneOptions(), wanted, *rows) == pytest.approx(np.log(1 + np.exp(3.0)))
    one_right = [(3.0, 0.0)] * 3 + [(3.0, 0.0)]  # the three common ones right, the rare one wrong
    right, wrong = np.log(1 + np.exp(-3.0)), np.log(1 + np.exp(3.0))
    assert loss(FinetuneOptions(), wanted, *one_right) == pytest.approx((right + wrong) / 2)
    assert loss(FinetuneOptions(class_weights=False), wanted, *one_right) == pytest.approx((3 * right + wrong) / 4)


def test_smoothing_wants_a_little_of_every_label() -> None:
    sure, unsure = (20.0, -20.0), (2.0, -2.0)
    plain, smooth = FinetuneOptions(class_weights=False), FinetuneOptions(class_weights=False, label_smoothing=0.2)
    wanted = labels(relevance=[0])
    assert loss(plain, wanted, sure) < loss(plain, wanted, unsure)
    assert loss(smooth, wanted, sure) > loss(smooth, wanted, unsure)


def test_two_passes_disagree_by_their_symmetric_divergence() -> None:
    first, second = logits((2.0, 0.5)), logits((0.0, 1.0))
    parts = []
    for head in HEADS:
        p, q = (torch.softmax(x[head][0], 0).double().numpy() for x in (first, second))
        parts.append(0.5 * ((p * np.log(p / q)).sum() + (q * np.log(q / p)).sum()))
    assert float(disagreement(first, second)) == pytest.approx(np.mean(parts), rel=1e-5)
    assert float(disagreement(first, first)) == 0.0
