"""A paragraph as sentences of tokens, each quotation in it being one token.

With the quoted words out of the way, what is left is the writer's own sentence, in which the
speaker stands.
"""

import re
from dataclasses import dataclass
from typing import Final

from stance.quotes.cues import follows_as_attribution
from stance.quotes.marks import QuotedSpan

ABBREVIATIONS: Final = frozenset(
    "mr mrs ms dr prof sen rep gov gen lt col maj capt sgt cpl adm cmdr brig hon rev fr st jr sr no vs etc inc ltd co corp".split()
)
_TOKEN: Final = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:[’'\-.&][^\W_]+)*|[^\w\s]")
_MAX_TOKENS = 300  # no sentence is longer; text without any full stop is cut here, so that time stays linear
_SENTENCE_END: Final = frozenset(".?!")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a punctuation mark, or a whole quotation (`quote` is then its index)."""

    start: int
    end: int
    text: str
    quote: int | None = None

    @property
    def is_word(self) -> bool:
        """True for a word or number outside quotations."""
        return self.quote is None and self.text[0].isalnum()

    @property
    def is_capitalised(self) -> bool:
        """True for a word that begins with a capital."""
        return self.is_word and self.text[0].isupper()


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens of one sentence of one paragraph."""

    tokens: tuple[Token, ...]
    paragraph: int


def split_sentences(text: str, paragraphs: list[tuple[int, int]], spans: list[QuotedSpan]) -> list[Sentence]:
    """Return the sentences of every paragraph, in order; spans[i] appears as the token with quote == i."""
    by_paragraph: dict[int, list[int]] = {}
    for index, span in enumerate(spans):
        by_paragraph.setdefault(span.paragraph, []).append(index)
    sentences = []
    for number, (start, end) in enumerate(paragraphs):
        tokens: list[Token] = []
        position = start
        for index in by_paragraph.get(number, []):
            span = spans[index]
            tokens += _tokens(text, position, span.start)
            while tokens and not tokens[-1].is_word and _is_mark(tokens[-1].text):
                tokens.pop()
            tokens.append(Token(span.start, span.end, text[span.start : span.end], index))
            position = span.after if span.closed else span.end
        tokens += _tokens(text, position, end)
        sentences += [Sentence(tuple(part), number) for part in _cut(text, tokens, spans)]
    return sentences


def _tokens(text: str, start: int, end: int) -> list[Token]:
    return [Token(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text, start, max(start, end))]


def _is_mark(text: str) -> bool:
    return text in "“”\"„«»‘’'`"


def _cut(text: str, tokens: list[Token], spans: list[QuotedSpan]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for index, token in enumerate(tokens):
        parts[-1].append(token)
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        too_long = len(parts[-1]) >= _MAX_TOKENS
        if after is not None and (too_long or _ends_sentence(text, tokens, index, after, spans)):
            parts.append([])
    return [part for part in parts if part]


def _ends_sentence(text: str, tokens: list[Token], index: int, after: Token, spans: list[QuotedSpan]) -> bool:
    token = tokens[index]
    opens = after.quote is not None or after.is_capitalised or after.text[0].isdigit()
    if token.quote is not None:
        inside = token.text.rstrip(" ’'")
        if not inside or inside[-1] not in _SENTENCE_END or not opens:
            return False
        return after.quote is not None or inside[-1] == "." or not follows_as_attribution(text, max(token.end, spans[token.quote].after))
    if token.text in _SENTENCE_END:
        before = tokens[index - 1] if index else None
        if token.text == "." and before is not None and before.is_word and before.end == token.start:
            word = before.text.lower()
            if word in ABBREVIATIONS or (len(word) == 1 and before.text.isupper()):
                return False
        return opens
    return False
