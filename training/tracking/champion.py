"""Which registered version serves: the alias `champion`."""

from typing import TYPE_CHECKING, Final

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.tracking.store import REGISTERED_MODEL, connect, is_there, told

if TYPE_CHECKING:
    from training.tracking.runs import RunSummary

CHAMPION: Final = "champion"
_NO_SUCH_ALIAS: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@told
def champion_version() -> str | None:
    """Return the registered version that the alias `champion` names, or None before the first promotion."""
    if not is_there():
        return None
    try:
        return str(MlflowClient().get_model_version_by_alias(REGISTERED_MODEL, CHAMPION).version)
    except MlflowException as error:
        if error.error_code not in _NO_SUCH_ALIAS:
            raise
        return None


@told
def set_champion(run: "RunSummary") -> None:
    """Move the alias `champion` to the run's registered version."""
    connect()
    MlflowClient().set_registered_model_alias(REGISTERED_MODEL, CHAMPION, run.model_version)
