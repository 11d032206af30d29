"""Who does what the verbs of a sentence say: the grammar that the attribution rules stand on, without a parser."""

from dataclasses import replace
from functools import cached_property
from typing import Final

from stance.quotes.lexicon import (
    APPOSITION_STARTS,
    AUXILIARIES,
    DETERMINERS,
    DOCUMENT_SAYING,
    DOCUMENTS,
    GROUPS,
    NOUN_MARKERS,
    PLURAL_OFFICES,
    PREPOSITIONS,
    SAYING,
    SAYING_BASE,
)
from stance.quotes.mentions import Mention, phrase
from stance.quotes.sentences import Sentence, Token

DASHES: Final = frozenset("-–—―")
_REACH = 34  # tokens back to where a parenthesis opens
_CHUNK_STOPS: Final = frozenset("who which that in at on during after before when while as from to of with by told".split())
_CHUNK_TOKENS = 6
PHRASE_TOKENS = 6
_CONJUNCTIONS: Final = frozenset("as after before than".split())
_LINKS: Final = frozenset("and or but nor that".split())
_CLAUSE_STARTS: Final = frozenset(", ; : ( and but".split())
_NOT_BEFORE_TO: Final = frozenset("continue continues continued continuing".split())
PASSIVE: Final = frozenset("been being be was were is are".split())
_BEFORE_INFINITIVE: Final = frozenset("to did not didn’t didn't".split())
_VERB_FORMS: Final = SAYING | SAYING_BASE | DOCUMENT_SAYING
_DOCUMENT_REACH = 5
_NEVER_NOUNS: Final = frozenset("says tells writes thinks adds insists argues warns asks admits denies concedes".split())
_PLURAL_PRONOUNS: Final = frozenset("they we i who you".split())
_GOVERNING: Final = PREPOSITIONS - _CONJUNCTIONS
_NEVER_BETWEEN: Final = PREPOSITIONS | _LINKS | SAYING | AUXILIARIES | _CHUNK_STOPS
_NOT_IN_PHRASE: Final = _LINKS | PREPOSITIONS | AUXILIARIES | {"ought"}
_DATELINE_TOKENS, _SHORTEST_DATELINE = 12, 3


