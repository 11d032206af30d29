"""The only package that knows MLflow: runs, what they log, and the registered model `stance`."""

from training.tracking.active import ActiveRun, new_run
from training.tracking.champion import CHAMPION, champion_version, set_champion
from training.tracking.runs import (
    FIT_TAG,
    RunSummary,
    add_to_run,
    fetch_artifact,
    find_run,
    finished_run,
    list_runs,
    logged_predictions,
    unfinished_run,
)
from training.tracking.store import connect

__all__ = [
    "CHAMPION",
    "FIT_TAG",
    "ActiveRun",
    "RunSummary",
    "add_to_run",
    "champion_version",
    "connect",
    "fetch_artifact",
    "find_run",
    "finished_run",
    "list_runs",
    "logged_predictions",
    "new_run",
    "set_champion",
    "unfinished_run",
]
