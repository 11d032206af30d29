"""What the command line shows of a tuning; like console.py, it knows training's values by type only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from stance.console import COMPACT, OUT

if TYPE_CHECKING:
    from training.tune import Trial, Tuning

_TRIALS_SHOWN: Final = 15


def show_tuning(tuning: "Tuning", out: Path) -> None:
    """Print the best trials of a search, which fields counted, and what to do with the best recipe."""
    ranked = sorted(tuning.trials, key=lambda trial: (trial.value is None, -(trial.value or 0.0), trial.number))
    figure = "mean macro-F1" if tuning.objective == "mean" else f"{tuning.objective} macro-F1"
    title = f"{tuning.study}: {len(ranked)} trials, measured on the calibration part of {tuning.data}"
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    names = list(tuning.best.fields)
    for name in ("trial", figure, *(name.rpartition(".")[2].replace("_", " ") for name in names), "seconds"):
        table.add_column(name)
    for trial in ranked[:_TRIALS_SHOWN]:
        table.add_row(*_row(trial, names, best=trial == tuning.best))
    OUT.print(table)
    if len(ranked) > _TRIALS_SHOWN:
        OUT.print(f"The best {_TRIALS_SHOWN} of {len(ranked)}; --json has all.", highlight=False)
    if tuning.importance:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in tuning.importance.items())
        OUT.print(f"What separates good trials from bad ones: {shares}", highlight=False, soft_wrap=True)
    OUT.print(
        f"The best recipe is {escape(str(out))}; its figure chose it and flatters it. For figures on held-out processes: "
        f"[bold]stance train {escape(str(out))}[/]",
        highlight=False,
        soft_wrap=True,
    )


def _row(trial: "Trial", names: list[str], *, best: bool) -> list[str]:
    value = trial.outcome if trial.value is None else f"{trial.value:.4f}"
    fields = [_cell(trial.fields.get(name)) for name in names]
    return [f"{'★' if best else ' '} {trial.number}", value, *fields, f"{trial.seconds:.0f}"]


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else escape(str(value))
