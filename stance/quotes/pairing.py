"""Pair the quotation marks of messy text, over all the marks of a paragraph together.

Each mark gets a role (opens or closes a quotation, opens or closes one inside it, or is no
quotation mark at all), and every role has a cost: what the glyph says, what the spaces around it
say, what stands before and after. The cheapest sequence of roles wins (a Viterbi search over
nesting depth, linear in the number of marks), so one mark turned the wrong way round does not
turn all the marks after it. This module knows nothing of speakers.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from stance.quotes.cues import follows_as_attribution, leads_into_quote
from stance.quotes.lexicon import SAYING
from stance.quotes.marks import Mark, double_marks, single_marks

# Costs, in units of "one piece of evidence against". Chosen by reading damaged text, not fitted.
_GLYPH_TURNED = 1.2  # an opening glyph that closes, or the other way round
_SPACES_TURNED = 1.5  # the spaces stand on the wrong side
_SPACES_UNCLEAR = 0.5
_NEST = 1.0
_INNER_LEFT_OPEN = 0.8
_IGNORED = 3.0
_IGNORED_WEAK = 0.6  # feet and inches, an apostrophe after an s
_OPENED_BY_WEAK = 1.0
_INNER_AFTER_SENTENCE = 1.5  # what opens behind a full stop, or before "said NAME", is no inner quotation
_LEFT_OPEN = 1.8  # at the end of its paragraph, and the next one does not open again
_CARRIED_ON = 0.2  # at the end of its paragraph, and the next one opens again
_CARRIED_ON_BARE = 2.6  # goes on in the next paragraph without a mark
_QUOTED_GAP = 4.0  # two quotations around words that the text quotes elsewhere: those are the inner one
_PUNCTUATED_END = -0.3
_CUE_AFTER = -0.7
_LEAD_IN = -0.5
_PUNCTUATION: Final = (".", ",", "!", "?", "…")

# A paragraph with marks whose glyph and spaces disagree is damaged; then one of the two is not to be
# trusted in it, and each reading is tried: (weight of the glyphs, weight of the spaces).
_READINGS: Final = ((1.0, 1.0), (1.0, 0.15), (0.15, 1.0))
_FIRST_DAMAGE = 0.6  # speaks against distrust where nothing before was damaged
_TURNED_MARKS = 2
_QUOTED_GAP_WORDS: Final = range(2, 6)
_QUOTED_GAP_CHARS = 60
_SINGLE_WORDS = 5  # between single marks, in a text of double ones, fewer words are a term or a headline's

_IDLE, _JUST_CLOSED, _IN_QUOTE, _IN_INNER = range(4)


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
    before: int = -1
    """Where the opening mark begins; -1 where none opens."""


def pair_marks(text: str, paragraphs: list[tuple[int, int]]) -> list[QuotedSpan]:
    """Return the insides of the outermost quotations, in order, never overlapping.

    Single marks are the outer ones in a text that has more of them than of double ones; in other texts
    they count only in a paragraph without double marks, around several words that somebody is said to say.
    """
    doubles = double_marks(text, paragraphs)
    spans = _pair(text, paragraphs, doubles)
    singles = single_marks(text, paragraphs)
    if not any(mark.spaces == "open" and not mark.weak for mark in singles):
        return spans
    outer = _pair(text, paragraphs, singles)
    around, inside = _overlaps(outer, spans)
    if len(outer) - inside > len(spans) - around or around > len(spans) / 2:
        return _merged(outer, spans)
    taken = {mark.paragraph for mark in doubles}
    others = (span for span in outer if span.paragraph not in taken)
    return _merged(spans, (span for span in others if _is_said(text, span)))


def _overlaps(singles: list[QuotedSpan], doubles: list[QuotedSpan]) -> tuple[int, int]:
    """Return (how many of `doubles` stand inside one of `singles`, how many of `singles` touch one of `doubles`)."""
    around = inside = index = 0
    for single in singles:
        while index < len(doubles) and doubles[index].end <= single.start:
            index += 1
        touched = index < len(doubles) and doubles[index].start < single.end
        inside += touched
        while index < len(doubles) and doubles[index].end <= single.end:
            around += doubles[index].start >= single.start
            index += 1
    return around, inside


def _merged(spans: list[QuotedSpan], others: Iterable[QuotedSpan]) -> list[QuotedSpan]:
    """Return all of `spans` and those of `others` that overlap none of them, in order."""
    merged, index = list(spans), 0
    for other in others:
        while index < len(spans) and spans[index].end <= other.start:
            index += 1
        if index == len(spans) or other.end <= spans[index].start:
            merged.append(other)
    return sorted(merged, key=lambda span: span.start)


def _is_said(text: str, span: QuotedSpan) -> bool:
    if not span.closed or len(text[span.start : span.end].split()) < _SINGLE_WORDS:
        return False
    return follows_as_attribution(text, span.after) or leads_into_quote(text, span.start - 1)


def _pair(text: str, paragraphs: list[tuple[int, int]], marks: list[Mark]) -> list[QuotedSpan]:
    if not marks:
        return []
    sound = _sound_pairs(marks)
    return sound if sound is not None else _spans(paragraphs, marks, _cheapest_path(_Costs(text, paragraphs, marks), marks))


def _sound_pairs(marks: list[Mark]) -> list[QuotedSpan] | None:
    """Return the pairs of a text whose marks leave no doubt, in which the search would find the same; None for others."""
    if len(marks) % 2:
        return None
    spans = []
    for left, right in zip(marks[::2], marks[1::2], strict=True):
        if left.paragraph != right.paragraph or not left.surely("open") or not right.surely("close"):
            return None
        if left.end < right.start:
            spans.append(QuotedSpan(left.end, right.start, left.paragraph, True, False, False, right.end, left.start))
    return spans


class _Roles(NamedTuple):
    """What each role costs for one mark under one reading."""

    opening: float
    closing: float
    inner_opening: float
    inner_closing: float
    ignoring: float


class _Costs:
    """What each role costs for each mark of one text, under each reading."""

    def __init__(self, text: str, paragraphs: list[tuple[int, int]], marks: list[Mark]) -> None:
        self._text, self._marks = text, marks
        self.starts_paragraph = [m.start == paragraphs[m.paragraph][0] for m in marks]
        self._attributed = [follows_as_attribution(text, m.end) for m in marks]
        self._led = [start or leads_into_quote(text, m.start) for m, start in zip(marks, self.starts_paragraph, strict=True)]
        self._quoted_words = self._words_between_marks() if any(m.is_turned for m in marks) else Counter[str]()
        self._turned_so_far = self._count_turned()

    def readings(self, index: int) -> tuple[tuple[int, float], ...]:
        """Return (reading, what speaks against it) of each reading that the paragraph of mark `index` may have."""
        turned = self._turned_so_far[self._marks[index].paragraph]
        if not turned:
            return ((0, 0.0),)
        return ((0, 0.0), (1, _FIRST_DAMAGE), (2, _FIRST_DAMAGE)) if turned < _TURNED_MARKS else ((1, 0.0), (2, 0.0))

    def _count_turned(self) -> dict[int, int]:
        """Return how many marks are turned up to each paragraph's end: what comes after never changes how it is read."""
        counts: dict[int, int] = {}
        turned = 0
        for mark in self._marks:
            turned += mark.is_turned
            counts[mark.paragraph] = turned
        return counts

    def _words_between_marks(self) -> Counter[str]:
        """Return how often the same few words stand alone between two neighbouring marks."""
        return Counter(words for left, right in pairwise(self._marks) if (words := self._few_words(left, right)))

    def _few_words(self, left: Mark, right: Mark) -> str:
        """Return the words between two marks, or nothing where they are many, end a sentence or ascribe a quotation."""
        if right.start - left.end > _QUOTED_GAP_CHARS or left.paragraph != right.paragraph:
            return ""
        words = self._text[left.end : right.start].lower().strip(" ,;").split()
        few = len(words) in _QUOTED_GAP_WORDS and words[-1][-1] not in ".?!"
        return " ".join(words) if few and not SAYING & set(words) else ""

    def _against(self, index: int, wanted: str, reading: int) -> float:
        mark, (glyphs, spaces) = self._marks[index], _READINGS[reading]
        turned = _SPACES_UNCLEAR if mark.spaces == "unclear" else _SPACES_TURNED * (mark.spaces != wanted)
        return _GLYPH_TURNED * (mark.glyph not in (wanted, "neutral")) * glyphs + turned * spaces

    def roles(self, index: int, reading: int) -> _Roles:
        """Return what each role costs for the mark at `index` in a paragraph of that reading."""
        mark, attributed = self._marks[index], self._attributed[index]
        before = self._text[max(0, mark.start - 2) : mark.start]
        opens, closes = self._against(index, "open", reading), self._against(index, "close", reading)
        # no quotation begins with "said the minister"
        opening = opens + _LEAD_IN * self._led[index] - _CUE_AFTER * attributed + _OPENED_BY_WEAK * mark.weak
        closing = closes + _PUNCTUATED_END * before.rstrip().endswith(_PUNCTUATION) + _CUE_AFTER * attributed
        closing += _SPACES_TURNED * self.starts_paragraph[index]
        ended = before.rstrip(" ").endswith((".", "!", "?"))
        inner_opening = opens + _NEST + _INNER_AFTER_SENTENCE * (ended or attributed)
        return _Roles(opening, closing, inner_opening, closes, _IGNORED_WEAK if mark.weak else _IGNORED)

    def gap(self, index: int) -> float:
        """The cost of opening at `index` right after the mark before it closed a quotation.

        `showing” double standards “in relation` may be one quotation inside another, its marks
        turned inside out: it is, where a damaged text has the same words in marks elsewhere.
        """
        damaged = self._turned_so_far[self._marks[index].paragraph]
        words = self._few_words(self._marks[index - 1], self._marks[index]) if damaged else ""
        return _QUOTED_GAP if words and self._quoted_words[words] > 1 else 0.0  # once is this gap itself

    def reopens(self, index: int) -> bool:
        """True where the mark at `index` is the first thing of its paragraph and can open."""
        return self.starts_paragraph[index] and self._marks[index].glyph != "close"


