from collections.abc import Callable
from typing import Any

import pytest
import torch

from stance.models.checkpoints import new_encoder
from training.optimization import Schedule, SharedDropout, merge, optimizer_for, prepare

Recipes = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_thread")


def rates(recipe: Any) -> dict[str, tuple[float, float]]:
    """{parameter: (peak rate, weight decay)} of what the recipe learns."""
    network = new_encoder(recipe.base, max_tokens=recipe.max_tokens).network
    prepare(network, recipe.finetune)
    groups = optimizer_for(network, recipe.finetune).param_groups
    of = {id(p): (group["initial_lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    return {name: of[id(p)] for name, p in network.named_parameters() if id(p) in of}


def test_each_layer_learns_slower_than_the_one_above_it(tiny_recipe: Recipes) -> None:
    found = rates(tiny_recipe("finetune", finetune={"learning_rate": 1e-3, "layer_decay": 0.5, "head_learning_rate": 1e-2}))
    by_depth = {
        "heads.": 1e-2,
        "encoder.encoder.layer.1.": 1e-3,
        "encoder.encoder.layer.0.": 5e-4,
        "encoder.embeddings.": 2.5e-4,
    }
    for prefix, rate in by_depth.items():
        assert [r for name, (r, _) in found.items() if name.startswith(prefix)] == pytest.approx(
            [rate] * sum(n.startswith(prefix) for n in found)
        )
    assert all(name.startswith(tuple(by_depth)) for name in found)


def test_only_weight_matrices_decay(tiny_recipe: Recipes) -> None:
    found = rates(tiny_recipe("finetune", finetune={"weight_decay": 0.3}))
    assert {decay for name, (_, decay) in found.items() if name.endswith("bias") or "LayerNorm" in name} == {0.0}
    assert {decay for name, (_, decay) in found.items() if "query.weight" in name} == {0.3}


def test_with_adapters_only_they_and_the_heads_are_learned_and_merging_leaves_an_ordinary_encoder(tiny_recipe: Recipes) -> None:
    recipe = tiny_recipe("finetune", finetune={"lora_rank": 2})
    network = new_encoder(recipe.base, max_tokens=recipe.max_tokens).network
    names = set(network.state_dict())
    prepare(network, recipe.finetune)
    learned = {name for name, p in network.named_parameters() if p.requires_grad}
    assert learned
    assert all("lora_" in name or name.startswith("heads.") for name in learned)
    before = network.encoder.state_dict()
    for name, p in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p)
    kept = {name: tensor.clone() for name, tensor in before.items() if name.endswith("query.base_layer.weight")}
    merge(network)
    assert set(network.state_dict()) == names
    changed = network.encoder.state_dict()["encoder.layer.0.attention.self.query.weight"]
    assert not torch.equal(changed, next(tensor for name, tensor in kept.items() if "layer.0." in name))


def test_the_rate_rises_and_falls_in_a_line() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([{"params": [weight], "lr": 1.0, "initial_lr": 2.0}])
    found = [Schedule(10, 0.2).apply(optimizer, step) for step in range(11)]
    assert found == pytest.approx([1.0, 2.0, 2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.0])
    assert optimizer.param_groups[0]["lr"] == 0.0


def test_dropout_in_the_encoder_is_shared_by_the_tokens_of_a_row_and_leaves_attention_whole(tiny_recipe: Recipes) -> None:
    recipe = tiny_recipe("finetune", finetune={"encoder_dropout": 0.5})
    network = new_encoder(recipe.base, max_tokens=recipe.max_tokens).network
    prepare(network, recipe.finetune)
    dropouts = [module for module in network.encoder.modules() if isinstance(module, SharedDropout)]
    assert len(dropouts) > 3
    assert {module.p for module in dropouts} == {0.0}
    assert not [module for module in network.encoder.modules() if isinstance(module, torch.nn.Dropout)]

    hidden = torch.ones(50, 7, 40)
    dropped = dropouts[0].train()(hidden)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert 0.4 < float((dropped == 0).float().mean()) < 0.6
    assert torch.equal(dropouts[0].eval()(hidden), hidden)
