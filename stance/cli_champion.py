"""The `stance` commands on the champion: promote, rollback, history, export."""

from pathlib import Path
from typing import Annotated, Final

import typer

from stance import console, console_champion
from stance.cli_runs import BehaviourOption, JsonOption, NoBehaviourOption, RunArgument, behaviour_folder

champion_app: Final = typer.Typer()
_REFUSED: Final = 1

WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="The reason, kept in the history.")]


@champion_app.command(epilog='Example: stance promote last; stance promote last --force --why "the old one is broken"')
def promote(
    run: RunArgument,
    behaviour: BehaviourOption = None,
    no_behaviour: NoBehaviourOption = False,
    force: Annotated[bool, typer.Option("--force", help="Whatever the gates find; needs --why.")] = False,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a run's model the champion, and put it where the service takes it from, if it passes every gate.

    The gates: an intact model that answers; the champion's test data, and no head significantly worse on it; calibration;
    behaviour cases. A first champion needs only the first of these. Exit code 1 where one is not passed.
    """
    from serving import store
    from training.gate import GateError, Verdict
    from training.promote import Promotion
    from training.promote import promote as run_promotion

    suite = behaviour_folder(behaviour, leave_out=no_behaviour)
    with console.progress() as on_progress:
        found: Promotion | Verdict
        try:
            found = run_promotion(run, store.put, behaviour=suite, force=force, why=why, on_progress=on_progress)
        except GateError as error:
            found = error.verdict
    if as_json:
        console.show_json(found.as_json())
    elif isinstance(found, Verdict):
        console_champion.show_refusal(found)
    else:
        console_champion.show_promotion(found)
    if isinstance(found, Verdict):
        raise typer.Exit(_REFUSED)


@champion_app.command(epilog='Example: stance rollback --why "labels of last week were wrong"')
def rollback(why: WhyOption = "", as_json: JsonOption = False) -> None:
    """Put the champion before this one back, where the service takes it from too; again, and the one before that comes."""
    from serving import store
    from training.promote import rollback as run_rollback

    restored = run_rollback(store.put, why=why)
    if as_json:
        console.show_json(restored.as_json())
    else:
        console_champion.show_promotion(restored)


@champion_app.command(epilog="Example: stance history")
def history(as_json: JsonOption = False) -> None:
    """Who made which model the champion, when, over which one, and why."""
    from training.promote import history as read_history

    found = read_history()
    if as_json:
        console.show_json([event.as_json() for event in found])
    else:
        console_champion.show_history(found)


@champion_app.command(epilog="Example: stance export champion ./model")
def export(
    run: RunArgument,
    directory: Annotated[Path, typer.Argument(help="Where the model directory goes; made, or empty.")],
) -> None:
    """Write a run's model directory, for --model, another machine or an archive."""
    from training.promote import export as run_export

    exported = run_export(run, directory)
    console.OUT.print(f"{exported.name} is in {directory}; use it with --model {directory}.")