class Clauses:
    """The verbs of saying of one sentence, and their subjects."""

    def __init__(self, sentence: Sentence, mentions: list[Mention]) -> None:
        opening = dateline_end(sentence.tokens) if mentions else 0
        self.sentence, self._tokens = sentence, sentence.tokens
        self.mentions = [mention for mention in mentions if mention.first >= opening] if opening else mentions

    def reported_speaker(self) -> Mention | None:
        """Return whoever the sentence lets speak, quoted or not: the last verb of saying of a main clause has it as subject."""
        subjects = [subject for verb in self.verbs if (subject := self.subject(verb)) is not None and subject.head != "who"]
        if subjects:
            return self.named_behind(next((s for s in reversed(subjects) if self._opens_clause(s)), subjects[0]))
        first = next((m for m in self.mentions if not m.preposition), None)
        return self.named_behind(self.last_adjacent(first)) if first else None

    def _opens_clause(self, mention: Mention) -> bool:
        """True for a mention at the sentence's start, or after a comma or "but": no "that" makes its clause another's words."""
        return mention.first == 0 or self._tokens[mention.first - 1].lower in _CLAUSE_STARTS

    @cached_property
    def verbs(self) -> list[int]:
        """The tokens that are verbs of saying, in order."""
        return [i for i, token in enumerate(self._tokens) if token.lower in _VERB_FORMS and self._is_verb(i)]

    def _is_verb(self, index: int) -> bool:
        token = self._tokens[index]
        before = self._tokens[index - 1].lower if index else ""
        if token.lower in _NOT_BEFORE_TO and index + 1 < len(self._tokens) and self._tokens[index + 1].lower == "to":
            return False
        if token.lower in SAYING_BASE and token.lower not in SAYING:
            said = before in _BEFORE_INFINITIVE or (before in AUXILIARIES and token.lower == "say")
            return said or (index > 0 and self._is_plural(self._tokens[index - 1]))
        if token.lower in DOCUMENT_SAYING and token.lower not in SAYING:
            return any(t.lower in DOCUMENTS for t in self._tokens[max(0, index - _DOCUMENT_REACH) : index])
        if token.lower.endswith("s") and token.lower not in _NEVER_NOUNS:  # "the talks", "new posts"
            return any(m.last == index for m in self.mentions) or before in (",", "") or before.endswith("ly") or before in AUXILIARIES
        return not token.is_capitalised and before not in NOUN_MARKERS and not before.endswith(("’s", "'s"))

    @staticmethod
    def _is_plural(token: Token) -> bool:
        plural = token.is_capitalised and token.text.isalpha() and token.lower.endswith("s")
        return token.lower in _PLURAL_PRONOUNS or token.lower in PLURAL_OFFICES or token.lower in GROUPS or plural

    def inverted_subject(self, verb: int) -> Mention | None:
        """Return who follows an inverted verb ("said the minister"): a known mention, or the bare words after it."""
        if [token.lower for token in self._tokens[verb + 1 : verb + 4]] == ["one", "of", "them"]:  # said one of them, NAME
            return self.named_behind(phrase(self.sentence, verb + 1, verb + 4))
        limit = verb + 1 + _CHUNK_TOKENS
        for mention in self.mentions:
            if verb < mention.first < limit and not any(t.text in ",:" for t in self._tokens[verb + 1 : mention.first]):
                if mention.preposition:
                    break
                return self.with_partner(self.last_adjacent(mention))
        end = verb + 1
        while end < min(len(self._tokens), limit) and self._tokens[end].is_word and self._tokens[end].lower not in _CHUNK_STOPS:
            end += 1
        return phrase(self.sentence, verb + 1, end) if end - verb >= 3 else None

    def named_behind(self, mention: Mention) -> Mention:
        """Return NAME of "the governor, NAME," and "the head of the divers, NAME,", given the office."""
        comma = next(
            (i for i in range(mention.last, min(len(self._tokens), mention.last + PHRASE_TOKENS)) if self._tokens[i].text == ","), -1
        )
        if mention.kind != "office" or comma < 0 or any(not t.is_word or t.lower in SAYING for t in self._tokens[mention.last : comma]):
            return mention
        name = next((m for m in self.mentions if m.first in (comma + 1, comma + 2) and m.kind == "name"), None)
        ends = name is not None and (name.last == len(self._tokens) or not self._tokens[name.last].is_word or name.last in self.verbs)
        return name if name is not None and ends else mention

    def subject(self, verb: int) -> Mention | None:
        """Return who does what the verb at token `verb` says, looking backwards; None where nobody is before it."""
        if self._tokens[verb - 1].lower == "as":  # quoted NAME as saying; NAME was quoted by the radio as saying
            quoted = next((m for m in self.mentions if m.last == verb - 1), None)
            return quoted if quoted is not None and quoted.preposition != "by" else self.clause_subject(verb)
        if self._tokens[verb].lower.endswith("ing"):
            if verb - 2 in self.verbs and self._tokens[verb - 1].text == ",":  # a source said, describing ...
                return self.subject(verb - 2)
            return next((m for m in self.mentions if m.last == verb), None) or self.clause_subject(verb)
        index = self._before_parenthesis(verb - 1)
        while index >= 0 and self._is_skippable(self._tokens[index]):
            index -= 1
        index = self._before_parenthesis(index)
        if index < 0:
            return None
        if self._tokens[index].text == ",":
            return self._behind_apposition(index) or self.clause_subject(verb)
        ending = next((m for m in self.mentions if m.last == index + 1), None) or self._bare_phrase(index)
        if ending is not None and (head := self._head_of_clause(ending)) is not None:
            return head
        while ending is not None and ending.preposition and ending.preposition not in _CONJUNCTIONS:
            ending = self._governor(ending) or self._bare_phrase(ending.first - 2)
        return self._with_partner_before(ending) if ending else self.clause_subject(verb)

    def agent(self, verb: int) -> Mention | None:
        """Return NAME of "was described by NAME"; None for an active verb."""
        if not verb or self._tokens[verb - 1].lower not in PASSIVE:
            return None
        return next((m for m in self.mentions if m.preposition == "by" and m.first in (verb + 2, verb + 3)), None)

    def _before_parenthesis(self, index: int) -> int:
        """Return the token before "(R-Ohio)" where that ends at `index`, else `index`."""
        if index < 0 or self._tokens[index].text != ")":
            return index
        for opening in range(index - 1, max(-1, index - _REACH), -1):
            if self._tokens[opening].text == "(":
                return opening - 1
        return index

    def _with_partner_before(self, mention: Mention) -> Mention:
        """Return "X and Y" as one mention, given Y."""
        first = next((m for m in self.mentions if m.last == mention.first - 1), None)
        joined = first is not None and self._tokens[first.last].lower in ("and", "&")
        if first is None or not joined or first.preposition or "pronoun" in (first.kind, mention.kind):
            return mention
        return replace(first, last=mention.last, end=mention.end, partner=mention)

    def with_partner(self, mention: Mention) -> Mention:
        """Return "X and Y" as one mention, given X."""
        follows = mention.last < len(self._tokens) and self._tokens[mention.last].lower in ("and", "&")
        second = next((m for m in self.mentions if m.first == mention.last + 1), None) if follows else None
        if second is None or "pronoun" in (mention.kind, second.kind):
            return mention
        second = self.last_adjacent(second)
        return replace(mention, last=second.last, end=second.end, partner=second)

    def _head_of_clause(self, mention: Mention) -> Mention | None:
        """Return "a rebel" of "a rebel who fought NAME", given the name."""
        for index in range(mention.first - 1, max(-1, mention.first - 4), -1):
            if self._tokens[index].lower in ("who", "whose"):
                return next((m for m in self.mentions if m.last == index), None)
        return None

    def _bare_phrase(self, last: int) -> Mention | None:
        """Return "the harbour pilot" where its last word stands at `last`: a determiner and a few plain words."""
        for first in range(last, max(-1, last - PHRASE_TOKENS), -1):
            token = self._tokens[first]
            if not token.is_word or token.lower in _NOT_IN_PHRASE:
                return None
            if token.lower in DETERMINERS and first < last:
                governed = first > 0 and self._tokens[first - 1].lower in _GOVERNING
                return None if governed else phrase(self.sentence, first, last + 1)
        return None

    def _governor(self, mention: Mention) -> Mention | None:
        """Return "a spokesman" of "a spokesman for the ministry", given the ministry."""
        return next((m for m in reversed(self.mentions) if mention.first - 3 <= m.last < mention.first), None)

    @staticmethod
    def _is_skippable(token: Token) -> bool:
        return token.is_word and token.text != "WHO" and (token.lower in AUXILIARIES or token.lower.endswith("ly"))

    def _behind_apposition(self, comma: int) -> Mention | None:
        """Return the head of "NAME, the director of X, said" or "director of X, NAME, said"."""
        inner = next((m for m in self.mentions if m.last == comma), None)
        if inner and inner.kind == "name" and inner.first > 0 and self._tokens[inner.first - 1].text == ",":
            outer = next((m for m in self.mentions if m.last == inner.first - 1), None)
            return outer if outer and outer.kind == "name" and not outer.preposition else inner  # NAME, R-Ohio, said
        for index in range(comma - 1, 0, -1):
            if self._tokens[index].text != ",":
                continue
            head = next((m for m in self.mentions if m.last == index), None)
            following = self._tokens[index + 1].lower
            opens = (
                following in APPOSITION_STARTS
                or following[:1].isdigit()
                or any(m.first == index + 1 and m.kind == "office" for m in self.mentions)
            )
            if head is not None and opens:
                return (self._governor(head) or head) if head.preposition in ("in", "of", "for", "at", "from") else head
        return None

    def clause_subject(self, verb: int) -> Mention | None:
        """Return the nearest mention before `verb` that opens a clause, else the first that no preposition governs."""
        for mention in reversed(self.mentions):
            if mention.last > verb or mention.preposition:
                continue
            inserted = mention.first > 0 and self._tokens[min(mention.last, verb)].text[0] in ",’'"
            if self._opens_clause(mention) and mention.kind != "office" and mention.last < verb and not inserted:
                return self.last_adjacent(mention)
        subject = next((m for m in self.mentions if m.last <= verb and not m.preposition), None)
        return self.last_adjacent(subject) if subject else None

    def last_adjacent(self, mention: Mention) -> Mention:
        """Return the last of mentions that stand side by side ("Taliban spokesman NAME")."""
        while (after := next((m for m in self.mentions if m.first >= mention.last), None)) is not None:
            between = self._tokens[mention.last : after.first]
            plain = len(between) <= 2 and all(self._is_noun_between(token) for token in between)
            noun = plain and after.kind != "pronoun" and (len(between) == 1 or after.kind == "name")  # "EU monitor NAME"
            if between and not noun:
                break
            mention = after
        return mention

    @staticmethod
    def _is_noun_between(token: Token) -> bool:
        plain = token.is_word and not token.text[0].isdigit() and not token.is_capitalised
        return plain and token.lower not in _NEVER_BETWEEN and not token.lower.endswith("ly")


def dateline_end(tokens: tuple[Token, ...]) -> int:
    """Return the token behind the dash of "DUBLIN (Agency) - The government said"; 0 where there is no dateline."""
    if not tokens[0].text.isupper() or len(tokens[0].text) < _SHORTEST_DATELINE:
        return 0
    return next((i + 1 for i, token in enumerate(tokens[:_DATELINE_TOKENS]) if token.text in DASHES and i + 1 < len(tokens)), 0)
