"""Everything that is known of one run, on one screen."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from stance.labels import HEADS
from training import tracking
from training.recipe import SHIPPED, read_recipe
from training.tracking import Event, RunSummary

_OWN_FIELDS: Final = ("name", "seed")  # told by themselves
_EVALUATIONS: Final = "evaluation"
_GATE: Final = "gate"


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run, and what it logged.

    `changed` holds the recipe's fields that differ from the shipped recipe `like`, as {field: (this run's, the shipped one's)}.
    `parts` is {part: {"statements", "processes"}}, `versions` {library: version}, `model_bytes` the size of the model's files;
    of a run without a model these are empty, and `threshold` is None. `temperatures` is {head: temperature}. `artifacts`
    are paths in the run, `evaluations` those of pages that `stance evaluate --log` left there, and of the gate's verdicts.
    `events` are the moves of the champion to this run or away from it, the first one first.
    """

    run: RunSummary
    ended: datetime | None
    like: str
    changed: dict[str, tuple[str, str]]
    source: str
    parts: dict[str, dict[str, Any]]
    git_commit: str
    init_from: str
    fit_key: str
    versions: dict[str, str]
    temperatures: dict[str, float]
    threshold: float | None
    fit_seconds: float | None
    model_bytes: int
    artifacts: tuple[str, ...]
    evaluations: tuple[str, ...]
    events: tuple[Event, ...]

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        times = {"started": self.run.started.isoformat(), "ended": self.ended.isoformat() if self.ended else None}
        found = asdict(self)
        run = found.pop("run")
        return {**run, **found, **times, "events": [event.as_json() for event in self.events]}


def describe(reference: str) -> RunDetails:
    """Return the details of a run ("champion", "last", a run's name or id; see find_run).

    Raises RunError where there is none, ArtifactError where its model's manifest is damaged.
    """
    run = tracking.find_run(reference)
    logged = tracking.logged(run)
    like, changed = _changed(logged.params)
    manifest = logged.manifest
    temperatures = {head: run.metrics[f"fit/temperature_{head}"] for head in HEADS if f"fit/temperature_{head}" in run.metrics}
    return RunDetails(
        run=run,
        ended=logged.ended,
        like=like,
        changed=changed,
        source=logged.source,
        parts={part: manifest.data[part] for part in ("train", "calibration", "test") if part in manifest.data} if manifest else {},
        git_commit=logged.tags.get("git_commit", ""),
        init_from=logged.tags.get("init_from", ""),
        fit_key=logged.tags.get(tracking.FIT_TAG, ""),
        versions=manifest.versions if manifest else {},
        temperatures=temperatures,
        threshold=manifest.threshold if manifest else None,
        fit_seconds=run.metrics.get("fit/seconds"),
        model_bytes=sum(logged.model_files.values()),
        artifacts=tuple(sorted(logged.artifacts)),
        evaluations=tuple(sorted(path for path in logged.artifacts if Path(path).parts[0] in (_EVALUATIONS, _GATE))),
        events=tuple(event for event in tracking.events() if run.model_version and run.model_version in (event.version, event.over)),
    )


def _changed(params: dict[str, str]) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return the shipped recipe that a run's is nearest to (its own name's, or its kind's), and where it differs from it."""
    kind = params.get("kind", "")
    like = next((name for name in (params.get("name", ""), kind) if (SHIPPED / f"{name}.toml").is_file()), "")
    if not like:
        return "", {}
    shipped = {name: str(value) for name, value in read_recipe(like).resolved().items()}
    names = [name for name in (*shipped, *(params.keys() - shipped.keys())) if name not in _OWN_FIELDS]
    return like, {name: (params.get(name, "-"), shipped.get(name, "-")) for name in names if params.get(name) != shipped.get(name)}
