"""A transformer encoder with three linear heads: one forward pass for all of them.

Used frozen (only the heads are learned, `quick`) and fine-tuned whole (`finetune`); to the rest
of the product both are this one model. The heads read two means of the last hidden states side
by side: over the statement's tokens, and over all tokens. Lexical heads may add their logits to the network's.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.models.base import WEIGHTS_FILE, Logits
from stance.models.batching import length_batches
from stance.models.lexical import LexicalHeads
from stance.models.tokens import InputTokenizer, TokenRow

CONFIG_FILE: Final = "config.json"
BASE_FILE: Final = "base.json"
LEXICAL_FILE: Final = "lexical.safetensors"
INFERENCE_BATCH_TOKENS: Final = 4096


class EncoderNetwork(nn.Module):
    """The encoder and its heads as one torch module; knows no text, only padded ids."""

    def __init__(self, encoder: PreTrainedModel, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({head: nn.Linear(self.width, len(labels)) for head, labels in HEADS.items()})

    @property
    def width(self) -> int:
        """The number of features that the heads read."""
        return 2 * int(self.encoder.config.hidden_size)

    def features(self, batch: dict[str, Tensor]) -> Tensor:
        """Return float features of shape (n, width) of a padded batch (see pad_rows)."""
        arguments = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in batch}
        hidden = self.encoder(**arguments).last_hidden_state
        return torch.cat([_mean(hidden, batch["said_mask"]), _mean(hidden, batch["attention_mask"])], dim=-1)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return {head: logits of shape (n, labels)} of a padded batch."""
        features = self.dropout(self.features(batch))
        return {head: layer(features) for head, layer in self.heads.items()}


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def pad_rows(rows: Sequence[TokenRow], pad_id: int, *, token_types: bool, device: torch.device) -> dict[str, Tensor]:
    """Return the padded batch: input_ids, attention_mask, said_mask (n, longest) and, if asked, token_type_ids."""
    longest = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    masks = np.zeros((3, len(rows), longest), dtype=np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = row.ids
        masks[0, i, : len(row.ids)] = 1
        masks[1, i, row.said_start : row.said_end] = 1
        masks[2, i, row.said_start : len(row.ids)] = 1
    batch = {"input_ids": ids, "attention_mask": masks[0], "said_mask": masks[1]}
    if token_types:
        batch["token_type_ids"] = masks[2]
    return {name: torch.from_numpy(array).to(device) for name, array in batch.items()}


class EncoderModel:
    """An EncoderNetwork with its tokenizer, and lexical heads or none; `base` names the checkpoint it began from."""

    kind = "encoder"

    def __init__(
        self, network: EncoderNetwork, tokenizer: InputTokenizer, base: dict[str, str], lexical: LexicalHeads | None = None
    ) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self.base = base
        self.lexical = lexical
        self.device = next(network.parameters()).device

    @property
    def token_types(self) -> bool:
        """Whether the encoder tells the target's tokens from the others by their type."""
        return int(getattr(self.network.encoder.config, "type_vocab_size", 0) or 0) > 1

    def batch(self, rows: Sequence[TokenRow]) -> dict[str, Tensor]:
        """Return rows as one padded batch on the model's device."""
        return pad_rows(rows, self.tokenizer.settings.pad_id, token_types=self.token_types, device=self.device)

    @torch.inference_mode()
    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        """Return logits as base.Model says."""
        rows = self.tokenizer.rows(inputs)
        result = {head: np.zeros((len(rows), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        for indices in length_batches([len(row.ids) for row in rows], INFERENCE_BATCH_TOKENS):
            for head, values in self.network(self.batch([rows[i] for i in indices])).items():
                result[head][indices] = values.float().cpu().numpy()
        return self._with_words(result, rows)

    def _with_words(self, network: Logits, rows: Sequence[TokenRow]) -> Logits:
        """Return the network's logits and the lexical heads' together."""
        if self.lexical is None:
            return network
        words = self.lexical.logits(rows)
        return {head: values + words[head] for head, values in network.items()}

    @torch.inference_mode()
    def features(self, inputs: Sequence[ModelInput]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return what the heads read: float32 of shape (n, network.width)."""
        rows = self.tokenizer.rows(inputs)
        result = np.zeros((len(rows), self.network.width), dtype=np.float32)
        for indices in length_batches([len(row.ids) for row in rows], INFERENCE_BATCH_TOKENS):
            result[indices] = self.network.features(self.batch([rows[i] for i in indices])).float().cpu().numpy()
        return result

    def save(self, directory: Path) -> None:
        """Write model.safetensors, config.json, base.json, the tokenizer's two files and, where it has them, the lexical heads."""
        weights = {name: tensor.detach().contiguous().cpu() for name, tensor in self.network.state_dict().items()}
        save_file(weights, directory / WEIGHTS_FILE)
        (directory / CONFIG_FILE).write_text(self.network.encoder.config.to_json_string(use_diff=False), encoding="utf-8")
        (directory / BASE_FILE).write_text(json.dumps(self.base, indent=1), encoding="utf-8")
        self.tokenizer.save(directory)
        if self.lexical is not None:
            self.lexical.save(directory / LEXICAL_FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the saved model, on a CUDA device where there is one, else on the CPU in float32."""
        config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
        encoder = AutoModel.from_config(config, dtype=torch.float32, trust_remote_code=False)
        network = EncoderNetwork(encoder)
        network.load_state_dict(load_file(directory / WEIGHTS_FILE))
        base = json.loads((directory / BASE_FILE).read_text(encoding="utf-8"))
        lexical = LexicalHeads.load(directory / LEXICAL_FILE) if (directory / LEXICAL_FILE).is_file() else None
        return cls(network.to(best_device()), InputTokenizer.load(directory), base, lexical)

    def describe(self) -> dict[str, Any]:
        """Return the base checkpoint with its hash, the network's number of parameters, and whether lexical heads stand beside it."""
        parameters = sum(p.numel() for p in self.network.parameters())
        return {"base": self.base, "parameters": parameters, "lexical": self.lexical is not None}


def best_device() -> torch.device:
    """Return the CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
