"""The champion: a run's model promoted through the gate, the one before put back, and the history of that.

Before anything moves the artifact is verified and answers a statement, which nothing overrides. A first champion needs only that;
what it would not have passed is told. Every later one has to pass every gate (training/gate.py), or to be forced.
"""

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from stance.artifact import Manifest
from stance.errors import ArtifactError, InputError, RunError
from stance.labels import HEADS
from stance.predictor import Predictor
from stance.records import Statement
from training import tracking
from training.behaviour import DEFAULT_SUITE, read_suite, score_behaviour
from training.evaluation import loggable
from training.gate import Check, GateError, MeasuredRun, Verdict, judge
from training.loading import fetch_verified
from training.tracking import Event, RunSummary
from training.train import UNTRAINED, Progress

Store = Callable[[Path, Manifest, str], str]
"""Called with (verified directory, manifest, registered version); returns the name it is kept under."""

MOST_WHY_CHARS: Final = 500
_SMOKE = Statement("the peace agreement", "We will sign it tomorrow.", "“We will sign it tomorrow,” the envoy said.", "the envoy")


@dataclass(frozen=True, slots=True)
class Promotion:
    """A run that is the champion now, the name its model has in the store, and every gate.

    `event` is what was kept of it: None where the run was the champion before, and only its model was put into the store again.
    """

    run: RunSummary
    kept: str
    verdict: Verdict
    event: Event | None

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        run = {"name": self.run.name, "run_id": self.run.run_id, "version": self.run.model_version, "store": self.kept}
        return {**run, **self.verdict.as_json(), "event": self.event.as_json() if self.event else None}


def _silent(stage: str, done: int, total: int) -> None:
    pass


def promote(
    reference: str,
    store: Store,
    *,
    behaviour: Path | None = DEFAULT_SUITE,
    force: bool = False,
    why: str = "",
    on_progress: Progress = _silent,
) -> Promotion:
    """Return the promotion of a run ("last", a run's name or id; see find_run) to champion; the alias moves after the store.

    `behaviour` is a folder of behaviour cases, None leaves them out. `force` with a `why` overrides what the gates found. What
    was measured is kept with the run either way: as metrics, and as its artifact gate/TIME.json.

    Raises GateError where a gate was not passed, RunError or ArtifactError where the model can't be had or doesn't answer, and
    InputError where the reason lacks or is too long.
    """
    _check_why(why, needed=force)
    run = tracking.find_run(reference)
    on_progress("verifying", 0, 1)
    with _verified(run) as found:
        before = tracking.champion_version()
        if before == run.model_version:
            return Promotion(run, store(found.directory, found.manifest, before), Verdict(found.checks), None)
        champion = _champion(before, force=force)
        on_progress("judging", 0, 1)
        verdict = _judged(run, champion, found, behaviour)
        _keep(run, champion, verdict)
        if before is not None and not (verdict.ok or force):
            raise GateError(_refusal(run, verdict), verdict)
        _check_unmoved(before, run)
        on_progress("storing", 0, 1)
        kept = store(found.directory, found.manifest, run.model_version)
    forced = force and before is not None and (not verdict.ok or champion is None)
    event = tracking.move_champion(run, champion, action="promote", why=why, forced=forced, failed=verdict.failed)
    return Promotion(run, kept, verdict, event)


def rollback(store: Store, *, why: str = "") -> Promotion:
    """Return the promotion that puts the champion before this one back; again, and the one before that comes back.

    It is verified and answers a statement, but is not judged again. Raises RunError where there was none before, or its run was
    deleted, and what `promote` raises where its model can't be had.
    """
    _check_why(why)
    champion = tracking.champion_version()
    if champion is None:
        raise RunError("there is no champion yet: expected one to go back from; see 'stance promote RUN'")
    version = version_before(tracking.events(), champion)
    if version is None:
        raise RunError(
            f"the champion, version {champion}: expected another one before it, found none in 'stance history'; promote another run"
        )
    run = tracking.run_of_version(version)
    if run is None:
        raise RunError(f"the champion before was version {version}, and its run was deleted; promote another run")
    with _verified(run) as found:
        _check_unmoved(champion, run)
        kept = store(found.directory, found.manifest, version)
    event = tracking.move_champion(run, tracking.run_of_version(champion), action="rollback", why=why)
    return Promotion(run, kept, Verdict(found.checks), event)


def history() -> list[Event]:
    """Return every promotion and rollback, the first one first."""
    return tracking.events()


