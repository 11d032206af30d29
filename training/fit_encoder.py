"""Fine-tune the encoder and all heads jointly; the recipe says how many of the lowest layers stay as they came.

A plain loop: length-bucketed batches by token budget, AdamW with linear warm-up and decay, bf16
autocast where the device has it, the epoch with the lowest calibration loss kept. A head's loss
skips statements without that head's label.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from stance.errors import RecipeError
from stance.inputs import ModelInput, shape
from stance.labels import HEADS
from stance.models.batching import length_batches
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from stance.models.tokens import TokenRow
from stance.records import LabelledStatement
from training.labels import NO_LABEL, label_indices
from training.recipe import FinetuneOptions, Recipe

_POOL_BATCHES = 16  # batches are cut from random pools this large, so that they differ by epoch


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch's curve point: mean losses over statements and heads."""

    number: int
    train_loss: float
    calibration_loss: float
    learning_rate: float
    seconds: float


def fit_encoder(
    train: Sequence[LabelledStatement],
    calibration: Sequence[LabelledStatement],
    recipe: Recipe,
    on_epoch: Callable[[Epoch], None],
    on_batch: Callable[[int, int], None],
) -> EncoderModel:
    """Return the fine-tuned model of the epoch with the lowest loss on `calibration`.

    `on_epoch` gets each epoch's curve point, `on_batch` (statements done, statements in all).
    """
    options = recipe.finetune
    torch.manual_seed(recipe.seed)
    model = new_encoder(recipe.base, revision=recipe.base_revision, max_tokens=recipe.max_tokens, dropout=options.dropout)
    _freeze(model.network.encoder, options.frozen_layers)
    rows, labels = _rows(model, train), label_indices(train)
    batches_an_epoch = len(list(_epoch_batches(rows, options.batch_tokens, np.random.default_rng(0))))
    epochs = max(options.epochs, math.ceil(options.min_steps / max(1, batches_an_epoch)))
    total_steps = max(1, epochs * batches_an_epoch)
    optimizer = _optimizer(model.network, options)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total_steps, options.warmup_share))
    losses = {head: _loss(labels[head], len(HEADS[head]), options.class_weights, model.device) for head in HEADS}
    rng = np.random.default_rng(recipe.seed)
    best_loss, best_state, stale = math.inf, copy.deepcopy(model.network.state_dict()), 0
    for number in range(1, epochs + 1):
        started, total, seen = time.perf_counter(), 0.0, 0
        model.network.train()
        for indices in _epoch_batches(rows, options.batch_tokens, rng):
            loss = _step(model, [rows[i] for i in indices], {h: labels[h][indices] for h in HEADS}, losses)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, seen = total + loss.item() * len(indices), seen + len(indices)
            on_batch((number - 1) * len(rows) + seen, epochs * len(rows))
        model.network.eval()
        calibration_loss = _mean_loss(model, calibration)
        rate = optimizer.param_groups[0]["lr"]
        on_epoch(Epoch(number, total / seen, calibration_loss, rate, time.perf_counter() - started))
        if not math.isfinite(total) or math.isnan(calibration_loss):
            raise RecipeError(f"training diverged in epoch {number} (loss {total / seen:.3g}); lower finetune.learning_rate")
        if calibration_loss <= best_loss:
            best_loss, best_state, stale = calibration_loss, copy.deepcopy(model.network.state_dict()), 0
        else:
            stale += 1
            if stale >= options.patience:
                break
    model.network.load_state_dict(best_state)
    return model


def autocast(device: torch.device) -> torch.autocast:
    """Return a bf16 autocast context where the device computes in bf16, else one that does nothing."""
    able = torch.cuda.is_bf16_supported() if device.type == "cuda" else "avx512_bf16" in _cpu_flags() or "amx_bf16" in _cpu_flags()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=able)


def _cpu_flags() -> str:
    info = Path("/proc/cpuinfo")
    return info.read_text(encoding="utf-8") if info.is_file() else ""


