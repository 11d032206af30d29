"""Where runs are kept.

SQLite in the working directory (mlflow.db, with files in mlartifacts/ beside it) unless MLFLOW_TRACKING_URI names another.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import mlflow
from mlflow.exceptions import MlflowException

from stance.errors import RunError

EXPERIMENT: Final = "stance"
REGISTERED_MODEL: Final = "stance"
DEFAULT_STORE: Final = "sqlite:///mlflow.db"
_SQLITE: Final = "sqlite:///"
DEFAULT_FILES: Final = "mlartifacts"
_ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def told(function: Wrapped) -> Wrapped:
    """Wrap a function so that what MLflow's store refuses comes as a RunError."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MlflowException as error:
            store = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
            raise RunError(f"the run store {store} refused: {error.message}; check MLFLOW_TRACKING_URI") from error

    return cast(Wrapped, wrapper)


@told
def connect() -> str:
    """Point MLflow at the store and return its URI."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        files = None  # a server keeps them where it was told to
        if uri.startswith(_SQLITE):
            files = (Path(uri.removeprefix(_SQLITE)).resolve().parent / DEFAULT_FILES).as_uri()
        unless_there(lambda: mlflow.create_experiment(EXPERIMENT, artifact_location=files))
    mlflow.set_experiment(EXPERIMENT)
    return uri


def unless_there(create: Callable[[], object]) -> None:
    """Run `create`, content where another process made the thing a moment ago."""
    try:
        create()
    except MlflowException as error:
        if error.error_code != _ALREADY_EXISTS:
            raise
