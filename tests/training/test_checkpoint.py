from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from training.fit_encoder import Epoch, fit_encoder
from training.split import Split, read_split

Recipes = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_thread")
OPTIONS = {"epochs": 3, "patience": 3, "batch_tokens": 120, "average_decay": 0.9, "retargeted_share": 0.5, "context_dropout": 0.3}


class CutError(Exception):
    pass


@pytest.fixture(scope="module")
def split(small_corpus: Path) -> Split:
    return read_split(small_corpus)


def fitted(split: Split, recipe: Any, resume: Path | None = None, cut_after: int = 10**9) -> tuple[dict[str, torch.Tensor], list[Epoch]]:
    epochs: list[Epoch] = []
    batches = 0

    def on_batch(done: int, total: int) -> None:
        nonlocal batches
        batches += 1
        if batches == cut_after:
            raise CutError

    return fit_encoder(split.train, split.calibration, recipe, epochs.append, on_batch, resume=resume).network.state_dict(), epochs


@pytest.mark.parametrize(
    "more", [{}, {"accumulation": 2}, {"lora_rank": 2}, {"frozen_layers": 1, "average_decay": 0.0, "r_drop": 1.0}], ids=str
)
@pytest.mark.parametrize("cut_after", [1, 4, 7, 14])
def test_a_training_that_was_cut_off_anywhere_ends_in_the_same_weights(
    split: Split, tiny_recipe: Recipes, tmp_path: Path, cut_after: int, more: dict[str, Any]
) -> None:
    recipe = tiny_recipe("finetune", finetune=OPTIONS | more | {"checkpoint_seconds": 0})
    whole, curve = fitted(split, recipe)
    state = tmp_path / "state.safetensors"
    with pytest.raises(CutError):
        fitted(split, recipe, state, cut_after)
    with pytest.raises(CutError):
        fitted(split, recipe, state, 3)  # and once more
    torch.manual_seed(99)
    resumed, rest = fitted(split, recipe, state)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [e.calibration_loss for e in rest] == [e.calibration_loss for e in curve][-len(rest) :]
    again, nothing = fitted(split, recipe, state)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert not nothing
