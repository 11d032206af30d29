"""Runs that are there: found, fetched, added to."""

import difflib
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import mlflow
import yaml
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from stance.errors import InputError, RunError
from training.tracking.champion import CHAMPION, champion_version
from training.tracking.store import EXPERIMENT, connect, is_there, told

PREDICTIONS_FILE: Final = "test_predictions.json"
FIT_TAG: Final = "fit_key"
"""The tag that names a training by what its result depends on (see training.train.fit_key)."""
TEST_DIGEST_TAG: Final = "stance.test_digest"
"""The tag that names the test part by its content, whatever a run was trained on."""
KIND_TAG: Final = "stance.kind"
"""The tag of a run that trains no model of its own: "comparison", "tuning"."""
AGE: Final = "age"
STATUSES: Final = ("finished", "running", "failed", "killed", "scheduled")
MODEL_URI_TAG: Final = "stance.model_uri"
VERSION_TAG: Final = "stance.model_version"
_SHORTEST_ID: Final = 6
_FINISHED: Final = "FINISHED"
_VERSION: Final = re.compile(r"v(?:ersion)? ?(\d+)")
_METRICS_A_CALL: Final = 1000  # MLflow takes no more at once
_RUNS_A_CALL: Final = 200
_LEAST_FIRST: Final = ("error", "loss", "seconds")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a list of runs shows of one; `test_digest` is empty where a run was made before it was logged."""

    run_id: str
    name: str
    recipe: str
    seed: str
    status: str
    started: datetime
    data_digest: str
    test_digest: str
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
def list_runs(limit: int = 100, *, recipe: str = "", status: str = "", data: str = "", sort: str = AGE) -> list[RunSummary]:
    """Return training runs: those of a recipe, a status (one of STATUSES), a data digest (or its first characters), or all.

    `sort` is AGE, newest first, or a logged metric, best first (an error, a loss or seconds: the least first), runs without it
    last. Raises InputError for a status that there is not, or a metric that no run has.
    """
    if status and status not in STATUSES:
        raise InputError(f"status: expected one of {', '.join(STATUSES)}, got {status!r}; name one")
    found = (
        run
        for run in _search()
        if recipe in ("", run.recipe) and status in ("", run.status.lower()) and run.data_digest.startswith(data.lower())
    )
    return list(islice(found if sort == AGE else _sorted(list(found), sort), limit))


@told
def find_run(reference: str) -> RunSummary:
    """Return the training run that `reference` means: "champion", "last", "v3" or "version 3", its name, its id or first characters of it.

    Raises RunError where there is none, or several.
    """
    runs = _search()
    if reference == "last":
        matches = list(islice((run for run in runs if run.status == _FINISHED), 1))
    elif reference == CHAMPION:
        matches = [run for run in runs if run.is_champion]
    elif version := _VERSION.fullmatch(reference):
        matches = [run for run in (run_of_version(version[1]),) if run is not None]
    else:
        meant = [r for r in runs if r.name == reference or (len(reference) >= _SHORTEST_ID and r.run_id.startswith(reference))]
        matches = [r for r in meant if r.name == reference] or meant
    if not matches:
        wanted = "'champion', 'last', a version as 'v3', a run's name or its id"
        raise RunError(f"run {reference!r}: expected {wanted}, and found none such; see 'stance runs'")
    if len(matches) > 1:
        raise RunError(f"run {reference!r}: {len(matches)} runs are called so; give more of the id, see 'stance runs'")
    return matches[0]


@told
def run_of_version(version: str) -> RunSummary | None:
    """Return the run whose model was registered as `version`, or None where it was deleted."""
    return next(_search(f"tags.`{VERSION_TAG}` = '{version}'"), None)


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
    table = json.loads(mlflow.artifacts.load_text(f"runs:/{run.run_id}/{PREDICTIONS_FILE}"))
    return [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]


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
    return list(_search(f"tags.{FIT_TAG} = '{key}'"))


def _search(wanted: str = "") -> Iterator[RunSummary]:
    """Yield the training runs that MLflow's filter lets through, newest first."""
    if not is_there():
        return
    client, champion, token = MlflowClient(), champion_version(), None
    experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
    while True:
        page = client.search_runs([experiment], wanted, max_results=_RUNS_A_CALL, order_by=["attributes.start_time DESC"], page_token=token)
        # MLflow's filter can't ask for runs without a tag
        yield from (_summary(run, champion) for run in page if KIND_TAG not in run.data.tags)
        token = page.token
        if not token:
            return


def _sorted(runs: Sequence[RunSummary], metric: str) -> list[RunSummary]:
    having = [run for run in runs if metric in run.metrics]
    if runs and not having:
        near = difflib.get_close_matches(metric, {name for run in runs for name in run.metrics}, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "'stance show RUN --json' has the metrics of a run"
        raise InputError(f"sort: expected {AGE!r} or a metric of these runs, got {metric!r}; {hint}")
    having.sort(key=lambda run: run.metrics[metric], reverse=not metric.endswith(_LEAST_FIRST))
    return [*having, *(run for run in runs if metric not in run.metrics)]


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
        test_digest=tags.get(TEST_DIGEST_TAG, ""),
        model_version=version,
        metrics=dict(run.data.metrics),
        is_champion=bool(version) and version == champion,
    )
