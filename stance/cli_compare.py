"""The `stance compare` command."""

from pathlib import Path
from typing import Annotated, Final

import typer

from stance import console, console_compare
from stance.cli_runs import JsonOption, check_writable, write_page
from stance.errors import InputError

compare_app: Final = typer.Typer()
_GROUPS: Final = ("seed",)


@compare_app.command(epilog="Example: stance compare champion last --html comparison.html; stance compare --recipe quick champion")
def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="A run's name, its id, 'v3', 'last' or 'champion'; the first is the reference."),
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, metavar="N", help="The newest N finished runs too.")] = None,
    recipe: Annotated[str, typer.Option(metavar="NAME", help="Those of this recipe; without --last all of them.")] = "",
    group: Annotated[str | None, typer.Option(metavar="seed", help="Make one of the runs of a recipe that differ by seed only.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Measure the models now, on a corpus folder or a .jsonl file, instead of reading what runs logged.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Of a folder with splits.json: test, calibration, train or all.  [default: test]", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples: the same, the same numbers.")] = 0,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything as one HTML page too, and keep it in MLflow.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Is one run better than another, where, and is that more than chance? Measured on the same statements.

    Differences are the other run's less the reference's, with 95 % intervals over statements (paired bootstrap) and p-values
    (approximate randomisation; of shares McNemar's) that are corrected for how many are tested (Holm).
    """
    if group is not None and group not in _GROUPS:
        raise InputError(f"--group: expected {' or '.join(_GROUPS)}, got {group!r}; name it, or leave it out")
    if part is not None and data is None:
        raise InputError(f"--part: expected --data FOLDER beside it, got --part {part} alone; name the folder")
    check_writable(html)
    from training.compare import compare as run_comparison

    with console.progress() as on_progress:
        found = run_comparison(
            *(runs or ()), last=last, recipe=recipe, group=group, data=data, part=part, seed=seed, on_progress=on_progress
        )
    kept = ""
    if html is not None:
        from training.comparison_report import page
        from training.tracking import log_comparison

        text = page(found)
        write_page(html, text)
        names = [run.name for entry in found.contenders for run in entry.runs]
        kept = log_comparison(found.name, names, found.as_json(), text)
    if as_json:
        console.show_json(found.as_json())
        return
    console_compare.show_comparison(found)
    if html is not None:
        console.OUT.print(
            f"The page is {html}; MLflow has it as comparison.html of run {kept}.", highlight=False, markup=False, soft_wrap=True
        )
