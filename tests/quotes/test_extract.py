import gc
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stance.labels import RELEVANCE, SENTIMENT, STANCE
from stance.quotes import extract_quotes
from stance.quotes.paragraphs import split_paragraphs
from stance.statements import read_statements

ROOT = Path(__file__).resolve().parents[2]
ARTICLES = ROOT / "datasets" / "articles"
BESIDE = ROOT.parent / "shared"
BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(quote.text, quote.kind) for quote in extract_quotes(text)]


# Kinds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("“The ferry sails on Friday at dawn, whatever they do,” said Mira Toll.", "The ferry sails on Friday at dawn, whatever they do,"),
        ("“Never!” Mira Toll cried.", "Never!"),
        ("“No,” said Mira Toll.", "No,"),
        ("Mira Toll said “11 of our boats are still behind the chain.”", "11 of our boats are still behind the chain."),
        ("“We will sign.”", "We will sign."),
    ],
)
def test_words_somebody_says_are_a_statement(text: str, quoted: str) -> None:
    assert kinds(text) == [(quoted, "statement")]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Mira Toll called the truce “a historic mistake”.", "a historic mistake"),
        ("Osk Bram described the draft as “unacceptable”.", "unacceptable"),
        ("Ada Rook said the chain would be “gone by the spring”.", "gone by the spring"),
    ],
)
def test_few_words_that_judge_are_a_fragment_and_count_as_statement(text: str, quoted: str) -> None:
    (quote,) = extract_quotes(text)
    assert (quote.text, quote.kind, quote.is_statement) == (quoted, "fragment", True)
    assert quote.speaker is not None


@pytest.mark.parametrize(
    "text",
    [
        "The so-called “peace dividend” never reached Sarn, Mira Toll said.",
        "It was the end of the “lantern blockade”, which had lasted six years.",
        "The word “truce” is not heard on the quays.",
        "Mira Toll said the word “truce” was not heard on the quays.",
        "The operation, codenamed “Low Tide”, began at dawn.",
        "Osk Bram sees “traitors” in every boat.",
        "The island has its own “navy” of four tugs.",
    ],
)
def test_terms_are_no_statement(text: str) -> None:
    (quote,) = extract_quotes(text)
    assert (quote.kind, quote.is_statement, quote.speaker) == ("title_or_term", False, None)


@pytest.mark.parametrize(
    "text",
    [
        "She read the novel “The Long Winter of Sarn” on the ferry.",
        "Ada Rook reads the “Sarn Courier” every day.",
        "Osk Bram has signed the “Treaty of Sarn and Ellisund”.",
        "The band played the song “We Will Sail” on the quay.",
        "Mira Toll, who directed the film “Low Tide”, left early.",
    ],
)
def test_titles_are_no_statement(text: str) -> None:
    (quote,) = extract_quotes(text)
    assert (quote.kind, quote.speaker) == ("title_or_term", None)


@pytest.mark.parametrize("text", ["Osk “Finn” Bram came late.", "Ada “The Mole” Rook stayed away.", 'Mira "Mim" Toll runs the ferry.'])
def test_nicknames_are_no_statement(text: str) -> None:
    assert [quote.kind for quote in extract_quotes(text)] == ["title_or_term"]


def test_title_beside_a_statement_leaves_it_to_its_speaker() -> None:
    text = "Mira Toll, author of the book “The Fall of Sarn”, said: “The ferry sails on Friday at dawn.”"
    title, statement = extract_quotes(text)
    assert (title.kind, statement.kind) == ("title_or_term", "statement")
    assert statement.speaker is not None
    assert statement.speaker.name == "Mira Toll"


@pytest.mark.parametrize(
    "text",
    [
        "The mines have to be lifted before the gales “Are going to set in.",
        "The insurers, without whom no captain “Will leave the quay, wait for the divers.",
        'The road to the harbour "Was closed. Nobody came.\n\nThe town was asleep.',
    ],
)
def test_mark_opened_in_mid_sentence_and_never_closed_is_no_statement(text: str) -> None:
    assert [quote.is_statement for quote in extract_quotes(text)] == [False]


