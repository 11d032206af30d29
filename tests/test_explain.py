import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stance.explain import MAX_SPANS, explain_stance, split_spans
from stance.inputs import ModelInput
from stance.labels import HEADS, STANCE
from stance.models.base import Logits
from stance.predictor import Predictor
from stance.records import SPAN_JOINER, Statement, WeightedSpan

FOR_IT, AGAINST_IT = {"welcome": 2.0, "good": 1.0, "été": 1.5}, {"reject": 3.0, "betrayal": 1.0}
PREDICTABLE = dict.fromkeys(HEADS, 1.0)


class WordModel:
    """Supportive and critical by the known words of the statement (and, were they given back, of its context)."""

    kind = "words"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        self.calls.append(len(inputs))
        found = {head: np.zeros((len(inputs), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        for row, item in enumerate(inputs):
            for word in re.findall(r"\w+", f"{item.statement} {item.context}".lower()):
                found["stance"][row, STANCE.index("supportive")] += FOR_IT.get(word, 0.0)
                found["stance"][row, STANCE.index("critical")] += AGAINST_IT.get(word, 0.0)
        return found


def explained(statement: Statement, model: Any = None, temperatures: dict[str, float] = PREDICTABLE) -> list[WeightedSpan]:
    predictor = Predictor(model or WordModel(), temperatures, threshold=0.5)
    return explain_stance(predictor, statement, predictor.predict([statement])[0])


def weights(statement: Statement, **arguments: Any) -> dict[str, float]:
    return {span.text: span.weight for span in explained(statement, **arguments)}


def test_the_words_the_stance_stands_on_have_the_weight_and_no_others() -> None:
    found = weights(Statement("the truce", "We welcome this good truce, whatever they call betrayal."))
    assert sorted(found, key=found.__getitem__)[-2:] == ["good", "welcome"]
    assert found["betrayal"] < 0 < found["good"] < found["welcome"]
    assert {word: weight for word, weight in found.items() if weight} == {w: found[w] for w in ("welcome", "good", "betrayal")}


def test_a_weight_is_the_fall_of_the_predicted_stances_calibrated_log_odds() -> None:
    found = weights(Statement("the truce", "We reject it."), temperatures={**PREDICTABLE, "stance": 2.0})
    with_it = np.exp(3.0 / 2.0) / 2  # the odds, against two labels of logit 0
    assert found["reject"] == pytest.approx(np.log(with_it) - np.log(1 / 2))


def test_a_word_left_out_does_not_come_back_by_way_of_the_context() -> None:
    said = "We reject it, all of it."
    plain = weights(Statement("the truce", said))
    assert weights(Statement("the truce", said, f"“{said}” said Hask Merrin.", "Hask Merrin")) == plain


def test_every_span_of_a_statement_is_explained_where_it_stands() -> None:
    text = SPAN_JOINER.join(["We “welcome” it", "it’s good,", "no re\u00adject\u200bion"])
    found = explained(Statement("the truce", text))
    assert [span.text for span in found] == ["We", "welcome", "it", "it’s", "good", "no", "re\u00adject\u200bion"]
    assert [text[span.start : span.end] for span in found] == [span.text for span in found]


@pytest.mark.parametrize(
    ("text", "word"),
    [("We re\u00adject it.", "re\u00adject"), ("We re\ud800ject it.", "re\ud800ject"), ("un e\u0301te\u0301!", "e\u0301te\u0301")],
)
def test_a_word_is_read_as_the_model_reads_it_and_told_as_it_was_given(text: str, word: str) -> None:
    found = weights(Statement("the truce", text))
    assert max(found, key=found.__getitem__) == word


@pytest.mark.parametrize("text", ["", " \n", "…", "“—” … !?", "\x00\ud800"])
def test_a_statement_without_words_has_no_explanation(text: str) -> None:
    assert explained(Statement("the truce", text)) == []


def test_a_statement_of_one_word_stands_on_it() -> None:
    assert [(s.start, s.end, s.weight > 0) for s in explained(Statement("the truce", " Good! "))] == [(1, 5, True)]


def test_sure_models_have_finite_weights() -> None:
    sure = weights(Statement("the truce", "We reject it."), temperatures={**PREDICTABLE, "stance": 1e-3})
    assert np.isfinite(list(sure.values())).all()
    assert sure["reject"] > 100


def test_a_long_statement_costs_one_call_of_bounded_size_and_keeps_its_heavy_words() -> None:
    model = WordModel()
    text = " ".join(["It was said of the accord that we are to see."] * 30 + ["We reject it."] + ["So it was at the end."] * 30)
    assert len(text) > 2_000
    found = explained(Statement("the truce", text), model)
    assert model.calls == [1, len(found)]
    assert len(found) <= MAX_SPANS
    assert "reject" in max(found, key=lambda span: span.weight).text


def test_what_is_joined_is_neighbours_the_short_ones_first() -> None:
    text = "all of the delegations said it is an agreement, and nothing more"
    assert [text[a:b] for a, b in split_spans(text, 9)] == "all of,the,delegations,said it,is an,agreement,and,nothing,more".split(",")
    assert [text[a:b] for a, b in split_spans(text, 2)] == text.split(", ")
    assert [text[a:b] for a, b in split_spans(text, 1)] == [text]


MESSY = st.text(st.sampled_from("ab é\u0301’'-–—….,:!?/“”«\xa0\u200b\u00ad\ud800\x00🕊和9\n\u0915\u093f"), max_size=80) | st.text(
    max_size=80
)


@given(text=MESSY, most=st.integers(1, 12))
@example(text="a, b, c, d", most=2)
def test_spans_are_exact_ordered_apart_and_few(text: str, most: int) -> None:
    spans = split_spans(text, most)
    assert len(spans) <= most
    borders = [border for span in spans for border in span]
    assert borders == sorted(borders)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(any(c.isalnum() or not c.isascii() or c in "$+<=>^`|~" for c in text[a:b]) for a, b in spans)
    said = "".join(text[a:b] for a, b in spans)
    assert [c for c in text if c.isalnum()] == [c for c in said if c.isalnum()]


@given(text=MESSY)
def test_offsets_are_those_of_the_text_as_given(text: str) -> None:
    found = explained(Statement("t", text))
    assert [text[span.start : span.end] for span in found] == [span.text for span in found]
    assert all(np.isfinite(span.weight) for span in found)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["baseline", "quick", "finetune"])
def test_every_model_is_explained(kind: str, tiny_model: Callable[[str], Any]) -> None:
    model = tiny_model(kind)
    statement = Statement("the accord", "We reject this bad deal.", "“We reject this bad deal,” said Hask Merrin.", "Hask Merrin")
    found = explained(statement, model)
    assert [span.text for span in found] == ["We", "reject", "this", "bad", "deal"]
    assert any(abs(span.weight) > 1e-3 for span in found)
    assert explained(statement, model) == found
