"""The names, offices and pronouns of an article, and which of them are the same person.

No name list and no parser: names are runs of capitalised words, offices are the nouns listed
here, and a surname, a spelling variant, an office or a pronoun is joined to a person who was
named in the same article.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from stance.quotes.cues import PRONOUNS
from stance.quotes.sentences import ABBREVIATIONS, Sentence, Token

OFFICES: Final = frozenset(
    """
    activist adviser advisor advocate agency aide ally ambassador analyst archbishop army attorney aunt author
    authorities baker bishop broker brother businessman businesswoman cabinet campaign candidate captain cardinal chair
    chairman chairwoman chancellor chief cleric coach colleague colonel columnist commander commission commissioner
    committee company congressman congresswoman coordinator council councilman councilwoman counsel critic critics
    daughter delegate delegation democrat deputy detective diplomat director doctor economist editor elder embassy
    envoy ex-fighter ex-rebel executive expert fan farmer father fighter foe friend general government governor group head
    historian host imam insider interpreter investigator journalist judge kremlin lawmaker lawyer leader legislator
    leadership lieutenant major man manager mayor mediator member minister ministry monitor mother mufti negotiator
    neighbour neighbor nominee nun nurse observer office officer official operative opponent opposition organisation
    organization organizer owner party patriarch pastor pentagon physician police policeman politician pope presidency
    president priest principal producer professor prosecutor rabbi rapporteur rebel rebels refugee reporter
    representative republican researcher resident scholar scientist secretary senator senators sergeant shopkeeper
    sheriff signatory sister soldier son source speaker spokesman spokesperson spokeswoman staff staffer strategist
    student superintendent supporter surgeon survivor teacher team trader union veteran victim villager
    voter widow widower wife witness woman worker writer
    """.split()
)  # fmt: skip
_PLURAL_OFFICES: Final = frozenset(o + "s" for o in OFFICES) | frozenset(o[:-3] + "men" for o in OFFICES if o.endswith("man"))
ALL_OFFICES: Final = OFFICES | _PLURAL_OFFICES
_FEMALE: Final = frozenset(
    """
    mrs ms miss madam queen lady sister mother daughter wife widow aunt nun spokeswoman chairwoman congresswoman
    councilwoman businesswoman
    """.split()
)  # fmt: skip
_MALE: Final = frozenset(
    """
    mr sir king lord brother father son husband widower priest imam archbishop bishop spokesman chairman congressman
    councilman businessman
    """.split()
)  # fmt: skip
# Words of an office that may stand, capitalised, before a name.
_TITLE_WORDS: Final = OFFICES | frozenset(
    """
    mr mrs ms miss dr prof sen rep gov gen lt col maj capt sgt cpl adm cmdr brig hon rev fr st sir dame lord lady king
    queen prince princess president-elect vice deputy prime foreign defense defence interior finance justice treasury
    state attorney first former ex-president acting senior chief sheikh mullah ayatollah pope saint republican
    democratic democrat staff joint chiefs affairs house senate
    """.split()
)  # fmt: skip
_JOINERS: Final = frozenset(
    {"of", "de", "da", "del", "della", "la", "le", "bin", "ibn", "al", "el", "van", "von", "der", "den", "di", "du", "dos"}
)
# Capitalised at a sentence's start without being a name.
_NOT_A_NAME: Final = frozenset(
    """
    a about according after all also although among an and another any as asked at back because before both but by
    clearly despite during each earlier either even every few finally first for from given here how however i if in
    indeed instead into it its just last later like many maybe meanwhile more most moreover my neither never
    next no nonetheless nor not nothing now of off on once one only or other others our out over perhaps rather
    recently responding second several she since so some soon speaking still such that the their then there these they
    third this those though three through throughout thus to today together tomorrow tonight two under unless until up
    upon we well what when where whether which while who whose why with within without yes yesterday yet you your
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december he her his him we us
    """.split()
)  # fmt: skip
DETERMINERS: Final = frozenset(
    """
    the a an one another some several many two three his her their its this that these those both most
    """.split()
)  # fmt: skip
PREPOSITIONS: Final = frozenset(
    """
    of in on at for with from by to after before during over under about against between into through toward towards
    via near like than as per amid among
    """.split()
)  # fmt: skip
_OFFICE_WINDOW: Final = 5
_APPOSITION_ENDS: Final = frozenset("who whose which of for in at from".split())
_NAMESAKES: Final = 16  # people of one surname that are told apart, the latest; keeps time linear


@dataclass(slots=True)
class Person:
    """Somebody named in the article: fullest name, offices, gender where a word gave it."""

    name: str
    offices: set[str] = field(default_factory=set)
    gender: str = ""
    seen: list[int] = field(default_factory=list)
    """The sentences that give the full name, rising."""

    @property
    def surname(self) -> str:
        """The last word of the name, lower-cased."""
        return self.name.split()[-1].lower()

    @property
    def given(self) -> str:
        """The first word of a name of several, lower-cased; empty for one word."""
        return self.name.split()[0].lower() if " " in self.name else ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a sentence that names or means somebody; tokens[first:last] of that sentence."""

    kind: str  # "name", "office" or "pronoun"
    first: int
    last: int
    start: int
    end: int
    text: str
    head: str  # bare name, office noun, or pronoun, lower-cased for the latter two
    preposition: str  # the one that governs it, or empty


