from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.labels import HEADS
from stance.models.lexical import BUCKETS, LexicalHeads, count_grams, tf_idf
from stance.models.tokens import TokenRow

CLS, SEP = 1, 2


def row(target: list[int], said: list[int], context: list[int]) -> TokenRow:
    ids = [CLS, *target, SEP, *said, SEP]
    start = len(target) + 2
    return TokenRow([*ids, *context, SEP] if context else ids, start, start + len(said))


def counts(*rows: TokenRow) -> np.ndarray:
    return count_grams(rows).toarray()


def some_heads(seed: int = 0) -> LexicalHeads:
    rng = np.random.default_rng(seed)
    weights = {head: rng.normal(size=(len(labels), BUCKETS)).astype(np.float32) for head, labels in HEADS.items()}
    biases = {head: rng.normal(size=len(labels)).astype(np.float32) for head, labels in HEADS.items()}
    return LexicalHeads(np.ones(BUCKETS, dtype=np.float32), weights, biases)


def test_ids_and_pairs_of_neighbours_are_counted() -> None:
    (found,) = counts(row([9], [10, 11, 10], []))
    assert sorted(found[found > 0]) == [1, 1, 1, 2]  # 11, (10, 11), (11, 10); 10 twice


def test_order_tells_pairs_apart_and_the_context_is_not_the_statement() -> None:
    ab, ba, beside = counts(row([], [10, 11], []), row([], [11, 10], []), row([], [], [10, 11]))
    assert (ab != ba).sum() == 2
    assert not (ab * beside).any()


def test_neither_target_nor_special_tokens_are_read() -> None:
    bare, asked = counts(row([], [10, 11], [12]), row([13, 14], [10, 11], [12]))
    assert (bare == asked).all()
    assert bare.sum() == 4


def test_no_rows_and_empty_texts_give_biases_alone() -> None:
    heads = some_heads()
    assert {head: values.shape for head, values in heads.logits([]).items()} == {h: (0, len(labels)) for h, labels in HEADS.items()}
    empty, other = heads.logits([row([5], [], [])]), heads.logits([row([], [], [])])
    assert all((empty[head] == other[head]).all() and np.isfinite(empty[head]).all() for head in HEADS)


@given(st.lists(st.tuples(st.lists(st.integers(3, 30_521), max_size=40), st.lists(st.integers(3, 30_521), max_size=40)), max_size=4))
def test_every_row_has_length_one_and_does_not_depend_on_the_others(texts: list[tuple[list[int], list[int]]]) -> None:
    rows = [row([], said, context) for said, context in texts]
    idf = np.linspace(0.5, 2.0, BUCKETS, dtype=np.float32)
    together = tf_idf(count_grams(rows), idf)
    lengths = np.sqrt(np.asarray(together.multiply(together).sum(axis=1)).ravel())
    np.testing.assert_allclose(lengths, [1.0 if said or context else 0.0 for said, context in texts], atol=1e-5)
    for i, alone in enumerate(rows):
        assert abs(tf_idf(count_grams([alone]), idf) - together[i]).sum() < 1e-5


def test_the_weights_of_a_rows_grams_are_what_it_gets() -> None:
    idf = np.full(BUCKETS, 2.0, dtype=np.float32)
    bucket = count_grams([row([], [10], [])]).indices[0]
    weights = {head: np.zeros((len(labels), BUCKETS), dtype=np.float32) for head, labels in HEADS.items()}
    weights["stance"][1, bucket] = 0.7
    biases = {head: np.full(len(labels), 0.25, dtype=np.float32) for head, labels in HEADS.items()}
    found = LexicalHeads(idf, weights, biases).logits([row([], [10], []), row([], [10, 10], [])])
    assert found["stance"][0] == pytest.approx([0.25, 0.95, 0.25])
    once, twice = 1 + np.log(2), 1.0  # 10 stands twice, (10, 10) once
    assert found["stance"][1, 1] == pytest.approx(0.25 + 0.7 * once / np.hypot(once, twice))


def test_saved_heads_answer_as_before(tmp_path: Path) -> None:
    heads, rows = some_heads(), [row([4], [10, 11, 12], [13, 14]), row([], [15], [])]
    heads.save(tmp_path / "lexical.safetensors")
    again = LexicalHeads.load(tmp_path / "lexical.safetensors").logits(rows)
    for head, values in heads.logits(rows).items():
        np.testing.assert_array_equal(again[head], values)
