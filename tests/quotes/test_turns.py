import pytest

from stance.quotes import extract_quotes


def read(text: str) -> list[tuple[str, str | None]]:
    return [(quote.text, quote.speaker.name if quote.speaker else None) for quote in extract_quotes(text)]


INTRODUCED = "Mira Toll, who runs the ferry, spoke to us on the quay.\n\n"


def test_answers_of_an_interview_are_the_guests() -> None:
    text = INTRODUCED + "Q: Will it sail?\n\nA: It will sail on Friday.\n\nQ: And the chain?\n\nA: Ask the divers."
    assert read(text) == [("It will sail on Friday.", "Mira Toll"), ("Ask the divers.", "Mira Toll")]
    assert {quote.speaker.rule for quote in extract_quotes(text) if quote.speaker} == {"turn"}


def test_quoted_answers_without_a_label_are_the_guests() -> None:
    text = INTRODUCED + "Q: Will it sail?\n\n“It will sail on Friday.”\n\nQ: And the chain?\n\n“Ask the divers.”\n\nThe town was quiet."
    assert read(text) == [("It will sail on Friday.", "Mira Toll"), ("Ask the divers.", "Mira Toll")]


def test_names_before_the_turns_are_the_speakers() -> None:
    text = "Mira Toll and Osk Bram met on Monday.\n\nTOLL: The ferry sails.\n\nBRAM: It does not.\n\nTOLL: We shall see."
    assert read(text) == [("The ferry sails.", "Mira Toll"), ("It does not.", "Osk Bram"), ("We shall see.", "Mira Toll")]


def test_a_turn_inside_marks_is_its_words_alone() -> None:
    text = 'Partial transcript:\n\n"TOLL: The ferry sails."\n\n"BRAM: It does not."\n\n"TOLL: We shall see."'
    assert read(text) == [("The ferry sails.", "Toll"), ("It does not.", "Bram"), ("We shall see.", "Toll")]


def test_what_a_turn_quotes_of_another_is_the_others() -> None:
    text = INTRODUCED + "Q: Will it sail?\n\nA: Osk Bram said “it sails on Friday.”\n\nQ: And you?\n\nA: I wrote “never” on the door."
    assert [speaker for _, speaker in read(text)] == ["Osk Bram", "Mira Toll"]


@pytest.mark.parametrize(
    "text",
    [
        "Note: the ferry sails.\n\nThe town was quiet.",
        "IN SARN: The ferry sails.\n\nIN TOLGRA: It does not.\n\nIN VESK: Nobody knows.",
        "Monday: rain.\n\nTuesday: sun.\n\nMonday: rain.",
        "Q: one question alone.\n\nNobody answered.",
        "Killed: 12 people.\n\nWounded: 30 people.\n\nKilled: 9 more in town.",
    ],
)
def test_a_colon_alone_makes_no_interview(text: str) -> None:
    assert read(text) == []
