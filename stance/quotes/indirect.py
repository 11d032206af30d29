"""Reported speech without marks: "X said that ...", "..., X said", "X called talk of withdrawal premature"."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from stance.quotes.clauses import PASSIVE, dateline_end
from stance.quotes.lexicon import (
    AUXILIARIES,
    DETERMINERS,
    INDIRECT_BARE,
    INDIRECT_NOUNS,
    INDIRECT_PHRASES,
    JUDGING_AS,
    JUDGING_BARE,
    JUDGING_OF,
    MOST_WORDS_BEFORE_THAT,
    NEVER_TRAILING,
    PREPOSITIONS,
    PRONOUNS,
)
from stance.quotes.mentions import Mention
from stance.quotes.rules import SentenceReader
from stance.quotes.sentences import Token

_CALL: Final = frozenset({"called", "calls"})
_NOT_CALLED: Final = frozenset("off an a his her their its it out up in for on".split())
_ADVERBS: Final = frozenset("also afterwards later early late again only then".split())
_FINITE: Final = frozenset("has have had is was were are be been would will could should can may might must did does do".split())
_TITLE_WORDS = 4
_CONTRASTS: Final = frozenset("but while whereas and".split())
_UNREAL: Final = frozenset("if unless whether".split())
_NEGATIONS: Final = frozenset("never not nor".split())
_BEFORE_UNSAID: Final = frozenset("denied denies to will would could can may might must should".split())
_NEGATION_REACH = 3
_TELLING: Final = frozenset({"told", "tells", "warned", "warns"})
_FEWEST_WORDS = 3
_ASIDES: Final = PREPOSITIONS | _ADVERBS | {"that", ","}
_BEFORE_CLAUSE: Final = _ADVERBS | {"on", "in", "at"}
_OPEN_OBJECT: Final = DETERMINERS | PRONOUNS
_OPEN_CLAUSE: Final = _OPEN_OBJECT | {"there", "both", "those"}
_BEHIND_SPEAKER: Final = PREPOSITIONS | {"who", "whose", "yesterday"}
_LIGHT: Final = PREPOSITIONS | {"yesterday", "later", "last", "this"}
_PREDICATES: Final = AUXILIARIES - {"who"}

Reported = tuple[int, int, Mention, str, str]
"""(start offset, end offset, who says it, rule, cue)."""


def reported_speech(reader: SentenceReader) -> list[Reported]:
    """Return what a sentence without quotation reports, in order; an empty list for plain narration.

    Rules and cues are those of RULES; offsets are characters of the article.
    """
    tokens = reader.sentence.tokens
    if reader.sentence.has_quote or tokens[0].lower in _UNREAL:
        return []
    found = _trailing(reader) or _according_to(reader)
    if found is not None:
        return [found]
    reported: list[Reported] = []
    for verb in reader.verbs:
        if reported and verb < bisect_left(reader.sentence.starts, reported[-1][1]):
            adds = tokens[verb].lower.endswith("ing") and tokens[verb - 1].text == ","
            following = _after_that(reader, verb) if adds else None
            if following is not None:  # said the list was complete, adding that ...
                start, _, speaker, rule, cue = reported[-1]
                reported[-1] = (start, _end_before(reader, verb, start), speaker, rule, cue)
                reported.append((*_span(reader, following), speaker, "same-sentence", tokens[verb].text))
            continue
        if (hit := _after_verb(reader, verb)) is not None:
            reported.append(hit)
    return [hit for hit in reported or _from_noun(reader) if hit[0] < hit[1]]


def _after_verb(reader: SentenceReader, verb: int) -> Reported | None:
    tokens = reader.sentence.tokens
    cue = tokens[verb].lower
    following = tokens[verb + 1].lower if verb + 1 < len(tokens) else ""
    if verb == 0 or _is_unsaid(reader, verb) or (tokens[verb - 1].lower in PASSIVE and following != "as" and not cue.endswith("ing")):
        return None
    begin = verb + 1 if _judges(reader, verb) and cue not in JUDGING_BARE else _after_that(reader, verb)
    if begin is None and cue in _TELLING and any(t.lower == "not" for t in tokens[verb + 1 : verb + MOST_WORDS_BEFORE_THAT]):
        begin = verb + 1
    if begin is None and cue in INDIRECT_BARE:
        begin = _bare_clause(reader, verb)
    if begin is None and cue in JUDGING_BARE and following not in _NOT_CALLED and not _is_act(reader, verb) and _judges(reader, verb):
        begin = verb + 1
    if begin is None and (cue, following) in INDIRECT_PHRASES and not _is_named(reader, verb):
        begin = verb + 2
    if begin is None and cue in ("denied", "denies") and following.endswith("ing") and following != "saying":
        begin = verb + 1
    if begin is None or len(tokens) - begin < _FEWEST_WORDS:
        return None
    speaker = reader.subject(verb)
    if speaker is None or speaker.head == "it":
        return None
    return (*_span(reader, begin), speaker, "verb-before", tokens[verb].text)


def _is_unsaid(reader: SentenceReader, verb: int) -> bool:
    """True for "did not say", "never said", "refused to say", "is expected to say", "nobody said"."""
    tokens = reader.sentence.tokens
    near = range(max(0, verb - _NEGATION_REACH), verb)
    clause = max((index + 1 for index in near if tokens[index].text == ","), default=near.start)
    before = [token.lower for token in tokens[clause:verb]] or [""]
    if before[-1] in _BEFORE_UNSAID or before[-1].endswith(("n’t", "n't")):
        return True
    return bool(_NEGATIONS & set(before)) or tokens[0].lower == "nobody" or [t.lower for t in tokens[:2]] == ["no", "one"]


def _after_that(reader: SentenceReader, verb: int) -> int | None:
    """Return the token after the "that" of "told reporters on Monday that ..."; None where it belongs to another word."""
    tokens = reader.sentence.tokens
    if verb + 1 < len(tokens) and tokens[verb].lower not in _TELLING and not _is_aside(tokens[verb + 1]):
        return None  # lifted the sentence that ...
    for index in range(verb + 1, min(len(tokens), verb + 1 + MOST_WORDS_BEFORE_THAT)):
        lower = tokens[index].lower
        if lower == "that":
            follows = index + 1 < len(tokens) and tokens[index + 1].is_word
            return index + 1 if follows and tokens[index - 1].lower not in PREPOSITIONS else None
        if (index in reader.verbs and lower != "saying" and tokens[index - 1].lower != "statement") or tokens[index].text in ";:":
            return None
    return None


def _is_aside(token: Token) -> bool:
    """True for "that" and for what may stand before it: "on Monday", "repeatedly", "to reporters"."""
    return token.lower in _ASIDES or token.lower.endswith("ly")


def _bare_clause(reader: SentenceReader, verb: int) -> int | None:
    """Return where the clause begins in "said the deal was dead", "told parliament the army would stay"."""
    tokens = reader.sentence.tokens
    index = verb + 1
    while index < len(tokens) and tokens[index].lower in _BEFORE_CLAUSE:
        named = index + 1 < len(tokens) and tokens[index + 1].is_capitalised
        if tokens[index].lower in ("on", "in", "at") and not named:
            return None
        index += 1
        while index < len(tokens) and tokens[index].is_capitalised and tokens[index - 1].lower in _BEFORE_CLAUSE:
            index += 1
    if tokens[verb].lower in _TELLING:
        if index < len(tokens) and tokens[index].lower in DETERMINERS:
            return None  # told the crowd ...: nobody can say where those who were told end
        index += 1
    if index >= len(tokens) or not tokens[verb + 1].is_word:
        return None
    first = tokens[index]
    has_subject = first.lower in _OPEN_CLAUSE or first.is_capitalised
    return index if has_subject and _has_finite_verb(tokens[index + 1 :]) else None


def _has_finite_verb(tokens: Sequence[Token]) -> bool:
    return any(token.lower in _FINITE or (token.lower.endswith("ed") and len(token.lower) > 3) for token in tokens)


def _is_act(reader: SentenceReader, verb: int) -> bool:
    """True for "called the police", which has no judgement behind its object."""
    tokens = reader.sentence.tokens
    end = next((i for i in range(verb + 1, len(tokens)) if not tokens[i].is_word), len(tokens))
    return end - verb <= 3 or _is_named(reader, verb)


def _is_named(reader: SentenceReader, verb: int) -> bool:
    """True for "a village called NAME", "the agreement calls for"."""
    tokens = reader.sentence.tokens
    subject = reader.subject(verb)
    named = verb + 1 < len(tokens) and tokens[verb + 1].is_capitalised
    return named or subject is None or subject.head in ("agreement", "accord", "plan", "deal", "text")


def _judges(reader: SentenceReader, verb: int) -> bool:
    """True for a verb of judging with its judgement: "as ...", "of ...", "to ...", or with call and brand, any words."""
    tokens = reader.sentence.tokens
    cue = tokens[verb].lower
    behind = {token.lower for token in tokens[verb + 2 :]}
    if not behind or not tokens[verb + 1].is_word:
        return False
    if cue in JUDGING_BARE:
        opens = tokens[verb + 1].lower in _OPEN_OBJECT or tokens[verb + 1].is_capitalised
        return len(behind) > 1 and (opens or cue in _CALL)
    return (cue in JUDGING_AS and "as" in behind) or (cue in JUDGING_OF and bool({"of", "to", "for", "not"} & behind))


def _trailing(reader: SentenceReader) -> Reported | None:
    """Return the words of "CONTENT, NAME said." and "The truce, she said, would hold"."""
    tokens = reader.sentence.tokens
    for verb in reader.verbs:
        cue = tokens[verb].lower
        if verb == 0 or cue.endswith("ing") or cue in NEVER_TRAILING or tokens[verb - 1].lower in PASSIVE or _is_unsaid(reader, verb):
            continue
        inverted = tokens[verb - 1].text == "," and tokens[verb].lower in INDIRECT_BARE
        speaker = reader.inverted_subject(verb) if inverted else reader.subject(verb)
        if speaker is None:
            continue
        comma = (verb if inverted else speaker.first) - 1
        while comma > max(0, speaker.first - _TITLE_WORDS) and tokens[comma].is_word:  # ", port director NAME said"
            comma -= 1
        if comma < _FEWEST_WORDS - 1 or tokens[comma].text != "," or not _is_clause(reader, comma, verb):
            continue
        after = tokens[verb + 1] if verb + 1 < len(tokens) else None
        if inverted and (speaker.kind == "pronoun" or not _ends_attribution(tokens, speaker.last)):
            continue  # NAME, the envoy, said he ...
        if not inverted and after is not None and after.text == "," and verb + 2 < len(tokens):
            return (_opening(reader), _content_end(reader), speaker, "verb-before", tokens[verb].text)
        if inverted or after is None or _closes(reader, verb):
            return (_opening(reader), reader.sentence.ends[comma - 1], speaker, "verb-after", tokens[verb].text)
    return None


def _ends_attribution(tokens: Sequence[Token], index: int) -> bool:
    return index >= len(tokens) or not tokens[index].is_word or tokens[index].lower in _BEHIND_SPEAKER


def _is_clause(reader: SentenceReader, comma: int, verb: int) -> bool:
    """True where the words before the comma are a sentence of their own, or the first part of one."""
    tokens = reader.sentence.tokens
    if tokens[0].lower in PREPOSITIONS or tokens[0].lower in ("when", "while", "as", "asked", "after", "before", "if"):
        return False
    inserted = verb + 1 < len(tokens) and tokens[verb + 1].text == ","
    return inserted or _has_finite_verb(tokens[1:comma])


def _closes(reader: SentenceReader, verb: int) -> bool:
    """True where nothing of weight follows the verb, as in "she said on Monday"."""
    tokens = reader.sentence.tokens
    rest = tokens[verb + 1 :]
    if not rest or not rest[0].is_word:
        return True
    return rest[0].lower in _LIGHT and not any(t.lower == "that" for t in rest)


def _according_to(reader: SentenceReader) -> Reported | None:
    """Return the words of "According to NAME, CONTENT", "CONTENT, according to NAME", "In the view of NAME, CONTENT"."""
    hit = reader.source
    if hit is None or hit.cue == "per":
        return None
    tokens = reader.sentence.tokens
    first = next(i for i, t in enumerate(tokens) if t.lower == hit.cue.split()[0])
    if first <= _FEWEST_WORDS and tokens[0].lower in ("according", "in"):
        comma = next((i for i in range(hit.mention.last, len(tokens)) if tokens[i].text == ","), None)
        if comma is None or len(tokens) - comma <= _FEWEST_WORDS:
            return None
        return (*_span(reader, comma + 1), hit.mention, "according-to", hit.cue)
    if first < _FEWEST_WORDS or tokens[first - 1].text != ",":
        return None
    inserted = next((i for i in range(hit.mention.last, len(tokens)) if tokens[i].text == ","), None)
    goes_on = inserted is not None and inserted + 1 < len(tokens) and tokens[inserted + 1].lower in _PREDICATES
    end = _content_end(reader) if goes_on else reader.sentence.ends[first - 2]
    return (_opening(reader), end, hit.mention, "according-to", hit.cue)


def _from_noun(reader: SentenceReader) -> list[Reported]:
    """Return the words of "NAME expressed hope that ...", "NAME's view is that ...", "NAME made clear that ..."."""
    tokens = reader.sentence.tokens
    for index in range(1, len(tokens) - _FEWEST_WORDS):
        before = {t.lower for t in tokens[max(0, index - 3) : index]}
        clear = tokens[index - 1].lower == "clear" and bool({"made", "makes"} & before)
        if tokens[index].lower != "that" or not (before & INDIRECT_NOUNS or clear):
            continue
        speaker = next((m for m in reader.mentions if m.last < index and not m.preposition), None)
        if speaker is not None:
            named = reader.named_behind(speaker)
            return [(*_span(reader, index + 1), named, "view", tokens[index - 1].text)]
    return []


def _span(reader: SentenceReader, first: int) -> tuple[int, int]:
    """Return the offsets of the words from token `first` on, up to where somebody else begins to speak."""
    tokens = reader.sentence.tokens
    for index in range(first + 1, len(tokens) - 1):
        parts = tokens[index].text == ";" or (tokens[index].text == "," and tokens[index + 1].lower in _CONTRASTS)
        if parts and any(verb > index and (who := reader.subject(verb)) is not None and who.first > index for verb in reader.verbs):
            return reader.sentence.starts[first], reader.sentence.ends[index - 1]
    return reader.sentence.starts[first], _content_end(reader)


def _opening(reader: SentenceReader) -> int:
    """Return where the sentence's words begin, behind a dateline."""
    return reader.sentence.starts[dateline_end(reader.sentence.tokens)]


def _content_end(reader: SentenceReader) -> int:
    """Return where the sentence's words end, its full stop left out."""
    tokens = reader.sentence.tokens
    last = len(tokens) - 1
    while last and not tokens[last].is_word and tokens[last].text in ".?!,;:":
        last -= 1
    return reader.sentence.ends[last]


def _end_before(reader: SentenceReader, verb: int, start: int) -> int:
    """Return where the words before ", adding that" end."""
    tokens = reader.sentence.tokens
    last = verb - 1
    while last and not tokens[last].is_word and reader.sentence.ends[last] > start:
        last -= 1
    return reader.sentence.ends[last]
