"""The only package that knows MLflow: runs, what they log, the registered model `stance` and its history."""

from training.tracking.active import ActiveRun, new_run
from training.tracking.champion import CHAMPION, champion_version
from training.tracking.comparisons import Origin, log_comparison, origin_of
from training.tracking.history import Event, events, move_champion
from training.tracking.logged import Logged, logged
from training.tracking.runs import (
    AGE,
    FIT_TAG,
    KIND_TAG,
    STATUSES,
    TEST_DIGEST_TAG,
    RunSummary,
    add_to_run,
    fetch_artifact,
    find_run,
    finished_run,
    list_runs,
    logged_predictions,
    run_of_version,
    unfinished_run,
)
from training.tracking.store import connect, store_uri
from training.tracking.trials import Outcome, TrialRun, TuningRun, tuning_run

__all__ = [
    "AGE",
    "CHAMPION",
    "FIT_TAG",
    "KIND_TAG",
    "STATUSES",
    "TEST_DIGEST_TAG",
    "ActiveRun",
    "Event",
    "Logged",
    "Origin",
    "Outcome",
    "RunSummary",
    "TrialRun",
    "TuningRun",
    "add_to_run",
    "champion_version",
    "connect",
    "events",
    "fetch_artifact",
    "find_run",
    "finished_run",
    "list_runs",
    "log_comparison",
    "logged",
    "logged_predictions",
    "move_champion",
    "new_run",
    "origin_of",
    "run_of_version",
    "store_uri",
    "tuning_run",
    "unfinished_run",
]
