"""Who says each quotation: what its sentence tells, else what the sentences around it tell."""

from dataclasses import dataclass
from typing import Final

from stance.quotes.marks import QuotedSpan
from stance.quotes.people import Mention, People, find_mentions
from stance.quotes.rules import RULES, SentenceReader
from stance.quotes.sentences import Sentence
from stance.records import Speaker

_LOOK_BACK_SENTENCES: Final = 12
_SIBLINGS: Final = 3


@dataclass(frozen=True, slots=True)
class _Found:
    mention: Mention
    sentence: int
    rule: str


def attribute(spans: list[QuotedSpan], sentences: list[Sentence]) -> list[Speaker | None]:
    """Return the speaker of each span (None where nothing tells), in the order of `spans`."""
    readers = [SentenceReader(sentence, find_mentions(sentence)) for sentence in sentences]
    found = _within_sentences(readers, len(spans))
    _from_sentence_before(readers, found)
    _across_sentences(sentences, spans, found)
    namer = _Namer(readers)
    return [namer.speaker(f) if (f := found[index]) else None for index in range(len(spans))]


def _within_sentences(readers: list[SentenceReader], count: int) -> list[_Found | None]:
    found: list[_Found | None] = [None] * count
    for number, reader in enumerate(readers):
        previous: _Found | None = None
        for position, token in enumerate(reader.sentence.tokens):
            if token.quote is None:
                continue
            hit = reader.speaker_of(position, previous.mention if previous else None)
            if hit is not None:
                found[token.quote] = previous = _Found(hit[0], number, hit[1])
    return found


def _from_sentence_before(readers: list[SentenceReader], found: list[_Found | None]) -> None:
    """Give a quotation that opens its sentence to whoever the sentence before lets speak.

    That is a sentence of the same paragraph without quotation, or one that ends the paragraph
    before with a colon.
    """
    for number in range(1, len(readers)):
        here, before = readers[number].sentence, readers[number - 1].sentence
        quote = here.tokens[0].quote
        same = before.paragraph == here.paragraph
        plain = same and all(t.quote is None for t in before.tokens)
        announced = not same and before.tokens[-1].text == ":"
        if quote is None or found[quote] is not None or not (plain or announced):
            continue
        speaker = readers[number - 1].reported_speaker()
        if speaker is not None and speaker.head not in ("it", "we", "who"):
            found[quote] = _Found(speaker, number - 1, "announced" if announced else "reported-before")


def _across_sentences(sentences: list[Sentence], spans: list[QuotedSpan], found: list[_Found | None]) -> None:
    """Fill what no sentence settled: same sentence, same paragraph, carried-on quotations, neighbours."""
    where = {t.quote: number for number, s in enumerate(sentences) for t in s.tokens if t.quote is not None}
    leads = {  # quotations that open their sentence, with no word of the writer's before them
        s.tokens[0].quote for s in sentences if s.tokens[0].quote is not None
    }

    def borrow(index: int, source: int, rule: str) -> None:
        giver = found[source]
        if found[index] is None and giver is not None:
            found[index] = _Found(giver.mention, giver.sentence, rule)

    for index in range(len(spans)):
        for sibling in range(max(0, index - _SIBLINGS), min(len(spans), index + _SIBLINGS + 1)):
            if where.get(sibling) == where.get(index):
                borrow(index, sibling, "same-sentence")
    for index in range(1, len(spans)):
        if spans[index].continues:
            borrow(index, index - 1, "continued")
        if spans[index].paragraph == spans[index - 1].paragraph and index in leads:
            borrow(index, index - 1, "same-paragraph")
    for index in range(len(spans) - 2, -1, -1):
        if spans[index].continued:
            borrow(index, index + 1, "continued")
        if spans[index].paragraph == spans[index + 1].paragraph and index in leads:
            borrow(index, index + 1, "same-paragraph")
    for index in range(1, len(spans)):
        near = spans[index].paragraph - spans[index - 1].paragraph <= 1
        if near and index in leads:
            borrow(index, index - 1, "neighbour")


class _Namer:
    """Turns the mention that a rule found into the name of the person meant."""

    def __init__(self, readers: list[SentenceReader]) -> None:
        self._readers = readers
        self._people = People([r.sentence for r in readers], [r.mentions for r in readers])
        self._gender: dict[str, str] = {}
        self._spoke: dict[int, str] = {}  # sentence -> the name its quotation was given to
        self._named: set[str] = set()  # names that spoke, also those of one word

    def speaker(self, found: _Found) -> Speaker:
        mention = found.mention
        name = self._name(mention, found.sentence)
        self._spoke[found.sentence] = name
        if mention.kind == "name":
            self._named.add(name)
        return Speaker(name, mention.start, mention.end, found.rule, RULES[found.rule])

    def _name(self, mention: Mention, number: int) -> str:
        if mention.kind == "name":
            return self._people.full_name(mention.head, number)
        name = self._people.by_office(mention.head) if mention.kind == "office" else self._antecedent(mention, number)
        return name or mention.text[0].lower() + mention.text[1:]

    def _antecedent(self, pronoun: Mention, number: int) -> str | None:
        wanted = {"he": "male", "she": "female"}.get(pronoun.head, "")
        before = [m for m in self._readers[number].mentions if m.last <= pronoun.first]
        if pronoun.head == "who":
            return self._people.full_name(before[-1].head, number) if before and before[-1].kind == "name" else None
        candidates = [m.head for m in before if m.kind == "name"]
        for back in range(number - 1, max(-1, number - 1 - _LOOK_BACK_SENTENCES), -1):
            if back in self._spoke:
                candidates.append(self._spoke[back])
                continue
            reported = self._readers[back].reported_speaker()
            names = [m for m in self._readers[back].mentions if m.kind == "name"]
            candidates += [m.head for m in sorted(names, key=lambda m: (m is not reported, bool(m.preposition)))]
        for head in candidates:
            name = self._people.full_name(head, number)
            if wanted and not (self._people.is_person(name) or name in self._named):
                continue
            known = self._gender.get(name) or (self._people.gender(name) if " " in name else "")
            if wanted and known and known != wanted:
                continue
            if wanted:
                self._gender[name] = wanted
            return name
        return None
