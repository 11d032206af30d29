"""Where runs are kept.

SQLite in the working directory (mlflow.db, with files in mlartifacts/ beside it) unless MLFLOW_TRACKING_URI names another.
"""

import fcntl
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
            raise RunError(f"the run store {store_uri()} refused: {error.message}; check MLFLOW_TRACKING_URI") from error

    return cast(Wrapped, wrapper)


def store_uri() -> str:
    """Return the URI of the store that runs are kept in."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE


@told
def is_there() -> bool:
    """Point MLflow at the store and return whether it holds runs of ours; nothing is made where it doesn't."""
    uri = _point()
    database = _sqlite_file(uri)
    if database is not None and not database.is_file():
        return False  # asked, MLflow would make the file
    return mlflow.get_experiment_by_name(EXPERIMENT) is not None


@told
def connect() -> None:
    """Point MLflow at the store, to write to it; it is made where it isn't there."""
    with _one_at_a_time(_point()):
        experiment_id(EXPERIMENT)
        mlflow.set_experiment(EXPERIMENT)


def _point() -> str:
    uri = store_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return uri


def experiment_id(name: str) -> str:
    """Return an experiment's id in the store that MLflow points at; it is made where it is not there."""
    found = mlflow.get_experiment_by_name(name)
    if found is None:
        database = _sqlite_file(mlflow.get_tracking_uri())
        files = (database.parent / DEFAULT_FILES).as_uri() if database else None  # a server keeps them where it was told to
        unless_there(lambda: mlflow.create_experiment(name, artifact_location=files))
        found = mlflow.get_experiment_by_name(name)
    return str(found.experiment_id)


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """Keep two processes from making the tables of one SQLite file at once, of which one would break."""
    database = _sqlite_file(uri)
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sqlite_file(uri: str) -> Path | None:
    return Path(uri.removeprefix(_SQLITE)).resolve() if uri.startswith(_SQLITE) else None


def unless_there(create: Callable[[], object]) -> None:
    """Run `create`, content where another process made the thing a moment ago."""
    try:
        create()
    except MlflowException as error:
        if error.error_code != _ALREADY_EXISTS:
            raise
