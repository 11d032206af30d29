"""Who says each quotation: what its sentence tells, else what the sentences around it tell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stance.quotes.indirect import Reported
from stance.quotes.mentions import Mention, find_mentions
from stance.quotes.naming import Namer
from stance.quotes.pairing import QuotedSpan
from stance.quotes.people import is_body
from stance.quotes.rules import RULES, SentenceReader
from stance.quotes.sentences import Sentence
from stance.quotes.turns import Turn
from stance.records import Speaker

_SIBLINGS: Final = 3


@dataclass(frozen=True, slots=True)
class _Found:
    mention: Mention
    sentence: int
    rule: str
    cue: str = ""


class Attribution:
    """Who says what in one article: its quotations, and what it reports without marks."""

    def __init__(
        self, spans: list[QuotedSpan], sentences: list[Sentence], turns: dict[int, Turn], *, pronouns: bool = True, names: bool = True
    ) -> None:
        self._readers = [SentenceReader(sentence, find_mentions(sentence)) for sentence in sentences]
        self._found = _within_sentences(self._readers, len(spans))
        _from_turns(self._readers, turns, self._found)
        _from_sentence_before(self._readers, self._found)
        _from_paragraph(self._readers, self._found)
        _across_sentences(self._readers, spans, self._found)
        self._namer = Namer(self._readers, names=names, pronouns=pronouns)

    def speakers(self) -> list[Speaker | None]:
        """Return the speaker of each span (None where nothing tells), in their order."""
        return [self._speaker(found) if found else None for found in self._found]

    def reported(self, find: Callable[[SentenceReader], list[Reported]]) -> list[tuple[int, int, int, Speaker]]:
        """Return (start, end, paragraph, speaker) of all that `find` finds in the article's sentences."""
        return [
            (start, end, reader.sentence.paragraph, self._speaker(_Found(mention, number, rule, cue)))
            for number, reader in enumerate(self._readers)
            for start, end, mention, rule, cue in find(reader)
        ]

    def _speaker(self, found: _Found) -> Speaker:
        name, resolved = self._namer.name(found.mention, found.sentence)
        mention = self._namer.local_mention(found.mention, found.sentence, name)
        return Speaker(name, mention.start, mention.end, found.rule, RULES[found.rule].confidence, found.cue, resolved)


def _from_turns(readers: list[SentenceReader], turns: dict[int, Turn], found: list[_Found | None]) -> None:
    """Give the answers of an interview, and the quotations between its questions, to who has the word."""
    if not turns:
        return
    guest: Mention | None = None
    first = min(turns)
    guest_at, interview = 0, range(first, max(turns) + 2)
    for number, reader in enumerate(readers):
        paragraph = reader.sentence.paragraph
        if paragraph < first:
            names = [m for m in reader.mentions if m.kind == "name" and " " in m.head and not is_body(m.head) and m.preposition != "in"]
            guest, guest_at = (guest, guest_at) if guest or not names else (names[0], number)
        turn = turns.get(paragraph)
        for token, start in zip(reader.sentence.tokens, reader.sentence.starts, strict=True):
            if token.quote is None or paragraph not in interview:
                continue
            if not _may_be_turns(found[token.quote], turn, start):
                continue
            if turn is not None and turn.name and not turn.is_answer:
                label = Mention("name", 0, 1, turn.start, turn.end, turn.name, _as_name(turn.name))
                found[token.quote] = _Found(label, number, "turn", turn.name)
            elif guest is not None:
                found[token.quote] = _Found(guest, guest_at, "turn", "A" if turn else "Q")


def _may_be_turns(found: _Found | None, turn: Turn | None, start: int) -> bool:
    """True unless the turn itself says whose words it quotes."""
    if found is None or (turn is not None and start == turn.body):
        return True
    return found.rule == "subject" or found.mention.head in ("he", "she", "i", "we")


def _as_name(label: str) -> str:
    """Return "Maria Lopez" of "MARIA LOPEZ"."""
    return label.title() if label.isupper() else label


