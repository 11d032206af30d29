"""The places of a sentence that name or mean somebody: names, offices, pronouns.

No name list and no parser: names are runs of capitalised words, offices the nouns of lexicon.toml.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from stance.quotes.lexicon import (
    ABBREVIATIONS,
    DETERMINERS,
    DOCUMENTS,
    FINITE_SAYING,
    GROUPS,
    JOINERS,
    NOT_NAMES,
    OF_NAMES,
    OFFICES,
    PLURAL_OFFICES,
    PREPOSITIONS,
    SUFFIXES,
    TITLES,
    is_office,
)
from stance.quotes.sentences import Sentence, Token

_POSSESSIVE_ENDINGS: Final = ("’s", "'s", "’", "'")
_BEFORE_NAMES: Final = DETERMINERS - frozenset("this these those both most its".split())
_PHRASE_WORDS = 6
_NOT_IN_PHRASE: Final = PREPOSITIONS | frozenset("and or but nor that who which when while if because".split()) | FINITE_SAYING
_NAMES_AND_MONTHS: Final = frozenset({"may", "march", "april", "june"})
_ACRONYMS: Final = frozenset({"US", "WHO", "IT"})
_NEVER_BEFORE_NAMES: Final = GROUPS | DOCUMENTS
_NOT_FIRST: Final = JOINERS | {"of", "the"}
_INSIDE_NAMES: Final = JOINERS | {"of", "for", "the"}
_SHORTEST_ADVERB = 6


@dataclass(slots=True, eq=False)  # not frozen, as tokens are not
class Mention:
    """A place in a sentence that names or means somebody; tokens[first:last] of that sentence."""

    kind: Literal["name", "office", "pronoun"]
    first: int
    last: int
    start: int
    end: int
    text: str
    head: str
    """The bare name, the office's noun, or the pronoun; lower-cased for the latter two."""
    preposition: str = ""
    """The one that governs it, or empty."""
    partner: "Mention | None" = None
    """Who speaks together with it: the second of "NAME and NAME said"."""


def find_mentions(sentence: Sentence) -> list[Mention]:
    """Return the mentions of a sentence in order, never overlapping."""
    tokens, mentions, last = sentence.tokens, list[Mention](), 0
    for index in [index for index, token in enumerate(tokens) if token.may_mention]:
        if index < last:
            continue  # inside the mention before
        last, kind, head = _mention_at(tokens, index)
        if last == index:
            continue
        mention = _mention(sentence, index, last, kind, head)
        while mentions and kind == "office" and mentions[-1].last > mention.first:
            mentions.pop()  # "Argentine" of "the Argentine delegate"
        title = mentions[-1] if mentions and kind == "name" and mentions[-1].last == mention.first else None
        if title is not None and title.kind == "office" and title.head not in DOCUMENTS and tokens[mention.first].lower not in DETERMINERS:
            mentions.pop()  # "deputy" of "deputy spokeswoman NAME"
            mention.first, mention.start, mention.preposition = title.first, title.start, title.preposition
            mention.text = f"{title.text} {mention.text}"
        mentions.append(mention)
    return mentions


def phrase(sentence: Sentence, first: int, last: int) -> Mention:
    """Return tokens[first:last] of a sentence as a mention of somebody without a name."""
    chunk = sentence.tokens[first:last]
    text = " ".join(token.text for token in chunk)
    return Mention("office", first, last, sentence.starts[first], sentence.ends[last - 1], text, chunk[-1].lower)


def _mention(sentence: Sentence, first: int, last: int, kind: Literal["name", "office", "pronoun"], head: str) -> Mention:
    tokens = sentence.tokens
    if kind == "office":
        first = _start_of_phrase(tokens, first)
    elif first and tokens[first - 1].lower in _BEFORE_NAMES:
        first -= 1
    before = tokens[first - 1].lower if first else ""
    text = tokens[first].text if last == first + 1 else " ".join(t.text for t in tokens[first:last])
    preposition = before if before in PREPOSITIONS else ""
    return Mention(kind, first, last, sentence.starts[first], sentence.ends[last - 1], text, head, preposition)


def _start_of_phrase(tokens: tuple[Token, ...], noun: int) -> int:
    """Return where the noun phrase of an office begins: at its determiner, else at the capitalised words before it."""
    capitalised = noun
    for first in range(noun - 1, max(-1, noun - 1 - _PHRASE_WORDS), -1):
        token = tokens[first]
        if not token.is_word or token.lower in _NOT_IN_PHRASE:
            break
        if token.lower in DETERMINERS:
            return first
        if token.lower in NOT_NAMES and token.text not in _ACRONYMS:
            break
        if token.is_capitalised and capitalised == first + 1:
            if token.lower.endswith(_POSSESSIVE_ENDINGS) and tokens[noun].lower in DOCUMENTS:
                break  # the owner speaks
            capitalised = first
    return capitalised


