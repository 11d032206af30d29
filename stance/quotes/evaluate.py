"""How well are quotations and speakers found? Gold articles in, figures with intervals out.

Gold is a folder of authored articles (NAME.txt, NAME.json), or a JSONL file with the pairs of marks of a
news corpus: {"id", "text", "segments": [{"start", "end", "attributed", "source": [[start, end], ...]}]}.
"""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError
from stance.jsonl import check_file, read_lines
from stance.quotes.extract import Mechanisms, extract_quotes
from stance.quotes.marks import double_marks
from stance.quotes.pairing import QuotedSpan
from stance.records import Quote, Speaker

MATCH: Final = 0.8
"""The least overlap, as a share of the union, at which a span is found."""

WORDS_AN_ARTICLE: Final = 700
SOUND: Final = "sound marks"
_RESAMPLES: Final = 1_000
_NAME_WORD: Final = re.compile(r"[\w'’\-]+")


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """A pair of marks: whether it is a statement, and whose, as offsets of the mention or as a name; neither where unknown."""

    start: int
    end: int
    is_statement: bool
    mentions: tuple[tuple[int, int], ...] = ()
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """An article with its gold quotes; `group` names what is wrong with its marks."""

    text: str
    quotes: tuple[GoldQuote, ...]
    group: str = SOUND


