from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from stance.inputs import shape
from stance.labels import HEADS
from stance.models.base import load_model
from stance.models.checkpoints import new_encoder
from stance.models.encoder import LEXICAL_FILE, EncoderModel
from training.calibrate import fit_temperature
from training.fit import fit
from training.fit_lexical import fit_lexical
from training.labels import label_indices
from training.split import Split, read_split

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def split(small_corpus: Path) -> Split:
    return read_split(small_corpus)


def fitted(split: Split, recipe: Any, start: EncoderModel | None = None) -> EncoderModel:
    model = fit(recipe, split.train, split.calibration, lambda _: None, lambda *_: None, start=start)
    assert isinstance(model, EncoderModel)
    return model


@pytest.mark.parametrize("kind", ["quick", "finetune"])
def test_a_share_of_zero_leaves_the_network_alone(split: Split, tiny_recipe: Callable[..., Any], kind: str) -> None:
    alone, both = (fitted(split, tiny_recipe(kind, lexical_share=share)) for share in (0.0, 0.5))
    assert alone.lexical is None
    inputs = [shape(s.statement) for s in split.test]
    words = both.lexical.logits(both.tokenizer.rows(inputs)) if both.lexical else {}
    for head, values in alone.logits(inputs).items():
        assert abs(words[head]).max() > 0.01
        np.testing.assert_allclose(both.logits(inputs)[head] - words[head], values, atol=1e-6)


def test_the_share_weighs_two_parts_of_one_scale(split: Split, tiny_checkpoint: Path) -> None:
    model = new_encoder(str(tiny_checkpoint), max_tokens=64)
    labels, inputs = label_indices(split.calibration), [shape(s.statement) for s in split.calibration]
    half, most = (fit_lexical(model, split.train, split.calibration, share=share, seed=0) for share in (0.5, 0.8))
    rows = model.tokenizer.rows(inputs)
    for head, network in model.logits(inputs).items():
        words = half.logits(rows)[head]
        np.testing.assert_allclose(most.logits(rows)[head], 4 * words, rtol=1e-4, atol=1e-5)
        assert fit_temperature(words, labels[head]) == pytest.approx(fit_temperature(network, labels[head]), rel=0.02)


def test_what_words_tell_is_learned(split: Split, tiny_checkpoint: Path) -> None:
    model = new_encoder(str(tiny_checkpoint), max_tokens=64)  # a random network: it knows nothing
    model.lexical = fit_lexical(model, split.train, split.calibration, share=0.5, seed=0)
    labels, inputs = label_indices(split.test), [shape(s.statement) for s in split.test]
    known = labels["stance"] >= 0
    surprise = -log_softmax(model.logits(inputs)["stance"][known], axis=1)[np.arange(known.sum()), labels["stance"][known]].mean()
    assert surprise < np.log(3) - 0.02


def test_it_is_saved_with_the_model_and_said_of_it(split: Split, tiny_recipe: Callable[..., Any], tmp_path: Path) -> None:
    model = fitted(split, tiny_recipe("finetune"))
    model.save(tmp_path)
    assert (tmp_path / LEXICAL_FILE).is_file()
    assert model.describe()["lexical"] is True
    inputs = [shape(s.statement) for s in split.test]
    again = load_model("encoder", tmp_path).logits(inputs)
    for head, values in model.logits(inputs).items():
        np.testing.assert_allclose(again[head], values, atol=1e-5)


def test_training_on_from_a_model_begins_from_its_network(split: Split, tiny_recipe: Callable[..., Any]) -> None:
    recipe = tiny_recipe("finetune")
    first = fitted(split, recipe)
    before = first.lexical
    assert before is not None
    assert fitted(split, recipe, first).lexical is not before
    assert fitted(split, tiny_recipe("quick", lexical_share=0.0), first).lexical is None
    assert set(HEADS) == set(first.network.heads)
