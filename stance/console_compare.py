"""What the command line shows of a comparison of runs; it knows training's values by type only."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from stance.console import COMPACT, OUT

if TYPE_CHECKING:
    from training.comparison import Compared, Comparison, Entry, Measure
    from training.metrics import Score

_PARTS_SHOWN: Final = 12
_SETTINGS_SHOWN: Final = 8  # contenders beside each other
_FIGURES: Final = ("(95 %)", "difference (95 %)", "accuracy (95 %)", "p")  # columns whose cells stay whole
_TITLES: Final = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "calibration_error": "calibration error",
    "coverage": "answered",
    "selective_accuracy": "right of those",
    "confident_half_accuracy": "surer half right",
}


def show_comparison(found: "Comparison") -> None:
    """Print every head's figures and differences, the parts that differ, costs and settings, then what may be concluded."""
    reference = found.reference.name
    OUT.print(
        f"{escape(found.name)}, on {escape(found.data)}: {found.statements:,} statements (digest {found.digest[:12]})",
        highlight=False,
        soft_wrap=True,
    )
    for head, measures in found.heads.items():
        _show_head(found, head, measures)
    _show_parts(found)
    _show_costs(found.contenders)
    _show_settings(found)
    for sentence in found.conclusions:
        OUT.print(f"[bold]{escape(sentence)}[/]", highlight=False, soft_wrap=True)
    what = (
        "other seeds" if all(len(entry.runs) > 1 for entry in found.contenders) else "these runs on other statements, not for other seeds"
    )
    OUT.print(
        f"[dim]Differences from {escape(reference)}, in brackets 95 % intervals; p corrected for all that is tested (Holm); "
        f"how many statements flipped to right, to wrong. "
        f"The differences hold for {what}. --html FILE has every part and every statement that flipped.[/]",
        highlight=False,
        soft_wrap=True,
    )


def _show_head(found: "Comparison", head: str, measures: "dict[str, Measure]") -> None:
    statements = measures["macro_f1"].scores[0].statements
    table = _table(("", "", "(95 %)", "difference (95 %)", "p", "right, wrong"), f"{head}, {statements:,} statements")
    for name, measure in measures.items():
        for number, entry in enumerate(found.contenders):
            difference = measure.differences[number - 1] if number else None
            table.add_row(
                "" if number else _TITLES[name],
                escape(entry.name),
                _score(measure.scores[number]),
                *_difference(difference),
                end_section=number == len(found.contenders) - 1,
            )
    OUT.print(table)


def _show_parts(found: "Comparison") -> None:
    rows = [
        (number, kind, part, head, difference)
        for number in range(len(found.others))
        for kind, part, head, difference in found.parts_shown(number)
    ]
    if not rows:
        return
    table = _table(("", "", "head", "", "accuracy (95 %)", "p", "right, wrong"), "Where the others are shown to differ")
    for number, kind, part, head, difference in sorted(rows, key=lambda row: row[4].p_value)[:_PARTS_SHOWN]:
        table.add_row(kind, escape(part), head, escape(found.others[number].name), *_difference(difference))
    OUT.print(table)
    if len(rows) > _PARTS_SHOWN:
        OUT.print(f"[dim]{len(rows) - _PARTS_SHOWN} more: see --html or --json.[/]", highlight=False)


def _show_costs(contenders: "Sequence[Entry]") -> None:
    table = _table(("", "runs", "fitted in", "model", "parameters", "statements a second"), "What they cost")
    for entry in contenders:
        table.add_row(
            escape(entry.name),
            str(len(entry.runs)),
            _number(entry.fit_seconds, 1, " s"),
            _number(entry.model_bytes and entry.model_bytes / 1e6, 1, " MB"),
            _number(entry.parameters, 0, ""),
            _number(entry.statements_per_second, 0, ""),
        )
    OUT.print(table)


def _show_settings(found: "Comparison") -> None:
    if not found.settings:
        OUT.print("They differ in no setting that runs log.")
        return
    shown = found.contenders[:_SETTINGS_SHOWN]
    table = _table(("", *(escape(entry.name) for entry in shown)), "What they differ in")
    for kind, rows in found.settings.items():
        for name, values in rows.items():
            table.add_row(escape(f"{kind}: {name}"), *(escape(value) or "-" for value in values[: len(shown)]))
    OUT.print(table)


def _table(names: Iterable[str], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    for name in names:
        table.add_column(name, no_wrap=name in _FIGURES, overflow="fold")
    return table


def _score(score: "Score") -> str:
    return f"{score.value:.2f} \\[{score.low:.2f}, {score.high:.2f}]" if score.statements else "-"


def _difference(found: "Compared | None") -> tuple[str, str, str]:
    if found is None:
        return "", "", ""
    value = found.difference
    told = f"{value.value:+.3f} \\[{value.low:+.3f}, {value.high:+.3f}]"
    flipped = f"{found.gained:,}, {found.lost:,}" if found.gained is not None else ""
    return f"[bold]{told}[/]" if found.shown else told, f"{found.corrected:.4f}", flipped


def _number(value: float | None, digits: int, unit: str) -> str:
    return "-" if value is None else f"{value:,.{digits}f}{unit}"
