from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.quotes import extract_quotes
from stance.quotes.paragraphs import split_paragraphs

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)


def paragraphs_of(text: str) -> list[str]:
    return [text[start:end] for start, end in split_paragraphs(text)]


@pytest.mark.parametrize("line_end", ["\n", "\n\n", "\n\n\n", "\n \t\n", "\r\n", "\r\n\r\n", "\r", "\r\r", " \n", "\n  "])
def test_line_ends_of_every_system_part_paragraphs(line_end: str) -> None:
    text = line_end.join(["The ferry sails on Friday.", "Nobody believes it.", "The chain is still up."])
    assert paragraphs_of(text) == ["The ferry sails on Friday.", "Nobody believes it.", "The chain is still up."]


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\r\n", " \t \n \u3000\n"])
def test_blank_text_has_no_paragraph(text: str) -> None:
    assert split_paragraphs(text) == []


def test_blank_edges_are_left_out_and_offsets_are_of_the_text_as_given() -> None:
    text = "\n\n  The ferry sails.  \n \n\tNobody believes it.\n"
    assert split_paragraphs(text) == [(4, 20), (26, 45)]


WRAPPED = (
    "The delegates of both shores met for the first time since the\n"
    "winter of the blockade, and talked for nine hours about tolls,\n"
    "mines and the ferry, before the lamp over the table gave out\n"
    "and they went home in the dark.\n"
    "\n"
    "Nobody would say a word to the people who were waiting at the\n"
    "gate of the old customs house."
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_hard_wrapped_text_is_parted_at_blank_lines_only(line_end: str) -> None:
    found = paragraphs_of(WRAPPED.replace("\n", line_end))
    assert [paragraph.split()[0] for paragraph in found] == ["The", "Nobody"]
    assert found[0].endswith("in the dark.")


def test_one_sentence_a_line_is_not_hard_wrapped() -> None:
    lines = [
        "The delegates of both shores met in the old customs house.",
        "They talked for nine hours about tolls, mines and the ferry.",
        "Then the lamp over the table gave out and they went home.",
        "Nobody would say a word to the people waiting at the gate.",
    ]
    assert paragraphs_of("\n".join(lines)) == lines


def test_quotation_over_a_wrapped_line_is_one_quote() -> None:
    text = (
        "The delegates of both shores met for the first time since the\n"
        "winter of the blockade, and Mira Toll said: “We have talked for\n"
        "nine hours about tolls and mines and ferries, and we shall talk\n"
        "for nine more if we have to.” Then she went home.\n"
        "\n"
        "Nobody else would say a word."
    )
    (quote,) = extract_quotes(text)
    assert quote.text.startswith("We have talked for\nnine hours")
    assert quote.speaker is not None
    assert quote.speaker.name == "Mira Toll"


@BOUNDED
@given(st.text(st.sampled_from("ab .”\n\n\r\t\u2028\xa0\ud800“"), max_size=60))
def test_paragraphs_hold_all_that_is_not_blank_in_order(text: str) -> None:
    spans = split_paragraphs(text)
    assert spans == sorted(spans)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(paragraphs_of(text)).split()) == "".join(text.split())
