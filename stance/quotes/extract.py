"""Article text -> quotes, each with its kind and its speaker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stance.quotes.indirect import reported_speech
from stance.quotes.kinds import kind_of
from stance.quotes.pairing import QuotedSpan, pair_marks
from stance.quotes.paragraphs import split_paragraphs
from stance.quotes.sentences import split_sentences
from stance.quotes.speakers import Attribution
from stance.quotes.turns import find_turns, fold_turns
from stance.records import Quote


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """Which of its means an extraction uses; all of them, unless what each one adds is to be measured."""

    pair: Callable[[str, list[tuple[int, int]]], list[QuotedSpan]] = pair_marks
    pronouns: bool = True
    names: bool = True
    kinds: bool = True


_ALL: Final = Mechanisms()


def extract_quotes(text: str, *, indirect: bool = False, mechanisms: Mechanisms = _ALL) -> list[Quote]:
    """Return every outermost quotation of an article, in order, with kind and speaker.

    Offsets are characters of `text` as given, half-open, without the marks; spans never overlap.
    Quotes of kind "title_or_term" are returned too: `quote.is_statement` tells them apart. With
    `indirect`, sentences that report somebody's words without marks come too, of kind "indirect".
    The turns of an interview are quotes, each of its speaker. Time is linear in the length of the text.
    """
    paragraphs = split_paragraphs(text)
    turns = find_turns(text, paragraphs)
    spans = fold_turns(mechanisms.pair(text, paragraphs), turns, paragraphs)
    if not spans and not indirect:
        return []
    sentences = split_sentences(text, paragraphs, spans)
    attribution = Attribution(spans, sentences, turns, pronouns=mechanisms.pronouns, names=mechanisms.names)
    quotes: list[Quote] = []
    for span, speaker in zip(spans, attribution.speakers(), strict=True):
        kind, rule = kind_of(text, span, speaker, quotes[-1] if quotes else None) if mechanisms.kinds else ("statement", "words")
        said = speaker if kind != "title_or_term" else None
        quotes.append(Quote(span.start, span.end, text[span.start : span.end], span.paragraph, kind, said, rule))
    if not indirect:
        return quotes
    reported = [
        Quote(start, end, text[start:end], paragraph, "indirect", speaker, "reported")
        for start, end, paragraph, speaker in attribution.reported(reported_speech)
    ]
    return sorted([*quotes, *reported], key=lambda quote: quote.start)