@dataclass(frozen=True, slots=True)
class Score:
    """A share with its 95 % interval, from 1,000 resamplings of the articles."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuoteScores:
    """What was found of the gold quotes of some articles.

    `precision`, `recall` and `f1` are of statements at MATCH; `rejected` is the share of the gold non-statements that
    were not taken for statements; `speaker` the share of the statements with a known speaker that are found with the right one.
    """

    articles: int
    statements: int
    precision: Score
    recall: Score
    f1: Score
    rejected: Score
    speaker: Score

    def as_json(self) -> dict[str, Any]:
        """Return the scores by name; a share of nothing, which has no value, is null."""
        return {name: None if isinstance(value, dict) and isnan(value["value"]) else value for name, value in asdict(self).items()}


def read_gold(path: Path) -> list[GoldArticle]:
    """Return the gold articles of a folder or of a JSONL file; raises InputError for what is neither."""
    if path.is_dir():
        found = [_authored(file) for file in sorted(path.glob("*.json"))]
        if not found:
            raise InputError(f"{path}: expected articles NAME.txt with NAME.json, got no .json file; name their folder")
        return found
    found = [_segmented(line.value, line.error, line.where) for line in read_lines(check_file(path))]
    if not found:
        raise InputError(f"{path}: expected an article a line, got an empty file; add some")
    return found


def _authored(file: Path) -> GoldArticle:
    try:
        gold = json.loads(file.read_text(encoding="utf-8"))
        text = file.with_suffix(".txt").read_text(encoding="utf-8")
        said = [GoldQuote(start, end, True, (), row["speaker"]) for row in gold["statements"] for start, end in row["spans"]]
        spans = [row["span"] for row in gold["not_statements"]]
        return GoldArticle(text, (*said, *(GoldQuote(start, end, False) for start, end in spans)), gold.get("damage") or SOUND)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file}: expected a gold reading (statements, not_statements) beside its .txt, got {error!r}; see datasets/articles/README.md"
        ) from error


def _segmented(row: dict[str, Any] | None, error: str, where: str) -> GoldArticle:
    if row is None:
        raise InputError(error)
    try:
        quotes = [_segment(segment) for segment in row["segments"]]
        return GoldArticle(str(row["text"]), tuple(quotes))
    except (KeyError, TypeError, ValueError) as broken:
        raise InputError(
            f"{where}: expected text and segments with start, end, attributed and source, got {broken!r}; mend the line"
        ) from broken


def _segment(segment: dict[str, Any]) -> GoldQuote:
    mentions = tuple((int(start), int(end)) for start, end in segment["source"])
    return GoldQuote(int(segment["start"]), int(segment["end"]), bool(segment["attributed"]), mentions)


def evaluate_quotes(articles: Sequence[GoldArticle], mechanisms: Mechanisms | None = None) -> QuoteScores:
    """Return how much of the gold quotes of `articles` is found."""
    counts = np.array([_counts(article, mechanisms or Mechanisms()) for article in articles])
    generator = np.random.default_rng(0)
    draws = counts[generator.integers(0, len(counts), (_RESAMPLES, len(counts)))].sum(axis=1)
    whole, resampled = _shares(counts.sum(axis=0, keepdims=True))[0], _shares(draws)
    low, high = np.percentile(np.where(np.isnan(resampled), whole, resampled), [2.5, 97.5], axis=0)
    scores = [Score(*map(float, figures)) for figures in zip(whole, low, high, strict=True)]
    return QuoteScores(len(articles), int(counts[:, 0].sum()), *scores)


def right_by_rule(articles: Sequence[GoldArticle]) -> dict[str, tuple[int, int]]:
    """Return, for each rule of RULES that found the speaker of a gold statement, (how often, how often the right one)."""
    found: dict[str, tuple[int, int]] = {}
    for article in articles:
        quotes = [quote for quote in extract_quotes(article.text) if quote.is_statement]
        for wanted in article.quotes:
            quote = max(quotes, key=lambda q: _overlap(wanted, q), default=None)
            if quote is None or _overlap(wanted, quote) < MATCH or quote.speaker is None or not (wanted.mentions or wanted.speaker):
                continue
            times, right = found.get(quote.speaker.rule, (0, 0))
            found[quote.speaker.rule] = (times + 1, right + _is_right(wanted, quote.speaker))
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def _counts(article: GoldArticle, mechanisms: Mechanisms) -> tuple[int, ...]:
    """Return (gold statements, found, taken for statements, non-statements, taken all the same, speakers known, right) of one article."""
    quotes = [quote for quote in extract_quotes(article.text, mechanisms=mechanisms) if quote.is_statement]
    left = set(range(len(quotes)))
    gold = found = others = leaked = known = right = 0
    for wanted in article.quotes:
        overlap, index = max(((_overlap(wanted, quotes[i]), i) for i in left), default=(0.0, -1))
        hit = overlap >= MATCH
        if hit:
            left.discard(index)
        if not wanted.is_statement:
            others, leaked = others + 1, leaked + hit
            continue
        gold, found = gold + 1, found + hit
        if wanted.mentions or wanted.speaker:
            known += 1
            right += hit and _is_right(wanted, quotes[index].speaker)
    return gold, found, len(quotes), others, leaked, known, right


def _overlap(gold: GoldQuote, quote: Quote) -> float:
    shared = max(0, min(gold.end, quote.end) - max(gold.start, quote.start))
    return shared / (gold.end - gold.start + quote.end - quote.start - shared) if shared else 0.0


def _is_right(gold: GoldQuote, speaker: Speaker | None) -> bool:
    """True where the mention overlaps the gold one; for a gold name, where the name says it whole.

    Whole is first and last name of a person, and for what has no such name ("a diplomat from Togo") the last word found.
    """
    if speaker is None:
        return False
    if gold.mentions:
        return any(start < speaker.end and speaker.start < end for start, end in gold.mentions)
    named = gold.speaker.partition(",")[0].split()
    wanted = named[-2:] if all(word[0].isupper() for word in named) else []
    found = _NAME_WORD.findall(speaker.name.lower())
    gold_words = _NAME_WORD.findall(gold.speaker.lower())
    return bool(found) and found[-1] in gold_words and all(word in found for word in _NAME_WORD.findall(" ".join(wanted).lower()))


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    gold, found, said, others, leaked, known, right = counts.T.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = found / said, found / gold
        return np.stack([precision, recall, 2 * precision * recall / (precision + recall), 1 - leaked / others, right / known], axis=1)


def ablations() -> dict[str, Mechanisms]:
    """Return the extraction whole, and without each of its mechanisms."""
    whole = Mechanisms()
    return {
        "all": whole,
        "marks paired one by one": replace(whole, pair=pair_one_by_one),
        "pronouns not resolved": replace(whole, pronouns=False),
        "names and offices not joined": replace(whole, names=False),
        "kinds not told apart": replace(whole, kinds=False),
    }


def pair_one_by_one(text: str, paragraphs: list[tuple[int, int]]) -> list[QuotedSpan]:
    """Return pairs of double marks as a simple reader finds them: each opens or closes by its own glyph, or by turns."""
    spans: list[QuotedSpan] = []
    opened = None
    for mark in double_marks(text, paragraphs):
        if opened is not None and opened.paragraph != mark.paragraph:
            opened = None
        if opened is None:
            opened = mark if mark.glyph != "close" else None
        elif mark.glyph != "open":
            spans.append(QuotedSpan(opened.end, mark.start, mark.paragraph, True, after=mark.end, before=opened.start))
            opened = None
    return [span for span in spans if span.start < span.end]


def speed(articles: Sequence[GoldArticle], rounds: int = 5) -> float:
    """Return articles of WORDS_AN_ARTICLE words read a second by one thread: the best of `rounds` passes."""
    words = sum(len(article.text.split()) for article in articles)
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for article in articles:
            extract_quotes(article.text)
        seconds.append(time.perf_counter() - begin)
    return words / WORDS_AN_ARTICLE / min(seconds)
