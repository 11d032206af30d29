"""Who is named in an article, and which names, offices and spellings are the same person or body.

A surname, a spelling variant, an acronym or an office is joined to somebody who is named in full in
the same article.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from stance.quotes.lexicon import DETERMINERS, FEMALE, GROUPS, JOINERS, MALE, OFFICES, SUFFIXES, TITLE_OFFICES, TITLES
from stance.quotes.mentions import Mention
from stance.quotes.sentences import Sentence

_OFFICE_WINDOW: Final = 5
_OF_PLACES: Final = frozenset("in into near across outside inside".split())
_APPOSITION_ENDS: Final = frozenset("who whose which of for in at from to according as by".split())
_QUALIFIERS: Final = TITLES - OFFICES
_BEFORE_OFFICES: Final = frozenset({",", "became", "becomes", "is", "was", "as"})  # NAME, the envoy; NAME became envoy
_PERSONAL_WORDS: Final = TITLES | FEMALE | MALE
_RANKS: Final = frozenset({"prime", "vice", "deputy"})
_NAMESAKES: Final = 16  # people of one surname that are told apart, the latest; keeps time linear


@dataclass(slots=True)
class Person:
    """Somebody, or a body of people, named in the article: fullest name, offices, gender where a word gave it."""

    name: str
    offices: dict[str, int] = field(default_factory=dict)
    """Each office with the first sentence that gives it."""
    gender: str = ""
    seen: list[int] = field(default_factory=list)
    """The sentences that give the full name, rising."""
    words: set[str] = field(default_factory=set)
    """All words of titles and appositions."""
    stands_for_place: bool = False
    """True for a name that stands behind "in" or "the"."""

    @property
    def surname(self) -> str:
        """The last word of the name, lower-cased; a "Jr." does not count."""
        return _surname(self.name)

    @property
    def given(self) -> str:
        """The first word of a name of several, lower-cased; empty for one word."""
        return self.name.split()[0].lower() if " " in self.name else ""


def is_body(name: str) -> bool:
    """True for the name of a body of people (Harbour Council), or an acronym."""
    last = name.split()[-1]
    return last.lower() in GROUPS or (len(last) > 1 and last.isupper()) or "of" in name.lower().split()


class People:
    """Everybody an article names, looked up by surname, acronym or office.

    Positions are indices of sentences. A later sentence tells of an earlier mention only what a reader takes back too:
    the full name of a surname or an initial, and whether somebody is he or she.
    """

    def __init__(self, sentences: list[Sentence], mentions: list[list[Mention]]) -> None:
        self._by_surname: dict[str, list[Person]] = {}
        self._by_first_part: dict[str, list[Person]] = {}  # "Duarte" of Leonor Duarte-Vaz
        self._by_acronym: dict[str, str] = {}
        heads = {m.head for found in mentions for m in found if m.kind == "name"}
        surnames = {_surname(head) for head in heads if " " in head and not is_body(head)}
        self._places = {head for head in heads if " " not in head and head.lower() not in surnames}
        for number, (sentence, found) in enumerate(zip(sentences, mentions, strict=True)):
            before: Mention | None = None
            for mention in found:
                if mention.kind == "name":
                    self._meet(sentence, mention, before, number)
                before = mention
        self._by_office: dict[str, list[Person]] = {}
        for person in (p for people in self._by_surname.values() for p in people):
            for office in person.offices:
                self._by_office.setdefault(office, []).append(person)

    def _meet(self, sentence: Sentence, mention: Mention, before: Mention | None, number: int) -> None:
        if mention.last == mention.first + 1 and not _has_apposition(sentence, mention):
            return
        name = self._without_place(mention.head)
        if name.split()[0].lower() in JOINERS:  # a surname alone: van der Meer
            return
        offices, words = _offices_of(sentence, mention)
        person = self._same_person(name)
        if " " not in name and (person is not None or not words & _PERSONAL_WORDS):
            return
        person = person or self._add(name)
        if len(person.given.rstrip(".")) == 1 < len(name.split()[0].rstrip(".")) and " " in name:
            person.name = name  # J. Orlin was Jonas
        person.words |= words
        first = sentence.tokens[mention.first].lower
        person.stands_for_place = person.stands_for_place or mention.preposition in _OF_PLACES or first in DETERMINERS
        if not offices and before is not None and before.kind == "office" and sentence.tokens[mention.first - 1].text == ",":
            offices |= {before.head} & OFFICES  # the head of the divers, NAME
        for office in offices:
            person.offices.setdefault(office, number)
        if not person.gender:
            person.gender = "female" if words & FEMALE else "male" if words & MALE else ""
        person.seen.append(number)
        after = sentence.tokens[mention.last : mention.last + 3]
        if len(after) == 3 and after[0].text == "(" and after[2].text == ")" and after[1].text.isupper():
            self._by_acronym[after[1].text] = person.name

    def _without_place(self, name: str) -> str:
        """Return "Zalmay Khalilzad" of "(envoy for) Afghanistan Zalmay Khalilzad", Afghanistan being named elsewhere."""
        first, _, rest = name.partition(" ")
        return rest if " " in rest and first in self._places and not is_body(name) else name

    def _add(self, name: str) -> Person:
        person = Person(name)
        self._by_surname.setdefault(person.surname, []).append(person)
        first_part, hyphen, _ = person.surname.partition("-")
        if hyphen:
            self._by_first_part.setdefault(first_part, []).append(person)
        return person

    def _same_person(self, name: str) -> Person | None:
        given, surname = name.split()[0].lower(), _surname(name)
        for person in reversed(self._by_surname.get(surname, [])[-_NAMESAKES:]):
            if " " not in name or not person.given or _similar(given, person.given):
                return person
        return None

    def full_name(self, head: str, sentence: int, gender: str = "") -> str:
        """Return the fullest form of a name as it is known at a sentence; the name itself where there is no other.

        Of several people with one surname it is the one named last before; of several who are
        only named later, the first. `gender` is what "Mr" or "Mrs" before the name tells.
        """
        head = self._by_acronym.get(head) or self._without_place(head)
        if " " in head and head.split()[0].lower() not in JOINERS:
            person = self._same_person(head)
            return person.name if person else head
        known = (self._by_surname.get(_surname(head)) or self._by_first_part.get(_surname(head)) or [])[-_NAMESAKES:]
        if gender and len(known) > 1:
            known = [p for p in known if p.gender == gender] or [p for p in known if not p.gender] or known
        before = [(p.seen[at - 1], p) for p in known if (at := bisect_right(p.seen, sentence))]
        if before:
            return max(before, key=lambda pair: pair[0])[1].name
        return known[0].name if known else head

    def by_office(self, office: str, qualifiers: set[str], sentence: int) -> str | None:
        """Return the one who holds `office` as far as the article has told up to a sentence; None for none or several.

        `qualifiers` are the words before it: "the foreign minister" is no prime minister.
        """
        holders = [p for p in self._by_office.get(office, ())[:_NAMESAKES] if p.offices[office] <= sentence]
        asked = qualifiers & _QUALIFIERS
        holders = [p for p in holders if asked <= p.words and asked & _RANKS == p.words & _RANKS]
        if len(holders) > 1:  # the water minister, not the other one
            holders = [p for p in holders if qualifiers & p.words - {office, *DETERMINERS}]
        return holders[0].name if len(holders) == 1 else None

    def has_office(self, name: str) -> bool:
        """True for somebody whose office the article tells."""
        person = self._same_person(name)
        return person is not None and bool(person.offices)

    def gender(self, name: str) -> str:
        """Return "female", "male" or "" (not known from the article's words) of a named person."""
        person = self._same_person(name)
        return person.gender if person else ""

    def is_person(self, head: str) -> bool:
        """True for a name that the article gives in two or more words, or a part of such a name."""
        if is_body(head):
            return False
        person = self._same_person(head)
        return not person.stands_for_place or bool(person.offices or person.gender) if person else " " in head


@lru_cache(maxsize=1 << 14)
def _surname(name: str) -> str:
    words = [word for word in name.lower().split() if word.rstrip(".") not in SUFFIXES and word != ","]
    last = words[-1] if words else name.lower()
    return last if last.isascii() else "".join(c for c in unicodedata.normalize("NFKD", last) if not unicodedata.combining(c))


def _has_apposition(sentence: Sentence, mention: Mention) -> bool:
    return mention.last < len(sentence.tokens) and sentence.tokens[mention.last].lower in _BEFORE_OFFICES


def _offices_of(sentence: Sentence, mention: Mention) -> tuple[set[str], set[str]]:
    """Return (offices, all words) of the title before a name and of the apposition after it."""
    tokens = sentence.tokens
    words = {t.lower for t in tokens[mention.first : mention.last] if t.is_word}
    if _has_apposition(sentence, mention):
        for token in tokens[mention.last + 1 : mention.last + 1 + _OFFICE_WINDOW]:
            if not token.is_word or token.lower in _APPOSITION_ENDS:
                break
            words.add(token.lower)
    words |= {TITLE_OFFICES[word] for word in words & TITLE_OFFICES.keys()}
    return words & OFFICES, words


def _similar(first: str, second: str) -> bool:
    """True for one first name in two spellings (Sergei, Sergey) or with its initial; not for John and Joan, Maria and Mario."""
    if first == second or (first[0] == second[0] and 1 in (len(first.rstrip(".")), len(second.rstrip(".")))):
        return True
    same_end = first[-1] == second[-1] or {first[-1], second[-1]} <= set("eijy")
    return first[0] == second[0] and same_end and _consonants(first) == _consonants(second)


def _consonants(name: str) -> str:
    return re.sub("[aeiouy]", "", name.replace("x", "ks").replace("ph", "f").replace("th", "t"))
