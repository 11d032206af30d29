import gc
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stance.quotes.pairing import QuotedSpan, pair_marks
from stance.quotes.paragraphs import split_paragraphs

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)


def spans_of(text: str) -> list[QuotedSpan]:
    return pair_marks(text, split_paragraphs(text))


def insides(text: str) -> list[str]:
    return [text[span.start : span.end] for span in spans_of(text)]


def bodies(text: str) -> list[str]:
    return [inside.strip() for inside in insides(text)]


# Pairs -----------------------------------------------------------------------------------------

STYLES = {
    "straight": ('"', '"'),
    "curly": ("“", "”"),
    "low-high": ("„", "“"),
    "low-high-right": ("„", "”"),
    "guillemets": ("«", "»"),
    "guillemets-inward": ("»", "«"),
    "curly-both-opening": ("“", "“"),
    "curly-both-closing": ("”", "”"),
    "full-width": ("＂", "＂"),
    "latex": ("``", "''"),
    "mojibake": ("â€œ", "â€\x9d"),
    "mojibake-cut": ("â€œ", "â€"),
    "mojibake-replaced": ("â€œ", "â€�"),
    "single-straight": ("'", "'"),
    "single-curly": ("‘", "’"),
}


@pytest.mark.parametrize(("opening", "closing"), STYLES.values(), ids=STYLES)
def test_pair_is_read_around_the_words_it_encloses(opening: str, closing: str) -> None:
    text = f"{opening}The ferry may sail on Friday,{closing} said Mira Toll. {opening}And the chain will come down.{closing}"
    assert insides(text) == ["The ferry may sail on Friday,", "And the chain will come down."]


@pytest.mark.parametrize(("opening", "closing"), STYLES.values(), ids=STYLES)
def test_pair_in_mid_sentence_is_read(opening: str, closing: str) -> None:
    text = f"Mira Toll said the truce was {opening}a boat with two captains on it{closing} and that she would sail in it."
    assert insides(text) == ["a boat with two captains on it"]


WORDS = ("the", "truce", "of", "Sarn", "ferry", "harbour", "must", "hold", "winter", "we", "nobody", "peace")
PHRASES = st.lists(st.sampled_from(WORDS), min_size=2, max_size=8).map(" ".join)


SPEAKERS = ("said Mira Toll", "Osk Bram added", "the pilot replied", "wrote Ada Rook", "Jon Vell asked", "a diver warned")


@BOUNDED
@given(st.lists(PHRASES, min_size=1, max_size=6), st.sampled_from(sorted(STYLES)))
def test_well_formed_quotations_come_back_whole(phrases: list[str], style: str) -> None:
    opening, closing = STYLES[style]
    text = " ".join(f"{opening}{phrase},{closing} {who}." for phrase, who in zip(phrases, SPEAKERS, strict=False))
    assert insides(text) == [f"{phrase}," for phrase in phrases]


@BOUNDED
@given(st.lists(PHRASES, min_size=1, max_size=6), st.sampled_from(["straight", "curly", "low-high-right", "guillemets", "mojibake"]))
def test_same_words_between_quotations_do_not_join_them(phrases: list[str], style: str) -> None:
    opening, closing = STYLES[style]
    text = " ".join(f"{opening}{phrase},{closing} she said." for phrase in phrases)
    assert insides(text) == [f"{phrase}," for phrase in phrases]


# Damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mira Toll wrote: “Who asked the ferrymen? ”Her letter stayed without an answer.", ["Who asked the ferrymen?"]),
        ('Mira Toll wrote:" The ferry sails on Friday. "Then she closed the office.', ["The ferry sails on Friday."]),
        ("“The chain has to come down before the winter, ”said Mira Toll.", ["The chain has to come down before the winter,"]),
        (
            "“The chain has to come down, ”said Mira Toll. She called the mines “ a debt to the divers.”",
            ["The chain has to come down,", "a debt to the divers."],
        ),
    ],
)
def test_space_on_the_wrong_side_of_a_mark(text: str, expected: list[str]) -> None:
    assert bodies(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "“The toll must fall without any“ golden exceptions, ”Mira Toll added.",
            ["The toll must fall without any“ golden exceptions,"],
        ),
        (
            "“We shall not be paid in“ warm words, ”said Mira Toll.\n\nOsk Bram asked: “In what, then?”",
            ["We shall not be paid in“ warm words,", "In what, then?"],
        ),
        (
            "“We were never your“ harbour rats, ”Mira Toll added.\n\n"
            "She scolded “papers which speak of” harbour rats “and never of the harbour.”",
            ["We were never your“ harbour rats,", "papers which speak of” harbour rats “and never of the harbour."],
        ),
    ],
)
def test_marks_turned_the_wrong_way_inside_a_quotation(text: str, expected: list[str]) -> None:
    assert bodies(text) == expected


