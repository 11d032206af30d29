"""Article text -> quotes, each with its kind and its speaker."""

import re
from typing import Final

from stance.quotes.cues import leads_into_quote
from stance.quotes.marks import QuotedSpan, pair_marks
from stance.quotes.paragraphs import split_paragraphs
from stance.quotes.sentences import split_sentences
from stance.quotes.speakers import attribute
from stance.records import Quote, QuoteKind, Speaker

_FRAGMENT_WORD_LIMIT = 8
_TERM_WORD_LIMIT = 3
_SMALL_WORDS: Final = frozenset("a an and as at by for from in of on or the to with".split())
_TERM_LEAD: Final = re.compile(
    r"\b(?:so-called|titled|entitled|nicknamed|named|known as|dubbed|codenamed|the word|the words|the phrase|the term|"
    r"the slogan|the hashtag|aka|film|movie|book|song|series|show|programme|program|album|novel|play|magazine|newspaper)\s*$",
    re.I,
)
_CONTEXT = 30
_INDENT = 8


def extract_quotes(text: str) -> list[Quote]:
    """Return every outermost quotation of an article, in order, with kind and speaker.

    Offsets are characters of `text` as given, half-open, without the marks; spans never overlap.
    Quotes of kind "title_or_term" are returned too: `quote.is_statement` tells them apart.
    Time is linear in the length of the text.
    """
    paragraphs = split_paragraphs(text)
    spans = pair_marks(text, paragraphs)
    speakers = attribute(spans, split_sentences(text, paragraphs, spans)) if spans else []
    return [
        Quote(span.start, span.end, text[span.start : span.end], span.paragraph, kind, speaker if kind != "title_or_term" else None)
        for span, speaker in zip(spans, speakers, strict=True)
        for kind in (_kind(text, span, speaker),)
    ]


def _kind(text: str, span: QuotedSpan, speaker: Speaker | None) -> QuoteKind:
    inside = text[span.start : span.end]
    words = re.findall(r"\w[\w’'\-]*", inside)
    before = text[max(0, span.start - _CONTEXT) : span.start].rstrip("“\"'„«‘ ”»")
    if not words or _is_nickname(text, span, words):
        return "title_or_term"
    if not span.closed and not span.continues and not _opens_well(text, span):
        return "title_or_term"  # opened in mid-sentence and never closed: nobody can say where it ends
    if len(words) <= 2 * _TERM_WORD_LIMIT and (_TERM_LEAD.search(before) or _is_title_case(words)) and inside[-1] not in "?!":
        return "title_or_term"
    if len(words) <= _TERM_WORD_LIMIT and (speaker is None or speaker.rule in ("subject", "neighbour")) and inside[-1] not in ".,?!":
        return "title_or_term"
    return "fragment" if len(words) < _FRAGMENT_WORD_LIMIT and inside[0].islower() else "statement"


def _opens_well(text: str, span: QuotedSpan) -> bool:
    """True where the quotation opens its paragraph, or the words before it announce one."""
    mark = span.start
    while mark > 0 and not text[mark - 1].isspace() and not text[mark - 1].isalnum():
        mark -= 1
    return text[max(0, mark - _INDENT) : mark].rstrip(" ")[-1:] in ("", "\n") or leads_into_quote(text, mark)


def _is_title_case(words: list[str]) -> bool:
    return len(words) >= 2 and all(w[0].isupper() or w[0].isdigit() or w.lower() in _SMALL_WORDS for w in words)


def _is_nickname(text: str, span: QuotedSpan, words: list[str]) -> bool:
    """True for the quoted part of Robert "Bobby" Scott."""
    before, after = text[max(0, span.start - 14) : span.start], text[span.after : span.after + 2] if span.closed else ""
    return (
        len(words) <= 2
        and words[0][0].isupper()
        and re.search(r"[A-Z][\w.]*\s+\W$", before) is not None
        and re.match(r"\s[A-Z]", after) is not None
    )
