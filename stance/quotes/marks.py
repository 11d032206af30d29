"""Pair the quotation marks of messy text, over all the marks of the text together.

Each mark gets a role (opens or closes a quotation, opens or closes one inside it, or is no
quotation mark at all), and every role has a cost: what the glyph says, what the spaces around
it say, what stands before and after. The cheapest sequence of roles wins (a Viterbi search over
nesting depth, linear in the number of marks), so one mark turned the wrong way round does not
turn all the marks after it. This module knows nothing of speakers.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stance.quotes.cues import SAYING_FORMS, follows_as_attribution, leads_into_quote

# Glyph -> direction. The last rows are UTF-8 marks that were read as cp1252.
_DIRECTION: Final = {
    "“": "open", "„": "open", "‟": "open", "«": "open", "``": "open", "â€œ": "open", "â€ž": "open",
    "”": "close", "»": "close", "''": "close", "â€\x9d": "close", "â€�": "close",
    '"': "neutral", "＂": "neutral", "″": "neutral",
}  # fmt: skip
_DOUBLE = re.compile("|".join(sorted(map(re.escape, _DIRECTION), key=len, reverse=True)) + "|â€(?![\x80-\x9f™˜¦“”œž])")
_SINGLE_DIRECTION: Final = {"‘": "open", "‚": "open", "’": "close", "'": "neutral", "â€˜": "open", "â€™": "close"}
_SINGLE = re.compile("|".join(map(re.escape, _SINGLE_DIRECTION)))

_BEFORE_OPENING: Final = frozenset("([{-—–/")
_AFTER_CLOSING: Final = frozenset(".,;:!?)]}-—–/…*")

# Costs, in units of "one piece of evidence against". Chosen by reading damaged text, not fitted.
_GLYPH_TURNED = 1.2  # an opening glyph that closes, or the other way round
_SPACES_TURNED = 1.5  # the spaces stand on the wrong side
_SPACES_UNCLEAR = 0.5
_NEST = 1.0
_INNER_LEFT_OPEN = 0.8
_IGNORED = 3.0
_IGNORED_AFTER_DIGIT = 0.6  # feet and inches
_LEFT_OPEN = 1.8  # at the end of its paragraph, and the next one does not open again
_CARRIED_ON = 0.2  # at the end of its paragraph, and the next one opens again
_CARRIED_ON_BARE = 2.6  # goes on in the next paragraph without a mark
_QUOTED_GAP = 4.0  # two quotations around words that the text quotes elsewhere: those are the inner one
_PUNCTUATED_END = -0.3
_CUE_AFTER = -0.7
_LEAD_IN = -0.5

# A text with this many marks whose glyph and spaces disagree is damaged; then one of the two is
# not to be trusted in it, and both readings are tried.
_TURNED_MARKS = 2
_DISTRUST = 0.15
_QUOTED_GAP_WORDS: Final = range(2, 6)
_QUOTED_GAP_CHARS = 60


@dataclass(frozen=True, slots=True)
class _Trust:
    """How much a text's glyphs and its spaces count as evidence."""

    glyphs: float = 1.0
    spaces: float = 1.0


_IDLE, _JUST_CLOSED, _IN_QUOTE, _IN_INNER = range(4)


@dataclass(frozen=True, slots=True)
class Mark:
    """One quotation mark: its offsets, the direction of its glyph, and its paragraph's number."""

    start: int
    end: int
    direction: str
    paragraph: int


@dataclass(frozen=True, slots=True)
class QuotedSpan:
    """The inside of one outermost quotation within one paragraph.

    `closed` is false where no mark ends it and it runs to the end of its paragraph; `continued`
    is true where the following paragraph takes it up again; `continues` where it takes up the
    one before.
    """

    start: int
    end: int
    paragraph: int
    closed: bool
    continued: bool = False
    continues: bool = False
    after: int = -1
    """Where the text goes on behind the closing mark; -1 where none closes."""


def pair_marks(text: str, paragraphs: list[tuple[int, int]]) -> list[QuotedSpan]:
    """Return the insides of the outermost quotations, in order, never overlapping.

    Single marks count as outer marks only in a text without any double mark.
    """
    marks = _find_marks(text, paragraphs, _DOUBLE, _DIRECTION)
    if not marks:
        marks = [m for m in _find_marks(text, paragraphs, _SINGLE, _SINGLE_DIRECTION) if not _is_apostrophe(text, m)]
    if not marks:
        return []
    return _spans(paragraphs, marks, _best_path(text, paragraphs, marks))


def _find_marks(text: str, paragraphs: list[tuple[int, int]], pattern: re.Pattern[str], direction: dict[str, str]) -> list[Mark]:
    return [
        Mark(match.start(), match.end(), direction.get(match.group(), "close"), number)
        for number, (start, end) in enumerate(paragraphs)
        for match in pattern.finditer(text, start, end)
    ]


