"""The `stance tune` command: search a recipe's fields."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from stance import console, console_tune
from stance.cli_runs import JsonOption
from stance.errors import InputError

if TYPE_CHECKING:
    from training.tune import Objective

tune_app: Final = typer.Typer()
_PROCESSES: Final = "WORLD_SIZE"  # set by accelerate and torchrun
_STOPPED: Final = 130  # as a shell says of Ctrl-C


@tune_app.command(epilog="Example: stance tune baseline --trials 30; stance train best.toml")
def tune(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe, or a path to a .toml file; what is not searched stays.")],
    trials: Annotated[int, typer.Option(min=1, help="So many finished trials in all, those of earlier calls among them.")],
    data: Annotated[Path | None, typer.Option(help="A corpus folder: *.jsonl and splits.json; without it, datasets/peace_deals.")] = None,
    space: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Which fields are searched, and where; without it, what is usual for the kind.")
    ] = None,
    storage: Annotated[
        str, typer.Option(metavar="PATH|URL", help="Where trials are kept and shared: a journal file, or postgresql://, sqlite:///.")
    ] = "tuning.journal",
    objective: Annotated[str, typer.Option(help="Macro-F1 of relevance, stance or sentiment, or the mean of them.")] = "mean",
    out: Annotated[Path, typer.Option(metavar="FILE.toml", help="Where the best recipe goes.")] = Path("best.toml"),
    as_json: JsonOption = False,
) -> None:
    """Search a recipe's fields for the best figures on the calibration part of a corpus; the test part is not looked at.

    Stopped at any moment, the same command goes on. Given several times at once, on one machine or many with one --storage,
    the trials are shared out.
    """
    if int(os.environ.get(_PROCESSES, "1")) > 1:
        raise InputError("tune: expected one process, got several of one launcher; start 'stance tune' several times instead")
    _check_out(out)
    from training.recipe import read_recipe

    resolved = read_recipe(recipe)
    from training.train import DEFAULT_DATA
    from training.tune import tune as search

    chosen = cast("Objective", objective)  # tune checks it
    corpus = data or DEFAULT_DATA
    try:
        with console.progress() as on_progress:
            found = search(resolved, corpus, trials=trials, space=space, storage=storage, objective=chosen, on_progress=on_progress)
    except KeyboardInterrupt as error:
        console.ERR.print("Stopped; the same command goes on.")
        raise typer.Exit(_STOPPED) from error
    try:
        out.write_text(found.best_toml(), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: expected a file that can be written, got: {error.strerror}; check the path") from error
    if as_json:
        console.show_json(found.as_json())
    else:
        console_tune.show_tuning(found, out)


def _check_out(out: Path) -> None:
    """Raise InputError, before hours of work, where the best recipe can't be written, or would replace what is no such recipe."""
    if out.suffix != ".toml" or not out.absolute().parent.is_dir() or out.is_dir():
        raise InputError(f"--out {out}: expected a .toml file in a folder that is there; name another")
    from training.tune import FOUND_BY

    if out.is_file() and not out.read_text(encoding="utf-8", errors="replace").startswith(FOUND_BY):
        raise InputError(f"--out {out}: expected no such file, or an earlier best recipe, got another file; name another")
