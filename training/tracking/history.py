"""Who made which model the champion, when, and why.

Each event is a tag of its own on the registered model, named after its time and a random part. A new tag is one row more, so of
writers at the same time each leaves its event, and no event is ever written anew; they outlive the runs and versions they tell of.
"""

import json
import secrets
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_USER

from stance.errors import RunError, shortened
from training.tracking.champion import champion_version, set_champion
from training.tracking.runs import RunSummary
from training.tracking.store import REGISTERED_MODEL, is_there, told

_EVENT_TAG: Final = "stance.event."
_FORCED_TAG: Final = "stance.forced"
_NO_SUCH_MODEL: Final = "RESOURCE_DOES_NOT_EXIST"

Action = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A move of the alias `champion`: to `version`, the model of the run `name`, from the version `over` (None: there was none).

    `failed` names the gates that the run did not pass, `forced` says that it became the champion all the same because somebody
    said so. `at` is the time by the clock of who moved it.
    """

    at: datetime
    action: Action
    who: str
    run_id: str
    name: str
    version: str
    over: str | None
    over_name: str
    why: str
    forced: bool = False
    failed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"at": self.at.isoformat(), "failed": list(self.failed)}


@told
def move_champion(
    run: RunSummary, over: RunSummary | None, *, action: Action, why: str, forced: bool = False, failed: tuple[str, ...] = ()
) -> Event:
    """Move the alias `champion` to the run's version, and return the event that was kept of it.

    The alias moves first: should the event be lost, the next one still names the version that it found (see `over`). Where the
    move was forced, the run and its version are tagged so too.
    """
    found = champion_version()
    event = Event(
        at=datetime.now(UTC),
        action=action,
        who=resolve_tags()[MLFLOW_USER],  # the user's name, unless MLFLOW_TRACKING_USERNAME names another
        run_id=run.run_id,
        name=run.name,
        version=run.model_version,
        over=found,
        over_name=over.name if over is not None else "",
        why=why,
        forced=forced,
        failed=failed,
    )
    set_champion(run)
    client, value = MlflowClient(), json.dumps(event.as_json(), ensure_ascii=False)
    client.set_registered_model_tag(REGISTERED_MODEL, f"{_EVENT_TAG}{event.at:%Y%m%dT%H%M%S.%f}.{secrets.token_hex(4)}", value)
    if forced:
        client.set_tag(run.run_id, _FORCED_TAG, value)
        client.set_model_version_tag(REGISTERED_MODEL, run.model_version, _FORCED_TAG, value)
    return event


@told
def events() -> list[Event]:
    """Return every event, the first one first; raises RunError where one can't be read."""
    if not is_there():
        return []
    try:
        tags = MlflowClient().get_registered_model(REGISTERED_MODEL).tags
    except MlflowException as error:
        if error.error_code != _NO_SUCH_MODEL:
            raise
        return []
    return sorted((_read_event(key, value) for key, value in tags.items() if key.startswith(_EVENT_TAG)), key=lambda event: event.at)


def _read_event(key: str, value: str) -> Event:
    try:
        found = json.loads(value)
        known = {name: found[name] for name in (field.name for field in fields(Event))}
        return Event(**known | {"at": datetime.fromisoformat(found["at"]), "failed": tuple(found["failed"])})
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"registered model {REGISTERED_MODEL}: tag {key}: expected an event of the champion's history, got {shortened(value)}; "
            "delete the tag in MLflow"
        ) from error
