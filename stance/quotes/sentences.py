"""A paragraph as sentences of tokens, each quotation in it being one token.

With the quoted words out of the way, what is left is the writer's own sentence, in which the
speaker stands.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from stance.quotes.cues import follows_as_attribution
from stance.quotes.lexicon import ABBREVIATIONS, PRONOUNS, before_apostrophe, is_office
from stance.quotes.pairing import QuotedSpan

_TOKEN: Final = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:[’'\-.&][^\W_]+)*|[^\w\s]")
_PARTICLE: Final = re.compile(r"(?:a[dlnrstz]|el|ul|[dlo]|dell)[-’'][A-Z]")  # al-Rashid, d'Aubigny
_LONGEST_KEPT = 40  # characters of a word that is remembered from one article to the next
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
    is_word: bool
    """True for a word or number outside quotations."""
    is_capitalised: bool
    """True for a word that begins as a name does, al-Rashid and d'Aubigny too."""
    may_mention: bool
    """True for a word that can begin a mention of somebody: a name, an office, a pronoun."""
    quote: int | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens of one sentence of one paragraph; starts[i] and ends[i] are the offsets of tokens[i] in the article."""

    tokens: tuple[Token, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    paragraph: int
    has_quote: bool


def split_sentences(text: str, paragraphs: list[tuple[int, int]], spans: list[QuotedSpan]) -> list[Sentence]:
    """Return the sentences of every paragraph, in order; spans[i] appears as the token with quote == i."""
    by_paragraph: dict[int, list[int]] = {}
    for index, span in enumerate(spans):
        by_paragraph.setdefault(span.paragraph, []).append(index)
    sentences = []
    for number, (start, end) in enumerate(paragraphs):
        tokens: list[Token] = []
        places: list[tuple[int, int]] = []
        position = start
        for index in by_paragraph.get(number, ()):
            span = spans[index]
            _add_tokens(text, position, span.before if span.before >= 0 else span.start, tokens, places)
            tokens.append(Token(text[span.start : span.end], "", False, False, False, index))
            places.append((span.start, span.end))
            position = span.after if span.closed else span.end
        _add_tokens(text, position, end, tokens, places)
        sentences += _cut(text, tokens, places, spans, number)
    return sentences


def _add_tokens(text: str, start: int, end: int, tokens: list[Token], places: list[tuple[int, int]]) -> None:
    found = [match.span() for match in _TOKEN.finditer(text, start, max(start, end))]
    tokens += [_token(text[first:last]) if last - first <= _LONGEST_KEPT else _new_token(text[first:last]) for first, last in found]
    places += found


def _new_token(word: str) -> Token:
    if not word[0].isalnum():
        return Token(word, word, False, False, False)
    lower = word.lower()
    capitalised = lower != word and (word[0].isupper() or _PARTICLE.match(word) is not None)
    stem = before_apostrophe(lower)
    return Token(word, lower, True, capitalised, capitalised or stem in PRONOUNS or is_office(stem) or is_office(lower))


_token: Final = lru_cache(maxsize=1 << 16)(_new_token)


def _cut(text: str, tokens: list[Token], places: list[tuple[int, int]], spans: list[QuotedSpan], paragraph: int) -> list[Sentence]:
    sentences, begin, has_quote = [], 0, False
    last = len(tokens) - 1
    for index, token in enumerate(tokens):
        has_quote = has_quote or token.quote is not None
        ends = index == last or index - begin + 1 >= _MAX_TOKENS
        if not ends and (token.quote is not None or token.text in _SENTENCE_END):
            ends = _ends_sentence(text, tokens, places, index, spans)
        if ends:
            starts, stops = zip(*places[begin : index + 1], strict=True)
            sentences.append(Sentence(tuple(tokens[begin : index + 1]), starts, stops, paragraph, has_quote))
            begin, has_quote = index + 1, False
    return sentences


def _ends_sentence(text: str, tokens: list[Token], places: list[tuple[int, int]], index: int, spans: list[QuotedSpan]) -> bool:
    """True where the full stop, or the quotation, at `index` ends its sentence; it is not the paragraph's last token."""
    token, after = tokens[index], tokens[index + 1]
    opens = after.quote is not None or after.is_capitalised or after.text[0].isdigit()
    if token.quote is not None:
        inside = token.text.rstrip(" ’'")
        if not inside or inside[-1] not in _SENTENCE_END or not opens:
            return False
        behind = max(places[index][1], spans[token.quote].after)
        return after.quote is not None or inside[-1] == "." or not follows_as_attribution(text, behind)
    before = tokens[index - 1] if index else None
    if token.text == "." and before is not None and before.is_word and places[index - 1][1] == places[index][0]:
        initial = len(before.text) == 1 and before.is_capitalised
        return opens and not initial and before.lower not in ABBREVIATIONS
    return opens
