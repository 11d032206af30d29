"""What the HTML reports are made of: one page that needs nothing else, readable by day, by night and printed; its tables and cells.

Every text that comes from data is escaped, and a content security policy lets a page load nothing and run only its own script.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from training.metrics import Score

NOTHING: Final = "·"
"""A cell where nothing was measured."""
_STYLES: Final = "report.css"


def page(title: str, sections: Sequence[str], script: str = "") -> str:
    """Return a whole page; `title` is escaped already, `script` runs at its end."""
    allowed = f"; script-src 'sha256-{_digest(script)}'" if script else ""
    policy = f"default-src 'none'; style-src 'unsafe-inline'{allowed}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{files('training').joinpath(_STYLES).read_text(encoding='utf-8')}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(sections)}</main>\n{f'<script>{script}</script>' if script else ''}</body>\n</html>\n"
    )


def section(title: str, content: str) -> str:
    """Return a section under a heading, or nothing where it has no content."""
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>\n" if content else ""


def note(text: str) -> str:
    """Return a remark; `text` is HTML."""
    return f'<p class="note">{text}</p>'


def facts(found: dict[str, str]) -> str:
    """Return names with what they are, escaped."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in found.items())
    return f"<dl>{rows}</dl>"


def table(names: Sequence[str], rows: Iterable[str]) -> str:
    """Return a table; names of columns and rows are HTML."""
    heads = "".join(f"<th>{name}</th>" for name in names)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def row(name: str, *cells: str) -> str:
    """Return a row: its name, escaped, and cells that are HTML."""
    return f"<tr><th>{escape(name)}</th>{''.join(f'<td class=score>{cell}</td>' for cell in cells)}</tr>"


def score(found: Score, *, bar: bool = True, mark: float | None = None) -> str:
    """Return a figure with its interval, as a bar from 0 to 1 too; `mark` draws a line across that."""
    if not found.statements:
        return NOTHING
    wide = f"left: {found.low:.1%}; width: {found.high - found.low:.1%}"
    line = "" if mark is None else f'<u style="left: {mark:.1%}"></u>'
    drawn = f'<span class="bar"><i style="{wide}"></i><b style="left: {found.value:.1%}"></b>{line}</span>' if bar else ""
    return f'{drawn}{number(found.value)} <span class="range">[{number(found.low)}, {number(found.high)}]</span>'


def said(speaker: str, text: str, target: str) -> str:
    """Return a statement with who says it, on what."""
    who = f"<b><bdi>{escape(speaker)}</bdi></b>: " if speaker else ""  # bdi: marks of direction in a text stay inside it
    return f'{who}<bdi>{escape(text)}</bdi><br><span class="range">on <bdi>{escape(target)}</bdi></span>'


def number(value: float) -> str:
    """Return a figure to two places."""
    return f"{value:.2f}"


def count(value: int) -> str:
    """Return a count."""
    return f"{value:,}"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
