"""What an epoch of fine-tuning shows: batches of token rows with their labels, some rows changed so that a model learns what counts.

An epoch follows from the recipe's seed and the epoch's number alone.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.inputs import ModelInput, shape
from stance.labels import HEADS, RELEVANCE
from stance.models.batching import length_batches
from stance.models.tokens import InputTokenizer, TokenRow
from stance.records import LabelledStatement
from training.labels import NO_LABEL, label_indices
from training.recipe import Recipe

_POOL_BATCHES: Final = 16  # batches are cut from random pools this large, so that they differ by epoch
_OFF_TARGET: Final = RELEVANCE.index("off_target")

Labels = dict[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One batch: token rows, and {head: (n,) label indices}, NO_LABEL where there is none."""

    rows: list[TokenRow]
    labels: Labels


class Lessons:
    """The train part as an epoch shows it."""

    def __init__(self, tokenizer: InputTokenizer, statements: Sequence[LabelledStatement], recipe: Recipe) -> None:
        self.labels = label_indices(statements)
        self._tokenizer, self._seed, self._options = tokenizer, recipe.seed, recipe.finetune
        self._inputs = [shape(s.statement) for s in statements]
        self._rows = tokenizer.rows(self._inputs)
        self._processes = [s.process for s in statements]

    def batches(self, epoch: int) -> list[Lesson]:
        """Return the batches of an epoch (1, 2, ...) in the order in which they are shown."""
        rng = np.random.default_rng([self._seed, epoch])
        rows = self._without_some_contexts(rng)
        retargeted = self._retargeted(rng)
        rows = rows + self._tokenizer.rows(retargeted)
        unlabelled = np.full(len(retargeted), NO_LABEL, dtype=np.int64)
        labels = {head: np.concatenate([known, unlabelled]) for head, known in self.labels.items()}
        labels["relevance"][len(self._rows) :] = _OFF_TARGET
        return [
            Lesson([rows[i] for i in indices], {head: labels[head][indices] for head in HEADS})
            for indices in _shuffled_batches(rows, self._options.batch_tokens, rng)
        ]

    def _without_some_contexts(self, rng: np.random.Generator) -> list[TokenRow]:
        """Return every row, a share of them without its context: the statement itself has to say enough."""
        bare = np.flatnonzero(rng.random(len(self._rows)) < self._options.context_dropout)
        rows = list(self._rows)
        for i, row in zip(bare, self._tokenizer.rows([dataclasses.replace(self._inputs[i], context="") for i in bare]), strict=True):
            rows[i] = row
        return rows

    def _retargeted(self, rng: np.random.Generator) -> list[ModelInput]:
        """Return a share of the statements, each against another process's deal, on which it does not bear."""
        count = round(len(self._inputs) * self._options.retargeted_share)
        if count == 0 or len(set(self._processes)) < 2:
            return []
        found = []
        for i in rng.permutation(len(self._inputs))[:count]:
            other = int(rng.integers(len(self._inputs)))
            while self._processes[other] == self._processes[i]:
                other = int(rng.integers(len(self._inputs)))
            found.append(dataclasses.replace(self._inputs[i], target=self._inputs[other].target))
        return found


def _shuffled_batches(rows: Sequence[TokenRow], budget: int, rng: np.random.Generator) -> list[list[int]]:
    order = rng.permutation(len(rows))
    mean = sum(len(row.ids) for row in rows) / len(rows)
    pool = max(1, int(budget / mean)) * _POOL_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        members = order[start : start + pool]
        lengths = [len(rows[i].ids) for i in members]
        batches += [[int(members[j]) for j in batch] for batch in length_batches(lengths, budget)]
    return [batches[i] for i in rng.permutation(len(batches))]
