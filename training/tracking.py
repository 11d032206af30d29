"""The only module that knows MLflow: runs, what they log, and the registered model `stance`.

The store is SQLite in the working directory (mlflow.db, with files in mlartifacts/ beside it) unless
MLFLOW_TRACKING_URI names another.
"""

import functools
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import mlflow
import yaml
from matplotlib.figure import Figure
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import ColSpec, Schema

from stance.errors import RunError
from stance.labels import HEADS
from training.recipe import Recipe

EXPERIMENT: Final = "stance"
REGISTERED_MODEL: Final = "stance"
CHAMPION: Final = "champion"
DEFAULT_STORE: Final = "sqlite:///mlflow.db"
_SQLITE: Final = "sqlite:///"
DEFAULT_FILES: Final = "mlartifacts"
PREDICTIONS_FILE: Final = "test_predictions.json"
FIT_TAG: Final = "fit_key"
"""The tag that names a training by what its result depends on (see training.train.fit_key)."""
_MODEL_URI_TAG: Final = "stance.model_uri"
_VERSION_TAG: Final = "stance.model_version"
_PYFUNC_LOADER: Final = "training.pyfunc"
_SHORTEST_ID: Final = 6
_FINISHED: Final = "FINISHED"
_METRICS_A_CALL: Final = 1000  # MLflow takes no more at once
_ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
_NO_SUCH_ALIAS: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


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


Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def _told(function: Wrapped) -> Wrapped:
    """Wrap a function so that what MLflow's store refuses comes as a RunError."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MlflowException as error:
            store = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
            raise RunError(f"the run store {store} refused: {error.message}; check MLFLOW_TRACKING_URI") from error

    return cast(Wrapped, wrapper)


class ActiveRun:
    """A run being logged."""

    def __init__(self, run: Run) -> None:
        self.run_id: str = run.info.run_id
        self.name: str = run.info.run_name or ""

    def log_point(self, number: int, values: dict[str, float], *, curve: str) -> None:
        """Add a point to each curve, under CURVE/NAME."""
        mlflow.log_metrics({f"{curve}/{name}": value for name, value in values.items()}, step=number)

    def log_metrics(self, values: dict[str, float], *, prefix: str) -> None:
        """Log figures that have one value a run."""
        mlflow.log_metrics({f"{prefix}/{name}": value for name, value in values.items()})

    def log_data(self, path: Path, digest: str) -> None:
        """Log which data the run used, by its digest."""
        with warnings.catch_warnings():  # a local folder fits two of MLflow's kinds of source, which are the same
            warnings.simplefilter("ignore", UserWarning)
            source = resolve_dataset_source(str(path.resolve()))
        for context in ("train", "calibration", "test"):
            mlflow.log_input(MetaDataset(source, name=path.name, digest=digest), context=context)

    def log_figure(self, figure: Figure, name: str) -> None:
        """Log a figure as figures/NAME.png."""
        mlflow.log_figure(figure, f"figures/{name}.png")

    def log_predictions(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log the test predictions as a table, a row a statement."""
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        mlflow.log_table(columns, PREDICTIONS_FILE)

    def log_artifact(self, directory: Path, requirements: list[str]) -> str:
        """Log a model directory with its signature, register it, and return its version."""
        with warnings.catch_warnings():  # MLflow asks for an input example, whose check would load the model again
            warnings.simplefilter("ignore", UserWarning)
            info = mlflow.pyfunc.log_model(
                name="model",
                loader_module=_PYFUNC_LOADER,
                data_path=str(directory),
                signature=_signature(),
                pip_requirements=requirements,
            )
        client = MlflowClient()
        if not client.search_registered_models(f"name = '{REGISTERED_MODEL}'"):
            _unless_there(lambda: client.create_registered_model(REGISTERED_MODEL))
        version = str(client.create_model_version(REGISTERED_MODEL, info.model_uri, self.run_id, model_id=info.model_id).version)
        mlflow.set_tags({_MODEL_URI_TAG: info.model_uri, _VERSION_TAG: version})
        return version