def _is_apostrophe(text: str, mark: Mark) -> bool:
    before, after = text[mark.start - 1 : mark.start], text[mark.end : mark.end + 1]
    return (before.isalnum() and after.isalnum()) or (before.lower() == "s" and mark.direction != "open" and after == " ")


def _shape(text: str, mark: Mark) -> str:
    """Return what the neighbours of a mark say: "open", "close" or "unclear"."""
    before, after = text[mark.start - 1 : mark.start] if mark.start else "", text[mark.end : mark.end + 1]
    bare_left = not before or before.isspace() or before in _BEFORE_OPENING
    bare_right = not after or after.isspace() or after in _AFTER_CLOSING
    if bare_left == bare_right:
        return "unclear"
    return "open" if bare_left else "close"


class _Costs:
    """What each role costs for each mark of one text, given what of it is trusted."""

    def __init__(self, text: str, paragraphs: list[tuple[int, int]], marks: list[Mark], trust: _Trust) -> None:
        self._text, self._marks, self._trust = text, marks, trust
        self._shapes = [_shape(text, mark) for mark in marks]
        self._starts_paragraph = [m.start == paragraphs[m.paragraph][0] for m in marks]
        self._quoted_words = self._words_between_marks() if trust != _Trust() else Counter[str]()

    def _words_between_marks(self) -> Counter[str]:
        """Return how often the same few words stand alone between two neighbouring marks."""
        return Counter(words for left, right in pairwise(self._marks) if (words := self._few_words(left, right)))

    def _few_words(self, left: Mark, right: Mark) -> str:
        """Return the words between two marks, or nothing where they are many, end a sentence or ascribe a quotation."""
        between = self._text[left.end : right.start]
        words = between.lower().strip(" ,;").split()
        few = len(between) <= _QUOTED_GAP_CHARS and len(words) in _QUOTED_GAP_WORDS and left.paragraph == right.paragraph
        return " ".join(words) if few and words[-1][-1] not in ".?!" and not SAYING_FORMS & set(words) else ""

    def turned_marks(self) -> int:
        """Return how many marks have a glyph that says one thing and spaces that say the other."""
        return sum({m.direction, s} == {"open", "close"} for m, s in zip(self._marks, self._shapes, strict=True))

    def _against(self, index: int, wanted: str) -> float:
        mark, shape = self._marks[index], self._shapes[index]
        glyph = _GLYPH_TURNED * (mark.direction not in (wanted, "neutral"))
        spaces = _SPACES_UNCLEAR if shape == "unclear" else _SPACES_TURNED * (shape != wanted)
        return glyph * self._trust.glyphs + spaces * self._trust.spaces

    def opening(self, index: int) -> float:
        mark = self._marks[index]
        lead = self._starts_paragraph[index] or leads_into_quote(self._text, mark.start)
        ascribes = follows_as_attribution(self._text, mark.end)  # no quotation begins with "said the minister"
        return self._against(index, "open") + _LEAD_IN * lead - _CUE_AFTER * ascribes

    def closing(self, index: int) -> float:
        mark = self._marks[index]
        before = self._text[max(0, mark.start - 2) : mark.start].rstrip()
        cost = self._against(index, "close") + _PUNCTUATED_END * (before[-1:] in tuple(".,!?…"))
        if follows_as_attribution(self._text, mark.end):
            cost += _CUE_AFTER
        return cost + _SPACES_TURNED * self._starts_paragraph[index]

    def inner_opening(self, index: int) -> float:
        return self._against(index, "open") + _NEST

    def inner_closing(self, index: int) -> float:
        return self._against(index, "close")

    def ignoring(self, index: int) -> float:
        mark = self._marks[index]
        after_digit = mark.direction == "neutral" and self._text[mark.start - 1 : mark.start].isdigit()
        return _IGNORED_AFTER_DIGIT if after_digit else _IGNORED

    def gap(self, index: int) -> float:
        """The cost of opening at `index` right after the mark before it closed a quotation.

        `showing” double standards “in relation` may be one quotation inside another, its marks
        turned inside out: it is, where a damaged text has the same words in marks elsewhere.
        """
        words = self._few_words(self._marks[index - 1], self._marks[index])
        return _QUOTED_GAP if words and self._quoted_words[words] > 1 else 0.0  # once is this gap itself

    def reopens(self, index: int) -> bool:
        """True where the mark at `index` is the first thing of its paragraph and can open."""
        return self._starts_paragraph[index] and self._marks[index].direction != "close"


