"""The turns of an interview: "Q: ... A: ..." and "NAME: ...", whose words need no marks."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from stance.quotes.lexicon import ANSWERS, ASKERS, NOT_NAMES
from stance.quotes.pairing import QuotedSpan

_LABEL: Final = re.compile(r"[“\"„«]?(Q|A|[A-Z][\w.'’\-]*(?: [A-Z][\w.'’\-]*){0,4})(?: \([^()\n]{1,40}\))?[:.](?=\s)\s*")
_WORD: Final = re.compile(r"[^\W_]+")
_FEWEST_TURNS = 3
_FEWEST_OF_ONE = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """One paragraph of an interview: who has the word, where that is said, and where the words begin.

    `name` is the label; empty for a question.
    """

    paragraph: int
    name: str
    start: int
    end: int
    body: int
    is_answer: bool = False


def find_turns(text: str, paragraphs: Sequence[tuple[int, int]]) -> dict[int, Turn]:
    """Return the turns of an interview by paragraph; an empty dict for a text that is none.

    An interview has two or more questions marked Q, or three or more turns by two or more people, one of whom speaks
    twice, or neighbouring turns of people whom the text names elsewhere.
    """
    found: dict[int, Turn] = {}
    for number, (start, end) in enumerate(paragraphs):
        label = _LABEL.match(text, start, end)
        if label is None or label.end() >= end or (label[0].rstrip()[-1] == "." and label[1] not in ("Q", "A")):
            continue
        lower = label[1].lower()
        if lower in NOT_NAMES and lower not in ANSWERS:
            continue
        asks = lower in ASKERS
        found[number] = Turn(number, "" if asks else label[1], label.start(1), label.end(1), label.end(), lower in ANSWERS)
    if len(found) < _FEWEST_OF_ONE:
        return {}
    labels = Counter(turn.name for turn in found.values())
    words = Counter(_WORD.findall(text.lower()))
    people = all(_is_name(label, labels[label], words) for label in labels if label)
    asked = labels[""] >= _FEWEST_OF_ONE
    conversation = people and len(labels) > 1 and len(found) >= _FEWEST_TURNS and max(labels.values()) >= _FEWEST_OF_ONE
    return found if asked or conversation or _are_named(found, words) else {}


def _is_name(label: str, turns: int, words: Counter[str]) -> bool:
    """True for a label of two words or in capitals, an answer's, and one that the text names elsewhere; not for "Photo"."""
    elsewhere = words[_WORD.findall(label.lower())[-1]] > turns
    return " " in label or label.isupper() or label.lower() in ANSWERS or elsewhere


def _are_named(found: dict[int, Turn], words: Counter[str]) -> bool:
    """True for two or more neighbouring turns of different people, all of whom the text names elsewhere too."""
    labels = {turn.name for turn in found.values() if turn.name}
    if len(labels) < _FEWEST_OF_ONE or max(found) - min(found) >= len(found):
        return False
    return all(words[_WORD.findall(label.lower())[-1]] > 1 for label in labels)


def fold_turns(spans: list[QuotedSpan], turns: dict[int, Turn], paragraphs: Sequence[tuple[int, int]]) -> list[QuotedSpan]:
    """Return the spans with the answers among them: the words of a turn without marks, a turn's words behind its label."""
    if not turns:
        return spans
    marked = {span.paragraph for span in spans}
    folded = [_behind_label(span, turns.get(span.paragraph)) for span in spans]
    for number, turn in turns.items():
        if turn.name and number not in marked:
            end = paragraphs[number][1]
            folded.append(QuotedSpan(turn.body, end, number, True, after=end))
    return sorted(folded, key=lambda span: span.start)


def _behind_label(span: QuotedSpan, turn: Turn | None) -> QuotedSpan:
    """Return “NAME: words” as its words alone."""
    inside = turn is not None and span.start <= turn.start and turn.body < span.end
    return replace(span, start=turn.body) if turn is not None and inside else span
