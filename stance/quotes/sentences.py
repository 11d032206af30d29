"""A paragraph as sentences of tokens, each quotation in it being one token.

With the quoted words out of the way, what is left is the writer's own sentence, in which the
speaker stands.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from stance.quotes.cues import follows_as_attribution
from stance.quotes.lexicon import ABBREVIATIONS, NOT_NAMES, PRONOUNS, before_apostrophe, is_office
from stance.quotes.pairing import QuotedSpan

# The second alternative is no more than the third without its last part: most words end there, in half the time.
_TOKEN: Final = re.compile(r"([A-Z]\.(?:[A-Z]\.)+|[^\W_]++(?![’'\-.&])|[^\W_]+(?:[’'\-.&][^\W_]+)*|[^\w\s])")
_PARTICLE: Final = re.compile(r"(?:a[dlnrstz]|el|ul|[dlo]|dell)[-’'][A-Z]")  # al-Rashid, d'Aubigny
_LONGEST_KEPT = 40  # characters of a word that is remembered from one article to the next
_MOST_KEPT = 1 << 16
_MAX_TOKENS = 300  # no sentence is longer; text without any full stop is cut here, so that time stays linear
_SENTENCE_END: Final = frozenset(".?!")


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A word, a punctuation mark, or a whole quotation (`quote` is then its index).

    Every place where a word stands shares one token: an article has thousands of places, and making an object for
    each took a third of the time. Where they stand is told by the sentence.
    """

    text: str
    lower: str
    is_word: bool = False
    """True for a word or number outside quotations."""
    is_capitalised: bool = False
    """True for a word that begins as a name does, al-Rashid and d'Aubigny too."""
    may_mention: bool = False
    """True for a word that can begin a mention of somebody: a name, an office, a pronoun."""
    is_name: bool = False
    """True for a capitalised word that is no ordinary word."""
    pronoun: str = ""
    """The pronoun it is or begins with, as in he’d; empty for other words."""
    may_end: bool = False
    """True for a mark that can end a sentence, and for a quotation."""
    quote: int | None = None


class Sentence(NamedTuple):
    """Tokens of one sentence of one paragraph; starts[i] and ends[i] are the offsets of tokens[i] in the article."""

    tokens: tuple[Token, ...]
    starts: list[int]
    ends: list[int]
    paragraph: int
    has_quote: bool


class _Row:
    """The tokens of one paragraph, and where they stand in the article."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._quotes: list[int] = []

    def add_words(self, text: str, start: int, end: int) -> None:
        """Add the words and marks of text[start:end]; with every word in hand, lengths tell where it stands."""
        pieces = _TOKEN.split(text[start:end])  # gap, word, gap, ..., word, gap
        offsets = [*accumulate(map(len, pieces), initial=start)]
        self.tokens += map(_KNOWN.__getitem__, pieces[1::2])
        self.starts += offsets[1:-1:2]
        self.ends += offsets[2::2]

    def add_quote(self, text: str, span: QuotedSpan, index: int) -> None:
        """Add a quotation as one token."""
        self._quotes.append(len(self.tokens))
        self.tokens.append(Token(text[span.start : span.end], "", may_end=True, quote=index))
        self.starts.append(span.start)
        self.ends.append(span.end)

    def has_quote(self, first: int, last: int) -> bool:
        """True where one of tokens[first:last] is a quotation."""
        return bisect_left(self._quotes, first) < bisect_left(self._quotes, last)


class _KnownTokens(dict[str, Token]):
    """The token of every word; the short ones are kept from one article to the next."""

    def __missing__(self, word: str) -> Token:
        token = _new_token(word)
        if len(word) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[word] = token
        return token


_KNOWN: Final = _KnownTokens()


def _new_token(word: str) -> Token:
    if not word[0].isalnum():
        return Token(word, word, may_end=word in _SENTENCE_END)
    lower = word.lower()
    capitalised = lower != word and (word[0].isupper() or _PARTICLE.match(word) is not None)
    stem = before_apostrophe(lower)
    pronoun = stem if stem in PRONOUNS else ""
    may_mention = capitalised or bool(pronoun) or is_office(stem) or is_office(lower)
    return Token(word, lower, True, capitalised, may_mention, capitalised and stem not in NOT_NAMES, pronoun)


def split_sentences(text: str, paragraphs: list[tuple[int, int]], spans: list[QuotedSpan]) -> list[Sentence]:
    """Return the sentences of every paragraph, in order; spans[i] appears as the token with quote == i."""
    by_paragraph: dict[int, list[int]] = {}
    for index, span in enumerate(spans):
        by_paragraph.setdefault(span.paragraph, []).append(index)
    sentences: list[Sentence] = []
    for number, (start, end) in enumerate(paragraphs):
        row = _Row()
        position = start
        for index in by_paragraph.get(number, ()):
            span = spans[index]
            row.add_words(text, position, span.before if span.before >= 0 else span.start)
            row.add_quote(text, span, index)
            position = span.after if span.closed else span.end
        row.add_words(text, position, end)
        sentences += _cut(text, row, spans, number)
    return sentences


def _cut(text: str, row: _Row, spans: list[QuotedSpan], paragraph: int) -> list[Sentence]:
    tokens = tuple(row.tokens)
    may_end = [index for index, token in enumerate(tokens[:-1]) if token.may_end]
    stops = [0, *(index + 1 for index in may_end if _ends_sentence(text, row, index, spans)), len(tokens)]
    return [
        Sentence(tokens[first:last], row.starts[first:last], row.ends[first:last], paragraph, row.has_quote(first, last))
        for begin, stop in pairwise(stops)
        for first in range(begin, stop, _MAX_TOKENS)
        for last in (min(stop, first + _MAX_TOKENS),)
    ]


def _ends_sentence(text: str, row: _Row, index: int, spans: list[QuotedSpan]) -> bool:
    """True where the full stop, or the quotation, at `index` ends its sentence; it is not the paragraph's last token."""
    token, after = row.tokens[index], row.tokens[index + 1]
    opens = after.quote is not None or after.is_capitalised or after.text[0].isdigit()
    if not opens:
        return False
    if token.quote is not None:
        inside = token.text.rstrip(" ’'")
        if not inside or inside[-1] not in _SENTENCE_END:
            return False
        behind = max(row.ends[index], spans[token.quote].after)
        return after.quote is not None or inside[-1] == "." or not follows_as_attribution(text, behind)
    before = row.tokens[index - 1] if index else None
    if token.text == "." and before is not None and before.is_word and row.ends[index - 1] == row.starts[index]:
        initial = len(before.text) == 1 and before.is_capitalised
        return not initial and before.lower not in ABBREVIATIONS
    return True
