"""What is learned and how fast: frozen layers, LoRA adapters, a learning rate by depth, warm-up and decay.

Knows no data and no loss.
"""

import warnings
from dataclasses import dataclass
from typing import Final, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from stance.errors import RecipeError
from stance.models.encoder import EncoderNetwork
from training.recipe import FinetuneOptions


def prepare(network: EncoderNetwork, options: FinetuneOptions) -> None:
    """Leave what the recipe freezes out of training, or put LoRA adapters (Hu et al., ICLR 2022) into the encoder.

    Raises RecipeError where the encoder has fewer layers than are to be frozen, or its kind is unknown to peft.
    """
    _freeze(network.encoder, options.frozen_layers)
    for module in list(network.encoder.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, SharedDropout(options.encoder_dropout))
    for name, parameter in network.encoder.named_parameters():
        if name.startswith("pooler."):  # never read
            parameter.requires_grad_(False)
    if options.lora_rank:
        _adapt(network, options)


class SharedDropout(nn.Module):
    """Dropout of hidden states, (n, tokens, width), whose mask is the same for all tokens of a row (Gal and Ghahramani, NeurIPS 2016).

    A mask a token costs a CPU a third of the training time, this one nothing that can be measured. Attention weights stay whole.
    """

    p: Final = 0.0  # what attention reads as its own rate

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, hidden: Tensor) -> Tensor:
        """Return `hidden` with a share of the features of each row zero, the others scaled up; unchanged outside training."""
        if not self.training or not self.rate or hidden.ndim != 3:
            return hidden
        kept = torch.empty(hidden.shape[0], 1, hidden.shape[2], dtype=hidden.dtype, device=hidden.device).bernoulli_(1.0 - self.rate)
        return hidden * kept.div_(1.0 - self.rate)


def merge(network: EncoderNetwork) -> None:
    """Fold LoRA adapters into the weights they adapt, so that the encoder is an ordinary one again."""
    if hasattr(network.encoder, "merge_and_unload"):
        network.encoder = network.encoder.merge_and_unload()


def optimizer_for(network: EncoderNetwork, options: FinetuneOptions) -> torch.optim.Optimizer:
    """Return AdamW over what is learned; each group's `initial_lr` is its peak.

    A layer's rate is `layer_decay` times that of the layer above it, the embeddings' below them all (ULMFiT's discriminative
    rates, Howard and Ruder, ACL 2018); biases and norms do not decay.
    """
    layers = _stack(network.encoder)
    depth_of = {id(p): depth for depth, layer in enumerate(layers or [], start=1) for p in layer.parameters()}
    embeddings = {id(p) for p in network.encoder.get_input_embeddings().parameters()}
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("heads."):
            rate = options.head_learning_rate
        else:
            top = len(layers or [])
            depth = depth_of.get(id(parameter), 0 if id(parameter) in embeddings or ".embeddings." in f".{name}" else top)
            rate = options.learning_rate * options.layer_decay ** (top - depth)
        groups.setdefault((rate, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": members, "lr": rate, "initial_lr": rate, "weight_decay": options.weight_decay if decays else 0.0}
            for (rate, decays), members in groups.items()
        ],
        fused=True,  # one pass over the weights: training is about a tenth faster on a CPU
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """Linear warm-up over a share of `steps`, then linear decay to zero."""

    steps: int
    warmup_share: float

    def apply(self, optimizer: torch.optim.Optimizer, step: int) -> float:
        """Set every group's rate for `step` (0, 1, ...) and return the highest."""
        warmup = max(1, round(self.steps * self.warmup_share))
        share = (step + 1) / warmup if step < warmup else max(0.0, (self.steps - step) / max(1, self.steps - warmup))
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * share
        return max(float(group["lr"]) for group in optimizer.param_groups)


def _stack(encoder: nn.Module) -> nn.ModuleList | None:
    """Return the encoder's layers, lowest first, or None where they can't be told."""
    config = cast(PreTrainedModel, encoder).config
    depth = int(config.num_hidden_layers)
    return next((m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == depth), None)


def _freeze(encoder: PreTrainedModel, layers: int) -> None:
    if layers == 0:
        return
    depth = int(encoder.config.num_hidden_layers)
    if layers > depth:
        raise RecipeError(f"finetune.frozen_layers: expected at most the encoder's {depth} layers, got {layers}; lower it")
    stack = _stack(encoder)
    if stack is None:
        raise RecipeError(f"finetune.frozen_layers: this encoder's layers can't be told apart ({type(encoder).__name__}); set it to 0")
    frozen = [encoder.get_input_embeddings(), *(m for n, m in encoder.named_children() if n == "embeddings"), *stack[:layers]]
    for module in frozen:
        module.requires_grad_(False)


def _adapt(network: EncoderNetwork, options: FinetuneOptions) -> None:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=options.lora_rank,
        lora_alpha=2 * options.lora_rank,
        lora_dropout=options.dropout,
        target_modules="all-linear",
        exclude_modules=r".*pooler.*",
    )
    try:
        with warnings.catch_warnings():  # peft asks transformers by a name that transformers has just given up
            warnings.simplefilter("ignore", FutureWarning)
            network.encoder = get_peft_model(network.encoder, config)
    except ValueError as error:
        raise RecipeError(f"finetune.lora_rank: peft can't adapt this encoder: {error}; set it to 0") from error
