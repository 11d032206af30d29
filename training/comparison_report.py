"""A comparison of runs as one HTML page; its only script searches the statements that flipped."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from stance.labels import HEADS
from training import pages
from training.comparison import Compared, Comparison, Entry, Flip, Measure
from training.evaluate import COMMON_TAG
from training.figures import SERIES, coverages_svg, reliabilities_svg

_FLIPS_SHOWN: Final = 3000  # as JSON there are all
_TITLES: Final = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "calibration_error": "calibration error",
    "coverage": "share answered, not abstained",
    "selective_accuracy": "accuracy of those",
    "confident_half_accuracy": "accuracy of the more confident half",
}
_KINDS: Final = {"process": "Peace processes", "phenomenon": "Phenomena", "length": "Length"}
_SEARCH: Final = """
const field = document.getElementById("search"), told = document.getElementById("found");
const rows = [...document.querySelectorAll("#flips tbody tr")].map(row => [row, row.textContent.toLowerCase()]);
function search() {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, text] of rows) {
    row.hidden = !words.every(word => text.includes(word));
    shown += !row.hidden;
  }
  told.textContent = shown + " of " + rows.length;
}
field.hidden = false;
field.addEventListener("input", search);
search();
"""


def page(found: Comparison) -> str:
    """Return the page: conclusions, figures of each head, parts, curves, costs, settings, and the statements that flipped.

    Of many contenders all are in the figures of the heads; parts, curves and flipped statements show the reference and the five best.
    """
    title = escape(found.name)
    shown = _shown(found)
    sections = [
        f"<h1>{title}</h1>{_facts(found)}",
        pages.section("What may be concluded", _conclusions(found)),
        *(pages.section(f"How right on {head}", _head(found, measures)) for head, measures in found.heads.items()),
        *(pages.section(_KINDS[kind], _parts(found, kind, parts, shown)) for kind, parts in found.parts.items()),
        pages.section("Calibration", _calibration(found, shown)),
        pages.section("Accuracy against coverage", _coverage(found, shown)),
        pages.section("What they cost", _costs(found.contenders)),
        pages.section("What they differ in", _settings(found)),
        pages.section("Statements that flipped", _flips(found, shown)),
    ]
    return pages.page(title, sections, _SEARCH if found.flips else "")


def _shown(found: Comparison) -> list[int]:
    """Return the numbers of the contenders that are drawn: the reference, and the best by their mean macro-F1."""
    others = range(1, len(found.contenders))
    best = sorted(others, key=lambda number: -sum(measures["macro_f1"].scores[number].value for measures in found.heads.values()))
    return [0, *sorted(best[: SERIES - 1])]


def _facts(found: Comparison) -> str:
    runs = {entry.name: ", ".join(f"{run.name} ({run.run_id})" for run in entry.runs) for entry in found.contenders}
    note = (
        "In brackets, and as bars from 0 to 1, 95 % intervals: of one run over statements, of several over seeds (Student's t). "
        f"A difference is a contender's figure less that of {escape(found.reference.name)}, with its paired bootstrap interval over "
        "statements; p is that of approximate randomisation, of shares McNemar's, corrected for all tested in a metric or a kind of "
        "part (Holm). In bold what is shown at p &lt; 0.05."
    )
    data = {"Data": f"{found.data}: {found.statements:,} statements (digest {found.digest})"}
    return pages.facts(data | runs) + pages.note(note)


def _conclusions(found: Comparison) -> str:
    several = all(len(entry.runs) > 1 for entry in found.contenders)
    scope = "" if several else pages.note("Of single runs this holds for these models; another seed of the same recipe may differ.")
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in found.conclusions) + scope


def _head(found: Comparison, measures: dict[str, Measure]) -> str:
    parts = []
    for name, measure in measures.items():
        rows = [
            pages.row(entry.name, pages.score(measure.scores[number]), *_difference(measure.differences[number - 1] if number else None))
            for number, entry in enumerate(found.contenders)
        ]
        parts.append(f"<h3>{_TITLES[name]}</h3>" + pages.table(("", "", "difference", "p", "to right / to wrong", "over seeds"), rows))
    return pages.note(f"{pages.count(measures['macro_f1'].scores[0].statements)} statements.") + "".join(parts)


def _difference(found: Compared | None) -> tuple[str, str, str, str]:
    if found is None:
        return "", "", "", ""
    value, seeds = found.difference, found.over_seeds
    told = _signed(value.value, value.low, value.high)
    flipped = "" if found.gained is None else f"{found.gained:,} / {found.lost:,}"
    over = _signed(seeds.value, seeds.low, seeds.high) if seeds and found.over_statements else ""
    return f"<b>{told}</b>" if found.shown else told, f"{found.corrected:.4f}", flipped, over


def _signed(value: float, low: float, high: float) -> str:
    return f'{value:+.3f} <span class="range">[{low:+.3f}, {high:+.3f}]</span>'


def _parts(found: Comparison, kind: str, parts: dict[str, dict[str, Measure]], shown: Sequence[int]) -> str:
    names = (kind, "n", *(escape(found.contenders[number].name) for number in shown))
    tables = []
    for head in HEADS:
        rows = [
            pages.row(name, pages.count(by_head[head].scores[0].statements), *_part_cells(by_head[head], shown))
            for name, by_head in parts.items()
            if head in by_head
        ]
        if rows:
            tables.append(f"<h3>{head}</h3>" + pages.table(names, rows))
    rare = f" Phenomena of fewer than {COMMON_TAG} statements are left out." if kind == "phenomenon" else ""
    return pages.note(f"Accuracy, and the difference from the reference.{rare}") + "".join(tables) if tables else ""


def _part_cells(measure: Measure, shown: Sequence[int]) -> Iterator[str]:
    for number in shown:
        score = pages.score(measure.scores[number], bar=len(shown) == 2)
        told, p_value, flipped, _ = _difference(measure.differences[number - 1] if number else None)
        yield f'{score}<br>{told} <span class="range">p {p_value}, {flipped}</span>' if told else score


def _drawn(found: Comparison, shown: Sequence[int]) -> str:
    return "" if len(shown) == len(found.contenders) else f" Drawn are the reference and the best {len(shown) - 1} of {len(found.others)}."


def _calibration(found: Comparison, shown: Sequence[int]) -> str:
    figure = reliabilities_svg({found.contenders[number].name: found.contenders[number].reliability for number in shown})
    told = (
        "How often a contender is right where it is so sure, in ten bins of confidence; on the dotted line confidence means what it says."
    )
    return f"<figure>{figure}</figure>" + pages.note(told + _drawn(found, shown))


def _coverage(found: Comparison, shown: Sequence[int]) -> str:
    points = {found.contenders[number].name: found.contenders[number].coverage for number in shown}
    if not all(points.values()):
        return ""
    told = "Stance accuracy when only the most confident share is answered. The higher curve is right oftener at that share."
    return f'<figure class="narrow">{coverages_svg(points)}</figure>' + pages.note(told + _drawn(found, shown))


def _costs(contenders: Sequence[Entry]) -> str:
    rows = [
        pages.row(
            entry.name,
            pages.count(len(entry.runs)),
            _number(entry.fit_seconds, 1),
            _number(entry.model_bytes and entry.model_bytes / 1e6, 1),
            _number(entry.parameters, 0),
            _number(entry.statements_per_second, 0),
        )
        for entry in contenders
    ]
    return pages.table(("", "runs", "training, s", "model, MB", "parameters", "statements a second"), rows)


def _number(value: float | None, digits: int) -> str:
    return pages.NOTHING if value is None else f"{value:,.{digits}f}"


def _settings(found: Comparison) -> str:
    if not found.settings:
        return pages.note("They differ in no setting that runs log.")
    rows = [
        f"<tr><th>{escape(kind)}: {escape(name)}</th>{''.join(f'<td>{escape(value) or pages.NOTHING}</td>' for value in values)}</tr>"
        for kind, settings in found.settings.items()
        for name, values in settings.items()
    ]
    return pages.table(("", *(escape(entry.name) for entry in found.contenders)), rows)


def _flips(found: Comparison, shown: Sequence[int]) -> str:
    drawn = {found.contenders[number].name for number in shown}
    wanted = [flip for flip in found.flips if flip.contender in drawn]
    if not wanted:
        return ""
    kept = sorted(wanted, key=lambda flip: -flip.certainty)[:_FLIPS_SHOWN]
    field = '<p class="search"><input id="search" type="search" placeholder="words, a label, a process" aria-label="Search" hidden> '
    more = f" The {len(kept):,} that both were surest of; all {len(found.flips):,} are in the JSON." if len(kept) < len(found.flips) else ""
    names = ("", "head", "gold", escape(found.reference.name), "contender", "statement", "id")
    body = pages.table(names, (_flip_row(flip) for flip in kept))
    told = pages.note("What only one of the two gets right." + more)
    return f'{field}<span id="found" class="range"></span></p>{told}<div id="flips">{body}</div>'


def _flip_row(flip: Flip) -> str:
    statement, way = flip.statement, "to right" if flip.to_right else "to wrong"
    cells = []
    for label, probabilities in zip(flip.predicted, flip.probabilities, strict=True):
        colour = "good" if label == statement.gold[flip.head] else "bad"
        told = "<br>".join(f"{name} {pages.number(p)}" for name, p in probabilities.items())
        cells.append(f'<b class="{colour}">{label}</b><br><span class="range">{told}</span>')
    said = pages.said(statement.speaker, statement.text, statement.target) if statement.text else ""
    place = f'{escape(statement.id)}<br><span class="range">{escape(statement.process)}</span>'
    return (
        f'<tr><th>{way}</th><td>{flip.head}</td><td>{statement.gold[flip.head]}</td><td class="score">{cells[0]}</td>'
        f'<td class="score"><span class="range">{escape(flip.contender)}</span><br>{cells[1]}</td>'
        f'<td class="text">{said}</td><td>{place}</td></tr>'
    )
