import pytest

from stance.errors import InputError
from stance.records import SPAN_JOINER, Statement
from stance.statements import (
    DEFAULT_TARGET,
    MAX_ARTICLE_CHARS,
    MAX_TARGET_CHARS,
    check_article,
    check_characters,
    check_target,
    read_statements,
)


def said(text: str) -> list[tuple[str, str]]:
    return [(statement.speaker, statement.text) for statement in read_statements(text)]


# Grouping ----------------------------------------------------------------------------------------


def test_quotes_of_one_speaker_in_one_paragraph_are_one_statement() -> None:
    text = "A title\n\n“The ferry sails,” said Mira Toll. “The chain falls,” she added, calling it “a good day for the town.”"
    (statement,) = read_statements(text, "the truce of Sarn")
    start = text.index("The ferry")
    assert statement == Statement(
        target="the truce of Sarn",
        text="The ferry sails, … The chain falls, … a good day for the town.",
        context=text[text.index("“The ferry") :],
        speaker="Mira Toll",
        spans=statement.spans,
        mention="Mira Toll",
        confidence=statement.confidence,
    )
    assert [text[slice(*span)] for span in statement.spans] == statement.text.split(SPAN_JOINER)
    assert statement.spans[0] == (start, start + len("The ferry sails,"))


def test_names_of_one_person_group_their_quotes() -> None:
    text = "“The ferry sails,” said Mira Toll. The truce, Toll added, is “a boat with two captains on it”. “It is late,” she said."
    assert [speaker for speaker, _ in said(text)] == ["Mira Toll"]


def test_reported_speech_is_a_statement_of_its_own_when_asked_for() -> None:
    text = "“The ferry sails,” said Mira Toll. She said the chain would fall before the winter."
    assert said(text) == [("Mira Toll", "The ferry sails,")]
    direct, reported = read_statements(text, indirect=True)
    assert (direct.kind, direct.speaker) == ("statement", "Mira Toll")
    assert (reported.kind, reported.speaker, reported.text) == ("indirect", "Mira Toll", "the chain would fall before the winter")
    assert text[slice(*reported.spans[0])] == reported.text


def test_statement_of_nothing_but_a_few_words_is_a_fragment() -> None:
    assert [s.kind for s in read_statements("Mira Toll called the truce “a mistake”.")] == ["fragment"]
    assert [s.kind for s in read_statements("Mira Toll called it “a mistake”. “The ferry sails at dawn,” she said.")] == ["statement"]


def test_quotes_of_two_paragraphs_are_two_statements() -> None:
    text = "“The ferry sails,” said Mira Toll.\n\n“The chain falls,” she said."
    first, second = read_statements(text)
    assert (first.speaker, second.speaker) == ("Mira Toll", "Mira Toll")
    assert (first.context, second.context) == tuple(text.split("\n\n"))
    assert (first.mention, second.mention) == ("Mira Toll", "she")


def test_speakers_of_one_paragraph_are_kept_apart_in_order_of_their_first_words() -> None:
    text = "Mira Toll said: “We will sail.” Osk Bram said: “We will not.” Then Toll added: “Pity.”"
    assert said(text) == [("Mira Toll", "We will sail. … Pity."), ("Osk Bram", "We will not.")]


def test_unknown_speakers_stand_alone() -> None:
    text = "“The ferry sails on Friday.” It rained all day. “The ferry does not sail on Friday.”"
    assert said(text) == [("", "The ferry sails on Friday."), ("", "The ferry does not sail on Friday.")]
    assert all((s.mention, s.confidence) == ("", None) for s in read_statements(text))


def test_unsurest_quote_gives_the_statement_its_confidence() -> None:
    sure = read_statements("“The ferry sails on Friday,” said Mira Toll.")[0]
    less_sure = read_statements("“The ferry sails on Friday,” said Mira Toll. “The chain falls on Sunday.”")[0]
    assert sure.confidence is not None
    assert less_sure.confidence is not None
    assert 0 < less_sure.confidence < sure.confidence <= 1


def test_terms_and_titles_are_left_out() -> None:
    text = "The so-called “peace dividend” and the novel “The Long Winter of Sarn” were praised. “Both are thin,” said Mira Toll."
    assert said(text) == [("Mira Toll", "Both are thin,")]


def test_spaces_inside_the_marks_are_no_part_of_the_text_but_of_the_span() -> None:
    text = "“ The ferry sails on Friday, ”said Mira Toll."
    (statement,) = read_statements(text)
    assert statement.text == "The ferry sails on Friday,"
    assert text[slice(*statement.spans[0])] == " The ferry sails on Friday, "


