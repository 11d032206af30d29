"""What the few words beside a quotation mark say about it: do they announce a quotation, or tell who spoke?"""

import re
from typing import Final

from stance.quotes.lexicon import FINITE_SAYING

_WORD: Final = re.compile(r"[^\W_][\w.’'\-]*|[^\w\s]")
_LAST_WORD: Final = re.compile(r"\b[\w’'\-]+$")
_STARTS: Final = re.compile(r"\s*+(?:,\s*+)?[^\W_]")
_ADVERBS: Final = frozenset("has have had also then later once recently repeatedly".split())
_PERSONAL: Final = frozenset({"he", "she", "they", "He", "She", "They"})
_ARTICLES: Final = frozenset("the a an The A An".split())
_NAME_WORDS = 5
_PHRASE_WORDS = 4
# "talks", "reports" and their like before a mark are mostly nouns.
_LEADING_WORDS: Final = frozenset(form for form in FINITE_SAYING if not form.endswith("s")) | frozenset(
    "that as says adds writes asks saying adding telling calling writing".split()
)
_LOOK_BACK: Final = 24
_LOOK_AHEAD: Final = 90


def follows_as_attribution(text: str, position: int) -> bool:
    """True where the words right after `position` say who spoke ("Lavrov added", "said the minister")."""
    if not _STARTS.match(text, position):
        return False
    words: list[str] = _WORD.findall(text[position : position + _LOOK_AHEAD])
    if words and words[0] == ",":
        del words[0]
    if len(words) < 2:
        return False
    if words[0] in FINITE_SAYING:
        return _begins_somebody(words[1])
    if words[0] == "according":
        return words[1] == "to"
    return any(_says(words, end) for end in _ends_of_somebody(words))


def leads_into_quote(text: str, position: int) -> bool:
    """True where the words right before `position` announce a quotation ("said that", a colon)."""
    before = text[max(0, position - _LOOK_BACK) : position].rstrip()
    if before.endswith((",", ":")):
        return True
    word = _LAST_WORD.search(before)
    return word is not None and word.group() in _LEADING_WORDS


def _begins_somebody(word: str) -> bool:
    return word in _PERSONAL or word in _ARTICLES or word[0].isupper()


def _ends_of_somebody(words: list[str]) -> list[int]:
    """Return where the words that may be a subject at the start of `words` may end."""
    if words[0] in _PERSONAL:
        return [1]
    if words[0] in _ARTICLES:
        return list(range(2, 2 + _PHRASE_WORDS))
    end = 0
    while end < min(len(words), _NAME_WORDS) and words[end][0].isupper():
        end += 1
    return [end] if end else []


def _says(words: list[str], at: int) -> bool:
    """True where words[at] is a verb of saying, or an adverb before one."""
    if at < len(words) - 1 and (words[at] in _ADVERBS or words[at].endswith("ly")):
        at += 1
    return at < len(words) and words[at].rstrip(".") in FINITE_SAYING