@pytest.mark.parametrize("text", ["Mira Toll said: “The ferry sails on Friday.", "Mira Toll said that “the ferry sails on Friday"])
def test_announced_quotation_is_a_statement_though_never_closed(text: str) -> None:
    assert [(quote.is_statement, quote.speaker and quote.speaker.name) for quote in extract_quotes(text)] == [(True, "Mira Toll")]


@pytest.mark.parametrize("text", ["“...” said Mira Toll.", "“…” said Mira Toll.", "“ ”", "“?!” said Mira Toll."])
def test_marks_around_no_word_are_no_statement(text: str) -> None:
    assert not any(quote.is_statement for quote in extract_quotes(text))


# Whole quotes --------------------------------------------------------------------------------------


def test_offsets_are_characters_of_the_text_as_given() -> None:
    text = "\r\n  \U0001d54f–€ Mira Toll said:\t“The ferry sails, 𝘵𝘳𝘶𝘭𝘺, on Friday.”\r\n"
    (quote,) = extract_quotes(text)
    assert quote.text == "The ferry sails, 𝘵𝘳𝘶𝘭𝘺, on Friday."
    assert text[quote.start - 1] == "“"
    assert text[quote.end] == "”"


@pytest.mark.parametrize("marks", [("â€œ", "â€\x9d"), ("«", "»"), ("``", "''"), ("「", "」")])
def test_style_of_the_marks_changes_neither_kind_nor_speaker(marks: tuple[str, str]) -> None:
    text = "“We sail,” Mira Toll said.\n\n“Nobody will mourn it at all.” She called it “a boat”. The film “Low Tide” opens."
    restyled = text.replace("“", marks[0]).replace("”", marks[1])
    expected = [(q.text, q.kind, q.speaker and q.speaker.name) for q in extract_quotes(text)]
    assert [(q.text, q.kind, q.speaker and q.speaker.name) for q in extract_quotes(restyled)] == expected


def test_quote_knows_the_number_of_its_paragraph() -> None:
    text = "A title\n\nMira Toll said: “The ferry sails.”\n\nNobody else came.\n\n“The chain falls,” she added."
    assert [quote.paragraph for quote in extract_quotes(text)] == [1, 3]


def test_text_without_marks_has_no_quotes() -> None:
    assert extract_quotes("The ferry sails on Friday, Mira Toll said.") == []


def test_extraction_depends_on_nothing_but_the_text() -> None:
    text = "“The ferry sails on Friday,” said Mira Toll.\n\n“The chain falls on Sunday,” she added."
    before = extract_quotes(text)
    extract_quotes("Mrs Ada Rook came. “No,” she said.")
    assert extract_quotes(text) == before


PIECES = st.sampled_from(
    [
        *("“", "”", '"', "'", "‘", "’", "«", "»", "„", "``", "''", "â€œ", "â€\x9d", "â€", "″"),
        *(" ", "\n", "\n\n", "\r", "\r\n", "\u2028", "\xa0", "\0", "\ud800", "\udfff"),
        *("a", "É", "İ", "ß", "5", "²", ".", ",", ":", "-", "—", "(", "’s", "Mr. ", "J. ", "van ", "of "),
        *("said ", "say ", "told ", "called ", "denied ", "that ", "was ", "by ", "a statement ", "Q: ", "TOLL: ", "I ", "US "),
        *("Adding ", "according to ", "in his view ", "the minister ", "He ", "who ", "Mira ", "Toll ", "Toll "),
    ]
)
MESSES = st.lists(PIECES, max_size=40).map("".join)


@BOUNDED
@given(MESSES | st.lists(PIECES, max_size=30).map(" ".join) | st.text(max_size=40))
@example("“””“ \" '")
@example("“\ud800” said \udfff.")
@example("He said")
@example("labels")
@example("The minister, “furious”, said: “No.”")
@example("a statement by who said it")
def test_any_text_gives_quotes_that_are_parts_of_it_and_apart(text: str) -> None:
    paragraphs = split_paragraphs(text)
    end = 0
    for quote in extract_quotes(text, indirect=True):
        assert text[quote.start : quote.end] == quote.text != ""
        assert end <= quote.start < quote.end
        end = quote.end
        assert paragraphs[quote.paragraph][0] <= quote.start
        assert quote.end <= paragraphs[quote.paragraph][1]
        assert quote.is_statement or quote.speaker is None
        if quote.speaker is not None:
            assert quote.speaker.name.strip()
            assert text[quote.speaker.start : quote.speaker.end].strip()