@pytest.mark.parametrize("text", ["Nobody said a word.", "The “Sarn Courier” was late.", "“” \" '"])
def test_article_that_quotes_nobody_has_no_statements(text: str) -> None:
    assert read_statements(text) == []


def test_target_is_the_default_unless_named_and_stripped() -> None:
    text = "“The ferry sails on Friday,” said Mira Toll."
    assert read_statements(text)[0].target == DEFAULT_TARGET
    assert read_statements(text, "  the truce of Sarn \n")[0].target == "the truce of Sarn"


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article", "what", "remedy"),
    [
        ("", "empty", "paste or pass the article"),
        (" \n\t\u3000", "empty", "paste or pass the article"),
        ("a" * (MAX_ARTICLE_CHARS + 1), "at most 200,000 characters, got 200,001", "split it"),
        ("The ferry\0 sails.", r"'\x00' at character 9", "save or send it as UTF-8"),
        ("The ferry \ud800 sails.", r"'\ud800' at character 10", "save or send it as UTF-8"),
        ("\udfff", r"'\udfff' at character 0", "save or send it as UTF-8"),
    ],
    ids=["empty", "blank", "too long", "NUL", "high surrogate", "low surrogate"],
)
@pytest.mark.parametrize("read", [check_article, read_statements])
def test_article_that_cannot_be_read_is_refused_with_what_to_do(read, article: str, what: str, remedy: str) -> None:
    with pytest.raises(InputError) as refused:
        read(article)
    message = str(refused.value)
    assert what in message
    assert remedy in message
    assert "\n" not in message
    assert len(message) < 200
    assert refused.value.field == "article"


@pytest.mark.parametrize(
    ("target", "what", "remedy"),
    [
        ("", "empty", "name it or leave it out"),
        (" \n ", "empty", "name it or leave it out"),
        ("x" * (MAX_TARGET_CHARS + 1), "at most 500 characters, got 501", "name the deal in a few words"),
        ("the truce\0", r"'\x00' at character 9", "save or send it as UTF-8"),
        ("the \udc00 truce", r"'\udc00' at character 4", "save or send it as UTF-8"),
    ],
    ids=["empty", "blank", "too long", "NUL", "surrogate"],
)
def test_target_that_cannot_be_read_is_refused_with_what_to_do(target: str, what: str, remedy: str) -> None:
    with pytest.raises(InputError) as refused:
        check_target(target)
    message = str(refused.value)
    assert what in message
    assert remedy in message
    assert "\n" not in message
    assert len(message) < 250
    assert refused.value.field == "target"


def test_bad_target_is_refused_with_a_good_article() -> None:
    with pytest.raises(InputError, match="the target is empty") as refused:
        read_statements("“The ferry sails on Friday,” said Mira Toll.", " ")
    assert refused.value.field == "target"


@pytest.mark.parametrize("text", ["a" * MAX_ARTICLE_CHARS, "Ørbæk said “é𝕏\U0001f54a”.\r\n\x0b", "  kept as it is  "])
def test_article_that_can_be_read_is_left_as_it_is(text: str) -> None:
    assert check_article(text) == text


def test_target_may_have_all_its_characters_beside_blanks() -> None:
    assert check_target(" " + "x" * MAX_TARGET_CHARS + "\n") == "x" * MAX_TARGET_CHARS


def test_characters_are_refused_under_the_name_of_their_field() -> None:
    assert check_characters("Mira Toll", "speaker") == "Mira Toll"
    with pytest.raises(InputError, match=r"^speaker: ") as refused:
        check_characters("Mira\0Toll", "speaker")
    assert refused.value.field == "speaker"


def test_one_endless_paragraph_costs_no_more_than_its_parts() -> None:
    """Every statement of a one-line article has the words around it as context, not the whole line."""
    article = " ".join(f"“We will keep the truce,” said Pilot{'abcdefghij'[n % 10]} Vask{'klmnopqrst'[n // 10]}." for n in range(100)) * 3
    statements = read_statements(article, "the truce")
    assert len(statements) > 50
    assert max(len(s.context) for s in statements) <= 4_000


def test_an_article_of_too_many_statements_is_told_to_be_split() -> None:
    article = "\n\n".join("“We will keep the truce,” said Mira Toll." for _ in range(1_001))
    with pytest.raises(InputError, match="at most 1,000; split"):
        read_statements(article, "the truce")
