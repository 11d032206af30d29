"""What every model promises the rest of the product (stance/models/base.py)."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.models.base import Model, load_model

WORDS = "the accord is good bad we reject welcome doubt perhaps river truce boats “ … ” ß 和平 42 !".split()


def many_inputs() -> list[ModelInput]:
    rng = random.Random(0)  # noqa: S311

    def words(most: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(0, most)))

    return [ModelInput(words(12), words(rng.choice([3, 30, 120])), words(rng.choice([0, 40, 300]))) for _ in range(60)]


INPUTS = many_inputs()
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=["baseline", "quick", "finetune"])
def model(request: pytest.FixtureRequest, tiny_model: Callable[[str], Any]) -> Model:
    return tiny_model(request.param)


def assert_equal(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    for head in HEADS:
        np.testing.assert_allclose(found[head], expected[head], atol=tolerance, rtol=0)


def test_a_row_an_input_and_a_column_a_label(model: Model) -> None:
    found = model.logits(INPUTS)
    assert list(found) == list(HEADS)
    for head, labels in HEADS.items():
        assert found[head].shape == (len(INPUTS), len(labels))
        assert found[head].dtype == np.float32
        assert np.isfinite(found[head]).all()


def test_no_input_gives_no_rows(model: Model) -> None:
    for head, labels in HEADS.items():
        found = model.logits([])[head]
        assert found.shape == (0, len(labels))
        assert found.dtype == np.float32


def test_inputs_are_told_apart(model: Model) -> None:
    found = model.logits([ModelInput("t", "We reject this bad deal.", ""), ModelInput("t", "We welcome this good accord.", "")])
    assert abs(found["stance"][0] - found["stance"][1]).max() > 1e-3


def test_the_order_of_a_call_does_not_matter(model: Model) -> None:
    order = np.random.default_rng(1).permutation(len(INPUTS))
    whole = model.logits(INPUTS)
    shuffled = model.logits([INPUTS[i] for i in order])
    assert_equal(shuffled, {head: whole[head][order] for head in HEADS}, 1e-4)


def test_what_else_is_in_a_call_does_not_matter(model: Model) -> None:
    whole = model.logits(INPUTS)
    singles = [model.logits([item]) for item in INPUTS]
    assert_equal({head: np.concatenate([s[head] for s in singles]) for head in HEADS}, whole, 1e-4)


def test_the_same_call_gives_the_same_logits(model: Model) -> None:
    assert_equal(model.logits(INPUTS), model.logits(INPUTS), 0.0)


def test_a_saved_model_answers_alike_and_is_described_alike(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = load_model(model.kind, tmp_path)
    assert_equal(loaded.logits(INPUTS), model.logits(INPUTS), 1e-5)
    assert loaded.kind == model.kind
    assert loaded.describe() == model.describe()
    assert model.describe()


def test_a_saved_model_is_safetensors_and_json_and_nothing_that_runs_code(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path)
    files = list(tmp_path.rglob("*"))
    assert {file.suffix for file in files} == {".safetensors", ".json"}
    for file in files:
        start = file.read_bytes()[:9]
        assert start[8:9] == b"{" if file.suffix == ".safetensors" else start.lstrip()[:1] == b"{"


@pytest.mark.parametrize(
    "item",
    [
        ModelInput("the accord", "we reject it " * 5000, "the river " * 5000),
        ModelInput("the accord " * 500, "no", ""),
        ModelInput("the accord", "no", ""),
        ModelInput("the accord", "", ""),
        ModelInput("", "", ""),
        ModelInput("x" * 3000, "y" * 3000, "z" * 3000),
        ModelInput("和平", "和平 " * 400, "☮" * 400),
    ],
    ids=["very long", "long target", "no context", "no statement", "nothing", "one long word", "unknown letters"],
)
def test_any_text_gets_finite_logits(model: Model, item: ModelInput) -> None:
    assert all(np.isfinite(values).all() for values in model.logits([item, INPUTS[0]]).values())