def _mention_at(tokens: tuple[Token, ...], index: int) -> tuple[int, Literal["name", "office", "pronoun"], str]:
    """Return (end index, kind, head) of the mention that begins at `index`; the end equals `index` for none."""
    token = tokens[index]
    if token.pronoun and not _is_acronym(tokens, index):
        return index + (token.pronoun != "i" or token.text[0] == "I"), "pronoun", token.pronoun
    end = _run_of_names(tokens, index)
    if end > index:
        name = _bare_name(tokens[index:end])
        return (end, "name", name) if name else (end, "office", _stem(tokens[end - 1].lower.rstrip(".")))
    if is_office(lower := _stem(token.lower)):
        if lower not in _NEVER_BEFORE_NAMES and not lower.endswith("s"):
            following = _run_of_names(tokens, index + 1)
            if name := _bare_name(tokens[index + 1 : following]):
                return following, "name", name
        return index + 1, "office", lower
    return index, "office", ""


def _run_of_names(tokens: tuple[Token, ...], index: int) -> int:
    """Return the index after the run of capitalised words that begins at `index`."""
    if index == len(tokens) or not tokens[index].is_capitalised or not _is_name_word(tokens, index, inside=False):
        return index
    end = index + 1
    while end < len(tokens) and (tokens[end].is_name or _is_name_word(tokens, end, inside=True) or _joins_name(tokens, end, index)):
        end += 1
    return end


def _is_name_word(tokens: tuple[Token, ...], index: int, inside: bool) -> bool:
    token = tokens[index]
    if not token.is_name:
        return token.is_capitalised and ((inside and token.lower in _NAMES_AND_MONTHS) or _is_acronym(tokens, index))
    opens = index == 0 and len(tokens) > 1 and not tokens[1].is_capitalised
    return not (opens and len(token.lower) >= _SHORTEST_ADVERB and token.lower.endswith(("ly", "ing")))


def _is_acronym(tokens: tuple[Token, ...], index: int) -> bool:
    """True for US, WHO and IT among words that are not in capitals."""
    if tokens[index].text not in _ACRONYMS:
        return False
    return any(token.is_word and not token.text.isupper() for token in tokens[max(0, index - 1) : index + 2])


def _joins_name(tokens: tuple[Token, ...], index: int, start: int) -> bool:
    """True for the full stop of an initial or title, for "of", "bin", "van" between two names, and for the comma of ", Jr."."""
    token, before, opening = tokens[index], tokens[index - 1], index
    if token.text == ".":
        return before.lower in ABBREVIATIONS or len(before.text) == 1
    if token.text == ",":
        return index + 1 < len(tokens) and tokens[index + 1].is_capitalised and tokens[index + 1].lower in SUFFIXES
    if token.lower not in _INSIDE_NAMES:
        return False
    if token.lower in ("of", "for"):
        if not any(t.lower in OF_NAMES for t in tokens[max(start, index - _PHRASE_WORDS) : index]):
            return False
        index += 2 if index + 1 < len(tokens) and tokens[index + 1].lower == "the" else 1
    elif token.lower == "the":
        return before.lower in ("of", "for")
    while index < len(tokens) and tokens[index].lower in JOINERS:  # "van der"
        index += 1
    return opening < index < len(tokens) and _is_name_word(tokens, index, inside=True)


@lru_cache(maxsize=1 << 14)
def _bare_name(run: tuple[Token, ...]) -> str:
    """Return a run's name without the offices before it ("Foreign Minister Sergei Lavrov" -> "Sergei Lavrov").

    A run of several words that ends in a body's noun is the name of the body ("Harbour Council").
    """
    if len(run) == 1:
        lower = _stem(run[0].lower)
        return "" if lower in TITLES or lower in OFFICES or lower in PLURAL_OFFICES else _without_possessive(run[0].text)
    words = [t.text for t in run if t.is_word]
    lowers = [_stem(t.lower).rstrip(".") for t in run if t.is_word]
    if not words:
        return ""
    dotted = {t.text for t, after in pairwise(run) if after.text == "." and (len(t.text) == 1 or t.lower in SUFFIXES)}
    if not (len(words) > 1 and (lowers[-1] in GROUPS or any(w in GROUPS and after == "of" for w, after in pairwise(lowers)))):
        cut = max((position + 1 for position, word in enumerate(lowers) if word in TITLES), default=0)
        words = words[cut:] if cut < len(words) or len(words) == 1 or is_office(lowers[-1]) else words  # Islamic State
    while words and words[0] in _NOT_FIRST:
        words = words[1:]
    return _without_possessive(" ".join(word + "." if word in dotted else word for word in words))


def _without_possessive(name: str) -> str:
    for ending in _POSSESSIVE_ENDINGS:
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def _stem(word: str) -> str:
    """Return a lower-cased word without its possessive ending."""
    return word[:-2] if word.endswith(("’s", "'s")) else word