def version_before(events: list[Event], champion: str) -> str | None:
    """Return the version that a rollback from `champion` puts back, None where there is none.

    Promotions pile up, and a rollback takes off whatever lies on the one it put back, so that a second rollback goes further
    back rather than forth again. A champion that no event tells of (the alias was moved by hand) goes on top.
    """
    pile: list[str] = []
    for event in events:
        if event.over is not None and pile[-1:] != [event.over]:
            pile.append(event.over)
        if event.action == "rollback" and event.version in pile:
            while pile[-1] != event.version:
                pile.pop()
        else:
            pile.append(event.version)
    if pile[-1:] == [champion]:
        pile.pop()
    return pile[-1] if pile else None


def export(reference: str, target: Path) -> RunSummary:
    """Write a run's verified model into `target`, which must not exist or be empty, and return the run."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArtifactError(f"{target}: expected no such directory, or an empty one; name another")
    run = tracking.find_run(reference)
    with tempfile.TemporaryDirectory() as folder:
        directory, _ = fetch_verified(run, Path(folder))
        shutil.copytree(directory, target, dirs_exist_ok=True)
    return run


@dataclass(frozen=True, slots=True)
class _Verified:
    """A run's verified model that answered a statement, and what of that is to be told."""

    directory: Path
    manifest: Manifest
    predictor: Predictor
    checks: tuple[Check, ...]


@contextmanager
def _verified(run: RunSummary) -> Iterator[_Verified]:
    """Give a run's model once it is verified and answered; its directory goes with the block."""
    with tempfile.TemporaryDirectory() as folder:
        directory, manifest = fetch_verified(run, Path(folder))
        if untrained := manifest.data.get(UNTRAINED):
            raise ArtifactError(f"run {run.name}: its {untrained[0]} head was never trained; train on a corpus with that head's labels")
        predictor = Predictor.load(directory)
        (answer,) = predictor.predict([_SMOKE])
        if not all(math.isfinite(p) for head in HEADS for p in getattr(answer, head).probabilities.values()):
            raise ArtifactError(f"run {run.name}: expected probabilities for a plain statement, got none that are numbers; train it again")
        label = answer.stance.label
        checks = (
            Check("artifact", "intact", f"{len(manifest.files)} files as sealed", ok=True),
            Check("smoke request", "an answer", f"{label} {answer.stance.probabilities[label]:.2f}", ok=True),
        )
        yield _Verified(directory, manifest, predictor, checks)


def _champion(version: str | None, *, force: bool) -> RunSummary | None:
    champion = tracking.run_of_version(version) if version is not None else None
    if version is not None and champion is None and not force:
        raise RunError(f"the champion is version {version}, and its run was deleted: nothing to compare with; promote with --force --why")
    return champion


def _judged(run: RunSummary, champion: RunSummary | None, found: _Verified, folder: Path | None) -> Verdict:
    """Return the verdict on a run, what was checked before among its gates."""
    behaviour = score_behaviour(found.predictor, read_suite(folder)) if folder is not None and folder.is_dir() else None
    against = MeasuredRun(champion, tracking.logged_predictions(champion)) if champion is not None else None
    verdict = judge(MeasuredRun(run, tracking.logged_predictions(run)), against, behaviour, folder)
    return Verdict((*found.checks, *verdict.checks), verdict.metrics)


def _keep(run: RunSummary, champion: RunSummary | None, verdict: Verdict) -> None:
    now = datetime.now(UTC)
    judged = {"at": now.isoformat(), "run": run.name, "champion": champion.name if champion else None, **verdict.as_json()}
    pages = {f"gate/{now:%Y%m%dT%H%M%S.%f}.json": json.dumps(judged, ensure_ascii=False, indent=1)}
    tracking.add_to_run(run, {loggable(name): value for name, value in verdict.metrics.items()}, pages)


def _refusal(run: RunSummary, verdict: Verdict) -> str:
    missed = "; ".join(f"{c.name}: wanted {c.wanted}, found {c.found}" for c in verdict.checks if not c.ok)
    return f"run {run.name}: did not pass {len(verdict.failed)} of {len(verdict.checks)} gates ({missed}); mend that, or --force --why TEXT"


def _check_unmoved(before: str | None, run: RunSummary) -> None:
    if (found := tracking.champion_version()) != before:
        raise RunError(
            f"run {run.name}: expected version {before} to be the champion still, got {found}: somebody promoted another meanwhile; "
            "promote again, to be judged against that"
        )


def _check_why(why: str, *, needed: bool = False) -> None:
    if needed and not why.strip():
        raise InputError("--force: expected a reason beside it, got none; say --why TEXT")
    if len(why) > MOST_WHY_CHARS:
        raise InputError(f"--why: expected at most {MOST_WHY_CHARS} characters, got {len(why):,}; shorten it")