def test_one_turned_mark_does_not_turn_the_marks_after_it() -> None:
    sound = " ".join(f"“The ferry number {n} sails,” said Mira Toll." for n in range(8))
    damaged = sound.replace("sails,” said", "sails,“ said", 1)
    assert insides(damaged) == insides(sound)
    assert len(insides(sound)) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“They told us ‘pay or swim’ and we paid,” said Mira Toll.", "They told us ‘pay or swim’ and we paid,"),
        ("“They told us: ‘Pay or swim.’”", "They told us: ‘Pay or swim.’"),
        ("\"They told us 'pay or swim' and we paid,\" said Mira Toll.", "They told us 'pay or swim' and we paid,"),
        ('“They told us "pay or swim" and we paid,” said Mira Toll.', 'They told us "pay or swim" and we paid,'),
        ("“They told us “pay or swim” and we paid,” said Mira Toll.", "They told us “pay or swim” and we paid,"),
        ("«They told us «pay or swim» and we paid,» said Mira Toll.", "They told us «pay or swim» and we paid,"),
        ("„They told us ‚pay or swim‘ and we paid,“ said Mira Toll.", "They told us ‚pay or swim‘ and we paid,"),
    ],
)
def test_only_the_outermost_of_nested_quotations_is_returned(text: str, expected: str) -> None:
    assert insides(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "‘It’s the ferrymen’s own truce, and they won’t break it,’ said Mira Toll.",
            ["It’s the ferrymen’s own truce, and they won’t break it,"],
        ),
        ("'We don't trust the harbour's owners yet,' said Mira Toll.", ["We don't trust the harbour's owners yet,"]),
        ("The ferrymen’s wives didn’t come, and it’s the town’s loss.", []),
        ("The island's envoys' boats didn't come.", []),
    ],
)
def test_apostrophes_are_no_marks(text: str, expected: list[str]) -> None:
    assert insides(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('The pilot, 6\'2" tall, said: "The ferry sails on Friday."', ["The ferry sails on Friday."]),
        ('The chain is 9" thick and weighs forty tons. "It must go," said Mira Toll.', ["It must go,"]),
        ('"It must go," said Mira Toll of the 9" chain. "And soon."', ["It must go,", "And soon."]),
        ('Two guns, a 12" and a 9", were sunk. "Good riddance," said Mira Toll.', ["Good riddance,"]),
        ('The 24" pipe was laid in the spring.', []),
        ("The mast, 40' high, and the boom, 22' long, were sold.", []),
    ],
)
def test_inches_and_feet_are_no_marks(text: str, expected: list[str]) -> None:
    assert insides(text) == expected


# Paragraphs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["“”", '""', "«»", "„“"])
def test_quotation_opened_again_in_each_paragraph_is_one_that_goes_on(mark: str) -> None:
    opening, closing = mark
    text = f"Mira Toll said: {opening}The ferry sails.\n\n{opening}The chain falls.\n\n{opening}The town eats again.{closing}"
    spans = spans_of(text)
    assert insides(text) == ["The ferry sails.", "The chain falls.", "The town eats again."]
    assert [(s.paragraph, s.closed, s.continued, s.continues) for s in spans] == [
        (0, False, True, False),
        (1, False, True, True),
        (2, True, False, True),
    ]


def test_quotation_goes_on_in_the_next_paragraph_without_a_mark() -> None:
    text = "Mira Toll said: “The ferry sails.\n\nThe chain falls,” and went home."
    assert insides(text) == ["The ferry sails.", "The chain falls,"]
    assert [s.continues for s in spans_of(text)] == [False, True]


def test_closed_quotations_of_two_paragraphs_do_not_go_on() -> None:
    spans = spans_of("“The ferry sails.”\n\n“The chain falls.”")
    assert [(s.closed, s.continued, s.continues) for s in spans] == [(True, False, False)] * 2


def test_mark_left_open_ends_with_its_paragraph() -> None:
    text = "Mira Toll said: “The ferry sails on Friday.\n\nNobody else came. Osk Bram said: “It will not.”"
    assert insides(text) == ["The ferry sails on Friday.", "It will not."]
    assert [s.closed for s in spans_of(text)] == [False, True]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "No marks at all.", '"', "“", "”", "“”", '""', "“\n\n”", "'", "''''"])
def test_nothing_quoted_gives_nothing(text: str) -> None:
    assert not any(bodies(text))


# Properties ------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("“", "”", '"', "'", "‘", "’", "«", "»", "„", "``", "''", "â€œ", "â€\x9d", "â€", "″", "＂"),
        *(" ", "\n", "\n\n", "\r", "\r\n", "\u2028", "\xa0", "\0", "\ud800", "\udfff"),
        *("a", "É", "İ", "5", "²", ".", ",", ":", "-", "(", "said ", "Toll ", "He "),
    ]
)
MESSES = st.lists(PIECES, max_size=40).map("".join)


@BOUNDED
@given(MESSES | st.text(max_size=40))
@example("““”” \" '")
def test_spans_are_in_order_apart_and_inside_their_paragraph(text: str) -> None:
    paragraphs = split_paragraphs(text)
    end = 0
    for span in pair_marks(text, paragraphs):
        start_of_paragraph, end_of_paragraph = paragraphs[span.paragraph]
        assert start_of_paragraph <= span.start < span.end <= end_of_paragraph
        assert end <= span.start
        end = span.end


@BOUNDED
@given(st.lists(PIECES.filter(lambda piece: not set(piece) & set("\r\n")), max_size=30).map("".join))
def test_paragraph_without_marks_before_only_moves_the_spans(text: str) -> None:
    lead = "nobody spoke.\n\n"
    moved = [(s.start - len(lead), s.end - len(lead), s.closed) for s in spans_of(lead + text)]
    assert moved == [(s.start, s.end, s.closed) for s in spans_of(text)]


# Time ------------------------------------------------------------------------------------------


def cpu_time_s(text: str) -> float:
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        spans_of(text)
        return time.process_time() - begin
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", ["“", '"', "“” \" '", "'a ", "“a” ", "â€œa ", "“\n\n", "a “b“ c, ”d "])
def test_time_grows_with_the_marks_and_not_with_their_square(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (1_000, 10_000))
    # Time that grew with the square would be 100-fold. Three tries: the machine may be busy with something else.
    assert any(cpu_time_s(long) < 20 * cpu_time_s(short) for _ in range(3))
