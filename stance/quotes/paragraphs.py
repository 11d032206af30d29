"""Where an article's paragraphs begin and end."""

import itertools
import re

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_LINE_END = re.compile(r"\n\s*")
_WRAP_WIDTH = range(50, 101)


def split_paragraphs(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) offsets of each paragraph, blank edges left out.

    A blank line always parts two paragraphs. A single line end does too, unless the text is
    hard-wrapped: most single line ends stand at the width of a wrapped line and in mid-sentence.
    """
    text = text.replace("\r", "\n") if "\r" in text and "\n" not in text else text
    boundary = _BLANK_LINE if _is_hard_wrapped(text) else _LINE_END
    paragraphs, start = [], 0
    for match in boundary.finditer(text):
        paragraphs.append((start, match.start()))
        start = match.end()
    paragraphs.append((start, len(text)))
    return [trimmed for span in paragraphs if (trimmed := _trim(text, *span))]


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    end = start + len(inside.strip())
    return (start, end) if start < end else None


def _is_hard_wrapped(text: str) -> bool:
    lines = text.split("\n")
    inner = [line.rstrip() for line, after in itertools.pairwise(lines) if line.strip() and after.strip()]
    if len(inner) < 3:
        return False
    wrapped = sum(len(line) in _WRAP_WIDTH and line[-1] not in '.!?”"' for line in inner)
    return wrapped > len(inner) / 2
