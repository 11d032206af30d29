"""The rules that find a quotation's speaker in its own sentence; the first that fits decides.

A rule reads one sentence whose quotations are already folded into single tokens. RULES names all
rules, also those of stance.quotes.speakers, with the confidence that a speaker found so deserves.
"""

from functools import cached_property
from itertools import pairwise
from typing import Final

from stance.quotes.cues import POSSESSIVES, SAYING_FORMS, VIEW_NOUNS
from stance.quotes.people import DETERMINERS, PREPOSITIONS, Mention
from stance.quotes.sentences import Sentence, Token

RULES: Final = {
    "verb-after": 0.95,  # "...," said the minister / "...," the minister said
    "signed": 0.9,  # "..." - NAME
    "verb-before": 0.9,  # The minister said that "..."
    "according-to": 0.9,  # According to the minister, it was "..."
    "same-sentence": 0.85,  # "...," he said, adding that "..."
    "continued": 0.85,  # a quotation that goes on in the next paragraph
    "announced": 0.8,  # The minister said: (and the quotation is the next paragraph)
    "reported-before": 0.6,  # The minister shook his head. "..."
    "same-paragraph": 0.75,  # "...," he said. "..."
    "view": 0.7,  # In his opinion it was "..."
    "subject": 0.5,  # The minister returned to "..."
    "neighbour": 0.45,  # nobody is named; the speaker of the paragraph before
}

_DASHES: Final = frozenset("-–—―")
_REACH = 14  # tokens between a quotation and the verb that ascribes it
_NOUN_MARKERS: Final = frozenset(
    "the a an this that these those his her their its our my no any some of in on for with by to at from such and’s".split()
)
_AUXILIARIES: Final = frozenset(
    "has have had is was were are be been would will could should may might must did does do also then later once again just now "
    "first still already even only twice recently repeatedly not n't to who".split()
)
_WHEN: Final = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday yesterday today earlier last week month year night on".split()
)
_APPOSITION_STARTS: Final = frozenset(
    "who which whose the a an one now then former formerly himself herself head chief director president who’s also both and".split()
)
_CONJUNCTIONS: Final = frozenset("as after before than".split())
_CHUNK_STOPS: Final = frozenset("who which that in at on during after before when while as from to of with by told".split())
_CHUNK_TOKENS = 6
_PHRASE_TOKENS = 6
_JOINERS: Final = frozenset("and or but nor that".split())