# Time ------------------------------------------------------------------------------------------------


def cpu_time_s(text: str) -> float:
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        extract_quotes(text)
        return time.process_time() - begin
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("unit", "short_chars"),
    [
        ("“", 1_500),
        ("“” \" '", 1_500),
        ("“a, ”", 1_500),
        ("“a” - Mira Toll\n\n", 2_000),
        ("The ferry is to sail on Friday at dawn, said the commissioner of the harbour. ", 20_000),
        ("“The ferry sails on Friday,” said Mira Toll. “Or on Sunday,” she added.\n\n", 4_000),
        ("Mira Toll, Osk Bram ", 20_000),
        ("said the ", 20_000),
        ("a “b“ c, ”d ", 4_000),
        ("Q: a b?\n\n", 10_000),
        ("ANNA: yes\n\nBO: no\n\n", 10_000),
        ("\ud800\n\n“", 4_000),
        ("“" + " " * 400 + "(", 4_000),
    ],
)
def test_time_is_linear_in_the_length_of_the_text(unit: str, short_chars: int) -> None:
    short, long = ("“Yes,” said Mira Toll. " + unit * (size // len(unit)) for size in (short_chars, 10 * short_chars))
    # Time that grew with the square would be 100-fold. Five tries: the machine may be busy with something else.
    assert any(cpu_time_s(long) < 12 * cpu_time_s(short) for _ in range(5))


# Whole articles --------------------------------------------------------------------------------------


def surname(name: str) -> str:
    return name.split()[-1].lower()


def read_article(folder: Path, name: str, labels: str) -> tuple[str, dict[str, Any]]:
    return (folder / name).read_text("utf-8"), json.loads((folder / labels).read_text("utf-8"))


def assert_read_right(article: str, expected: dict[str, Any]) -> None:
    statements = read_statements(article, expected["target"])
    found = [([list(span) for span in s.spans], surname(s.speaker or "?")) for s in statements]
    assert found == [(e["spans"], surname(e["speaker"])) for e in expected["statements"]]
    said = [quote for quote in extract_quotes(article) if quote.is_statement]
    for wrong in expected["not_statements"]:
        start, end = wrong["span"]
        assert article[start:end] == wrong["text"]
        assert not [quote.text for quote in said if quote.start < end and start < quote.end]


def test_translated_news_article_is_read_right() -> None:
    if not (BESIDE / "article.txt").is_file():  # not ours to ship; where it lacks, the harbour truce below is read by the same rules
        pytest.skip(f"the article is not beside this checkout: no {BESIDE / 'article.txt'}")
    article, expected = read_article(BESIDE, "article.txt", "article.expected.json")
    assert len(expected["statements"]) == 9
    assert_read_right(article, expected)


def test_harbour_truce_is_read_right() -> None:
    assert_read_right(*read_article(ARTICLES, "harbour-truce.txt", "harbour-truce.json"))


def test_harbour_truce_joins_both_spellings_of_its_minister() -> None:
    article, _ = read_article(ARTICLES, "harbour-truce.txt", "harbour-truce.json")
    assert [s.speaker for s in read_statements(article) if surname(s.speaker) == "orlin"] == ["Matvei Orlin"] * 3


def test_harbour_truce_labels_are_whole() -> None:
    article, expected = read_article(ARTICLES, "harbour-truce.txt", "harbour-truce.json")
    assert expected["target"]
    for statement in expected["statements"]:
        assert [article[start:end] for start, end in statement["spans"]] == statement["text"]
        assert statement["relevance"] in RELEVANCE
        assert statement["stance"] in STANCE
        assert statement["sentiment"] in SENTIMENT
