"""Comparisons of runs: what they ask of a run, and where they are kept (beside the training runs, never among them)."""

import json
from dataclasses import dataclass
from typing import Any, Final

from mlflow.tracking import MlflowClient

from training.tracking.runs import KIND_TAG, RunSummary
from training.tracking.store import EXPERIMENT, connect, told

_COMPARISON: Final = "comparison"
_LONGEST_TAG: Final = 5000  # MLflow takes no more characters


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run was made of: its recipe's fields, the code's commit, the run it began from, library versions (none of an old run)."""

    recipe: dict[str, str]
    git_commit: str
    init_from: str
    versions: dict[str, str]


@told
def origin_of(run: RunSummary) -> Origin:
    """Return what a run was made of."""
    connect()
    data = MlflowClient().get_run(run.run_id).data
    tags = data.tags
    return Origin(dict(data.params), tags.get("git_commit", ""), tags.get("init_from", ""), json.loads(tags.get("versions", "{}")))


@told
def log_comparison(name: str, runs: list[str], content: dict[str, Any], page: str) -> str:
    """Keep a comparison as a run of its own, comparison.html and comparison.json its artifacts; return the run's id.

    It is no training run: list_runs and find_run pass it over.
    """
    connect()
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    tags = {KIND_TAG: _COMPARISON, "compared": ", ".join(runs)[:_LONGEST_TAG]}
    run_id = str(client.create_run(experiment.experiment_id, run_name=name, tags=tags).info.run_id)
    client.log_text(run_id, page, "comparison.html")
    client.log_text(run_id, json.dumps(content, ensure_ascii=False), "comparison.json")
    client.set_terminated(run_id)
    return run_id