_Node = tuple[int, int]
"""(state, reading) between two marks."""


def _cheapest_path(costs: _Costs, marks: list[Mark]) -> list[tuple[int, int]]:
    """Return (state before, state after) for each mark on the cheapest path."""
    best: dict[_Node, float] = {}
    back: list[dict[_Node, tuple[int, _Node]]] = []  # node after -> (state before, node after the previous mark)
    for index, mark in enumerate(marks):
        if not index:
            entered = _read_anew({_IDLE: (0.0, (_IDLE, 0))}, costs, index)
        elif marks[index - 1].paragraph != mark.paragraph:
            entered = _read_anew(_cross_paragraph(best, costs, marks, index), costs, index)
        else:
            entered = {node: (cost, node) for node, cost in best.items()}
        totals: dict[_Node, float] = {}
        arrows: dict[_Node, tuple[int, _Node]] = {}
        roles = {reading: costs.roles(index, reading) for reading in {reading for _, reading in entered}}
        gap = costs.gap(index)
        for (before, reading), (cost, previous) in entered.items():
            for after, step in _moves(before, roles[reading], gap):
                node = (after, reading)
                if node not in totals or cost + step < totals[node]:
                    totals[node], arrows[node] = cost + step, (before, previous)
        best = totals
        back.append(arrows)
    node = min(best, key=lambda n: best[n] + _LEFT_OPEN * (n[0] in (_IN_QUOTE, _IN_INNER)))
    path = []
    for arrows in reversed(back):
        before, previous = arrows[node]
        path.append((before, node[0]))
        node = previous
    return path[::-1]


