"""Fine-tune the encoder and all heads jointly; the recipe says how.

A plain loop: length-bucketed batches by token budget, AdamW with warm-up and decay, bf16 where the device computes in
it, every process of an `accelerate launch` taking its part of the batches, the epoch with the lowest calibration loss
kept. What an epoch shows follows from seed and epoch alone, so a training that was cut off goes on from its
checkpoint and ends in the same weights.
"""

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from stance.errors import DivergenceError
from stance.inputs import shape
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from stance.records import LabelledStatement
from training import checkpoint
from training.labels import NO_LABEL, label_indices
from training.lessons import Lesson, Lessons
from training.losses import HeadLosses, disagreement
from training.optimization import Schedule, merge, optimizer_for, prepare
from training.recipe import FinetuneOptions, Recipe

_STEPS_A_POINT: Final = 50


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch's curve point: mean losses over statements and heads."""

    number: int
    train_loss: float
    calibration_loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Steps:
    """A curve point within an epoch, every fifty optimizer steps: the mean loss over them, and the highest rate."""

    number: int
    train_loss: float
    learning_rate: float


def fit_encoder(
    train: Sequence[LabelledStatement],
    calibration: Sequence[LabelledStatement],
    recipe: Recipe,
    on_point: Callable[[Epoch | Steps], None],
    on_batch: Callable[[int, int], None],
    *,
    start: EncoderModel | None = None,
    resume: Path | None = None,
) -> EncoderModel:
    """Return the fine-tuned model of the epoch with the lowest loss on `calibration`, without lexical heads.

    `on_point` gets the curve's points as they come, `on_batch` (statements done, statements in all). Training begins from `start`
    where it is given (a model trained before, which is changed), else from the recipe's base with fresh heads. With
    `resume`, its state is kept in that file, and goes on from there where the file exists; finished epochs are then not told again.
    """
    accelerator = Accelerator(mixed_precision="bf16" if computes_in_bf16() else "no")
    torch.manual_seed(recipe.seed)
    model = start or new_encoder(recipe.base, revision=recipe.base_revision, max_tokens=recipe.max_tokens)
    model.tokenizer.limit(max_target_tokens=recipe.max_target_tokens, max_context_tokens=recipe.max_context_tokens)
    model.network.dropout.p, model.lexical = recipe.finetune.dropout, None
    prepare(model.network, recipe.finetune)
    training = _Training(model, Lessons(model.tokenizer, train, recipe), calibration, recipe, accelerator, on_point, on_batch)
    training.run(resume)
    merge(model.network)
    model.network.eval()
    return model