def _rows(model: EncoderModel, statements: Sequence[LabelledStatement]) -> list[TokenRow]:
    inputs: list[ModelInput] = [shape(s.statement) for s in statements]
    return model.tokenizer.rows(inputs)


def _epoch_batches(rows: Sequence[TokenRow], budget: int, rng: np.random.Generator) -> list[list[int]]:
    order = rng.permutation(len(rows))
    mean = sum(len(row.ids) for row in rows) / len(rows)
    pool = max(1, int(budget / mean)) * _POOL_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        members = order[start : start + pool]
        lengths = [len(rows[i].ids) for i in members]
        batches += [[int(members[j]) for j in batch] for batch in length_batches(lengths, budget)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _freeze(encoder: PreTrainedModel, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` layers as they are; raise RecipeError where there are fewer."""
    if layers == 0:
        return
    depth = int(encoder.config.num_hidden_layers)
    if layers > depth:
        raise RecipeError(f"finetune.frozen_layers: expected at most the encoder's {depth} layers, got {layers}; lower it")
    stack = next((m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == depth), None)
    if stack is None:
        raise RecipeError(f"finetune.frozen_layers: this encoder's layers can't be told apart ({type(encoder).__name__}); set it to 0")
    frozen = [encoder.get_input_embeddings(), *(m for n, m in encoder.named_children() if n == "embeddings"), *stack[:layers]]
    for module in frozen:
        module.requires_grad_(False)


def _optimizer(network: nn.Module, options: FinetuneOptions) -> torch.optim.Optimizer:
    groups = []
    for is_head in (False, True):
        rate = options.head_learning_rate if is_head else options.learning_rate
        for decays in (True, False):
            named = ((n, p) for n, p in network.named_parameters() if p.requires_grad)
            members = [p for n, p in named if n.startswith("heads.") == is_head and (p.ndim > 1) == decays]
            groups.append({"params": members, "lr": rate, "weight_decay": options.weight_decay if decays else 0.0})
    return torch.optim.AdamW(groups, fused=True)  # one pass over the weights: training is about a tenth faster on a CPU


def _rate(step: int, total: int, warmup_share: float) -> float:
    warmup = max(1, round(total * warmup_share))
    return (step + 1) / warmup if step < warmup else max(0.0, (total - step) / max(1, total - warmup))


def _loss(labels: np.ndarray[tuple[int], np.dtype[np.int64]], count: int, weighted: bool, device: torch.device) -> nn.CrossEntropyLoss:
    weight = None
    if weighted:
        counts = np.bincount(labels[labels != NO_LABEL], minlength=count)
        shares = np.maximum(counts, 1) / max(1, counts.sum())
        weight = torch.tensor(1.0 / (count * shares), dtype=torch.float32, device=device)
    return nn.CrossEntropyLoss(weight=weight, ignore_index=NO_LABEL)


def _step(
    model: EncoderModel,
    rows: Sequence[TokenRow],
    labels: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]],
    losses: dict[str, nn.CrossEntropyLoss],
) -> Tensor:
    with autocast(model.device):
        logits = model.network(model.batch(rows))
    parts = []
    for head, values in logits.items():
        wanted = torch.from_numpy(labels[head]).to(model.device)
        if bool((wanted != NO_LABEL).any()):
            parts.append(losses[head](values.float(), wanted))
    return torch.stack(parts).mean() if parts else logits["stance"].sum() * 0.0


def _mean_loss(model: EncoderModel, statements: Sequence[LabelledStatement]) -> float:
    logits = model.logits([shape(s.statement) for s in statements])
    wanted = label_indices(statements)
    parts = []
    for head in HEADS:
        known = wanted[head] != NO_LABEL
        if known.any():
            values = torch.from_numpy(logits[head][known])
            parts.append(float(nn.functional.cross_entropy(values, torch.from_numpy(wanted[head][known]))))
    return sum(parts) / len(parts) if parts else 0.0  # nothing to choose by: the last epoch is as good as any
