"""An evaluation as one HTML page, without a script."""

from collections.abc import Sequence
from html import escape
from typing import Final

from stance.labels import HEADS
from training import pages
from training.behaviour import Behaviour, Failure, Rate
from training.evaluate import COMMON_TAG, HeadReport, Mistake, Report
from training.evaluation import Evaluation
from training.figures import reliability_svg, risk_coverage_svg
from training.metrics import Score

_FAILURES_SHOWN: Final = 5  # of each phenomenon; as JSON there are all


def page(evaluation: Evaluation) -> str:
    """Return the page: figures of each head, confusions, calibration, abstention, processes, tags, behaviour, worst mistakes.

    Every text that comes from data is escaped, and a content security policy lets the page load nothing.
    """
    title = f"{escape(evaluation.model)} on {escape(evaluation.data.name)}"
    report = evaluation.report
    sections = [
        f"<h1>{title}</h1>{_facts(evaluation)}",
        pages.section("How right", _heads(report)),
        pages.section("Label by label", _confusions(report) + _labels(report)),
        pages.section("Calibration", _calibration(report)),
        pages.section("Abstention", _abstention(report)),
        pages.section("Peace processes", _by_head("process", "macro-F1", report.processes)),
        pages.section("Phenomena", _phenomena(report)),
        pages.section("Behaviour", _behaviour(evaluation.behaviour)) if evaluation.behaviour else "",
        pages.section("Worst mistakes", _mistakes(report)),
    ]
    return pages.page(title, sections)


def _facts(evaluation: Evaluation) -> str:
    data, manifest = evaluation.data, evaluation.manifest
    facts = {"Data": f"{data.path}, {data.part}: {len(data.statements):,} statements (digest {data.digest})"}
    if manifest is not None:
        facts["Model"] = f"recipe {manifest.recipe.get('name', '')}, seed {manifest.recipe.get('seed', '')}, commit {manifest.git_commit}"
        facts["Run"] = manifest.run_id
    if evaluation.behaviour is not None:
        facts["Behaviour"] = f"{evaluation.behaviour.path}: {evaluation.behaviour.overall.cases:,} cases"
    seen = (
        f'<p class="bad">{evaluation.seen:,} of the statements are of peace processes that the model was trained or calibrated on: '
        "the figures flatter it.</p>"
        if evaluation.seen
        else ""
    )
    return pages.facts(facts) + seen + pages.note("In brackets, and as bars from 0 to 1, 95 % intervals over statements.")


def _heads(report: Report) -> str:
    names = ("head", "macro-F1", "majority's", "accuracy", "majority's", "calibration error", "statements")
    rows = []
    for head, found in _measured(report):
        majority, share = pages.number(found.majority), pages.number(found.majority_accuracy)
        scores = pages.score(found.macro_f1), majority, pages.score(found.accuracy), share, pages.score(found.calibration_error, bar=False)
        rows.append(pages.row(head, *scores, pages.count(found.macro_f1.statements)))
    note = "Majority: always answering the commonest gold label. Stance is scored on statements that bear on the deal."
    return pages.table(names, rows) + pages.note(note)


