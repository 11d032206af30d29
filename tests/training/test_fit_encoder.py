import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from stance.errors import StanceError
from stance.inputs import shape
from stance.labels import HEADS
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from training.fit_encoder import Epoch, computes_in_bf16, fit_encoder
from training.fit_quick import fit_quick
from training.labels import label_indices
from training.split import Split, read_split

Recipes = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def split(small_corpus: Path) -> Split:
    return read_split(small_corpus)


def fitted(split: Split, recipe: Any) -> tuple[EncoderModel, list[Epoch], list[tuple[int, int]]]:
    epochs: list[Epoch] = []
    steps: list[tuple[int, int]] = []
    model = fit_encoder(split.train, split.calibration, recipe, epochs.append, lambda done, total: steps.append((done, total)))
    return model, epochs, steps


def weights(model: EncoderModel) -> dict[str, torch.Tensor]:
    return model.network.state_dict()


def test_the_same_seed_gives_the_same_weights_and_another_one_others(split: Split, tiny_recipe: Recipes) -> None:
    first, again, other = (weights(fitted(split, tiny_recipe("finetune", seed=seed))[0]) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.fixture(scope="module")
def long_run(split: Split, tiny_recipe: Recipes) -> tuple[EncoderModel, list[Epoch], list[tuple[int, int]]]:
    return fitted(split, tiny_recipe("finetune", finetune={"epochs": 15, "patience": 15}))


def test_it_learns_what_it_is_shown(split: Split, long_run: tuple[EncoderModel, list[Epoch], Any]) -> None:
    _, epochs, _ = long_run
    assert epochs[-1].train_loss < 0.5 * epochs[0].train_loss


def test_every_epoch_is_told_with_a_rising_number(long_run: tuple[EncoderModel, list[Epoch], Any]) -> None:
    _, epochs, _ = long_run
    assert [epoch.number for epoch in epochs] == list(range(1, 16))
    assert all(np.isfinite([e.train_loss, e.calibration_loss, e.learning_rate]).all() and e.seconds > 0 for e in epochs)
    rates = [epoch.learning_rate for epoch in epochs]
    assert rates[-1] < 0.05 * max(rates)


def test_progress_rises_to_its_end(split: Split, long_run: tuple[EncoderModel, list[Epoch], list[tuple[int, int]]]) -> None:
    _, _, steps = long_run
    done = [d for d, _ in steps]
    assert done == sorted(set(done))
    assert steps[-1] == (15 * len(split.train), 15 * len(split.train))


@pytest.fixture(scope="module")
def overshot_run(split: Split, tiny_recipe: Recipes) -> tuple[EncoderModel, list[Epoch], Any]:
    return fitted(split, tiny_recipe("finetune", finetune={"epochs": 60, "patience": 2, "learning_rate": 5e-2}))


def test_it_ends_when_patience_does(overshot_run: tuple[EncoderModel, list[Epoch], Any]) -> None:
    losses = [epoch.calibration_loss for epoch in overshot_run[1]]
    assert len(losses) < 60
    assert len(losses) - 1 - losses.index(min(losses)) == 2


def test_the_epoch_with_the_lowest_calibration_loss_is_kept(split: Split, overshot_run: tuple[EncoderModel, list[Epoch], Any]) -> None:
    model, epochs, _ = overshot_run
    logits = model.logits([shape(s.statement) for s in split.calibration])
    wanted = label_indices(split.calibration)
    losses = [-log_softmax(logits[head], axis=1)[np.arange(len(wanted[head])), wanted[head]].mean() for head in HEADS]
    told = [epoch.calibration_loss for epoch in epochs]
    nearest = min(range(len(told)), key=lambda number: abs(told[number] - np.mean(losses)))
    assert told[nearest] == min(told)
    assert np.mean(losses) == pytest.approx(
        told[nearest], abs=1e-2 if computes_in_bf16() else 1e-5
    )  # while it trains it may measure in bf16
    assert not model.network.training


@pytest.mark.parametrize("class_weights", [True, False])
@pytest.mark.parametrize("head", ["relevance", "stance", "sentiment"])
def test_a_head_without_any_label_does_not_break_the_others(split: Split, tiny_recipe: Recipes, head: str, class_weights: bool) -> None:
    def bare(part: list[Any]) -> list[Any]:
        return [dataclasses.replace(statement, **{head: None}) for statement in part]

    without = dataclasses.replace(split, train=bare(split.train), calibration=bare(split.calibration))
    model, epochs, _ = fitted(without, tiny_recipe("finetune", finetune={"epochs": 1, "class_weights": class_weights}))
    assert np.isfinite(epochs[0].train_loss)
    assert all(torch.isfinite(tensor).all() for tensor in weights(model).values())


def test_a_statement_without_any_label_changes_nothing_but_the_batches(split: Split, tiny_recipe: Recipes) -> None:
    bare = [dataclasses.replace(s, relevance=None, stance=None, sentiment=None) for s in split.train[:3]]
    alone = dataclasses.replace(split, train=[*bare, *split.train])
    model, epochs, _ = fitted(alone, tiny_recipe("finetune", finetune={"epochs": 1, "batch_tokens": 30}))
    assert np.isfinite(epochs[0].train_loss)
    assert all(torch.isfinite(tensor).all() for tensor in weights(model).values())


def test_a_calibration_part_without_labels_is_told_or_borne(split: Split, tiny_recipe: Recipes) -> None:
    bare = [dataclasses.replace(s, relevance=None, stance=None, sentiment=None) for s in split.calibration]
    model, _, _ = fitted(dataclasses.replace(split, calibration=bare), tiny_recipe("finetune", finetune={"epochs": 1}))
    assert all(torch.isfinite(tensor).all() for tensor in weights(model).values())


def test_one_batch_in_one_epoch_already_teaches_something(split: Split, tiny_recipe: Recipes) -> None:
    recipe = tiny_recipe("finetune", finetune={"epochs": 1, "batch_tokens": 100_000})
    trained, _, steps = fitted(split, recipe)
    untrained, _, _ = fitted(
        split, tiny_recipe("finetune", finetune={"epochs": 1, "batch_tokens": 100_000, "learning_rate": 0.0, "head_learning_rate": 0.0})
    )
    assert len(steps) == 1
    assert any(not torch.equal(a, b) for a, b in zip(weights(trained).values(), weights(untrained).values(), strict=True))


def test_a_run_that_diverges_is_told_not_returned(split: Split, tiny_recipe: Recipes) -> None:
    with pytest.raises(StanceError, match="learning_rate"):
        fitted(split, tiny_recipe("finetune", finetune={"epochs": 2, "learning_rate": 1e4, "head_learning_rate": 1e4}))


def test_quick_leaves_the_encoder_as_it_came_and_learns_its_heads(split: Split, tiny_recipe: Recipes) -> None:
    from stance.models.checkpoints import new_encoder

    recipe = tiny_recipe("quick", quick={"inverse_regularisation": 100.0})
    model = fit_quick(split.train, recipe, lambda *_: None)
    untouched = new_encoder(recipe.base, max_tokens=recipe.max_tokens).network.encoder.state_dict()
    assert all(torch.equal(tensor, untouched[name]) for name, tensor in model.network.encoder.state_dict().items())
    logits = model.logits([shape(s.statement) for s in split.train])["relevance"]
    gold = np.array([0 if s.relevance == "on_target" else 1 for s in split.train])
    assert (logits.argmax(axis=1) == gold).all()


def test_quick_is_the_same_twice(split: Split, tiny_recipe: Recipes) -> None:
    first, again = (weights(fit_quick(split.train, tiny_recipe("quick"), lambda *_: None)) for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_frozen_layers_and_embeddings_keep_their_weights_and_the_others_learn(split: Split, tiny_recipe: Recipes) -> None:
    recipe = tiny_recipe("finetune", finetune={"frozen_layers": 1})
    before = weights(new_encoder(recipe.base, max_tokens=recipe.max_tokens))
    after = weights(fitted(split, recipe)[0])
    kept = {name for name in before if torch.equal(before[name], after[name])}
    assert {name for name in before if "embeddings" in name or ".layer.0." in name} <= kept
    assert not {name for name in before if ".layer.1." in name and name.endswith("weight")} & kept


def test_more_frozen_layers_than_there_are_is_refused(split: Split, tiny_recipe: Recipes) -> None:
    with pytest.raises(StanceError, match=r"frozen_layers: expected at most the encoder's 2 layers, got 3"):
        fitted(split, tiny_recipe("finetune", finetune={"frozen_layers": 3}))


def test_a_small_corpus_is_passed_over_until_the_least_number_of_steps(split: Split, tiny_recipe: Recipes) -> None:
    _, once, steps = fitted(split, tiny_recipe("finetune", finetune={"epochs": 1}))
    a_pass = len(steps)
    _, more, steps = fitted(split, tiny_recipe("finetune", finetune={"epochs": 1, "min_steps": 3 * a_pass, "patience": 9}))
    assert (len(once), len(more), len(steps)) == (1, 3, 3 * a_pass)
    assert steps[-1] == (3 * len(split.train), 3 * len(split.train))
