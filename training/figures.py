"""Figures of a report; drawn without a display."""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from stance.labels import HEADS
from training.evaluate import Report
from training.metrics import BINS, Bin, CoveragePoint

SERIES: Final = 6
"""As many contenders can be told from each other in one figure."""
_SERIES_COLOURS: Final = tuple(f"#0a0b{number:02x}" for number in range(SERIES))
_LINES: Final = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))  # for a print without colours
# Stand-ins that svg() turns into the page's own colours, which differ by day and by night.
_INK: Final = "#010203"
_ACCENT: Final = "#040506"
_FAINT: Final = "#070809"
_PAGE_COLOURS: Final = {
    _INK: "currentColor",
    _ACCENT: "var(--accent)",
    _FAINT: "var(--faint)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES_COLOURS)},
}
_SETTLED: Final = 0.1  # a handful of statements has no accuracy to speak of
_STYLE: Final = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "stance",  # the same report, the same bytes
    "text.parse_math": False,  # a name with $ in it is a name
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def confusion_figure(report: Report) -> Figure:
    """Return the confusion matrices of all heads side by side: rows gold, columns predicted, counts."""
    figure = Figure(figsize=(4.2 * len(HEADS), 3.8), layout="constrained")
    for axis, (head, labels) in zip(figure.subplots(1, len(HEADS)), HEADS.items(), strict=True):
        counts = report.heads[head].confusion
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axis.set_title(f"{head}: macro-F1 {report.heads[head].macro_f1.value:.3f}")
        axis.set_xticks(range(len(labels)), labels, rotation=20)
        axis.set_yticks(range(len(labels)), labels)
        axis.set_xlabel("predicted")
        axis.set_ylabel("gold")
        for row in range(len(labels)):
            for column in range(len(labels)):
                colour = "white" if shares[row, column] > 0.6 else "black"
                axis.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    return figure


def reliability_svg(report: Report) -> str:
    """Return, for every head, accuracy with its interval against confidence, and how many statements each bin holds."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.6 * len(HEADS), 3.6), layout="constrained")
        for axis, (head, found) in zip(figure.subplots(1, len(HEADS)), report.heads.items(), strict=True):
            most = max([b.accuracy.statements for b in found.reliability], default=1)
            for b in found.reliability:  # how full each bin is, along the bottom
                axis.bar(b.start, 0.2 * b.accuracy.statements / most, 1 / BINS, align="edge", color=_FAINT)
            axis.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":")
            accuracies = np.array([b.accuracy.value for b in found.reliability])
            reach = [
                [b.accuracy.value - b.accuracy.low for b in found.reliability],
                [b.accuracy.high - b.accuracy.value for b in found.reliability],
            ]
            confidences = [b.confidence for b in found.reliability]
            axis.errorbar(confidences, accuracies, yerr=np.abs(reach), color=_ACCENT, marker="o", markersize=4, capsize=2, linewidth=1.4)
            axis.set(title=head, xlabel="confidence", xlim=(0, 1), ylim=(0, 1.02))
        figure.axes[0].set_ylabel("accuracy")
        return svg(figure, "reliability")


def risk_coverage_svg(report: Report) -> str:
    """Return stance accuracy, with its interval, against the share answered, and where the model's own threshold lies."""
    points = report.risk_coverage.points
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        axis = figure.subplots()
        coverage = [point.coverage for point in points]
        low, high = [point.accuracy.low for point in points], [point.accuracy.high for point in points]
        axis.fill_between(coverage, low, high, color=_FAINT, linewidth=0)
        axis.plot(coverage, [point.accuracy.value for point in points], color=_ACCENT, linewidth=1.6)
        if report.selective_accuracy.statements:
            at = report.coverage.value, report.selective_accuracy.value
            axis.plot(*at, marker="o", color=_INK)
            axis.annotate("the model's threshold", at, (0, -34), textcoords="offset points", ha="center")
        axis.set(xlabel="share of statements answered", ylabel="stance accuracy", xlim=(0, 1.01))
        settled = [point.accuracy.low for point in points if point.coverage >= _SETTLED]
        axis.set_ylim(max(0.0, min(settled, default=0.0) - 0.15), 1.02)
        return svg(figure, "risk-coverage")


def reliabilities_svg(contenders: Mapping[str, Mapping[str, Sequence[Bin]]]) -> str:
    """Return accuracy against confidence, a curve for each of {contender: {head: bins}}, at most SERIES, over each other."""
    with matplotlib.rc_context(_STYLE):
        heads = list(next(iter(contenders.values())))
        figure = Figure(figsize=(3.6 * len(heads), 3.8), layout="constrained")
        for axis, head in zip(figure.subplots(1, len(heads), squeeze=False)[0], heads, strict=True):
            axis.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":")
            for (name, by_head), look in zip(contenders.items(), _looks(), strict=False):
                bins = by_head[head]
                axis.plot([b.confidence for b in bins], [b.accuracy.value for b in bins], marker="o", markersize=3, label=name, **look)
            axis.set(title=head, xlabel="confidence", xlim=(0, 1), ylim=(0, 1.02))
        figure.axes[0].set_ylabel("accuracy")
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        return svg(figure, "reliabilities")


def coverages_svg(contenders: Mapping[str, Sequence[CoveragePoint]]) -> str:
    """Return stance accuracy against the share answered, a curve for each contender, at most SERIES, over each other."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axis = figure.subplots()
        for (name, points), look in zip(contenders.items(), _looks(), strict=False):
            axis.plot([p.coverage for p in points], [p.accuracy.value for p in points], label=name, **look)
        axis.set(xlabel="share of statements answered", ylabel="stance accuracy", xlim=(0, 1.01))
        settled = [p.accuracy.value for points in contenders.values() for p in points if p.coverage >= _SETTLED]
        axis.set_ylim(max(0.0, min(settled, default=0.0) - 0.1), 1.02)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        return svg(figure, "coverages")


def _looks() -> Iterator[dict[str, Any]]:
    return ({"color": colour, "linestyle": line, "linewidth": 1.6} for colour, line in zip(_SERIES_COLOURS, _LINES, strict=True))


def svg(figure: Figure, name: str) -> str:
    """Return a figure as an SVG element for a page: no size of its own, the page's colours, ids that begin with `name`."""
    stream = StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"| (width|height)="[\d.]+pt"| version="[\d.]+"', "", text.replace("xlink:href", "href"))
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    for stand_in, colour in _PAGE_COLOURS.items():
        text = text.replace(stand_in, colour)
    return text