class SentenceReader:
    """The rules that look at one sentence."""

    def __init__(self, sentence: Sentence, mentions: list[Mention]) -> None:
        self.sentence, self.mentions = sentence, mentions
        self._tokens, self._mentions = sentence.tokens, mentions
        self._verbs = [i for i in range(len(self._tokens)) if self._is_saying_verb(i)]

    def speaker_of(self, position: int, previous: Mention | None) -> tuple[Mention, str] | None:
        """Return (mention, rule) for the quotation at token `position`."""
        signature = self._signature(position)
        if signature is not None:
            return signature, "signed"
        after = self._verb_after(position)
        if after is not None and self._leads_on(position):
            return after, "verb-after"
        before = self._verb_before(position, previous)
        if before is not None:
            return before
        if after is not None:
            return after, "verb-after"
        return self._according_to or self._view or self._subject_rule(position)

    def reported_speaker(self) -> Mention | None:
        """Return whoever the sentence lets speak, quoted or not: its last saying verb's subject."""
        for verb in reversed(self._verbs):
            if (subject := self._subject(verb)) is not None:
                return subject
        return next((m for m in self._mentions if not m.preposition), None)

    def _is_saying_verb(self, index: int) -> bool:
        token = self._tokens[index]
        if not token.is_word or token.text not in SAYING_FORMS:
            return False
        before = self._tokens[index - 1].text.lower() if index else ""
        return before not in _NOUN_MARKERS and not before.endswith(("’s", "'s"))

    def _leads_on(self, position: int) -> bool:
        """True where the quotation's end shows that its sentence goes on with who said it."""
        inside = self._tokens[position].text.rstrip(" ’'")
        following = self._tokens[position + 1].text if position + 1 < len(self._tokens) else ""
        return inside[-1:] in tuple(",?!—…-.") or following == ","

    def _signature(self, position: int) -> Mention | None:
        """Return NAME of a quotation that ends in "- NAME" and nothing else."""
        rest = self._tokens[position + 1 :]
        if not rest or rest[0].text not in _DASHES:
            return None
        name = next((m for m in self._mentions if m.first == position + 2 and m.kind == "name"), None)
        return name if name and all(not t.is_word for t in self._tokens[name.last : name.last + 1]) else None

    def _verb_after(self, position: int) -> Mention | None:
        start = position + 1
        while start < len(self._tokens) and self._tokens[start].text in {",", *_DASHES}:
            start += 1
        if start >= len(self._tokens):
            return None
        if start in self._verbs:
            return self._object_of(start)
        subject = next((m for m in self._mentions if m.first >= start), None)
        if subject is None or subject.first - start > 3 or any(not t.is_word for t in self._tokens[start : subject.first]):
            verb = next((v for v in self._verbs if v > start), None)
            near = verb is not None and verb - start < _PHRASE_TOKENS and self._tokens[start].text.lower() in DETERMINERS
            plain = near and all(t.is_word for t in self._tokens[start:verb])
            return self._phrase(start, verb) if plain and verb is not None else None
        subject = self._last_adjacent(subject)
        for index in range(subject.last, min(len(self._tokens), subject.last + _REACH)):
            if self._tokens[index].quote is not None:
                return None
            if index in self._verbs:
                return subject
        return None

    def _object_of(self, verb: int) -> Mention | None:
        """Return who follows an inverted verb: a known mention, or the bare words after it."""
        limit = verb + 1 + _CHUNK_TOKENS
        for mention in self._mentions:
            if verb < mention.first < limit and not any(t.text in ",:" for t in self._tokens[verb + 1 : mention.first]):
                if mention.preposition:
                    break
                return self._last_adjacent(mention)
        end = verb + 1
        while end < min(len(self._tokens), limit) and self._tokens[end].is_word and self._tokens[end].text.lower() not in _CHUNK_STOPS:
            end += 1
        if end - verb < 3:
            return None
        return self._phrase(verb + 1, end)

    def _verb_before(self, position: int, previous: Mention | None) -> tuple[Mention, str] | None:
        for verb in reversed([v for v in self._verbs if v < position]):
            if self._tokens[verb].text.endswith("ing") and previous is not None:
                return previous, "same-sentence"
            subject = self._subject(verb)
            if subject is None and self._tokens[position - 1].text == ":":
                subject = self._object_of(verb)
            if subject is not None:
                return subject, "verb-before"
        return None

    def _subject(self, verb: int) -> Mention | None:
        index = verb - 1
        while index >= 0 and self._is_skippable(self._tokens[index]):
            index -= 1
        if index < 0:
            return None
        if self._tokens[index].text == ",":
            return self._behind_apposition(index) or self._main_subject(verb)
        if self._tokens[index].text.lower() == "as":  # quoted NAME as saying
            return next((m for m in self._mentions if m.last == index), None)
        ending = next((m for m in self._mentions if m.last == index + 1), None) or self._bare_phrase(index)
        if ending is not None and (head := self._head_of_clause(ending)) is not None:
            return head
        while ending is not None and ending.preposition and ending.preposition not in _CONJUNCTIONS:
            ending = self._governor(ending)
        return ending or self._main_subject(verb)

    def _head_of_clause(self, mention: Mention) -> Mention | None:
        """Return "a rebel" of "a rebel who fought NAME", given the name."""
        for index in range(mention.first - 1, max(-1, mention.first - 4), -1):
            if self._tokens[index].text.lower() in ("who", "whose"):
                return next((m for m in self._mentions if m.last == index), None)
        return None

    def _bare_phrase(self, last: int) -> Mention | None:
        """Return "the harbour pilot" where its last word stands at `last`: a determiner and a few plain words."""
        for first in range(last, max(-1, last - _PHRASE_TOKENS), -1):
            token = self._tokens[first]
            lower = token.text.lower()
            if not token.is_word or lower in _JOINERS or lower in PREPOSITIONS:
                return None
            if lower in DETERMINERS and first < last:
                governed = first > 0 and self._tokens[first - 1].text.lower() in PREPOSITIONS - _CONJUNCTIONS
                return None if governed else self._phrase(first, last + 1)
        return None

    def _phrase(self, first: int, end: int) -> Mention:
        """Return tokens[first:end] as a mention of somebody without a name."""
        chunk = self._tokens[first:end]
        text = " ".join(t.text for t in chunk)
        return Mention("office", first, end, chunk[0].start, chunk[-1].end, text, chunk[-1].text.lower(), "")

    def _governor(self, mention: Mention) -> Mention | None:
        """Return "a spokesman" of "a spokesman for the ministry", given the ministry."""
        return next((m for m in reversed(self._mentions) if mention.first - 3 <= m.last < mention.first), None)

    @staticmethod
    def _is_skippable(token: Token) -> bool:
        lower = token.text.lower()
        return token.is_word and (lower in _AUXILIARIES or lower in _WHEN or lower.endswith("ly"))

    def _behind_apposition(self, comma: int) -> Mention | None:
        """Return the head of "NAME, the director of X, said" or "director of X, NAME, said"."""
        inner = next((m for m in self._mentions if m.last == comma), None)
        if inner and inner.kind == "name" and inner.first > 0 and self._tokens[inner.first - 1].text == ",":
            return inner
        for index in range(comma - 1, 0, -1):
            if self._tokens[index].text != ",":
                continue
            head = next((m for m in self._mentions if m.last == index), None)
            following = self._tokens[index + 1].text.lower()
            opens = (
                following in _APPOSITION_STARTS
                or following[0].isdigit()
                or any(m.first == index + 1 and m.kind == "office" for m in self._mentions)
            )
            if head is not None and opens:
                return head
        return None

    def _main_subject(self, verb: int) -> Mention | None:
        """Return the first mention before `verb` that no preposition governs."""
        subject = next((m for m in self._mentions if m.last <= verb and not m.preposition), None)
        return self._last_adjacent(subject) if subject else None

    def _last_adjacent(self, mention: Mention) -> Mention:
        """Return the last of mentions that stand side by side ("Taliban spokesman NAME")."""
        while (after := next((m for m in self._mentions if m.first == mention.last), None)) is not None:
            mention = after
        return mention

    @cached_property
    def _according_to(self) -> tuple[Mention, str] | None:
        for index, (token, after) in enumerate(pairwise(self._tokens)):
            if token.text.lower() == "according" and after.text == "to":
                source = next((m for m in self._mentions if m.first >= index + 2), None)
                if source is not None and source.first <= index + 5:
                    return self._last_adjacent(source), "according-to"
        return None

    @cached_property
    def _view(self) -> tuple[Mention, str] | None:
        for index, (token, noun) in enumerate(pairwise(self._tokens)):
            pronoun = POSSESSIVES.get(token.text.lower())
            if pronoun and noun.text.lower() in VIEW_NOUNS:
                return Mention("pronoun", index, index + 1, token.start, token.end, token.text, pronoun, ""), "view"
        return None

    def _subject_rule(self, position: int) -> tuple[Mention, str] | None:
        subject = self._main_subject(position)
        return (subject, "subject") if subject else None
