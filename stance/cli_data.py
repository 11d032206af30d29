"""The `stance data` commands: is a corpus sound, would more of it help, and how another's becomes one."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from stance import console
from stance.errors import InputError

data_app: Final = typer.Typer(no_args_is_help=True, help="Look after labelled statements.")


@data_app.command("check", epilog="Example: stance data check datasets/peace_deals --strict")
def check_data(
    path: Annotated[Path, typer.Argument(help="A corpus folder (*.jsonl, splits.json) or one .jsonl file.")],
    held_out: Annotated[list[Path] | None, typer.Option(help="A corpus whose words must not stand in this one; may be repeated.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Is a corpus worth training on? Format, duplicates, leakage between splits, balance, wording, agreement.

    Exits with 1 where there is an error: a line that can't be read, or a test statement that training would see.
    """
    from stance.corpus_check import check_corpus

    report = check_corpus(path, held_out or [])
    if as_json:
        console.show_json({**asdict(report), "path": str(path)})
    else:
        console.show_corpus_report(report)
    if report.count("error") or (strict and report.count("warning")):
        raise typer.Exit(1)


@data_app.command("quotes", epilog="Example: stance data quotes datasets/articles --ablate")
def evaluate(
    path: Annotated[Path, typer.Argument(help="A folder of gold articles (NAME.txt, NAME.json), or a JSONL file with gold segments.")],
    ablate: Annotated[bool, typer.Option("--ablate", help="Also without each mechanism: what does it add?")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Also how often each attribution rule was right.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """How well are quotes and speakers found in articles whose reading is known?"""
    from stance.quotes.evaluate import SOUND, WORDS_AN_ARTICLE, ablations, evaluate_quotes, read_gold, right_by_rule, speed

    articles = read_gold(path)
    damaged = [article for article in articles if article.group != SOUND]
    groups = {SOUND: [a for a in articles if a.group == SOUND], "damaged marks": damaged} if damaged else {}
    groups |= {kind: [a for a in damaged if a.group == kind] for kind in sorted({a.group for a in damaged})}
    scores = {"all": evaluate_quotes(articles)} | {name: evaluate_quotes(found) for name, found in groups.items() if found}
    without = {name: evaluate_quotes(articles, m) for name, m in ablations().items() if ablate and name != "all"}
    by_rule = right_by_rule(articles) if rules else {}
    rate = speed(articles)
    if as_json:
        groups_and_ways = {"groups": scores, "without": without}
        shares = {key: {name: score.as_json() for name, score in part.items()} for key, part in groups_and_ways.items()}
        console.show_json({**shares, "rules": by_rule, "articles_per_second": rate})
    else:
        console.show_quote_scores(scores | without, by_rule, rate, WORDS_AN_ARTICLE)


@data_app.command("curve", epilog="Example: stance data curve datasets/peace_deals --recipe quick --sizes 300,600,1200 --out curve")
def draw_curve(
    path: Annotated[Path, typer.Argument(help="A corpus folder: *.jsonl and splits.json.")],
    out: Annotated[Path, typer.Option(help="A folder for points.jsonl and curve.svg; points that are there are not trained again.")],
    recipe: Annotated[list[str] | None, typer.Option(help="A recipe, or a path to one; may be repeated.  [default: quick]")] = None,
    sizes: Annotated[
        str, typer.Option(help="Training statements of each point; more than there are means all.")
    ] = "300,600,1200,2400,4800",
    seeds: Annotated[int, typer.Option(min=1, help="Models a point: seeds 0, 1, ..., each with its own part of the corpus.")] = 3,
    also: Annotated[list[Path] | None, typer.Option(help="Another corpus to measure on; may be repeated.")] = None,
) -> None:
    """Would more statements help? Train recipes on growing parts of a corpus and draw what that does."""
    try:
        counts = [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise InputError(f"--sizes: expected numbers with commas between, got {sizes!r}; write e.g. 300,600,1200") from error
    from training.recipe import read_recipe

    recipes = [read_recipe(name) for name in recipe or ["quick"]]
    from training.learning_curve import curve_figure, measure, table

    with console.progress() as on_progress:
        points = measure(recipes, path, counts, seeds, also or [], out, lambda done, total: on_progress("training points", done, total))
    curve_figure(points).savefig(out / "curve.svg")
    console.show_learning_curve(table(points, "stance"))


@data_app.command("import", epilog="Example: stance data import vast downloads/VAST --out vast --label neutral=drop")
def import_data(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="tweeteval, vast, newsmtsc or jsonl.")],
    source: Annotated[Path, typer.Argument(help="The data set as it is handed out: a file, or a folder of them.")],
    out: Annotated[Path, typer.Option(help="The corpus folder to write; made, or empty.")],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="FROM=TO", help="A label of the set becomes a label of ours, off_target or drop; may be repeated."),
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option(metavar="FILE=PART", help="A file (train, val ...) goes to train, calibration, test or drop.")
    ] = None,
    calibration_share: Annotated[float, typer.Option(help="Of the training rows, where no file is for calibration.")] = 0.1,
    test_share: Annotated[float, typer.Option(help="Of the training rows, where no file is for test.")] = 0.1,
    head: Annotated[
        str | None, typer.Option(help="jsonl: what the labels speak of: relevance, stance or sentiment (default: stance).")
    ] = None,
    text: Annotated[str | None, typer.Option(help="jsonl: the field of the words (default: statement, text or sentence).")] = None,
    target: Annotated[str | None, typer.Option(help="jsonl: the field of the target (default: target or topic).")] = None,
    label_field: Annotated[str | None, typer.Option(help="jsonl: the field of the label (default: the head's name, or label).")] = None,
    group_by: Annotated[str | None, typer.Option(help="jsonl: rows of one value stay in one part (default: the text).")] = None,
    skip_broken: Annotated[bool, typer.Option("--skip-broken", help="Leave out and count rows that can't be used.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Make a public data set, or your own JSONL, a corpus folder that `stance train --data` takes."""
    from stance.import_formats import Fields
    from stance.importing import ImportOptions, import_corpus

    options = ImportOptions(
        labels=_pairs("--label", label or []),
        parts=_pairs("--part", part or []),
        calibration_share=calibration_share,
        test_share=test_share,
        head=head,
        fields=Fields(text=text, target=target, label=label_field, group=group_by),
        skip_broken=skip_broken,
    )
    report = import_corpus(form, source, out, options)
    if as_json:
        console.show_json(report.as_json())
    else:
        console.show_import(report)


def _pairs(option: str, found: Sequence[str]) -> dict[str, str]:
    """Return {FROM: TO} of an option's FROM=TO."""
    pairs: dict[str, str] = {}
    for pair in found:
        left, equals, right = (piece.strip() for piece in pair.rpartition("="))
        if not (left and equals and right) or left in pairs:
            raise InputError(f"{option}: expected FROM=TO, each FROM once, got {pair!r}; write e.g. {option} neutral=drop")
        pairs[left] = right
    return pairs
