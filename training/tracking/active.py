"""A run being logged."""

import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import mlflow
from matplotlib.figure import Figure
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Run
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import ColSpec, Schema

from stance.labels import HEADS
from training.recipe import Recipe
from training.tracking.runs import MODEL_URI_TAG, PREDICTIONS_FILE, VERSION_TAG
from training.tracking.store import REGISTERED_MODEL, connect, unless_there

_PYFUNC_LOADER: Final = "training.pyfunc"


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
            unless_there(lambda: client.create_registered_model(REGISTERED_MODEL))
        version = str(client.create_model_version(REGISTERED_MODEL, info.model_uri, self.run_id, model_id=info.model_id).version)
        mlflow.set_tags({MODEL_URI_TAG: info.model_uri, VERSION_TAG: version})
        return version


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


def _signature() -> ModelSignature:
    text, optional = ("target", "statement"), ("context", "speaker")
    inputs = [ColSpec("string", n) for n in text] + [ColSpec("string", n, required=False) for n in optional]
    outputs = [ColSpec("string", head) for head in HEADS]
    outputs += [ColSpec("double", f"{head}_{label}") for head, labels in HEADS.items() for label in labels]
    return ModelSignature(Schema(inputs), Schema([*outputs, ColSpec("boolean", "abstained")]))