def find_mentions(sentence: Sentence) -> list[Mention]:
    """Return the mentions of a sentence in order, never overlapping."""
    tokens, mentions, index = sentence.tokens, list[Mention](), 0
    while index < len(tokens):
        last, kind, head = _mention_at(tokens, index)
        if last == index:
            index += 1
            continue
        first = index
        before = tokens[first - 1].text.lower() if first else ""
        while before in DETERMINERS and tokens[first - 1].is_word:
            first -= 1
            before = tokens[first - 1].text.lower() if first else ""
        start, end = tokens[first].start, tokens[last - 1].end
        text = " ".join(t.text for t in tokens[first:last])
        mentions.append(Mention(kind, first, last, start, end, text, head, before if before in PREPOSITIONS else ""))
        index = last
    return mentions


def _mention_at(tokens: tuple[Token, ...], index: int) -> tuple[int, str, str]:
    """Return (end index, kind, head) of the mention that begins at `index`; the end equals `index` for none."""
    token = tokens[index]
    if not token.is_word:
        return index, "", ""
    lower = token.text.lower()
    if lower in PRONOUNS:
        return index + 1, "pronoun", lower
    end = _run_of_names(tokens, index)
    if end > index:
        name = _bare_name([t for t in tokens[index:end] if t.is_word])
        if name:
            return end, "name", name
        return end, "office", tokens[end - 1].text.lower().rstrip(".")
    if lower in ALL_OFFICES:
        following = _run_of_names(tokens, index + 1)
        name = _bare_name([t for t in tokens[index + 1 : following] if t.is_word])
        if name and not lower.endswith("s"):
            return following, "name", name
        return index + 1, "office", lower
    return index, "", ""


def _run_of_names(tokens: tuple[Token, ...], index: int) -> int:
    """Return the index after the run of capitalised words that begins at `index`."""
    end = index
    while end < len(tokens) and (_is_name_word(tokens[end]) or (end > index and _joins_name(tokens, end))):
        end += 1
    return end


def _is_name_word(token: Token) -> bool:
    return token.is_capitalised and token.text.lower() not in _NOT_A_NAME


def _joins_name(tokens: tuple[Token, ...], index: int) -> bool:
    """True for the full stop of an initial or title, and for "of", "bin", "van" between two names."""
    token, before = tokens[index], tokens[index - 1]
    if token.text == ".":
        return before.text.lower() in ABBREVIATIONS or len(before.text) == 1
    while index < len(tokens) and tokens[index].text.lower() in _JOINERS:  # "van der"
        index += 1
    return index < len(tokens) and token is not tokens[index] and _is_name_word(tokens[index])


def _bare_name(tokens: list[Token]) -> str:
    """Return a run's name without the offices before it ("Foreign Minister Sergei Lavrov" -> "Sergei Lavrov")."""
    cut = 0
    for position, token in enumerate(tokens):
        if token.text.lower().rstrip(".") in _TITLE_WORDS:
            cut = position + 1
    words = [t.text for t in tokens[cut:]]
    while words and words[0].lower() in _JOINERS:
        words = words[1:]
    name = " ".join(words)
    for ending in ("’s", "'s", "’", "'"):
        name = name.removesuffix(ending)
    return name