def _confusions(report: Report) -> str:
    tables = []
    for head, found in _measured(report):
        labels = HEADS[head]
        rows = []
        for gold, (label, counts) in enumerate(zip(labels, found.confusion.tolist(), strict=True)):
            cells = []
            for predicted, count in enumerate(counts):
                shade = round(60 * count / max(1, sum(counts)))  # percent of the accent: text stays readable on it
                style = f"background: color-mix(in srgb, var(--accent) {shade}%, transparent)"
                cells.append(f'<td{" class=hit" if gold == predicted else ""} style="{style}">{count:,}</td>')
            rows.append(f"<tr><th>{label}</th>{''.join(cells)}</tr>")
        heads = "".join(f"<th>{label}</th>" for label in labels)
        tables.append(
            f'<div class="scroll"><table class="confusion"><caption>{head}</caption>'
            f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
    return (
        f'<p class="note">Counts: a row for each gold label, a column for each predicted one.</p><div class="side">{"".join(tables)}</div>'
    )


def _labels(report: Report) -> str:
    rows = [
        pages.row(
            f"{head}: {label}", pages.score(scores.precision), pages.score(scores.recall), pages.score(scores.f1), pages.count(scores.gold)
        )
        for head, found in _measured(report)
        for label, scores in found.labels.items()
    ]
    return pages.table(("label", "precision", "recall", "F1", "statements"), rows)


def _calibration(report: Report) -> str:
    return (
        f"<figure>{reliability_svg(report)}</figure>"
        '<p class="note">How often the model is right where it is so sure, in ten bins of confidence. On the dotted line confidence '
        "means what it says; below it the model is too sure. The pale bars say how many statements a bin holds.</p>"
    )


def _abstention(report: Report) -> str:
    if not report.coverage.statements:
        return ""
    curve = report.risk_coverage
    rows = [
        pages.row("stances answered, not abstained", pages.score(report.coverage), pages.count(report.coverage.statements)),
        pages.row("accuracy of those", pages.score(report.selective_accuracy), pages.count(report.selective_accuracy.statements)),
        pages.row("accuracy of the most confident half", pages.score(curve.half), pages.count(curve.half.statements)),
        pages.row("area under the curve", pages.score(curve.area), pages.count(curve.area.statements)),
    ]
    return (
        pages.table(("", "share", "statements"), rows)
        + f'<figure class="narrow">{risk_coverage_svg(report)}</figure><p class="note">Stance accuracy when only the most confident share '
        "is answered, with its interval at each share. A confidence that says nothing gives a flat line.</p>"
    )


def _by_head(name: str, metric: str, parts: dict[str, dict[str, Score]]) -> str:
    names = (name, *(f"{head} {metric}" for head in HEADS), "statements of each")
    rows = []
    for part, scores in parts.items():
        counts = " / ".join(pages.count(scores[head].statements) if head in scores else pages.NOTHING for head in HEADS)
        rows.append(pages.row(part, *(pages.score(scores[head]) if head in scores else pages.NOTHING for head in HEADS), counts))
    return pages.table(names, rows) if rows else ""


def _phenomena(report: Report) -> str:
    common = {tag: s for tag, s in report.phenomena.items() if max(score.statements for score in s.values()) >= COMMON_TAG}
    if rarer := len(report.phenomena) - len(common):
        note = f'<p class="note">{rarer:,} rarer tags, of fewer than {COMMON_TAG} statements each, are in the JSON.</p>'
        return _by_head("tag of the corpus", "accuracy", common) + note
    return _by_head("tag of the corpus", "accuracy", common)


def _behaviour(behaviour: Behaviour) -> str:
    rows = [_rate_row(rate) for rate in (*behaviour.rates, behaviour.overall)]
    return pages.table(("phenomenon", "passed", "rate", "threshold", ""), rows) + _failures(behaviour.failures)


def _rate_row(rate: Rate) -> str:
    score = Score(rate.value, rate.low, rate.high, rate.cases)
    verdict = "" if rate.threshold is None else '<span class="good">ok</span>' if rate.ok else '<span class="bad">too low</span>'
    threshold = pages.NOTHING if rate.threshold is None else pages.number(rate.threshold)
    return pages.row(rate.phenomenon, f"{rate.passed:,} of {rate.cases:,}", pages.score(score, mark=rate.threshold), threshold, verdict)


def _failures(failures: Sequence[Failure]) -> str:
    shown: dict[str, list[Failure]] = {}
    for failure in failures:
        shown.setdefault(failure.case.phenomenon, []).append(failure)
    rows = []
    for phenomenon in sorted(shown):
        for failure in shown[phenomenon][:_FAILURES_SHOWN]:
            case = failure.case
            twin = f"<br>twin: {pages.said(case.twin.speaker, case.twin.text, case.twin.target)}" if case.twin else ""
            differing = [head for head, label in failure.expected.items() if failure.got[head] != label]
            labels = "<br>".join(f"{head}: {failure.expected[head]}, got {failure.got[head]}" for head in differing)
            said = pages.said(case.statement.speaker, case.statement.text, case.statement.target)
            rows.append(
                f'<tr><th>{escape(phenomenon)}</th><td>{escape(case.id)}</td><td class="text">{said}{twin}</td><td>{labels}</td></tr>'
            )
    if not rows:
        return ""
    heading = f"<h3>Cases that failed, at most {_FAILURES_SHOWN} of each phenomenon ({len(failures):,} in all)</h3>"
    return heading + pages.table(("phenomenon", "case", "statement", "expected, or its own; got, or its twin's"), rows)


def _mistakes(report: Report) -> str:
    parts = []
    for head, found in report.heads.items():
        if found.mistakes:
            rows = [_mistake_row(mistake) for mistake in found.mistakes]
            parts.append(f"<h3>{head}</h3>" + pages.table(("gold", "predicted", "probabilities", "statement", "id"), rows))
    return "".join(parts)


def _mistake_row(mistake: Mistake) -> str:
    probabilities = "<br>".join(f"{label} {pages.number(p)}" for label, p in mistake.probabilities.items())
    said = pages.said(mistake.speaker, mistake.text, mistake.target)
    place = f'{escape(mistake.id)}<br><span class="range">{escape(mistake.process)}</span>'
    return (
        f'<tr><td>{mistake.gold}</td><td class="bad">{mistake.predicted}</td><td class="score">{probabilities}</td>'
        f'<td class="text">{said}</td><td>{place}</td></tr>'
    )


def _measured(report: Report) -> list[tuple[str, HeadReport]]:
    return [(head, found) for head, found in report.heads.items() if found.macro_f1.statements]
