"""What the command line shows of runs, of an evaluation and of several seeds; it knows training's values by type only."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from stance.console import COMPACT, OUT, shortened
from stance.labels import HEADS

if TYPE_CHECKING:
    from training.behaviour import Behaviour
    from training.details import RunDetails
    from training.evaluate import Report
    from training.evaluation import Evaluation
    from training.metrics import Score
    from training.seeds import SeedGroup
    from training.tracking import Event, RunSummary

_TAGS_SHOWN: Final = 20
_MISTAKES_SHOWN: Final = 5
_NO_LIMIT: Final = 10_000
_DIGEST_SHOWN: Final = 4
_COMMIT_SHOWN: Final = 12
_MAIN: Final = "test/stance/macro_f1"


def show_runs(runs: "Sequence[RunSummary]", store: str, sort: str) -> None:
    """Print runs in the order given, with the metric they are sorted by."""
    if not runs:
        OUT.print(f"No runs yet in {escape(store)}: train one with [bold]stance train quick[/].")
        return
    table = _runs_table(runs, sort, wide=True)
    OUT.print(
        table
        if OUT.measure(table, options=OUT.options.update(width=_NO_LIMIT)).maximum <= OUT.width
        else _runs_table(runs, sort, wide=False)
    )


def _runs_table(runs: "Sequence[RunSummary]", sort: str, *, wide: bool) -> Table:
    """Return the table; a narrow one leaves out recipe and seed, which begin the name, and tells only an unusual status."""
    extra = sort not in ("age", _MAIN)
    table = Table(box=SIMPLE_HEAD, **COMPACT)
    table.add_column("run", no_wrap=True)
    for name in (
        *(("recipe", "seed") if wide else ()),
        "data",
        "stance macro-F1",
        "relev.",
        "sent.",
        "age",
        *(("status",) if wide else ()),
    ):
        table.add_column(name, no_wrap=True)
    if extra:
        table.add_column(sort, overflow="fold")
    for run in runs:
        unusual = run.status != "FINISHED" and not wide
        table.add_row(
            f"{'★' if run.is_champion else ' '} {escape(run.name)}",
            *((escape(run.recipe), run.seed) if wide else ()),
            run.data_digest[:_DIGEST_SHOWN],
            run.status.lower() if unusual else _interval(run.metrics, _MAIN),
            _figure(run.metrics, "test/relevance/macro_f1"),
            _figure(run.metrics, "test/sentiment/macro_f1"),
            _age(run.started),
            *((run.status.lower(),) if wide else ()),
            *((f"{run.metrics[sort]:.3g}" if sort in run.metrics else "-",) if extra else ()),
        )
    return table


def show_run(found: "RunDetails") -> None:
    """Print everything of one run."""
    run = found.run
    crown = " [yellow]★ champion[/]" if run.is_champion else ""
    OUT.print(f"[bold]{escape(run.name)}[/]  {run.status.lower()}, {_age(run.started)} old{crown}\n", highlight=False)
    facts = Table.grid(padding=(0, 2))
    for name, told in _facts(found):
        facts.add_row(f"[dim]{name}[/]", told)
    OUT.print(facts, highlight=False)
    if _MAIN in run.metrics or any(f"test/{head}/macro_f1" in run.metrics for head in HEADS):
        OUT.print("")
        _show_test(found)
    for event in found.events:
        OUT.print(_moved(event, run), highlight=False, soft_wrap=True)
    if found.artifacts:
        OUT.print(f"[dim]artifacts[/] {escape(', '.join(found.artifacts))}", highlight=False)


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


def _facts(found: "RunDetails") -> Iterator[tuple[str, str]]:
    run = found.run
    changed = ", ".join(f"{name} {value} (not {usual})" for name, (value, usual) in found.changed.items())
    unlike = f"; unlike {found.like}: {changed}" if changed else f", as {found.like} is shipped" if found.like else ""
    yield "run id", run.run_id
    yield "recipe", escape(f"{run.recipe}, seed {run.seed}{unlike}")
    counts = {name: (part["statements"], len(part["processes"])) for name, part in found.parts.items()}
    parts = ", ".join(f"{name} {n:,} ({of} process{'' if of == 1 else 'es'})" for name, (n, of) in counts.items())
    yield "data", escape(f"{run.data_digest[:_DIGEST_SHOWN]} {found.source}")
    if parts:
        yield "", escape(parts)
    if found.init_from:
        yield "begun from", escape(found.init_from)
    yield "code", escape(f"{_short_commit(found.git_commit)}, training {found.fit_key}")
    if found.versions:
        yield "versions", escape(", ".join(f"{name} {version}" for name, version in found.versions.items()))
    if found.fit_seconds is not None:
        yield "fitted in", f"{found.fit_seconds:,.1f} s"
    if run.model_version:
        yield "model", f"version {run.model_version}, {found.model_bytes / 1e6:,.2f} MB"
    if found.threshold is not None:
        yield "answers", f"stances from {found.threshold:.2f} on; else it abstains"
    if found.evaluations:
        yield "evaluations", escape(", ".join(found.evaluations))


def _show_test(found: "RunDetails") -> None:
    metrics = found.run.metrics
    table = _table("on the test part", "macro-F1 (95 %)", "majority", "accuracy", "ECE", "temperature")
    for head in HEADS:
        name = f"test/{head}/macro_f1"
        if name in metrics:
            figures = (_figure(metrics, f"test/{head}/{figure}") for figure in ("majority_macro_f1", "accuracy", "calibration_error"))
            temperature = f"{found.temperatures[head]:.2f}" if head in found.temperatures else "-"
            table.add_row(head, _interval(metrics, name), *figures, temperature)
    OUT.print(table)


def _moved(event: "Event", run: "RunSummary") -> str:
    why = f": {escape(event.why)}" if event.why else ""
    when = f"{event.at:%Y-%m-%d %H:%M} UTC by {escape(event.who)}{why}"
    if event.version == run.model_version:
        told = "champion again by rollback" if event.action == "rollback" else "promoted"
        return f"{told}{' [yellow]by force[/]' if event.forced else ''}, {when}"
    told = "taken back for" if event.action == "rollback" else "succeeded by"
    return f"{told} {escape(event.name)}, {when}"


def _short_commit(commit: str) -> str:
    name, _, changed = commit.partition("-")
    return name[:_COMMIT_SHOWN] + (f"-{changed}" if changed else "")


def _figure(metrics: dict[str, float], name: str) -> str:
    return f"{metrics[name]:.2f}" if name in metrics else "-"


def _interval(metrics: dict[str, float], name: str) -> str:
    if name not in metrics:
        return "-"
    return f"{metrics[name]:.2f} \\[{metrics[f'{name}_low']:.2f}, {metrics[f'{name}_high']:.2f}]"


def _age(started: datetime) -> str:
    seconds = (datetime.now(UTC) - started).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
