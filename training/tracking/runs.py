"""Runs that are there: found, fetched, added to."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import mlflow
import yaml
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from stance.errors import RunError
from training.tracking.champion import CHAMPION, champion_version
from training.tracking.store import EXPERIMENT, connect, told

PREDICTIONS_FILE: Final = "test_predictions.json"
FIT_TAG: Final = "fit_key"
"""The tag that names a training by what its result depends on (see training.train.fit_key)."""
MODEL_URI_TAG: Final = "stance.model_uri"
VERSION_TAG: Final = "stance.model_version"
_SHORTEST_ID: Final = 6
_FINISHED: Final = "FINISHED"
_METRICS_A_CALL: Final = 1000  # MLflow takes no more at once


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a list of runs shows of one."""

    run_id: str
    name: str
    recipe: str
    seed: str
    status: str
    started: datetime
    data_digest: str
    model_version: str
    metrics: dict[str, float]
    is_champion: bool


@told
def unfinished_run(key: str) -> str | None:
    """Return the id of the newest run of the training `key` (see FIT_TAG) that did not finish, or None."""
    return next((run.run_id for run in _runs_of(key) if run.status != _FINISHED), None)


@told
def finished_run(key: str) -> RunSummary | None:
    """Return the newest finished run of the training `key` (see FIT_TAG), or None."""
    return next((run for run in _runs_of(key) if run.status == _FINISHED), None)


@told
def list_runs(limit: int = 100) -> list[RunSummary]:
    """Return the latest runs, newest first."""
    connect()
    return _search(limit)


@told
def find_run(reference: str) -> RunSummary:
    """Return the run that `reference` means: "champion", "last", a run's id (or its first characters), or its name.

    Raises RunError where there is none, or several.
    """
    runs = list_runs(limit=5000)
    if reference == "last":
        matches = [run for run in runs if run.status == _FINISHED][:1]
    elif reference == CHAMPION:
        matches = [run for run in runs if run.is_champion]
    else:
        prefixed = [r for r in runs if len(reference) >= _SHORTEST_ID and r.run_id.startswith(reference)]
        matches = [r for r in runs if r.name == reference] or prefixed
    if not matches:
        raise RunError(f"run {reference!r}: expected 'champion', 'last', a run's name or its id, and found none such; see 'stance runs'")
    if len(matches) > 1:
        raise RunError(f"run {reference!r}: {len(matches)} runs are called so; give more of the id, see 'stance runs'")
    return matches[0]


def fetch_artifact(run: RunSummary, folder: Path) -> Path:
    """Return the local model directory of a run, downloaded into `folder`; raises RunError where it has none."""
    connect()
    tags = MlflowClient().get_run(run.run_id).data.tags
    if MODEL_URI_TAG not in tags:
        raise RunError(f"run {run.name}: it logged no model (status {run.status}); train it again")
    try:
        model = Path(mlflow.artifacts.download_artifacts(artifact_uri=tags[MODEL_URI_TAG], dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise RunError(f"run {run.name}: its model can't be fetched: {error}; check the artifact store") from error
    return model / _data_folder(model)


@told
def logged_predictions(run: RunSummary) -> list[dict[str, Any]]:
    """Return the rows of a run's table of test predictions."""
    connect()
    table = mlflow.load_table(PREDICTIONS_FILE, run_ids=[run.run_id])
    return [dict(row) for row in table.to_dict(orient="records")]


@told
def add_to_run(run: RunSummary, metrics: dict[str, float], pages: dict[str, str]) -> None:
    """Add metrics, and texts as artifacts under their paths, to a run that has ended; a metric logged again gets a new value."""
    connect()
    client, now = MlflowClient(), round(time.time() * 1000)
    for path, text in pages.items():
        client.log_text(run.run_id, text, path)
    entries = [Metric(name, value, now, 0) for name, value in metrics.items()]
    for start in range(0, len(entries), _METRICS_A_CALL):
        client.log_batch(run.run_id, metrics=entries[start : start + _METRICS_A_CALL])


def _runs_of(key: str) -> list[RunSummary]:
    connect()
    return _search(100, f"tags.{FIT_TAG} = '{key}'")


def _search(limit: int, wanted: str = "") -> list[RunSummary]:
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=wanted,
        max_results=limit,
        order_by=["attributes.start_time DESC"],
        output_format="list",
    )
    champion = champion_version()
    return [_summary(run, champion) for run in found]


def _data_folder(model: Path) -> str:
    description = yaml.safe_load((model / "MLmodel").read_text(encoding="utf-8"))
    return str(description["flavors"]["python_function"]["data"])


def _summary(run: Run, champion: str | None) -> RunSummary:
    tags = run.data.tags
    inputs = run.inputs.dataset_inputs if run.inputs else []
    version = tags.get(VERSION_TAG, "")
    return RunSummary(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        recipe=tags.get("recipe", ""),
        seed=run.data.params.get("seed", ""),
        status=run.info.status,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        data_digest=inputs[0].dataset.digest if inputs else "",
        model_version=version,
        metrics=dict(run.data.metrics),
        is_champion=bool(version) and version == champion,
    )
