"""What the command line shows a person: tables, progress, the one-line error.

Stands above training with cli.py, whose face it is; it knows training's values by type only.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from stance.labels import STANCE
from stance.output import speaker_summary
from stance.quotes.kinds import KIND_RULES
from stance.quotes.rules import RULES
from stance.records import Prediction, Quote, Statement

if TYPE_CHECKING:
    from stance.corpus_check import CorpusReport
    from stance.importing import ImportReport
    from stance.quotes.evaluate import QuoteScores
    from training.train import Progress as OnProgress
    from training.train import TrainedRun

OUT: Final = Console()
ERR: Final = Console(stderr=True)
_COLOURS: Final = {"supportive": "green", "skeptical": "yellow", "critical": "red"}
_SEVERITY_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "bold red"}
COMPACT: Final[dict[str, Any]] = {"padding": (0, 1, 0, 0), "pad_edge": False}
"""How every table here is laid out."""
_SHOWN_CHARS: Final = 160


def show_error(message: str) -> None:
    """Print one line, "error: ...", on standard error."""
    ERR.print(f"[bold red]error:[/] {escape(' '.join(message.split()))}", soft_wrap=True, highlight=False)


def show_json(value: Any) -> None:
    """Print a value as JSON, for a program to read."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def show_analysis(target: str, analysed: Sequence[tuple[Statement, Prediction]]) -> None:
    """Print the statements of an article, then who stands where."""
    if not analysed:
        OUT.print(f"No quoted statement found. Target: {escape(target)}")
        return
    table = Table(title=f"Statements, judged against: {escape(target)}", title_justify="left", box=SIMPLE_HEAD, leading=1, **COMPACT)
    for name in ("speaker", "stance", "sentiment"):
        table.add_column(name)
    table.add_column("statement", ratio=1)
    for statement, prediction in analysed:
        table.add_row(
            escape(statement.speaker) or "[dim]unknown[/]",
            _stance_cell(prediction),
            prediction.sentiment.label,
            escape(shortened(statement.text)),
        )
    OUT.print(table)
    OUT.print("[dim]unsure: no stance is probable enough to count; off target: not about the deal; --json has every word[/]\n")
    summary = Table(title="Who stands where", title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    summary.add_column("speaker")
    for name in ("all", *STANCE, "unsure", "off target"):
        summary.add_column(name, justify="right", no_wrap=True)
    for row in speaker_summary(analysed):
        counts = (row["statements"], *row["stances"].values(), row["abstained"], row["off_target"])
        summary.add_row(escape(row["name"]), *(str(n or "·") for n in counts))
    OUT.print(summary)


def show_quotes(article: str, quotes: Sequence[Quote], *, explain: bool) -> None:
    """Print the quotes of an article; with `explain`, also what decided each kind and speaker."""
    if not quotes:
        OUT.print("No quotation found.")
        return
    table = Table(box=SIMPLE_HEAD, leading=1, **COMPACT)
    for name in ("kind", "speaker", *(("why",) if explain else ())):
        table.add_column(name)
    table.add_column("quote", ratio=1)
    for quote in quotes:
        name = escape(quote.speaker.name) if quote.speaker else "[dim]unknown[/]" if quote.is_statement else ""
        reasons = ("\n".join(escape(reason) for reason in _reasons(article, quote)),) if explain else ()
        table.add_row(quote.kind.replace("_", " "), name, *reasons, escape(shortened(quote.text)))
    OUT.print(table)


def _reasons(article: str, quote: Quote) -> list[str]:
    """Return why a quote is of its kind and whose it is, a line each."""
    reasons = [f"{quote.kind_rule}: {KIND_RULES[quote.kind_rule]}"]
    if (speaker := quote.speaker) is not None:
        cue = f" ({speaker.cue!r})" if speaker.cue else ""
        reasons.append(f"{speaker.rule}{cue}, {speaker.confidence:.0%}: {RULES[speaker.rule].meaning}")
        mention = article[speaker.start : speaker.end]
        if mention != speaker.name:
            reasons.append(f"{mention!r} is {speaker.name}: {speaker.resolved}")
    return reasons


def show_trained(run: "TrainedRun") -> None:
    """Print what a training run came to, and what to do next."""
    title = f"{run.name} (version {run.version}), fitted in {run.fit_seconds:.1f} s; on held-out processes:"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    for name in ("head", "macro-F1 (95 %)", "majority", "accuracy", "ECE", "n"):
        table.add_column(name)
    for head, report in run.report.heads.items():
        if not report.macro_f1.statements:
            table.add_row(head, "no labels: the head stayed as it came")
            continue
        score, accuracy, error = report.macro_f1, report.accuracy.value, report.calibration_error.value
        interval = f"{score.value:.3f} \\[{score.low:.3f}, {score.high:.3f}]"
        table.add_row(head, interval, f"{report.majority:.3f}", f"{accuracy:.3f}", f"{error:.3f}", str(score.statements))
    OUT.print(table)
    OUT.print(f"Serve it with [bold]stance promote {run.name}[/]; see all runs with [bold]stance runs[/].")


def show_corpus_report(report: "CorpusReport") -> None:
    """Print what a corpus holds, then every check beside its bound, then what to do."""
    parts = Table(title=f"{escape(str(report.path))}: {report.statements:,} statements", title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    parts.add_column("")
    for part in report.parts:
        parts.add_column(escape(part), justify="right")
    for name in next(iter(report.parts.values())):
        parts.add_row(name.replace("_", " "), *(f"{counts[name]:,}" for counts in report.parts.values()))
    OUT.print(parts)
    lengths = ", ".join(f"{percentile} %: {words}" for percentile, words in report.words.items())
    OUT.print(f"Words a statement, by percentile: {lengths}", soft_wrap=True)
    OUT.print(f"Several quoted spans: {report.several_spans:.0%}; beginning in mid-sentence: {report.mid_sentence:.0%}\n")
    table = Table(box=SIMPLE_HEAD, **COMPACT)
    for name in ("", "about", "check", "found", "expected"):
        table.add_column(name)
    for check in report.checks:
        severity = f"[{_SEVERITY_COLOURS[check.severity]}]{check.severity}[/]"
        table.add_row(severity, check.group, escape(check.name), escape(check.found), escape(check.expected))
    OUT.print(table)
    for check in report.checks:
        if check.severity != "ok":
            OUT.print(
                f"[{_SEVERITY_COLOURS[check.severity]}]{check.severity}[/] {escape(check.name)}: {escape(check.advice)}", soft_wrap=True
            )
            for example in check.examples:
                OUT.print(f"  {escape(example)}", highlight=False, soft_wrap=True)
    OUT.print(f"Errors: {report.count('error')}. Warnings: {report.count('warning')}.")


def show_import(report: "ImportReport") -> None:
    """Print what an import read, what each label became, what each part holds, and what to know before training."""
    for path, file in report.files.items():
        OUT.print(f"{escape(path)}: {file['rows']:,} rows for {file['part']}", highlight=False, soft_wrap=True)
    labels = Table(box=SIMPLE_HEAD, **COMPACT)
    for name in ("label", "becomes", "rows"):
        labels.add_column(name, justify="right" if name == "rows" else "left")
    for label, found in report.labels.items():
        labels.add_row(escape(label), found["becomes"], f"{found['rows']:,}")
    OUT.print(labels)
    parts = Table(box=SIMPLE_HEAD, **COMPACT)
    for name in ("", *report.parts):
        parts.add_column(name, justify="right" if name else "left")
    for name in ("statements", "processes"):
        parts.add_row(name, *(f"{part[name]:,}" for part in report.parts.values()))
    for head, counted in next(iter(report.parts.values()))["labels"].items():
        for label in sorted({label for part in report.parts.values() for label in part["labels"][head]} | set(counted)):
            parts.add_row(label.replace("_", " "), *(f"{part['labels'][head].get(label, 0):,}" for part in report.parts.values()))
    OUT.print(parts)
    left_out = ", ".join(f"{count:,} ({reason})" for reason, count in report.dropped.items()) or "none"
    OUT.print(f"Read {report.read:,} rows, wrote {report.written:,}, left out: {escape(left_out)}.", highlight=False, soft_wrap=True)
    for told in report.broken:
        OUT.print(f"  {escape(told)}", highlight=False, soft_wrap=True)
    for count, told in (
        (report.repeated, "rows with the text, target and label of an earlier one (kept)"),
        (report.contradicted, "texts with one target and several labels (kept)"),
        (report.shared, "test rows whose text train or calibration has too (kept)"),
    ):
        if count:
            OUT.print(f"Note: {told}: {count:,}.", highlight=False, soft_wrap=True)
    if report.lacking:
        OUT.print(f"Note: the set says nothing of {' and '.join(report.lacking)}.", highlight=False, soft_wrap=True)
    OUT.print(f"Train on it with [bold]stance train finetune --data {escape(str(report.out))}[/].", highlight=False, soft_wrap=True)


def show_quote_scores(scores: dict[str, "QuoteScores"], by_rule: dict[str, tuple[int, int]], rate: float, words: int) -> None:
    """Print a row per group of articles or per way to read them, how often each rule was right, and the speed."""
    table = Table(title="Quotes and speakers, each with its 95 % interval", title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    for name in ("", "articles", "quotes", "precision", "recall", "F1", "others rejected", "speaker right"):
        table.add_column(name)
    for name, score in scores.items():
        shares = (score.precision, score.recall, score.f1, score.rejected, score.speaker)
        cells = ("-" if share.value != share.value else f"{share.value:.3f} \\[{share.low:.2f}, {share.high:.2f}]" for share in shares)
        table.add_row(escape(name), str(score.articles), str(score.statements), *cells)
    OUT.print(table)
    for rule, (times, right) in by_rule.items():
        OUT.print(f"{rule}: right {right} of {times} times, {right / times:.0%}", highlight=False)
    OUT.print(f"{rate:,.0f} articles of {words} words a second, one thread.")


def show_learning_curve(rows: Sequence[tuple[str, str, int, float, float, float]]) -> None:
    """Print stance macro-F1: recipe, measured set, training statements, mean over seeds, and its range."""
    shown = Table(title="Stance macro-F1, mean over seeds (range)", title_justify="left", box=SIMPLE_HEAD, **COMPACT)
    for name in ("recipe", "measured on", "statements", "macro-F1"):
        shown.add_column(name)
    for recipe, measured_on, n, mean, least, most in rows:
        shown.add_row(escape(recipe), escape(measured_on), f"{n:,}", f"{mean:.2f} ({least:.2f} to {most:.2f})")
    OUT.print(shown)


@contextmanager
def progress() -> Iterator["OnProgress"]:
    """Give a callback that draws a bar per stage on standard error."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=ERR) as bars:
        tasks: dict[str, int] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for earlier in tasks.values():
                    bars.update(earlier, total=1, completed=1)  # type: ignore[arg-type]
                tasks[stage] = bars.add_task(stage, total=total if done else None)
            if done:
                bars.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield advance
        for task in tasks.values():
            bars.update(task, total=1, completed=1)  # type: ignore[arg-type]


def _stance_cell(prediction: Prediction) -> str:
    label = prediction.stance.label
    text = f"{label} {prediction.stance.probabilities[label]:.0%}"
    if prediction.relevance.label == "off_target":
        return f"[dim]off target {prediction.relevance.probabilities['off_target']:.0%}\n({text})[/]"
    return f"[dim]{text}\n(unsure)[/]" if prediction.abstained else f"[{_COLOURS[label]}]{text}[/]"


def shortened(text: str) -> str:
    """Return a text cut to what a table's cell can hold."""
    return shorten(text, _SHOWN_CHARS, placeholder=" [more]")