@_told
def connect() -> str:
    """Point MLflow at the store and return its URI."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        files = None  # a server keeps them where it was told to
        if uri.startswith(_SQLITE):
            files = (Path(uri.removeprefix(_SQLITE)).resolve().parent / DEFAULT_FILES).as_uri()
        _unless_there(lambda: mlflow.create_experiment(EXPERIMENT, artifact_location=files))
    mlflow.set_experiment(EXPERIMENT)
    return uri


@contextmanager
def new_run(recipe: Recipe, tags: dict[str, str], *, again: str | None = None) -> Iterator[ActiveRun]:
    """Open a run named after recipe and seed, or the run `again` that was cut off; it is marked failed where the block raises."""
    connect()
    name = f"{recipe.name}-s{recipe.seed}-{datetime.now(UTC):%m%d}-{secrets.token_hex(2)}"
    with mlflow.start_run(
        run_id=again, run_name=None if again else name, tags={"recipe": recipe.name, **tags}, log_system_metrics=True
    ) as run:
        mlflow.log_params(recipe.resolved())
        yield ActiveRun(run)


@_told
def unfinished_run(key: str) -> str | None:
    """Return the id of the newest run of the training `key` (see FIT_TAG) that did not finish, or None."""
    return next((run.run_id for run in _runs_of(key) if run.status != _FINISHED), None)


@_told
def finished_run(key: str) -> RunSummary | None:
    """Return the newest finished run of the training `key` (see FIT_TAG), or None."""
    return next((run for run in _runs_of(key) if run.status == _FINISHED), None)


@_told
def list_runs(limit: int = 100) -> list[RunSummary]:
    """Return the latest runs, newest first."""
    connect()
    return _search(limit)


@_told
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
    if _MODEL_URI_TAG not in tags:
        raise RunError(f"run {run.name}: it logged no model (status {run.status}); train it again")
    try:
        model = Path(mlflow.artifacts.download_artifacts(artifact_uri=tags[_MODEL_URI_TAG], dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        raise RunError(f"run {run.name}: its model can't be fetched: {error}; check the artifact store") from error
    return model / _data_folder(model)


@_told
def logged_predictions(run: RunSummary) -> list[dict[str, Any]]:
    """Return the rows of a run's table of test predictions."""
    connect()
    table = mlflow.load_table(PREDICTIONS_FILE, run_ids=[run.run_id])
    return [dict(row) for row in table.to_dict(orient="records")]


@_told
def add_to_run(run: RunSummary, metrics: dict[str, float], pages: dict[str, str]) -> None:
    """Add metrics, and texts as artifacts under their paths, to a run that has ended; a metric logged again gets a new value."""
    connect()
    client, now = MlflowClient(), round(time.time() * 1000)
    for path, text in pages.items():
        client.log_text(run.run_id, text, path)
    entries = [Metric(name, value, now, 0) for name, value in metrics.items()]
    for start in range(0, len(entries), _METRICS_A_CALL):
        client.log_batch(run.run_id, metrics=entries[start : start + _METRICS_A_CALL])


@_told
def champion_version() -> str | None:
    """Return the registered version that the alias `champion` names, or None before the first promotion."""
    try:
        return str(MlflowClient().get_model_version_by_alias(REGISTERED_MODEL, CHAMPION).version)
    except MlflowException as error:
        if error.error_code not in _NO_SUCH_ALIAS:
            raise
        return None


@_told
def set_champion(run: RunSummary) -> None:
    """Move the alias `champion` to the run's registered version."""
    connect()
    MlflowClient().set_registered_model_alias(REGISTERED_MODEL, CHAMPION, run.model_version)


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


def _unless_there(create: Callable[[], object]) -> None:
    """Run `create`, content where another process made the thing a moment ago."""
    try:
        create()
    except MlflowException as error:
        if error.error_code != _ALREADY_EXISTS:
            raise


def _data_folder(model: Path) -> str:
    description = yaml.safe_load((model / "MLmodel").read_text(encoding="utf-8"))
    return str(description["flavors"]["python_function"]["data"])


def _summary(run: Run, champion: str | None) -> RunSummary:
    tags = run.data.tags
    inputs = run.inputs.dataset_inputs if run.inputs else []
    version = tags.get(_VERSION_TAG, "")
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


def _signature() -> ModelSignature:
    text, optional = ("target", "statement"), ("context", "speaker")
    inputs = [ColSpec("string", n) for n in text] + [ColSpec("string", n, required=False) for n in optional]
    outputs = [ColSpec("string", head) for head in HEADS]
    outputs += [ColSpec("double", f"{head}_{label}") for head, labels in HEADS.items() for label in labels]
    return ModelSignature(Schema(inputs), Schema([*outputs, ColSpec("boolean", "abstained")]))
