"""Quotes -> statements: what one speaker says in one paragraph, ready to be judged."""

import re
from typing import Final

from stance.errors import InputError, shortened
from stance.quotes import extract_quotes
from stance.quotes.paragraphs import split_paragraphs
from stance.records import SPAN_JOINER, Quote, Statement

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
DEFAULT_TARGET: Final = "the peace deal and the talks about it"
MAX_TARGET_CHARS: Final = 500
MAX_ARTICLE_CHARS: Final = 200_000
MAX_ARTICLE_STATEMENTS: Final = 1_000
_CONTEXT_AROUND: Final = 1_000
_MAX_CONTEXT: Final = 4_000


def check_characters(text: str, field: str) -> str:
    """Return the text as it is; raise InputError where it holds what no text holds: NUL or lone surrogates."""
    if (found := _NO_TEXT.search(text)) is not None:
        raise InputError(
            f"{field}: expected text, got {found.group()!r} at character {found.start():,}; "
            "save or send it as UTF-8 (a binary or UTF-16 file looks like this)",
            field=field,
        )
    return text


def check_article(text: str) -> str:
    """Return the article as it is; raise InputError where it is empty, too long or no text."""
    if not text.strip():
        raise InputError("the article is empty: expected its text, got only white space; paste or pass the article", field="article")
    if len(text) > MAX_ARTICLE_CHARS:
        raise InputError(
            f"the article is too long: expected at most {MAX_ARTICLE_CHARS:,} characters, got {len(text):,}; split it",
            field="article",
        )
    return check_characters(text, "article")


def check_target(target: str) -> str:
    """Return the target stripped; raise InputError where it is empty or over MAX_TARGET_CHARS characters."""
    stripped = target.strip()
    if not stripped:
        raise InputError(
            "the target is empty: expected the deal's name, e.g. 'the Dayton agreement'; name it or leave it out", field="target"
        )
    if len(stripped) > MAX_TARGET_CHARS:
        raise InputError(
            f"the target is too long: expected at most {MAX_TARGET_CHARS} characters, got {len(stripped):,} "
            f"({shortened(stripped)}); name the deal in a few words",
            field="target",
        )
    return check_characters(stripped, "target")


def read_statements(article: str, target: str = DEFAULT_TARGET, *, indirect: bool = False) -> list[Statement]:
    """Return the statements of an article in order of their first words, each with its paragraph (of a long one, the part around it).

    Quotes of one speaker in one paragraph are one statement, their texts joined by SPAN_JOINER;
    a quote whose speaker is unknown stands alone. With `indirect`, what a speaker is reported to have said
    without marks comes as statements of their own. An article without quotes gives an empty list.
    """
    article, target = check_article(article), check_target(target)
    quotes = [quote for quote in extract_quotes(article, indirect=indirect) if quote.is_statement]
    paragraphs = split_paragraphs(article)
    groups: dict[tuple[int, str, bool], list[Quote]] = {}
    for number, quote in enumerate(quotes):
        key = quote.speaker.name if quote.speaker else f"\0unknown {number}"
        groups.setdefault((quote.paragraph, key, quote.kind == "indirect"), []).append(quote)
    if len(groups) > MAX_ARTICLE_STATEMENTS:
        raise InputError(
            f"the article has {len(groups):,} statements: expected at most {MAX_ARTICLE_STATEMENTS:,}; split it", field="article"
        )
    return [_statement(article, target, paragraphs[paragraph], group) for (paragraph, _, _), group in groups.items()]


def _statement(article: str, target: str, paragraph: tuple[int, int], quotes: list[Quote]) -> Statement:
    speaker = quotes[0].speaker
    start = max(paragraph[0], quotes[0].start - _CONTEXT_AROUND)  # a paragraph may be as long as the article
    end = min(paragraph[1], quotes[-1].end + _CONTEXT_AROUND, start + _MAX_CONTEXT)
    return Statement(
        target=target,
        text=SPAN_JOINER.join(quote.text.strip() for quote in quotes),
        context=article[start:end],
        speaker=speaker.name if speaker else "",
        spans=tuple((quote.start, quote.end) for quote in quotes),
        mention=article[speaker.start : speaker.end] if speaker else "",
        kind="statement" if any(quote.kind == "statement" for quote in quotes) else quotes[0].kind,
        confidence=min(q.speaker.confidence for q in quotes if q.speaker) if speaker else None,
    )
