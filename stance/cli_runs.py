"""The `stance` commands on models as runs: train, list, show, evaluate."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from stance import console, console_runs
from stance.errors import InputError

runs_app: Final = typer.Typer()
_PROCESS_NUMBER: Final = "RANK"  # set by accelerate and torchrun

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, its id, 'last', or 'champion'.")]
BehaviourOption = Annotated[
    Path | None, typer.Option(help="A folder of behaviour cases.  [default: tests/behaviour, where it is there]", show_default=False)
]
NoBehaviourOption = Annotated[bool, typer.Option("--no-behaviour", help="Leave the behaviour cases out.")]


@runs_app.command(epilog="Example: stance train finetune --seeds 5; stance train finetune --init-from last")
def train(
    recipe: Annotated[
        str, typer.Argument(help="A shipped recipe (baseline, quick, finetune, finetune-large, zero-target) or a path to a .toml file.")
    ],
    data: Annotated[Path | None, typer.Option(help="A corpus folder: *.jsonl and splits.json.  [default: datasets/peace_deals]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's seed.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="So many runs, under this seed and the next ones: mean and interval over them.")] = 1,
    init_from: Annotated[str, typer.Option(metavar="MODEL|RUN", help="Begin from this model instead of the recipe's base.")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew where the same training was cut off, or is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a recipe on a corpus; the run, its figures and its model are kept in MLflow.

    A training that was cut off goes on where it was when the same command is given again.
    """
    from training.recipe import read_recipe

    resolved = read_recipe(recipe).with_seed(seed)
    from training.seeds import train_seeds
    from training.train import DEFAULT_DATA, assist
    from training.train import train as run_training

    corpus, count = data or DEFAULT_DATA, seeds
    if int(os.environ.get(_PROCESS_NUMBER, "0")):  # `accelerate launch` started several; the first one logs
        for number in range(count):
            assist(resolved.with_seed(resolved.seed + number), corpus, init_from=init_from, fresh=fresh)
        return
    with console.progress() as on_progress:
        if count > 1:
            group = train_seeds(resolved, corpus, count=count, init_from=init_from, fresh=fresh, on_progress=on_progress)
        else:
            run = run_training(resolved, corpus, init_from=init_from, fresh=fresh, on_progress=on_progress)
    if count > 1 and as_json:
        console.show_json(group.as_json())
    elif count > 1:
        console_runs.show_seeds(group)
    elif as_json:
        console.show_json(
            {"run_id": run.run_id, "name": run.name, "version": run.version, "seconds": run.fit_seconds, "metrics": run.report.metrics()}
        )
    else:
        console.show_trained(run)


@runs_app.command(epilog="Example: stance runs --recipe finetune --sort test/stance/accuracy --limit 10")
def runs(
    recipe: Annotated[str, typer.Option(help="Only runs of this recipe.")] = "",
    status: Annotated[str, typer.Option(help="Only finished, running, failed, killed or scheduled ones.")] = "",
    data: Annotated[str, typer.Option(metavar="DIGEST", help="Only runs on this data; its first characters will do.")] = "",
    sort: Annotated[str, typer.Option(metavar="METRIC", help="By a logged metric, the best first, or by age, the newest first.")] = "age",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List training runs with their main figures; ★ marks the champion."""
    from training.tracking import list_runs, store_uri

    found = list_runs(limit, recipe=recipe, status=status, data=data, sort=sort)
    if as_json:
        console.show_json([{**asdict(run), "started": run.started.isoformat()} for run in found])
    elif not found and (recipe or status or data):
        console.OUT.print("No such run; [bold]stance runs[/] lists all.")
    else:
        console_runs.show_runs(found, store_uri(), sort)


@runs_app.command(epilog="Example: stance show champion")
def show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Everything of one run: recipe, data, code, figures, model, artifacts, and when it was the champion."""
    from training.details import describe

    found = describe(run)
    if as_json:
        console.show_json(found.as_json())
    else:
        console_runs.show_run(found)


@runs_app.command(epilog="Example: stance evaluate champion --data datasets/peace_deals --html report.html")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL|RUN", help="A model directory, or a run's name, its id, 'last', or 'champion'.")],
    data: Annotated[Path, typer.Option(help="A corpus folder, or a .jsonl file of labelled statements.")],
    part: Annotated[
        str | None, typer.Option(help="Of a folder with splits.json: test, calibration, train or all.  [default: test]", show_default=False)
    ] = None,
    behaviour: BehaviourOption = None,
    no_behaviour: NoBehaviourOption = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything as one HTML page too.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Add the figures and the page to the run in MLflow.")] = False,
    as_json: JsonOption = False,
) -> None:
    """How right is a model, and where not? Every figure with its 95 % interval, on any labelled statements."""
    suite = behaviour_folder(behaviour, leave_out=no_behaviour)
    check_writable(html)
    from training.evaluation import evaluate_model, log_evaluation
    from training.loading import is_directory

    if log and is_directory(model):
        raise InputError(f"--log: expected a run to log to, got the model directory {model}; name the run, see 'stance runs'")
    if behaviour is None and suite is not None and not suite.is_dir():
        suite = None
    with console.progress() as on_progress:
        found = evaluate_model(model, data, part=part, behaviour=suite, on_progress=on_progress)
    page = ""
    if html is not None or log:
        from training.evaluation_report import page as render

        page = render(found)
    if html is not None:
        write_page(html, page)
    logged = log_evaluation(found, page) if log else ""
    if as_json:
        console.show_json(found.as_json())
    else:
        console_runs.show_evaluation(found)
        if html is not None:
            console.OUT.print(f"The page is {html}.", highlight=False, markup=False)
        if logged:
            console.OUT.print(f"Logged to {found.model}; the page is its artifact {logged}.", highlight=False, markup=False)


def behaviour_folder(behaviour: Path | None, *, leave_out: bool) -> Path | None:
    """Return the folder of behaviour cases meant by --behaviour and --no-behaviour, None where they are to be left out."""
    if leave_out and behaviour is not None:
        raise InputError("--no-behaviour: expected no --behaviour FOLDER beside it, got both; leave one out")
    from training.behaviour import DEFAULT_SUITE

    return None if leave_out else behaviour or DEFAULT_SUITE


def check_writable(html: Path | None) -> None:
    """Raise InputError where a page can't go to a file for want of its folder, before anything is computed for it."""
    if html is not None and not html.absolute().parent.is_dir():
        raise InputError(f"{html}: expected a file in a folder that is there, got none; make {html.parent} first")


def write_page(html: Path, page: str) -> None:
    """Write a page; raise InputError where the file can't be written."""
    try:
        html.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{html}: expected a file that can be written, got: {error.strerror}; check the path") from error
