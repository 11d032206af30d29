"""Is a quotation somebody's words, or a title, a term, a nickname? The first rule that fits decides."""

import re
from typing import Final

from stance.quotes.cues import follows_as_attribution, leads_into_quote
from stance.quotes.lexicon import NAMING, SMALL_WORDS, TERM_LEADS
from stance.quotes.pairing import QuotedSpan
from stance.records import Quote, QuoteKind, Speaker

KIND_RULES: Final = {
    "no words": "there is no word between the marks",
    "nickname": "it stands between the parts of a name: Robert “Bobby” Scott",
    "no end": "it opens in the middle of a sentence and is never closed",
    "named": "the words before it introduce a title or a term: the film “...”, so-called “...”",
    "capitalised": "its words are capitalised as a title's are",
    "no voice": "a few words in a sentence in which nobody says anything",
    "judgement": "a few words that somebody uses of something: she called it “...”",
    "ascribed": "it begins a sentence, and a comma and who says it follow",
    "few words": "a few words in the middle of a sentence, and somebody says them",
    "words": "more than a few words, or a whole sentence",
    "reported": "words that the article reports without marks",
}

_FRAGMENT_WORD_LIMIT = 8
_TERM_WORD_LIMIT = 3
_TITLE_WORD_LIMIT = 14
_SHORT_TITLE = 6
_UNSURE_RULES: Final = frozenset({"subject", "neighbour", "paragraph", "same-paragraph", "reported-before"})
_WORD: Final = re.compile(r"\w[\w’'\-]*")
_LONGEST = 400
_LEAD_WORDS = 4
_LEAD_CHARS = 60
_INDENT = 8
_LIST: Final = re.compile(r"\W*\s*(?:,|and|or|but|,\s*(?:and|or|but))?(?:\s+(?:an?|the|as))?\s*\W*")
_LIST_GAP = 16


def kind_of(text: str, span: QuotedSpan, speaker: Speaker | None, before: Quote | None = None) -> tuple[QuoteKind, str]:
    """Return (kind, the rule that decided, a key of KIND_RULES) of one quotation.

    Given are who was found to say it, and the quotation before it: of "a “farce” and a “joke”" both are judgements.
    """
    inside = text[span.start : span.end]
    words = _WORD.findall(inside[:_LONGEST])  # more words than any limit here
    if not words:
        return "title_or_term", "no words"
    if _is_nickname(text, span, words):
        return "title_or_term", "nickname"
    if not span.closed and not span.continues and not span.continued and not _opens_well(text, span):
        return "title_or_term", "no end"
    mark = span.before if span.before >= 0 else span.start
    lead = [word.lower() for word in _WORD.findall(text[max(0, mark - _LEAD_CHARS) : mark])[-_LEAD_WORDS:]]
    short = len(words) <= _TERM_WORD_LIMIT
    judged = speaker is not None and (_names(lead, speaker) or _goes_on(text, span, before))
    if not judged and inside[-1] not in "?!":
        sourced = speaker is not None and speaker.rule in ("view", "according-to")  # in her words, “...”
        if not sourced and lead and lead[-1] in TERM_LEADS and len(words) <= _TITLE_WORD_LIMIT and not _is_sentence(inside):
            return "title_or_term", "named"
        if inside.endswith(",") and span.closed and _opens_well(text, span) and follows_as_attribution(text, span.after):
            return "statement", "ascribed"
        if _is_title_case(words) and len(words) <= (_TITLE_WORD_LIMIT if _is_mostly_capitalised(words) else _SHORT_TITLE):
            return "title_or_term", "capitalised"
        if short and (speaker is None or speaker.rule in _UNSURE_RULES) and not _is_sentence(inside):
            return "title_or_term", "no voice"
    if len(words) < _FRAGMENT_WORD_LIMIT and inside[0].islower():
        return "fragment", "judgement" if judged else "few words"
    return "statement", "words"


def _names(lead: list[str], speaker: Speaker) -> bool:
    """True where the words before are "called it", "described the deal as a"."""
    if lead[-1:] == ["as"] or (lead[-2:-1] == ["as"] and lead[-1] in ("a", "an", "the")):
        return True
    return speaker.rule not in _UNSURE_RULES and any(word in NAMING for word in lead)


def _goes_on(text: str, span: QuotedSpan, before: Quote | None) -> bool:
    """True where the quotation is the next of a list of judgements."""
    if before is None or before.kind_rule != "judgement" or span.start - before.end > _LIST_GAP:
        return False
    return _LIST.fullmatch(text[before.end : span.start]) is not None


def _is_sentence(inside: str) -> bool:
    """True for words that begin and end as a sentence does."""
    return inside[0].isupper() and inside.rstrip()[-1] in ".?!,"


def _opens_well(text: str, span: QuotedSpan) -> bool:
    """True where the quotation opens its paragraph or follows a whole sentence, or the words before it announce one."""
    mark = span.before if span.before >= 0 else span.start
    before = text[max(0, mark - _INDENT) : mark].rstrip(" ")[-1:]
    return before in ("", "\n") or (before in ".?!" and text[span.start].isupper()) or leads_into_quote(text, mark)


def _is_title_case(words: list[str]) -> bool:
    return len(words) >= 2 and all(w[0].isupper() or w[0].isdigit() or w.lower() in SMALL_WORDS for w in words)


def _is_mostly_capitalised(words: list[str]) -> bool:
    return sum(word[0].isupper() for word in words) >= 3


def _is_nickname(text: str, span: QuotedSpan, words: list[str]) -> bool:
    """True for the quoted part of Robert "Bobby" Scott."""
    if not span.closed or span.before < 0:
        return False
    before, after = text[max(0, span.before - 14) : span.before], text[span.after : span.after + 2]
    return (
        len(words) <= 2
        and words[0][0].isupper()
        and text[span.end - 1].isalnum()
        and re.search(r"(?:[A-Z][\w’'\-]+|\b[A-Z]\.)\s+$", before) is not None
        and re.match(r"\s[A-Z]", after) is not None
    )
