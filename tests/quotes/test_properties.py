"""What holds for any article: later paragraphs change nothing before them, the style of marks and the names do not matter."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stance.quotes import extract_quotes
from stance.records import Quote

ARTICLES = Path(__file__).resolve().parents[2] / "datasets" / "articles"
TEXTS = [file.read_text("utf-8") for file in sorted(ARTICLES.glob("*.txt"))]
BOUNDED = settings(max_examples=60, deadline=None, derandomize=True)

UNRELATED = [
    "The weather will stay dry until the weekend.",
    "Tickets for the concert went on sale at noon, and there was a queue.",
    "“Bring an umbrella,” said Halldora Quist, who reads the forecast.",
    '"The bridge opens at six," Ruben Astley of the road office said. "Not earlier."',
    "The film “A House by the Weir” opens on Friday.",
]


def facts(quotes: list[Quote]) -> list[tuple[int, int, str, str | None]]:
    return [(q.start, q.end, q.kind, q.speaker.name if q.speaker else None) for q in quotes]


@BOUNDED
@given(st.sampled_from(TEXTS), st.sampled_from(UNRELATED), st.booleans())
def test_unrelated_paragraph_at_the_end_changes_nothing_before_it(text: str, paragraph: str, indirect: bool) -> None:
    before = facts(extract_quotes(text, indirect=indirect))
    after = facts(extract_quotes(f"{text.rstrip()}\n\n{paragraph}\n", indirect=indirect))
    assert after[: len(before)] == before


def test_unrelated_paragraph_changes_no_article_that_is_shipped() -> None:
    for text in TEXTS:
        before = facts(extract_quotes(text))
        for paragraph in UNRELATED:
            assert facts(extract_quotes(f"{text.rstrip()}\n\n{paragraph}\n"))[: len(before)] == before


PEOPLE = ["Mira Toll", "Osk Bram", "Ada Rook", "Finn Lode", "Jon Vell", "Ilse Marn"]
SAID = [
    "“{words},” said {full}.",
    "{full} said that “{words}.”",
    "{full}, the {office}, told reporters: “{words}.”",
    "“{words},” {full} added. “And nothing else.”",
    "According to {full}, it was “{words}.”",
    "{full} called it “{words}”.",
    "“{words}.”\n\n“Or so I hear,” said {full}.",
]
OFFICES = ["harbour pilot", "mayor", "envoy", "union leader", "general"]
WORDS = [
    "the truce will hold until the spring",
    "nobody has asked the ferrymen at all",
    "a boat with two captains and no oar",
    "we are close",
]


@st.composite
def reports(draw: st.DrawFn) -> str:
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True))
    return "\n\n".join(
        draw(st.sampled_from(SAID)).format(words=draw(st.sampled_from(WORDS)), full=name, office=draw(st.sampled_from(OFFICES)))
        for name in people
    )


@BOUNDED
@given(reports())
def test_straight_and_curly_marks_are_read_alike(text: str) -> None:
    straight = text.replace("“", '"').replace("”", '"').replace("’", "'")
    assert facts(extract_quotes(straight)) == facts(extract_quotes(text))


def test_straight_and_curly_marks_are_read_alike_in_articles() -> None:
    sound = [text for text in TEXTS if "“" in text and '"' not in text and not re.search(r"[«„‘`]|''|â€|”\w| “ |\w“", text)]
    assert len(sound) > 20
    differing = []
    for text in sound:
        straight = text.replace("“", '"').replace("”", '"')
        differing += [text[:60]] if facts(extract_quotes(straight)) != facts(extract_quotes(text)) else []
    assert differing == []


@BOUNDED
@given(reports(), st.permutations(PEOPLE))
def test_renamed_speakers_are_renamed_in_the_output(text: str, others: list[str]) -> None:
    renaming = dict(zip(PEOPLE, others, strict=True))
    renamed = re.sub("|".join(PEOPLE), lambda match: renaming[match.group()], text)
    expected = [(q.text, renaming.get(q.speaker.name, q.speaker.name) if q.speaker else None) for q in extract_quotes(text)]
    assert [(q.text, q.speaker.name if q.speaker else None) for q in extract_quotes(renamed)] == expected


@BOUNDED
@given(reports())
def test_every_reason_can_be_explained(text: str) -> None:
    from stance.quotes.kinds import KIND_RULES
    from stance.quotes.rules import RULES

    for quote in extract_quotes(text, indirect=True):
        assert quote.kind_rule in KIND_RULES
        assert quote.speaker is None or quote.speaker.rule in RULES
