"""Logistic regression per head on the frozen encoder's features."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler

from stance.inputs import shape
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from stance.records import LabelledStatement
from training.labels import NO_LABEL, label_indices
from training.linear import fit_linear_heads
from training.recipe import Recipe

_CHUNK: Final = 512  # statements between two reports of progress; long enough for batches of even length


def fit_quick(
    train: Sequence[LabelledStatement], recipe: Recipe, on_batch: Callable[[int, int], None], model: EncoderModel | None = None
) -> EncoderModel:
    """Return the encoder as it came, its heads fitted; the features' scaling is folded into the heads.

    `on_batch` gets (statements read, statements in all). `model` is the recipe's encoder where it
    is loaded already; its heads are replaced.
    """
    torch.manual_seed(recipe.seed)
    model = model or new_encoder(recipe.base, revision=recipe.base_revision, max_tokens=recipe.max_tokens)
    model.lexical = None
    model.tokenizer.limit(max_target_tokens=recipe.max_target_tokens, max_context_tokens=recipe.max_context_tokens)
    chunks = []
    for start in range(0, len(train), _CHUNK):
        chunks.append(model.features([shape(s.statement) for s in train[start : start + _CHUNK]]))
        on_batch(min(start + _CHUNK, len(train)), len(train))
    features = np.concatenate(chunks).astype(np.float64)
    scaler = StandardScaler().fit(features)
    weights, biases = fit_linear_heads(
        scaler.transform(features),
        label_indices(train),
        inverse_regularisation=recipe.quick.inverse_regularisation,
        seed=recipe.seed,
    )
    state = {}
    for head, known in label_indices(train).items():
        if (known == NO_LABEL).all():
            continue  # the head stays as it came
        scaled = weights[head] / scaler.scale_
        state[f"heads.{head}.weight"] = torch.from_numpy(scaled)
        state[f"heads.{head}.bias"] = torch.from_numpy(biases[head] - scaled @ scaler.mean_)
    model.network.load_state_dict(state, strict=False)
    return model
