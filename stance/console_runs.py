"""What the command line shows of an evaluation and of several seeds; like console.py, it knows training's values by type only."""

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from stance.console import COMPACT, OUT, shortened
from stance.labels import HEADS

if TYPE_CHECKING:
    from training.behaviour import Behaviour
    from training.evaluate import Report
    from training.evaluation import Evaluation
    from training.metrics import Score
    from training.seeds import SeedGroup

_TAGS_SHOWN: Final = 20
_MISTAKES_SHOWN: Final = 5


def show_evaluation(evaluation: "Evaluation") -> None:
    """Print how right a model is: heads, labels, abstention, processes, common tags, behaviour, the worst mistakes."""
    data, report = evaluation.data, evaluation.report
    OUT.print(f"[bold]{escape(evaluation.model)}[/] on {escape(data.name)}: {len(data.statements):,} statements", highlight=False)
    if evaluation.seen:
        OUT.print(
            f"[yellow]{evaluation.seen:,} of them are of peace processes that the model was trained or calibrated on: "
            "the figures flatter it.[/]",
            highlight=False,
        )
    OUT.print("[dim]In brackets 95 % intervals.[/]\n")
    _show_heads(report)
    _show_labels(report)
    _show_abstention(report)
    _show_parts("Macro-F1 by peace process", report.processes)
    most = sorted(report.phenomena, key=lambda tag: -max(score.statements for score in report.phenomena[tag].values()))
    common = {tag: report.phenomena[tag] for tag in most[:_TAGS_SHOWN]}
    _show_parts(f"Accuracy by tag of the corpus, the {len(common)} commonest of {len(most)}", common)
    if evaluation.behaviour is not None:
        _show_behaviour(evaluation.behaviour)
    _show_mistakes(report)


def show_seeds(group: "SeedGroup") -> None:
    """Print what a recipe comes to over its seeds: mean with interval, and each seed's figure."""
    table = _table(
        "on held-out processes", "mean, 95 % interval", *(run.name for run in group.runs), title=f"{group.recipe}: {len(group.runs)} seeds"
    )
    for head in HEADS:
        for metric in ("macro_f1", "accuracy", "calibration_error"):
            if (found := group.metrics.get(f"{head}/{metric}")) is not None:
                interval = f"{found.mean:.3f} \\[{found.low:.3f}, {found.high:.3f}]"
                table.add_row(f"{head} {metric.replace('_', ' ')}", interval, *(f"{value:.3f}" for value in found.values))
    OUT.print(table)
    OUT.print("Serve one of them with [bold]stance promote RUN[/].")


def _show_heads(report: "Report") -> None:
    table = _table("", "macro-F1", "majority", "accuracy", "majority", "calibration error", "n")
    for head, found in report.heads.items():
        n = found.macro_f1.statements
        majority, share = (f"{found.majority:.2f}", f"{found.majority_accuracy:.2f}") if n else ("-", "-")
        table.add_row(head, _score(found.macro_f1), majority, _score(found.accuracy), share, _score(found.calibration_error), f"{n:,}")
    OUT.print(table)


def _show_labels(report: "Report") -> None:
    for head, found in report.heads.items():
        if not found.macro_f1.statements:
            continue
        table = _table(head, "precision", "recall", "F1", *(f"→ {label}" for label in HEADS[head]))
        for (label, scores), counts in zip(found.labels.items(), found.confusion.tolist(), strict=True):
            table.add_row(label, _score(scores.precision), _score(scores.recall), _score(scores.f1), *(f"{count:,}" for count in counts))
        OUT.print(table)


def _show_abstention(report: "Report") -> None:
    if not report.coverage.statements:
        return
    curve = report.risk_coverage
    OUT.print(
        f"Stances answered {_score(report.coverage)}, of these right {_score(report.selective_accuracy)}; the more confident half right "
        f"{_score(curve.half)}; area under accuracy against coverage {_score(curve.area)}\n",
        highlight=False,
    )


def _show_parts(title: str, parts: "dict[str, dict[str, Score]]") -> None:
    if not parts:
        return
    table = _table("", *HEADS, "n of each", title=title)
    for name, scores in parts.items():
        cells = (_score(scores[head]) if head in scores else "-" for head in HEADS)
        counts = (f"{scores[head].statements:,}" if head in scores else "-" for head in HEADS)
        table.add_row(escape(name), *cells, " / ".join(counts))
    OUT.print(table)


def _show_behaviour(behaviour: "Behaviour") -> None:
    table = _table("", "passed", "rate", "threshold", "", title=f"Behaviour: {escape(str(behaviour.path))}")
    for rate in (*behaviour.rates, behaviour.overall):
        threshold = "-" if rate.threshold is None else f"{rate.threshold:.2f}"
        verdict = "" if rate.threshold is None else "[green]ok[/]" if rate.ok else "[bold red]too low[/]"
        interval = f"{rate.value:.2f} \\[{rate.low:.2f}, {rate.high:.2f}]"
        table.add_row(escape(rate.phenomenon), f"{rate.passed:,} of {rate.cases:,}", interval, threshold, verdict)
    OUT.print(table)


def _show_mistakes(report: "Report") -> None:
    worst = report.heads["stance"].mistakes[:_MISTAKES_SHOWN]
    if not worst:
        return
    table = _table("gold", "predicted", "speaker", title="The most confident wrong stances; --html and --json have more")
    table.add_column("statement", ratio=1)
    for mistake in worst:
        predicted = f"{mistake.predicted} {mistake.confidence:.0%}"
        table.add_row(mistake.gold, predicted, escape(mistake.speaker) or "[dim]unknown[/]", escape(shortened(mistake.text)))
    OUT.print(table)


def _table(*names: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    for name in names:
        table.add_column(name)
    return table


def _score(score: "Score") -> str:
    return f"{score.value:.2f} \\[{score.low:.2f}, {score.high:.2f}]" if score.statements else "-"