def _read_anew(entered: dict[int, tuple[float, _Node]], costs: _Costs, index: int) -> dict[_Node, tuple[float, _Node]]:
    """Return the nodes at a paragraph's first mark, one for each reading that the paragraph may have."""
    return {
        (state, reading): (cost + against, previous)
        for state, (cost, previous) in entered.items()
        for reading, against in costs.readings(index)
    }


def _moves(state: int, roles: _Roles, gap: float) -> list[tuple[int, float]]:
    """Return (state after, cost) of every role that a mark can play in `state`."""
    if state in (_IDLE, _JUST_CLOSED):
        return [(_IN_QUOTE, roles.opening + (gap if state == _JUST_CLOSED else 0.0)), (_IDLE, roles.ignoring)]
    if state == _IN_QUOTE:
        return [(_JUST_CLOSED, roles.closing), (_IN_INNER, roles.inner_opening), (_IN_QUOTE, roles.ignoring)]
    return [(_IN_QUOTE, roles.inner_closing), (_JUST_CLOSED, roles.closing + _INNER_LEFT_OPEN), (_IN_INNER, roles.ignoring)]


def _cross_paragraph(best: dict[_Node, float], costs: _Costs, marks: list[Mark], index: int) -> dict[int, tuple[float, _Node]]:
    """Return {state in the new paragraph: (cost, node before)} at a paragraph's border."""
    adjacent = marks[index].paragraph == marks[index - 1].paragraph + 1
    reopens = adjacent and costs.reopens(index)
    entered: dict[int, tuple[float, _Node]] = {}
    for node, cost in best.items():
        offers = [(_IDLE, 0.0)]
        if node[0] in (_IN_QUOTE, _IN_INNER):
            offers = [(_IDLE, (_CARRIED_ON if reopens else _LEFT_OPEN) + _INNER_LEFT_OPEN * (node[0] == _IN_INNER))]
            if adjacent and not reopens:
                offers.append((_IN_QUOTE, _CARRIED_ON_BARE))
        for after, step in offers:
            if after not in entered or cost + step < entered[after][0]:
                entered[after] = (cost + step, node)
    return entered


def _spans(paragraphs: list[tuple[int, int]], marks: list[Mark], path: list[tuple[int, int]]) -> list[QuotedSpan]:
    spans: list[QuotedSpan] = []
    start: int | None = None
    opening = -1
    continues = False
    previous = -1
    for mark, (before, after) in zip(marks, path, strict=True):
        if start is not None and mark.paragraph != previous:
            first_thing = mark.start == paragraphs[mark.paragraph][0]
            bare = before == _IN_QUOTE
            continued = bare or (after == _IN_QUOTE and first_thing and mark.paragraph == previous + 1)
            spans.append(QuotedSpan(start, paragraphs[previous][1], previous, False, continued, continues, before=opening))
            start, opening, continues = (paragraphs[mark.paragraph][0] if bare else None), -1, continued
        if start is None and after == _IN_QUOTE:
            start, opening = mark.end, mark.start
        elif start is not None and after == _JUST_CLOSED:
            spans.append(QuotedSpan(start, mark.start, mark.paragraph, True, False, continues, mark.end, opening))
            start, opening, continues = None, -1, False
        previous = mark.paragraph
    if start is not None:
        spans.append(QuotedSpan(start, paragraphs[previous][1], previous, False, False, continues, before=opening))
    return [span for span in spans if span.start < span.end]