def _best_path(text: str, paragraphs: list[tuple[int, int]], marks: list[Mark]) -> list[tuple[int, int]]:
    """Return (state before, state after) for each mark; a damaged text is read both ways, the cheaper counts."""
    costs = _Costs(text, paragraphs, marks, _Trust())
    if costs.turned_marks() < _TURNED_MARKS:
        return _cheapest_path(costs, marks)[1]
    readings = (_Trust(spaces=_DISTRUST), _Trust(glyphs=_DISTRUST))
    return min(_cheapest_path(_Costs(text, paragraphs, marks, trust), marks) for trust in readings)[1]


def _cheapest_path(costs: _Costs, marks: list[Mark]) -> tuple[float, list[tuple[int, int]]]:
    """Return the cheapest path's cost and its (state before, state after) for each mark."""
    best = {_IDLE: 0.0}
    back: list[dict[int, tuple[int, int]]] = []  # state after -> (state before, state after the previous mark)
    for index, mark in enumerate(marks):
        if index and marks[index - 1].paragraph != mark.paragraph:
            entered = _cross_paragraph(best, costs, marks, index)
        else:
            entered = {state: (cost, state) for state, cost in best.items()}
        totals: dict[int, float] = {}
        arrows: dict[int, tuple[int, int]] = {}
        for before, (cost, previous) in entered.items():
            for after, step in _moves(before, costs, index):
                if after not in totals or cost + step < totals[after]:
                    totals[after], arrows[after] = cost + step, (before, previous)
        best = totals
        back.append(arrows)
    ends = {state: cost + _LEFT_OPEN * (state in (_IN_QUOTE, _IN_INNER)) for state, cost in best.items()}
    after = min(ends, key=ends.__getitem__)
    total, path = ends[after], []
    for arrows in reversed(back):
        before, previous = arrows[after]
        path.append((before, after))
        after = previous
    return total, path[::-1]


def _moves(state: int, costs: _Costs, index: int) -> list[tuple[int, float]]:
    """Return (state after, cost) of every role that mark `index` can play in `state`."""
    if state in (_IDLE, _JUST_CLOSED):
        gap = costs.gap(index) if state == _JUST_CLOSED else 0.0
        return [(_IN_QUOTE, costs.opening(index) + gap), (_IDLE, costs.ignoring(index))]
    if state == _IN_QUOTE:
        return [
            (_JUST_CLOSED, costs.closing(index)),
            (_IN_INNER, costs.inner_opening(index)),
            (_IN_QUOTE, costs.ignoring(index)),
        ]
    return [
        (_IN_QUOTE, costs.inner_closing(index)),
        (_JUST_CLOSED, costs.closing(index) + _INNER_LEFT_OPEN),
        (_IN_INNER, costs.ignoring(index)),
    ]


def _cross_paragraph(best: dict[int, float], costs: _Costs, marks: list[Mark], index: int) -> dict[int, tuple[float, int]]:
    """Return {state in the new paragraph: (cost, state before)} at a paragraph's border."""
    adjacent = marks[index].paragraph == marks[index - 1].paragraph + 1
    reopens = adjacent and costs.reopens(index)
    entered: dict[int, tuple[float, int]] = {}
    for state, cost in best.items():
        offers = [(_IDLE, 0.0)]
        if state in (_IN_QUOTE, _IN_INNER):
            offers = [(_IDLE, _CARRIED_ON if reopens else _LEFT_OPEN)]
            if adjacent and not reopens:
                offers.append((_IN_QUOTE, _CARRIED_ON_BARE))
        for after, step in offers:
            if after not in entered or cost + step < entered[after][0]:
                entered[after] = (cost + step, state)
    return entered


def _spans(paragraphs: list[tuple[int, int]], marks: list[Mark], path: list[tuple[int, int]]) -> list[QuotedSpan]:
    spans: list[QuotedSpan] = []
    start: int | None = None
    continues = False
    previous = -1
    for mark, (before, after) in zip(marks, path, strict=True):
        if start is not None and mark.paragraph != previous:
            first_thing = mark.start == paragraphs[mark.paragraph][0]
            bare = before == _IN_QUOTE
            continued = bare or (after == _IN_QUOTE and first_thing and mark.paragraph == previous + 1)
            spans.append(QuotedSpan(start, paragraphs[previous][1], previous, False, continued, continues))
            start, continues = (paragraphs[mark.paragraph][0] if bare else None), continued
        if start is None and after == _IN_QUOTE:
            start = mark.end
        elif start is not None and after == _JUST_CLOSED:
            spans.append(QuotedSpan(start, mark.start, mark.paragraph, True, False, continues, mark.end))
            start, continues = None, False
        previous = mark.paragraph
    if start is not None:
        spans.append(QuotedSpan(start, paragraphs[previous][1], previous, False, False, continues))
    return [span for span in spans if span.start < span.end]
