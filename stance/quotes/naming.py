"""From the mention that a rule found to the name of whoever is meant: "he", "the minister", "Lavrov" -> Sergei Lavrov."""

from collections.abc import Iterator
from typing import Final

from stance.quotes.lexicon import DETERMINERS, DOCUMENTS, FEMALE, GROUPS, MALE, PLURAL_OFFICES, is_office
from stance.quotes.mentions import Mention
from stance.quotes.people import People, is_body
from stance.quotes.rules import SentenceReader

_LOOK_BACK_SENTENCES: Final = 12
_GENDERS: Final = {"he": "male", "she": "female"}
# Nouns that may mean any body of people that was named before: "the group said".
_ANY_BODY: Final = frozenset("group organisation organization movement body".split())
_MAIN_CLAUSE: Final = frozenset({",", ";", "but", "and", ""})
_AUTHOR_REACH: Final = 5
_BYLINE_SENTENCES: Final = 3
_INDEFINITE: Final = frozenset("a an one another".split())
_DEFINITE: Final = frozenset("the this that its his her their".split())


class Namer:
    """Names the speakers of one article, and remembers who spoke; asked in the order of its quotations, of reported speech after them."""

    def __init__(self, readers: list[SentenceReader], *, names: bool = True, pronouns: bool = True) -> None:
        self._readers = readers
        self._people = People([r.sentence for r in readers], [r.mentions for r in readers])
        self._join_names, self._resolve_pronouns = names, pronouns
        self._byline = _byline(readers)
        self._genders: dict[str, str] = {}
        self._spoke: dict[int, str] = {}  # sentence -> the name its quotation was given to
        self._named: set[str] = set()  # names that spoke, also those of one word

    def name(self, mention: Mention, sentence: int) -> tuple[str, str]:
        """Return (the fullest name of whoever is meant, how that was found: "name", "office", "pronoun" or "as it stands")."""
        name, how = self._name(mention, sentence)
        if mention.partner is not None:
            name = f"{name} and {self._name(mention.partner, sentence)[0]}"
        self._spoke[sentence] = name
        if mention.kind != "pronoun":
            self._named.add(name)
        return name, how

    def local_mention(self, mention: Mention, sentence: int, name: str) -> Mention:
        """Return, for a pronoun in a clause of its own, the sentence's first mention of the one it means: "Mira Toll said that she ..."."""
        tokens = self._readers[sentence].sentence.tokens
        if mention.kind != "pronoun" or not mention.first or tokens[mention.first - 1].lower in _MAIN_CLAUSE:
            return mention
        for earlier in self._readers[sentence].mentions:
            if earlier.first >= mention.first:
                break
            same = self._people.full_name(earlier.head, sentence) == name if earlier.kind == "name" else earlier.head == mention.head
            if same and earlier.kind != "office":
                return earlier
        return mention

    def _name(self, mention: Mention, sentence: int) -> tuple[str, str]:
        if mention.kind == "name":
            gender = _gender(mention)
            name = self._people.full_name(mention.head, sentence, gender) if self._join_names else mention.head
            if gender:
                self._genders[name] = gender
            return name, "name"
        if mention.kind == "office":
            found = self._by_office(mention, sentence) if self._join_names else None
        else:
            found = self._antecedent(mention, sentence) if self._resolve_pronouns else None
        return (found, mention.kind) if found else (self._as_it_stands(mention, sentence), "as it stands")

    def _as_it_stands(self, mention: Mention, sentence: int) -> str:
        """Return "the minister" of "The minister", but "Orlin’s aide" as it is."""
        first = self._readers[sentence].sentence.tokens[mention.first]
        plain = first.lower in DETERMINERS or (mention.first == 0 and is_office(first.lower)) or mention.kind == "pronoun"
        text = first.lower + mention.text[len(first.text) :] if plain and mention.head != "i" else mention.text
        return text[:-2] if text.endswith(("’s", "'s")) else text

    def _by_office(self, mention: Mention, sentence: int) -> str | None:
        if mention.head not in DOCUMENTS:
            if (name := self._holder(mention, sentence)) is not None or not self._is_definite(mention, sentence):
                return name
            return self._last_body(sentence) if mention.head in _ANY_BODY else self._introduced(mention, sentence)
        if (author := self._author(mention, sentence)) is not None:
            return author
        if not self._is_definite(mention, sentence):
            return None
        for back in range(sentence - 1, max(-1, sentence - 1 - _LOOK_BACK_SENTENCES), -1):
            if any(token.lower == mention.head for token in self._readers[back].sentence.tokens):
                written = next((m for m in self._readers[back].mentions if m.head == mention.head), None)
                if written is not None and (author := self._author(written, back)) is not None:
                    return author
                speaker = self._readers[back].reported_speaker()
                return self._name(speaker, back)[0] if speaker is not None and speaker.head != mention.head else None
        return None

    def _introduced(self, mention: Mention, sentence: int) -> str | None:
        """Return "a Western diplomat" for "the diplomat", where the article spoke of one before."""
        for back in range(sentence, max(-1, sentence - 1 - _LOOK_BACK_SENTENCES), -1):
            for earlier in self._readers[back].mentions:
                first = self._readers[back].sentence.tokens[earlier.first].lower
                before = back < sentence or earlier.last <= mention.first
                if before and earlier.kind == "office" and earlier.head == mention.head and first in _INDEFINITE:
                    return self._as_it_stands(earlier, back)
        return None

    def _author(self, document: Mention, sentence: int) -> str | None:
        """Return who wrote it: the front of "a communique issued by the front"."""
        near = range(document.last, document.last + _AUTHOR_REACH)
        writer = next((m for m in self._readers[sentence].mentions if m.first in near and m.preposition in ("by", "from")), None)
        named = writer is not None and writer.kind != "pronoun" and writer.head not in DOCUMENTS
        return self._name(writer, sentence)[0] if writer is not None and named else None

    def _holder(self, mention: Mention, sentence: int) -> str | None:
        tokens = self._readers[sentence].sentence.tokens[mention.first : mention.last]
        return self._people.by_office(mention.head, {token.lower for token in tokens}, sentence)

    def _is_definite(self, mention: Mention, sentence: int) -> bool:
        return self._readers[sentence].sentence.tokens[mention.first].lower in _DEFINITE

    def _last_body(self, sentence: int) -> str | None:
        for back in range(sentence, max(-1, sentence - 1 - _LOOK_BACK_SENTENCES), -1):
            for mention in self._readers[back].mentions:
                if mention.kind == "name" and is_body(name := self._people.full_name(mention.head, back)):
                    return name
        return None

    def _antecedent(self, pronoun: Mention, sentence: int) -> str | None:
        if pronoun.head == "i":
            return self._byline or "the author"
        if pronoun.head == "we":
            return None
        before = [m for m in self._readers[sentence].mentions if m.last <= pronoun.first]
        if pronoun.head == "who":
            return self._name(before[-1], sentence)[0] if before and before[-1].kind != "pronoun" else None
        wanted = _GENDERS.get(pronoun.head, "")
        fitting: str | None = None
        for name, is_noun, is_prominent in self._candidates(before, sentence):
            if not self._fits(name, pronoun.head, wanted, is_noun):
                continue
            if not wanted or is_prominent or self._has_voice(name):
                fitting = name
                break
            fitting = fitting or name
        if fitting is not None and wanted:
            self._genders[fitting] = wanted
        return fitting

    def _has_voice(self, name: str) -> bool:
        """True for somebody who has spoken in the article, or has an office in it."""
        return name in self._named or self._people.has_office(name)

    def _candidates(self, before: list[Mention], sentence: int) -> Iterator[tuple[str, bool, bool]]:
        """Yield (name, is it no more than a noun, is it what its sentence is about) of all who may be meant, the likeliest first."""
        for mention in sorted(before, key=lambda m: bool(m.preposition)):
            yield from self._candidate(mention, sentence, subject=mention.first == 0)
        for back in range(sentence - 1, max(-1, sentence - 1 - _LOOK_BACK_SENTENCES), -1):
            if back in self._spoke:
                yield self._spoke[back], self._spoke[back][0].islower(), True
                continue
            subject = self._readers[back].reported_speaker()
            if subject is not None and subject.kind != "pronoun":
                yield from self._candidate(subject, back, subject=True)
            mentions = [m for m in self._readers[back].mentions if m.kind != "pronoun" and m is not subject]
            for mention in sorted(mentions, key=lambda m: bool(m.preposition)):
                yield from self._candidate(mention, back, subject=False)

    def _candidate(self, mention: Mention, sentence: int, *, subject: bool) -> Iterator[tuple[str, bool, bool]]:
        if mention.kind == "name":
            yield self._people.full_name(mention.head, sentence), False, subject
        elif mention.kind == "office" and mention.head not in DOCUMENTS:
            if (name := self._holder(mention, sentence)) is not None:
                yield name, False, subject
            elif subject:
                yield self._as_it_stands(mention, sentence), True, subject

    def _fits(self, name: str, pronoun: str, wanted: str, is_noun: bool) -> bool:
        if is_noun:
            noun = name.split()[-1].lower()
            plural = noun in PLURAL_OFFICES or noun.endswith("men")
            if wanted:
                return not plural and noun not in GROUPS and noun not in (FEMALE if wanted == "male" else MALE)
            return (plural and pronoun == "they") or (noun in GROUPS and pronoun == "it")
        if wanted and " and " in name:
            return False  # two people
        known = self._genders.get(name) or (self._people.gender(name) if " " in name else "")
        if wanted:
            return (self._people.is_person(name) or name in self._named) and known in ("", wanted)
        return not known


def _byline(readers: list[SentenceReader]) -> str:
    """Return NAME of an opening "By NAME"; empty where nobody signs the article."""
    for reader in readers[:_BYLINE_SENTENCES]:
        first = reader.mentions[0] if reader.mentions else None
        if first is not None and first.first == 1 and first.preposition == "by" and first.kind == "name" and not reader.verbs:
            return first.head
    return ""


def _gender(mention: Mention) -> str:
    """Return what the words before a name tell: "Mrs Toll"."""
    words = {word.lower().rstrip(".") for word in mention.text.split()[:-1]}
    return "female" if words & FEMALE else "male" if words & MALE else ""
