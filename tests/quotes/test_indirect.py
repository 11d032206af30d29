import pytest

from stance.quotes import extract_quotes


def reported(text: str) -> list[tuple[str, str]]:
    return [(q.text, q.speaker.name if q.speaker else "") for q in extract_quotes(text, indirect=True) if q.kind == "indirect"]


@pytest.mark.parametrize(
    "text",
    [
        "Mira Toll did not say that the ferry was lost.",
        "Mira Toll has never said that the ferry was lost.",
        "Mira Toll refused to say that the ferry was lost.",
        "Mira Toll is expected to say that the ferry is lost.",
        "Nobody has said that the ferry was lost.",
        "If Mira Toll says that the ferry is lost, the market will fall.",
        "Mira Toll denied saying that the ferry was lost.",
        "The talks fell apart, a charge that Mira Toll denied.",
        "Mira Toll lifted the sentence that the court had passed.",
    ],
)
def test_what_nobody_says_is_not_reported(text: str) -> None:
    assert reported(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Pilots say the toll has ruined them; the mayor insists that prices are fair.",
            [("the toll has ruined them", "pilots"), ("prices are fair", "the mayor")],
        ),
        (
            "Mira Toll said the ferry was lost, but Osk Bram said it was safe.",
            [("the ferry was lost", "Mira Toll"), ("it was safe", "Osk Bram")],
        ),
        ("Mira Toll said the ferry was lost, adding that it was old.", [("the ferry was lost", "Mira Toll"), ("it was old", "Mira Toll")]),
        ("SARN (Agency) - The mayor expressed hope that the truce would hold.", [("the truce would hold", "the mayor")]),
        ("The truce, Mira Toll said, would hold.", [("The truce, Mira Toll said, would hold", "Mira Toll")]),
    ],
)
def test_each_speaker_has_their_own_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert reported(text) == expected


def test_offsets_are_those_of_the_words() -> None:
    text = "Nobody slept.\n\nMira Toll said on Monday that the ferry, an old one, would sail at dawn. Osk Bram left."
    (quote,) = (q for q in extract_quotes(text, indirect=True) if q.kind == "indirect")
    assert text[quote.start : quote.end] == quote.text == "the ferry, an old one, would sail at dawn"
    assert (quote.paragraph, quote.kind_rule) == (1, "reported")
    assert quote.speaker is not None
    assert (quote.speaker.rule, quote.speaker.cue) == ("verb-before", "said")


def test_a_sentence_with_marks_is_not_reported_again() -> None:
    assert reported("Mira Toll said that the ferry was “lost” and that she would not sail again.") == []
