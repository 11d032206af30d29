"""The rules that find a quotation's speaker in its own sentence; the first that fits decides.

A rule reads one sentence whose quotations are already folded into single tokens. RULES names all
rules, also those of stance.quotes.speakers and stance.quotes.turns.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from stance.quotes.clauses import DASHES, PASSIVE, PHRASE_TOKENS, Clauses
from stance.quotes.lexicon import AUXILIARIES, DETERMINERS, POSSESSIVES, VIEW_NOUNS
from stance.quotes.mentions import Mention, phrase


@dataclass(frozen=True, slots=True)
class Rule:
    """How sure a speaker is that the rule found, and what the rule looks for."""

    confidence: float
    meaning: str


# The confidence of a rule is how often it was right (`stance data quotes --rules`); rules seen seldom are set beside their like.
RULES: Final = {
    "verb-after": Rule(0.94, "a verb of saying with its subject follows: “...,” said the minister"),
    "turn": Rule(0.85, "a turn of an interview begins with the name: MINISTER: ..."),
    "signed": Rule(0.95, "a dash and a name follow: “...” - NAME"),
    "verb-before": Rule(0.86, "a verb of saying with its subject goes before: the minister said that “...”"),
    "according-to": Rule(0.88, "the sentence names its source: according to the minister; as the minister put it"),
    "same-sentence": Rule(0.83, "the sentence has its speaker already: “...,” he said, adding that “...”"),
    "continued": Rule(0.9, "the quotation goes on over paragraphs"),
    "announced": Rule(0.88, "the paragraph before ends in a colon: the minister said:"),
    "same-paragraph": Rule(0.92, "the quotation beside it in the paragraph has this speaker: “...,” he said. “...”"),
    "view": Rule(0.7, "a possessive tells whose view it is: in his opinion"),
    "paragraph": Rule(0.7, "the sentence is about something; whoever spoke before in the paragraph goes on"),
    "reported-before": Rule(0.74, "the sentence before lets somebody speak: the minister shook his head. “...”"),
    "subject": Rule(0.66, "nobody says anything; the sentence's subject: the minister returned to “...”"),
    "neighbour": Rule(0.45, "nobody is named; the speaker of the paragraph before"),
}

_REACH = 34  # tokens between a quotation and the verb that ascribes it
_SIGNATURE_WORDS = 8
_BEFORE_SAYING: Final = DASHES | {","}
_NEW_CLAUSE: Final = frozenset("while but and as when though although because after before since which that whereas".split())
_OBJECTS: Final = {"him": "he", "her": "she", "them": "they"}
_SOURCE_NOUNS: Final = frozenset("words view opinion eyes".split())


@dataclass(frozen=True, slots=True)
class Hit:
    """Who a rule found, which rule it was, and the word that decided."""

    mention: Mention
    rule: str
    cue: str


class SentenceReader(Clauses):
    """The rules that look at one sentence."""

    def speaker_of(self, position: int, previous: Mention | None) -> Hit | None:
        """Return who says the quotation at token `position`; `previous` said the one before it in the sentence."""
        if (signature := self._signature(position)) is not None:
            return Hit(signature, "signed", "-")
        after = self._verb_after(position)
        if after is not None and self._leads_on(position):
            return after
        return self._verb_before(position, previous) or after or self.source or self._view or self._subject_rule(position)

    def only_name(self) -> Mention | None:
        """Return the name of a sentence that is nothing but a name, as a signature is."""
        name = next((m for m in self.mentions if m.kind == "name"), None)
        words = [token for token in self._tokens if token.is_word]
        alone = len(words) <= _SIGNATURE_WORDS and self._tokens[-1].text != "." and not self.verbs
        return name if name is not None and alone and name.first <= 1 and " " in name.head else None

    def _leads_on(self, position: int) -> bool:
        """True where the quotation's end shows that its sentence goes on with who said it."""
        inside = self._tokens[position].text.rstrip(" ’'")
        following = self._tokens[position + 1].text if position + 1 < len(self._tokens) else ""
        return inside[-1:] in tuple(",?!—…-.") or following == ","

    def _signature(self, position: int) -> Mention | None:
        """Return NAME of a quotation that ends in "- NAME" and nothing else."""
        rest = self._tokens[position + 1 :]
        if not rest or rest[0].text not in DASHES:
            return None
        name = next((m for m in self.mentions if m.first in range(position + 2, position + 4) and m.kind == "name"), None)
        return name if name and all(not t.is_word for t in self._tokens[name.last : name.last + 1]) else None

    def _verb_after(self, position: int) -> Hit | None:
        start = position + 1
        while start < len(self._tokens) and self._tokens[start].text in _BEFORE_SAYING:
            start += 1
        if start >= len(self._tokens):
            return None
        if start in self.verbs:
            speaker = None if self._tokens[start].lower.endswith("ing") else self.inverted_subject(start)
            return Hit(self.named_behind(speaker), "verb-after", self._tokens[start].text) if speaker else None
        subject = next((m for m in self.mentions if m.first >= start), None)
        if subject is not None and self._tokens[start].lower in ("one", "another", "some") and subject.first - start <= PHRASE_TOKENS:
            start = subject.first  # one of them, NAME, said
        between = self._tokens[start : subject.first] if subject else ()
        if subject is None or len(between) > 3 or any(not t.is_word or t.lower in _NEW_CLAUSE for t in between):
            verb = next((v for v in self.verbs if v > start), None)
            near = verb is not None and verb - start < PHRASE_TOKENS and self._tokens[start].lower in DETERMINERS
            near = near and not any(t.lower in AUXILIARIES for t in self._tokens[start:verb])
            if near and verb is not None and all(t.is_word for t in self._tokens[start:verb]):
                return Hit(phrase(self.sentence, start, verb), "verb-after", self._tokens[verb].text)
            return None
        subject = self.with_partner(self.last_adjacent(subject))
        for index in range(subject.last, min(len(self._tokens), subject.last + _REACH)):
            if self._tokens[index].quote is not None:
                return None
            if index in self.verbs:
                if (agent := self.agent(index)) is not None:
                    return Hit(agent, "verb-after", self._tokens[index].text)
                closer = next((m for m in self.mentions if m.last == index and self._tokens[m.first - 1].text == ","), None)
                inserted = closer is not None and closer.kind == "pronoun" and closer.first > subject.last  # "..., she said, ..."
                return Hit(closer if inserted and closer else self.named_behind(subject), "verb-after", self._tokens[index].text)
        return None

    def _verb_before(self, position: int, previous: Mention | None) -> Hit | None:
        before = [v for v in self.verbs if v < position]
        for verb in reversed(before):
            cue = self._tokens[verb].text
            if (agent := self.agent(verb)) is not None:
                return Hit(agent, "verb-before", cue)
            if verb and self._tokens[verb - 1].lower in PASSIVE and verb != before[0]:
                continue  # "said that the rebels had been told"
            if cue.endswith("ing"):
                if previous is not None:
                    return Hit(previous, "same-sentence", cue)
                subject = self.subject(verb)
            elif self._tokens[verb - 1].lower == "to":  # asked the crowd to welcome: somebody asked
                subject = self.clause_subject(verb) if verb == before[0] else None
            else:
                subject = self.subject(verb)
            if subject is None and self._tokens[position - 1].text == ":":
                subject = self.inverted_subject(verb)
            if subject is not None:
                return Hit(subject, "verb-before", cue)
        return None

    @cached_property
    def source(self) -> Hit | None:
        """Who is named by "according to NAME", "in the words of NAME", "per NAME", "as NAME put it"."""
        words = [token.lower for token in self._tokens]
        for index, (word, after) in enumerate(pairwise(words)):
            if (word == "according" and after == "to") or (word in _SOURCE_NOUNS and after == "of" and index and words[index - 1] == "the"):
                source = next((m for m in self.mentions if m.first >= index + 2), None)
                if source is not None and source.first <= index + 5:
                    return Hit(self.last_adjacent(source), "according-to", f"{word} {after}")
                token = self._tokens[index + 2] if index + 2 < len(words) else None
                if token is not None and token.lower in _OBJECTS:
                    pronoun = _OBJECTS[token.lower]
                    return Hit(self._pronoun(index + 2, pronoun), "according-to", word)
            if word == "per" and (source := next((m for m in self.mentions if m.preposition == "per"), None)) is not None:
                return Hit(source, "according-to", word)
            if word in ("put", "puts") and after in ("it", "them") and (subject := self.subject(index)) is not None:
                return Hit(subject, "according-to", f"{word} {after}")
        return None

    @cached_property
    def _view(self) -> Hit | None:
        """Whose view it is: "in his opinion", "NAME's claim that"."""
        for index, (token, noun) in enumerate(pairwise(self._tokens)):
            if noun.lower not in VIEW_NOUNS:
                continue
            if (pronoun := POSSESSIVES.get(token.lower)) is not None:
                return Hit(self._pronoun(index, pronoun), "view", f"{token.text} {noun.text}")
            if token.lower.endswith(("’s", "'s", "s’", "s'")):
                owner = next((m for m in self.mentions if m.first <= index < m.last), None)
                if owner is not None:
                    return Hit(owner, "view", f"{token.text} {noun.text}")
        return None

    def _pronoun(self, index: int, pronoun: str) -> Mention:
        """Return "him" or "his" as a mention of him."""
        start, end = self.sentence.starts[index], self.sentence.ends[index]
        return Mention("pronoun", index, index + 1, start, end, self._tokens[index].text, pronoun)

    def _subject_rule(self, position: int) -> Hit | None:
        subject = next((m for m in self.mentions if m.last <= position and not m.preposition and m.head != "who"), None)
        return Hit(self.named_behind(self.last_adjacent(subject)), "subject", "") if subject else None