def computes_in_bf16() -> bool:
    """Whether the device that trains has bf16 instructions; without them bf16 is slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8") if info.is_file() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


class _Training:
    """One training: what it reads, its optimizer, and how far it is."""

    def __init__(
        self,
        model: EncoderModel,
        lessons: Lessons,
        calibration: Sequence[LabelledStatement],
        recipe: Recipe,
        accelerator: Accelerator,
        on_point: Callable[[Epoch | Steps], None],
        on_batch: Callable[[int, int], None],
    ) -> None:
        self._model, self._lessons, self._accelerator = model, lessons, accelerator
        self._options: FinetuneOptions = recipe.finetune
        self._on_point, self._on_batch = on_point, on_batch
        self._inputs, self._wanted = [shape(s.statement) for s in calibration], label_indices(calibration)
        for head, labels in lessons.labels.items():
            if (labels == NO_LABEL).all():
                model.network.heads[head].requires_grad_(False)  # it stays as it came
        self._losses = HeadLosses(lessons.labels, recipe.finetune, model.device)
        self._optimizer = optimizer_for(model.network, recipe.finetune)
        self._parameters = list(checkpoint.learned(model.network).values())
        # One process alone needs no wrapping; several average their gradients.
        self._forward: nn.Module = accelerator.prepare(model.network)
        own = math.ceil(len(lessons.batches(1)) / int(accelerator.num_processes))
        steps = math.ceil(own / self._options.accumulation)
        self._epochs = max(self._options.epochs, math.ceil(self._options.min_steps / max(1, steps)))
        self._schedule = Schedule(max(1, self._epochs * steps), self._options.warmup_share)
        self._state = checkpoint.State(checkpoint.Progress(), checkpoint.copied(model.network), {})
        self._saved = time.monotonic()
        self._recent: list[float] = []  # losses since the last point

    def run(self, resume: Path | None) -> None:
        """Learn until the recipe's end and leave the best epoch's weights in the network."""
        network = self._model.network
        if resume is not None and resume.is_file():
            self._state = checkpoint.load(resume, network, self._optimizer)
        progress = self._state.progress
        while not progress.ended and progress.epoch <= self._epochs:
            started = time.perf_counter()
            self._learn(resume)
            point = self._finish_epoch(started)
            self._on_point(point)
            progress.ended = progress.stale >= self._options.patience
            progress.epoch, progress.batches, progress.loss_sum, progress.seen = progress.epoch + 1, 0, 0.0, 0
            self._save(resume)
        checkpoint.restore(network, self._state.best)
        self._accelerator.unwrap_model(self._forward, keep_fp32_wrapper=False)  # the network computes as it will when it is loaded

    def _learn(self, resume: Path | None) -> None:
        """Go through what is left of the present epoch's batches."""
        progress, every = self._state.progress, self._options.accumulation
        rank, processes = self._accelerator.process_index, self._accelerator.num_processes
        batches = self._lessons.batches(progress.epoch)
        batches += batches[: -len(batches) % processes]  # every process has as many
        own = batches[rank::processes]
        total = self._epochs * sum(len(batch.rows) for batch in batches)
        before = (progress.epoch - 1) * (total // self._epochs)
        self._forward.train()
        for number in range(progress.batches, len(own)):
            lesson, ends_step = own[number], (number + 1) % every == 0 or number + 1 == len(own)
            with contextlib.nullcontext() if ends_step else self._accelerator.no_sync(self._forward):
                loss = self._loss(lesson)
                self._accelerator.backward(loss / every)
            self._recent.append(loss.item())
            progress.loss_sum += self._recent[-1] * len(lesson.rows)
            progress.seen += len(lesson.rows)
            progress.batches = number + 1
            if ends_step:
                self._step()
                if self._options.checkpoint_seconds <= time.monotonic() - self._saved:
                    self._save(resume)
            self._on_batch(min(total, before + progress.seen * processes), total)

    def _loss(self, lesson: Lesson) -> Tensor:
        batch = self._model.batch(lesson.rows)
        logits = self._forward(batch)
        loss = self._losses(logits, lesson.labels)
        if self._options.r_drop:
            again = self._forward(batch)
            both = 0.5 * (loss + self._losses(again, lesson.labels))
            return both + self._options.r_drop * disagreement(logits, again)
        return loss

    def _step(self) -> None:
        progress = self._state.progress
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        rate = self._schedule.apply(self._optimizer, progress.steps)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        progress.steps += 1
        if progress.steps % _STEPS_A_POINT == 0:
            self._on_point(Steps(progress.steps, sum(self._recent) / len(self._recent), rate))
            self._recent.clear()
        if keep := self._options.average_decay:
            keep = min(keep, (1 + progress.steps) / (10 + progress.steps))  # the first weights are soon forgotten
            network = self._model.network
            if not self._state.average:
                self._state.average = checkpoint.copied(network)
            for name, parameter in checkpoint.learned(network).items():
                self._state.average[name].lerp_(parameter.detach(), 1.0 - keep)

    def _finish_epoch(self, started: float) -> Epoch:
        """Measure the epoch's weights (their average, where one is kept) and keep them if they are the best so far."""
        progress, network = self._state.progress, self._model.network
        self._forward.eval()
        latest = checkpoint.copied(network)
        if self._state.average:
            checkpoint.restore(network, self._state.average)
        calibration_loss = self._calibration_loss()
        train_loss = progress.loss_sum / max(1, progress.seen)
        if not math.isfinite(progress.loss_sum) or math.isnan(calibration_loss):
            raise DivergenceError(f"training diverged in epoch {progress.epoch} (loss {train_loss:.3g}); lower finetune.learning_rate")
        if progress.best_loss is None or calibration_loss <= progress.best_loss:
            progress.best_loss, progress.stale, self._state.best = calibration_loss, 0, checkpoint.copied(network)
        else:
            progress.stale += 1
        checkpoint.restore(network, latest)
        rate = max(float(group["lr"]) for group in self._optimizer.param_groups)
        return Epoch(progress.epoch, train_loss, calibration_loss, rate, time.perf_counter() - started)

    def _calibration_loss(self) -> float:
        logits = self._model.logits(self._inputs)
        parts = []
        for head, wanted in self._wanted.items():
            known = wanted != NO_LABEL
            if known.any():
                values = torch.from_numpy(logits[head][known])
                parts.append(float(nn.functional.cross_entropy(values, torch.from_numpy(wanted[known]))))
        return sum(parts) / len(parts) if parts else 0.0  # nothing to choose by: the last epoch is as good as any

    def _save(self, resume: Path | None) -> None:
        if resume is not None and self._accelerator.is_main_process:
            checkpoint.save(resume, self._state, self._model.network, self._optimizer)
        self._saved = time.monotonic()
