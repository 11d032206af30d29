"""What the command line shows of the champion: the gates, a promotion, the history; it knows training's values by type only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from stance.console import COMPACT, OUT

if TYPE_CHECKING:
    from training.gate import Verdict
    from training.promote import Promotion
    from training.tracking import Event


def show_refusal(verdict: "Verdict") -> None:
    """Print every gate, then what to do."""
    _show_gates(verdict)
    OUT.print(f"[bold red]Not promoted:[/] {len(verdict.failed)} of {len(verdict.checks)} gates not passed.", highlight=False)
    for check in verdict.checks:
        if not check.ok and check.advice:
            OUT.print(f"{escape(check.name)}: {escape(check.advice)}.", highlight=False, soft_wrap=True)
    OUT.print("[bold]--force --why TEXT[/] promotes it all the same; the history keeps both.", highlight=False)


def show_promotion(promotion: "Promotion") -> None:
    """Print what is served now, every gate that it was judged by, and that the service has to be started again."""
    event, run = promotion.event, promotion.run
    failed = promotion.verdict.failed
    if event is not None and event.action == "promote":
        _show_gates(promotion.verdict)
    if failed and event is not None:
        reason = f"forced: {event.why}" if event.forced else "a first champion needs only to be intact and to answer"
        OUT.print(f"[yellow]{len(failed)} gates not passed[/] ({escape(reason)}).", highlight=False)
    again = " again" if event is not None and event.action == "rollback" else ""
    over = f", over {escape(event.over_name or f'version {event.over}')}" if event is not None and event.over else ""
    OUT.print(f"{escape(run.name)} (version {run.model_version}) is the champion{again}{over}.", highlight=False)
    OUT.print(f"A service takes it ({promotion.kept}) when it starts again.", highlight=False)


def show_history(events: "Sequence[Event]") -> None:
    """Print every promotion and rollback, the last one first."""
    if not events:
        OUT.print("No champion yet: make one with [bold]stance promote RUN[/].")
        return
    table = Table(box=SIMPLE_HEAD, **COMPACT)
    for name in ("when (UTC)", "who", "", "run", "over"):
        table.add_column(name)
    table.add_column("why", ratio=1)
    for event in reversed(events):
        over = event.over_name or (f"version {event.over}" if event.over else "-")
        forced = f" ([yellow]forced past {escape(', '.join(event.failed))}[/])" if event.forced else ""
        table.add_row(
            f"{event.at:%Y-%m-%d %H:%M}", escape(event.who), event.action, escape(event.name), escape(over), f"{escape(event.why)}{forced}"
        )
    OUT.print(table)


def _show_gates(verdict: "Verdict") -> None:
    table = Table(box=SIMPLE_HEAD, **COMPACT)
    for name in ("", "gate", "wanted", "found", "short by"):
        table.add_column(name)
    for check in verdict.checks:
        mark = "[green]ok[/]" if check.ok else "[bold red]no[/]"
        table.add_row(mark, escape(check.name.replace("_", " ")), escape(check.wanted), escape(check.found), check.short)
    OUT.print(table)