def _within_sentences(readers: list[SentenceReader], count: int) -> list[_Found | None]:
    found: list[_Found | None] = [None] * count
    for number, reader in enumerate(readers):
        if not reader.sentence.has_quote:
            continue
        previous: _Found | None = None
        for position, token in enumerate(reader.sentence.tokens):
            if token.quote is None:
                continue
            hit = reader.speaker_of(position, previous.mention if previous else None)
            if hit is not None:
                found[token.quote] = previous = _Found(hit.mention, number, hit.rule, hit.cue)
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
        plain = same and not before.has_quote
        announced = not same and before.tokens[-1].text == ":"
        if quote is None or found[quote] is not None or not (plain or announced):
            continue
        speaker = readers[number - 1].reported_speaker()
        if speaker is not None and speaker.head not in ("it", "we", "who"):
            found[quote] = _Found(speaker, number - 1, "announced" if announced else "reported-before")


def _from_paragraph(readers: list[SentenceReader], found: list[_Found | None]) -> None:
    """Give a quotation in a sentence about something to whoever spoke before in its paragraph.

    "NAME was hopeful, she said. The road would be “open by spring”": the road says nothing.
    """
    doubtful = {
        reader.sentence.paragraph
        for reader in readers
        if reader.sentence.has_quote
        for token in reader.sentence.tokens
        if token.quote is not None and (here := found[token.quote]) is not None and here.rule == "subject"
    }
    speaking: _Found | None = None
    paragraph = -1
    for number, reader in enumerate(readers):
        if reader.sentence.paragraph not in doubtful:
            continue
        if reader.sentence.paragraph != paragraph:
            speaking, paragraph = None, reader.sentence.paragraph
        for token in reader.sentence.tokens:
            if token.quote is None or (here := found[token.quote]) is None:
                continue
            if here.rule == "subject" and speaking is not None and not _may_speak(here.mention):
                found[token.quote] = _Found(speaking.mention, speaking.sentence, "paragraph")
            elif here.rule != "subject":
                speaking = here
        if reader.verbs and not reader.sentence.has_quote and (mention := reader.reported_speaker()) is not None:
            speaking = _Found(mention, number, "paragraph")


def _may_speak(mention: Mention) -> bool:
    return mention.head in ("he", "she", "i", "who") or (mention.kind == "name" and " " in mention.head and not is_body(mention.head))


def _across_sentences(readers: list[SentenceReader], spans: list[QuotedSpan], found: list[_Found | None]) -> None:
    """Fill what no sentence settled: same sentence, same paragraph, carried-on quotations, neighbours."""
    sentences = [reader.sentence for reader in readers]
    where = {t.quote: number for number, s in enumerate(sentences) if s.has_quote for t in s.tokens if t.quote is not None}
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
    _alone_in_paragraph(readers, spans, found)
    for index in range(1, len(spans)):
        near = spans[index].paragraph - spans[index - 1].paragraph <= 1
        if near and index in leads:
            borrow(index, index - 1, "neighbour")


def _alone_in_paragraph(readers: list[SentenceReader], spans: list[QuotedSpan], found: list[_Found | None]) -> None:
    """Give a quotation that is all of its paragraph to a signature below it, else to whom the paragraph before is about."""
    for number, reader in enumerate(readers):
        tokens = reader.sentence.tokens
        quote = tokens[0].quote
        begins = number == 0 or readers[number - 1].sentence.paragraph != reader.sentence.paragraph
        ends = number + 1 == len(readers) or readers[number + 1].sentence.paragraph != reader.sentence.paragraph
        if quote is None or found[quote] is not None or not begins or not ends or any(t.is_word for t in tokens):
            continue
        below = readers[number + 1] if number + 1 < len(readers) else None
        if below is not None and (signature := below.only_name()) is not None and spans[quote].closed:
            found[quote] = _Found(signature, number + 1, "signed")
            continue
        near = range(max(0, number - _SIBLINGS), number)
        before = [n for n in near if readers[n].sentence.paragraph == reader.sentence.paragraph - 1]
        if before and not any(readers[n].sentence.has_quote for n in before):
            topic = next((m for m in readers[before[0]].mentions if not m.preposition and (m.kind == "pronoun" or _may_speak(m))), None)
            if topic is not None:
                found[quote] = _Found(topic, before[0], "neighbour")