class People:
    """Everybody an article names, looked up by surname, office or pronoun.

    Positions are indices of sentences. A later sentence never changes who an earlier mention is,
    but for somebody who is called by the surname first and by the full name only afterwards.
    """

    def __init__(self, sentences: list[Sentence], mentions: list[list[Mention]]) -> None:
        self._by_surname: dict[str, list[Person]] = {}
        heads = [m.head for found in mentions for m in found if m.kind == "name"]
        surnames = {head.split()[-1] for head in heads if " " in head}
        self._places = {head for head in heads if " " not in head} - surnames
        for number, (sentence, found) in enumerate(zip(sentences, mentions, strict=True)):
            for before, mention in zip([None, *found], found, strict=False):
                if mention.kind == "name":
                    self._meet(sentence, mention, before, number)
        self._by_office: dict[str, list[Person]] = {}
        for person in (p for people in self._by_surname.values() for p in people):
            for office in person.offices:
                self._by_office.setdefault(office, []).append(person)

    def _meet(self, sentence: Sentence, mention: Mention, before: Mention | None, number: int) -> None:
        name = self._without_place(mention.head)
        participle = mention.first == 0 and name.split()[0].endswith("ing")  # "Addressing Parliament, ..."
        if " " not in name or participle:
            return
        person = self._same_person(name) or self._add(name)
        offices, words = self._offices_of(sentence, mention)
        if before is not None and before.kind == "office" and sentence.tokens[mention.first - 1].text == ",":
            offices |= {before.head} & OFFICES  # the head of the divers, NAME
        person.offices |= offices
        if not person.gender:
            person.gender = "female" if words & _FEMALE else "male" if words & _MALE else ""
        person.seen.append(number)

    def _without_place(self, name: str) -> str:
        """Return "Zalmay Khalilzad" of "(envoy for) Afghanistan Zalmay Khalilzad", Afghanistan being named elsewhere."""
        first, _, rest = name.partition(" ")
        return rest if " " in rest and first in self._places else name

    def _add(self, name: str) -> Person:
        person = Person(name)
        self._by_surname.setdefault(person.surname, []).append(person)
        return person

    def _same_person(self, name: str) -> Person | None:
        *given, surname = name.lower().split()
        for person in reversed(self._by_surname.get(surname, [])[-_NAMESAKES:]):
            if not given or not person.given or _similar(given[0], person.given):
                return person
        return None

    @staticmethod
    def _offices_of(sentence: Sentence, mention: Mention) -> tuple[set[str], set[str]]:
        """Return (offices, all words) of the title before a name and of the apposition after it."""
        tokens = sentence.tokens
        words = {t.text.lower().rstrip(".") for t in tokens[mention.first : mention.last] if t.is_word}
        if mention.last < len(tokens) and tokens[mention.last].text == ",":
            for token in tokens[mention.last + 1 : mention.last + 1 + _OFFICE_WINDOW]:
                if not token.is_word or token.text.lower() in _APPOSITION_ENDS:
                    break
                words.add(token.text.lower())
        return {w for w in words if w in OFFICES}, words

    def full_name(self, head: str, sentence: int) -> str:
        """Return the fullest form of a name as it is known at a sentence; the name itself where there is no other.

        Of several people with one surname it is the one named last before; of several who are
        only named later, the first.
        """
        head = self._without_place(head)
        if " " in head:
            person = self._same_person(head)
            return person.name if person else head
        known = self._by_surname.get(head.lower(), [])[-_NAMESAKES:]
        before = [(p.seen[at - 1], p) for p in known if (at := bisect_right(p.seen, sentence))]
        if before:
            return max(before, key=lambda pair: pair[0])[1].name
        return known[0].name if known else head

    def by_office(self, office: str) -> str | None:
        """Return the one person who holds `office` in the article, or None for none or several."""
        singular = office if office in OFFICES else ""
        holders = self._by_office.get(singular, [])
        return holders[0].name if len(holders) == 1 else None

    def gender(self, name: str) -> str:
        """Return "female", "male" or "" (not known from the article's words) of a named person."""
        person = self._same_person(name)
        return person.gender if person else ""

    def is_person(self, head: str) -> bool:
        """True for a name that the article gives in two or more words, or a part of such a name."""
        return " " in head or head.lower() in self._by_surname


def _similar(first: str, second: str) -> bool:
    """True for one first name in two spellings (Sergei, Sergey) or with its initial; not for John and Joan, Maria and Mario."""
    if first == second or (first[0] == second[0] and 1 in (len(first.rstrip(".")), len(second.rstrip(".")))):
        return True
    same_end = first[-1] == second[-1] or {first[-1], second[-1]} <= set("eijy")
    return first[0] == second[0] and same_end and _consonants(first) == _consonants(second)


def _consonants(name: str) -> str:
    return re.sub("[aeiouy]", "", name.replace("x", "ks").replace("ph", "f").replace("th", "t"))
