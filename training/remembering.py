"""A frozen encoder that computes each input's features once, whatever is trained on top: for many quick models on one corpus."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stance.inputs import ModelInput
from stance.models.base import Logits
from stance.models.checkpoints import new_encoder
from stance.models.encoder import EncoderModel
from training.recipe import Recipe


class RememberingEncoder(EncoderModel):
    """An encoder whose weights stay as they are, but for its heads."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._known: dict[ModelInput, NDArray[np.float32]] = {}

    def features(self, inputs: Sequence[ModelInput]) -> NDArray[np.float32]:
        """Return what the heads read: float32 of shape (n, network.width)."""
        new = [text for text in dict.fromkeys(inputs) if text not in self._known]
        self._known.update(zip(new, super().features(new), strict=True))
        return np.stack([self._known[text] for text in inputs])

    @torch.inference_mode()
    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        """Return logits as base.Model says."""
        features = torch.from_numpy(self.features(inputs)).to(self.device)
        network = {head: layer(features).cpu().numpy() for head, layer in self.network.heads.items()}
        return self._with_words(network, self.tokenizer.rows(inputs) if self.lexical else [])


class Encoders:
    """The remembering encoder of every quick recipe; recipes that read the same tokens share one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, int, int, int], RememberingEncoder] = {}

    def of(self, recipe: Recipe) -> RememberingEncoder:
        """Return the encoder that `fit` takes as a quick recipe's start; its heads are those fitted last."""
        key = recipe.base, recipe.base_revision, recipe.max_tokens, recipe.max_target_tokens, recipe.max_context_tokens
        if key not in self._kept:
            new = new_encoder(recipe.base, revision=recipe.base_revision, max_tokens=recipe.max_tokens)
            self._kept[key] = RememberingEncoder(new.network, new.tokenizer, new.base)
        return self._kept[key]
