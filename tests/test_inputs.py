import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.errors import ArtifactError
from stance.inputs import INPUT_FORMAT, ModelInput, check_format, clean, shape, shape_without
from stance.records import SPAN_JOINER, Statement

CURLY = Statement(
    "the “Orvane” accord",
    "It’s a ‘good’ deal,\xa0and we  keep it",
    "“It’s a ‘good’ deal,\xa0and we  keep it,” said\tDara\nO’Quill.",
    "Dara O’Quill",
)
STRAIGHT = Statement(
    'the "Orvane" accord',
    "It's a 'good' deal, and we keep it",
    "\"It's a 'good' deal, and we keep it,\" said Dara O'Quill.",
    "Dara O'Quill",
)


def test_typography_never_changes_what_a_model_reads() -> None:
    assert shape(CURLY) == shape(STRAIGHT)


@pytest.mark.parametrize("opening_closing", ["„“", "«»", "»«", "‟”", "＂＂", "″″", "‹›"])
def test_every_pair_of_marks_reads_as_straight_ones(opening_closing: str) -> None:
    opening, closing = opening_closing
    marked = shape(Statement("t", f"They call it {opening}peace{closing}"))
    assert marked.statement in ('They call it "peace"', "They call it 'peace'")


def test_marks_that_no_tokenizer_knows_are_dropped() -> None:
    noisy = Statement("the\u200b accord", "we\x07 keep\ufeff it\ud800", "", "Da\u00adra")
    assert shape(noisy) == shape(Statement("the accord", "we keep it", "", "Dara"))


def test_composed_and_decomposed_letters_read_alike() -> None:
    assert clean("cafe\u0301") == clean("café")


@pytest.mark.parametrize(
    ("speaker", "context", "read"),
    [
        ("Rudo Kesh", "Rudo Kesh arrived late. Kesh's aides left.", "the speaker arrived late. the speaker's aides left."),
        ("Rudo Kesh, a mediator", "Mr. Kesh arrived, a mediator said.", "Mr. the speaker arrived, a mediator said."),
        ("the harbour office", "the harbour office, an office of Tolgra", "the speaker, an office of Tolgra"),
        ("Orva (Free Piers)", "Orva spoke for the Free Piers of Orvane.", "the speaker spoke for the Free Piers of Orvane."),
        ("Jo", "Jo stayed.", "Jo stayed."),
        ("", "Nobody said so.", "Nobody said so."),
    ],
)
def test_a_model_reads_who_speaks_but_no_name(speaker: str, context: str, read: str) -> None:
    shaped = shape(Statement("t", "Never.", context, speaker))
    assert (shaped.statement, shaped.context) == ("Never.", read)


def test_the_same_words_of_somebody_else_read_alike() -> None:
    context = '{0} of Tolgra smiled. "We keep it," {0} said.'
    first, second = (shape(Statement("t", "We keep it,", context.format(name), name)) for name in ("Dara Quill", "Lord Imre Vass-Toll"))
    assert first == second


@pytest.mark.parametrize("marks", ["“{}”", "‘{}’", '"{}"', "'{}'", "”{}“", "« {} »", '" {} "'])
def test_the_marks_around_the_statement_are_not_read(marks: str) -> None:
    context = f"At noon {marks.format('We keep it,')} she said; {marks.format('we guard it.')} The hall was full."
    shaped = shape(Statement("t", SPAN_JOINER.join(["We keep it,", "we guard it."]), context))
    assert shaped.context == "At noon … she said; … The hall was full."


def test_nothing_is_read_twice() -> None:
    context = "“We keep it,” said Dara Quill, “and we guard it.” The hall was full."
    shaped = shape(Statement("t", SPAN_JOINER.join(["We keep it,", "and we guard it."]), context))
    assert shaped.context == "… said Dara Quill, … The hall was full."


def test_what_is_left_out_is_a_space_and_target_and_context_stay() -> None:
    statement = Statement("the  truce", "Well,keep it\xa0now", "“Well,keep it\xa0now,” she said.", "Dara")
    whole, first, both = shape_without(statement, [[], [(4, 5)], [(0, 4), (9, 16)]])
    assert whole == shape(statement)
    assert (first.statement, both.statement) == ("Well keep it now", ",keep")
    assert {(item.target, item.context) for item in (whole, first, both)} == {("the truce", "… she said.")}


def test_only_one_place_of_the_context_is_taken_for_the_statement() -> None:
    shaped = shape(Statement("t", "Never again", "“Never again,” he said. The banner read: Never again."))
    assert shaped.context.count("Never again") == 1


def test_a_short_statement_is_not_cut_out_of_another_word() -> None:
    shaped = shape(Statement("t", "Yes.", "Yesterday they asked him. “Yes.” He left."))
    assert shaped.context.startswith("Yesterday they asked him.")


def test_a_context_without_the_statement_stays_whole() -> None:
    assert shape(Statement("t", "We keep it.", "The hall was full.")).context == "The hall was full."


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@given(st.text(), st.text(), st.text(), st.text())
def test_any_texts_can_be_shaped(target: str, text: str, context: str, speaker: str) -> None:
    shaped = shape(Statement(target, text, context, speaker))
    for part in (shaped.target, shaped.statement, shaped.context):
        part.encode("utf-8")


def test_a_model_made_for_another_format_is_refused() -> None:
    check_format(INPUT_FORMAT, "here")
    with pytest.raises(ArtifactError, match=r"here: .*'statement only'.*train it again"):
        check_format("statement only", "here")


def test_the_format_s_number_rises_with_every_change_of_the_text() -> None:
    """Where this fails, give INPUT_FORMAT the next number: older models were trained on other texts."""
    statement = Statement("the  Sarn truce", "We stay … and wait,", "“We stay,” Mira\xa0Toll said, “and wait,” as «they» do.", "Mira Toll")
    assert INPUT_FORMAT.startswith("2: ")
    assert shape(statement) == ModelInput("the Sarn truce", "We stay … and wait,", '… the speaker said, … as "they" do.')
