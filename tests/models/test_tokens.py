import dataclasses
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from stance.inputs import ModelInput
from stance.models.tokens import InputTokenizer, TokenSettings

CLS, SEP, PAD, TARGET, SAID, CONTEXT = range(6)
VOCABULARY = {"[CLS]": CLS, "[SEP]": SEP, "[PAD]": PAD, "t": TARGET, "s": SAID, "c": CONTEXT}


def tokenizer(max_tokens: int) -> InputTokenizer:
    words = Tokenizer(WordLevel(VOCABULARY, unk_token=next(iter(VOCABULARY))))
    words.pre_tokenizer = WhitespaceSplit()
    words.enable_padding(length=500)
    words.enable_truncation(7)
    return InputTokenizer(words, TokenSettings(CLS, SEP, PAD, max_tokens))


def given(target: int, said: int, context: int) -> ModelInput:
    return ModelInput("t " * target, "s " * said, "c " * context)


def test_the_three_texts_stand_in_their_layout() -> None:
    row = tokenizer(64).rows([given(2, 3, 4)])[0]
    assert row.ids == [CLS, *[TARGET] * 2, SEP, *[SAID] * 3, SEP, *[CONTEXT] * 4, SEP]
    assert row.ids[row.said_start : row.said_end] == [SAID] * 3


def test_without_a_context_the_row_ends_after_the_statement() -> None:
    assert tokenizer(64).rows([given(2, 3, 0)])[0].ids == [CLS, TARGET, TARGET, SEP, SAID, SAID, SAID, SEP]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ((2, 3, 50), (2, 3, 15)),
        ((2, 18, 50), (2, 18, 0)),
        ((9, 15, 50), (5, 15, 0)),
        ((9, 20, 50), (0, 20, 0)),
        ((9, 300, 50), (0, 20, 0)),
        ((100, 3, 50), (17, 3, 0)),
    ],
    ids=["context", "all of the context", "then the target", "all of the target", "then the statement", "a long target"],
)
def test_what_does_not_fit_is_cut_from_the_context_then_the_target_and_last_the_statement(
    texts: tuple[int, int, int], kept: tuple[int, int, int]
) -> None:
    row = tokenizer(24).rows([given(*texts)])[0]
    assert tuple(row.ids.count(token) for token in (TARGET, SAID, CONTEXT)) == kept
    assert row.ids[row.said_start : row.said_end] == [SAID] * kept[1]


def test_a_long_target_leaves_room_for_the_context() -> None:
    row = tokenizer(192).rows([given(150, 100, 100)])[0]
    assert row.ids.count(CONTEXT) > 40


@pytest.mark.parametrize("max_tokens", [5, 8, 24, 64])
def test_no_row_is_longer_than_the_model_reads(max_tokens: int) -> None:
    sizes = (0, 1, 5, 40, 200)
    rows = tokenizer(max_tokens).rows([given(t, s, c) for t in sizes for s in sizes for c in sizes])
    assert len(rows) == len(sizes) ** 3
    for row in rows:
        assert len(row.ids) <= max_tokens
        assert row.ids[0] == CLS
        assert row.ids[-1] == SEP
        assert 2 <= row.said_start <= row.said_end < len(row.ids)
        assert PAD not in row.ids


def test_no_input_gives_no_rows() -> None:
    assert tokenizer(24).rows([]) == []


def test_a_saved_tokenizer_makes_the_same_rows(tmp_path: Path) -> None:
    before = tokenizer(24)
    before.limit(max_target_tokens=3, max_context_tokens=5)
    before.save(tmp_path)
    after = InputTokenizer.load(tmp_path)
    inputs = [given(2, 3, 50), given(40, 40, 40)]
    assert after.rows(inputs) == before.rows(inputs)
    assert dataclasses.asdict(after.settings) == {
        "cls_id": CLS,
        "sep_id": SEP,
        "pad_id": PAD,
        "max_tokens": 24,
        "max_target_tokens": 3,
        "max_context_tokens": 5,
    }
