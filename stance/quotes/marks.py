"""Find the quotation marks of messy text, and what each one's glyph and neighbours say about its direction."""

import re
from typing import Final, Literal, NamedTuple

Direction = Literal["open", "close", "neutral"]

# Glyph -> direction. The rows after the first three are UTF-8 marks that were read as cp1252.
_DOUBLE_DIRECTION: Final[dict[str, Direction]] = {
    "“": "open", "„": "open", "‟": "open", "«": "open", "``": "open", "「": "open", "『": "open",
    "”": "close", "»": "close", "''": "close", "」": "close", "』": "close",
    '"': "neutral", "＂": "neutral", "″": "neutral",
    "â€œ": "open", "â€ž": "open", "â€\x9d": "close", "â€�": "close", "Â«": "open", "Â»": "close",
}  # fmt: skip
_SINGLE_DIRECTION: Final[dict[str, Direction]] = {
    "‘": "open", "‚": "open", "‹": "open", "’": "close", "›": "close", "'": "neutral", "â€˜": "open", "â€™": "close",
}  # fmt: skip


def _alternatives(glyphs: dict[str, Direction]) -> str:
    return "|".join(sorted(map(re.escape, glyphs), key=len, reverse=True))


_DOUBLE: Final = re.compile(_alternatives(_DOUBLE_DIRECTION) + "|â€(?![\x80-\x9f™˜¦“”œž])")
_DASH_AS_CP1252: Final = "â€"  # before a curly mark: a dash
_SINGLE: Final = re.compile(_alternatives(_SINGLE_DIRECTION))
_TAG: Final = re.compile(r"<\w[^<>\n]{0,2000}>")  # the quotation marks of HTML attributes are nobody's words
_ELISION: Final = re.compile(r"(?:\d\ds?|tis|twas|em|n|til|cause|cos|bout|round)\b", re.I)  # '90s, 'tis, rock 'n' roll
_MOST_ADJACENT = 4
_BEFORE_OPENING: Final = frozenset("([{-—–/")
_AFTER_CLOSING: Final = frozenset(".,;:!?)]}-—–/…*")


class Mark(NamedTuple):
    """One quotation mark: its offsets, its paragraph's number, what its glyph and what the spaces beside it say.

    `weak` is true for what may as well be no quotation mark: inches after a number, an apostrophe after an s.
    """

    start: int
    end: int
    paragraph: int
    glyph: Direction
    spaces: Literal["open", "close", "unclear"]
    weak: bool

    @property
    def is_turned(self) -> bool:
        """True where the glyph says one thing and the spaces say the other."""
        return {self.glyph, self.spaces} == {"open", "close"}

    def surely(self, role: Direction) -> bool:
        """True where nothing speaks against the role, "open" or "close"."""
        return self.spaces == role and self.glyph in (role, "neutral") and not self.weak


def double_marks(text: str, paragraphs: list[tuple[int, int]]) -> list[Mark]:
    """Return the double quotation marks, of whatever style, in order; those inside HTML tags are left out."""
    tags = [match.span() for match in _TAG.finditer(text)] if "<" in text else []
    found, tag, row, row_end = [], 0, 0, -1
    for number, (start, end) in enumerate(paragraphs):
        for match in _DOUBLE.finditer(text, start, end):
            first, last = match.span()
            while tag < len(tags) and tags[tag][1] <= first:
                tag += 1
            if match[0] in "“”" and first >= 2 and text.startswith(_DASH_AS_CP1252, first - 2):
                continue
            row = row + 1 if first == row_end else 1
            row_end = last
            if row > _MOST_ADJACENT:
                continue  # a row of marks encloses nothing
            if tag == len(tags) or first < tags[tag][0]:
                glyph = _DOUBLE_DIRECTION.get(match[0], "close")
                weak = glyph == "neutral" and text[first - 1 : first].isdigit()
                found.append(Mark(first, last, number, glyph, _spaces(text, first, last), weak))
    return found


def single_marks(text: str, paragraphs: list[tuple[int, int]]) -> list[Mark]:
    """Return the single quotation marks in order; what can be nothing but an apostrophe is left out."""
    return [
        Mark(*match.span(), number, glyph, _spaces(text, *match.span()), _may_be_apostrophe(text, match, glyph))
        for number, (start, end) in enumerate(paragraphs)
        for match in _SINGLE.finditer(text, start, end)
        for glyph in (_SINGLE_DIRECTION[match.group()],)
        if not _is_apostrophe(text, match)
    ]


def _is_apostrophe(text: str, mark: re.Match[str]) -> bool:
    before, after = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
    return (before.isalnum() and after.isalnum()) or (not before.isalnum() and _ELISION.match(text, mark.end()) is not None)


def _may_be_apostrophe(text: str, mark: re.Match[str], glyph: Direction) -> bool:
    before = text[mark.start() - 1 : mark.start()]
    return glyph != "open" and (before.isdigit() or (before in ("s", "S", "n") and text[mark.end() : mark.end() + 1] == " "))


def _spaces(text: str, start: int, end: int) -> Literal["open", "close", "unclear"]:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    bare_left = not before or before.isspace() or before in _BEFORE_OPENING
    bare_right = not after or after.isspace() or after in _AFTER_CLOSING
    if bare_left == bare_right:
        return "unclear"
    return "open" if bare_left else "close"
