"""How fast is training? Rows a second of our loop beside transformers' Trainer at its defaults, on the same rows, in one run.

The Trainer gets the same encoder, heads, losses and token ids, and everything else as it comes: batches of eight in random
order, padded to their longest, every layer trained. Ours trains as the recipe says. Run it by `make bench-training`, which keeps
datasets/ off the import path: transformers takes it for a library.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from stance.inputs import shape
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from stance.models.tokens import TokenRow
from stance.records import LabelledStatement
from training.fit_encoder import Epoch, fit_encoder
from training.labels import label_indices
from training.losses import HeadLosses
from training.recipe import Recipe, read_recipe
from training.split import read_split
from training.train import DEFAULT_DATA


class _WithLoss(nn.Module):
    """Our network as the Trainer wants one: it returns its loss."""

    def __init__(self, model: EncoderModel, losses: HeadLosses) -> None:
        super().__init__()
        self.network, self._losses = model.network, losses

    def forward(self, labels: dict[str, np.ndarray[Any, np.dtype[np.int64]]], **batch: Tensor) -> dict[str, Tensor]:
        return {"loss": self._losses(self.network(batch), labels)}


def ours(train: Sequence[LabelledStatement], recipe: Recipe) -> float:
    """Return the rows a second of one epoch of our loop, what stands around it apart."""
    times: list[float] = []
    same_rows = dataclasses.replace(recipe.finetune, epochs=1, min_steps=0, retargeted_share=0.0, context_dropout=0.0)
    one = dataclasses.replace(recipe, finetune=same_rows)
    fit_encoder(train, train[:1], one, lambda point: times.append(point.seconds) if isinstance(point, Epoch) else None, lambda *_: None)
    return len(train) / times[0]


def trainer(train: Sequence[LabelledStatement], recipe: Recipe) -> float:
    """Return the rows a second of one epoch of transformers' Trainer."""
    model = new_encoder(recipe.base, revision=recipe.base_revision, max_tokens=recipe.max_tokens, dropout=recipe.finetune.dropout)
    rows, labels = model.tokenizer.rows([shape(s.statement) for s in train]), label_indices(train)

    def collate(chosen: list[tuple[int, TokenRow]]) -> dict[str, Any]:
        batch: dict[str, Any] = dict(model.batch([row for _, row in chosen]))
        return batch | {"labels": {head: known[[i for i, _ in chosen]] for head, known in labels.items()}}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, num_train_epochs=1, save_strategy="no", disable_tqdm=True, logging_strategy="no", remove_unused_columns=False
        )
        run = Trainer(
            model=_WithLoss(model, HeadLosses(labels, recipe.finetune, model.device)),
            args=arguments,
            train_dataset=list(enumerate(rows)),
            data_collator=collate,
        )
        started = time.perf_counter()
        run.train()
        return len(train) / (time.perf_counter() - started)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print rows a second of both, and their ratio, as one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m training.benchmark", description="Rows a second beside transformers' Trainer.")
    parser.add_argument("--recipe", default="finetune", help="a finetune recipe")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="a corpus folder")
    parser.add_argument("--rows", type=int, default=480, help="statements of its train part")
    parser.add_argument("--rounds", type=int, default=2, help="how often the two are measured in turn; the best of each counts")
    options = parser.parse_args(arguments)
    recipe, split = read_recipe(options.recipe), read_split(options.data)
    chosen = np.random.default_rng(0).permutation(len(split.train))[: options.rows]
    train = [split.train[i] for i in chosen]
    found = [(ours(train, recipe), trainer(train, recipe)) for _ in range(options.rounds)]
    mine, theirs = max(own for own, _ in found), max(other for _, other in found)
    result = {"rows": len(train), "threads": torch.get_num_threads(), "ours": mine, "trainer": theirs, "ratio": mine / theirs}
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in result.items()}) + "\n")


if __name__ == "__main__":
    main()
