"""The trials of a tuning, in a storage that any number of processes and machines share.

Knows Optuna, and neither recipes nor MLflow. A trial is held by one process, which says every few seconds that it lives; a trial
whose process was killed goes back to be tried again, with the same values.
"""

import math
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import optuna
from optuna import Study, Trial, TrialPruned
from optuna.distributions import BaseDistribution
from optuna.exceptions import DuplicatedStudyError, StorageInternalError, UpdateFinishedTrialError
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stance.errors import InputError

BEAT_S: Final = 5.0
LOST_AFTER_S: Final = 30.0
"""Seconds without a sign of life after which a trial counts as cut off; the machines' clocks have to agree better than that."""
DIVERGED: Final = "diverged"
"""The attribute of a trial that tells how its training diverged."""
_WAIT_S: Final = 1.0
_SQLITE_PATIENCE_S: Final = 60
_ALIVE: Final = "alive"
_ATTEMPT: Final = "attempt"
_ORIGIN: Final = "origin"
_BEGINNING: Final = "beginning"
_MOST_ATTEMPTS: Final = 3  # values that kill their process every time are given up
_FINISHED: Final = (TrialState.COMPLETE, TrialState.PRUNED)
_UNPRUNED: Final = 5  # trials before the first that may be pruned
_ENOUGH_FOR_IMPORTANCE: Final = 10


class SharedStudy:
    """The trials of one search; made in the storage by the first process that asks for it."""

    def __init__(self, name: str, storage: str, space: dict[str, BaseDistribution], *, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.name, self._space = name, space
        self._study = _open(name, storage, seed)
        self.key = f"{name}/{_beginning(self._study)}"
        """Names these very trials: those of another storage have another key."""

    def finished(self) -> list[FrozenTrial]:
        """Return the trials that came to their end, or were pruned, by number."""
        return list(self._study.get_trials(deepcopy=False, states=_FINISHED))

    def take(self, wanted: int) -> Trial | None:
        """Return a trial to carry out, or None once `wanted` are finished.

        Waits while all that is missing is in other processes' hands: they may be killed.
        """
        while True:
            self._take_from_the_dead()
            trials = self._study.get_trials(deepcopy=False)
            if len([t for t in trials if t.state in _FINISHED]) >= wanted:
                return None
            if len(_counting(trials)) < wanted or any(t.state == TrialState.WAITING for t in trials):
                trial = self._study.ask(self._space)
                before = [t for t in self._study.get_trials(deepcopy=False) if t.number < trial.number]
                if len(_counting(before)) < wanted:
                    return trial
                self._tell(trial.number, TrialState.FAIL)  # another process was faster
            time.sleep(_WAIT_S)

    @contextmanager
    def held(self, trial: Trial) -> Iterator[None]:
        """Tell that the trial is alive while the block runs; it goes back to be tried again where the block ends before it is told."""
        trial.set_user_attr(_ALIVE, time.time())
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT_S):
                try:
                    trial.set_user_attr(_ALIVE, time.time())
                except UpdateFinishedTrialError:
                    return  # another process held it for dead

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._put_back(trial.number, attempt=trial.user_attrs.get(_ATTEMPT, 1))

    def origin(self, trial: Trial) -> int:
        """Return the number under which the same trial was begun first."""
        return int(trial.user_attrs.get(_ORIGIN, trial.number))

    def report(self, trial: Trial, step: int, value: float) -> None:
        """Tell how good a trial is after `step` epochs; raises TrialPruned where others were better, or another process took it over."""
        try:
            trial.report(value, step)
        except UpdateFinishedTrialError as error:
            raise TrialPruned from error
        if trial.should_prune():
            raise TrialPruned

    def finish(self, trial: Trial, value: float | None, *, diverged: str = "") -> bool:
        """Tell a trial's figure, or None where it was pruned or diverged; return False where another process took it over."""
        if value is not None:
            return self._tell(trial.number, TrialState.COMPLETE, value)
        try:
            if diverged:
                trial.set_user_attr(DIVERGED, diverged)
        except UpdateFinishedTrialError:
            return False
        return self._tell(trial.number, TrialState.PRUNED)

    def best(self) -> FrozenTrial | None:
        """Return the trial with the highest figure, or None where all were pruned."""
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return max(complete, key=lambda t: (t.value, -t.number), default=None)

    def importance(self) -> dict[str, float]:
        """Return each field's share in what separates good trials from bad ones (PED-ANOVA, Watanabe et al., IJCAI 2023).

        The largest first, of sum 1; empty before there are ten complete trials that differ.
        """
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(complete) < _ENOUGH_FOR_IMPORTANCE or len({t.value for t in complete}) == 1:
            return {}
        shares = optuna.importance.get_param_importances(self._study)
        return {name: share for name, share in shares.items() if math.isfinite(share)}

    def _take_from_the_dead(self) -> None:
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            begun = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
            if time.time() - float(trial.user_attrs.get(_ALIVE, begun)) > LOST_AFTER_S:
                self._put_back(trial.number, attempt=trial.user_attrs.get(_ATTEMPT, 1) + 1)

    def _put_back(self, number: int, *, attempt: int) -> None:
        """Let a trial that is not told yet be tried again under another number."""
        if self._tell(number, TrialState.FAIL) and attempt <= _MOST_ATTEMPTS:
            trial = self._study.get_trials(deepcopy=False)[number]
            if trial.params.keys() == self._space.keys():  # else it was killed while they were drawn
                self._study.enqueue_trial(trial.params, user_attrs={_ATTEMPT: attempt, _ORIGIN: trial.user_attrs.get(_ORIGIN, number)})

    def _tell(self, number: int, state: TrialState, value: float | None = None) -> bool:
        """Tell what became of a trial; return False where that was told before."""
        try:
            self._study.tell(number, value, state=state)
        except (UpdateFinishedTrialError, ValueError):  # Optuna's ways to say so
            return False
        return True


class _Sampler(BaseSampler):
    """TPE (Bergstra et al., NeurIPS 2011) whose draws follow from seed and trial number: no two processes draw the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tpe = TPESampler(seed=seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._tpe = TPESampler(seed=(self._seed + trial.number) % 2**32)
        self._tpe.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution) -> Any:
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)


def _counting(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that are finished or may still be."""
    return [trial for trial in trials if trial.state != TrialState.FAIL]


def _open(name: str, storage: str, seed: int) -> Study:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED)
    try:
        kept = _storage(storage)
        try:
            study = optuna.create_study(study_name=name, storage=kept, sampler=_Sampler(seed), pruner=pruner, direction="maximize")
        except DuplicatedStudyError:
            return optuna.load_study(study_name=name, storage=kept, sampler=_Sampler(seed), pruner=pruner)
        study.set_user_attr(_BEGINNING, secrets.token_hex(4))
        return study
    except (SQLAlchemyError, StorageInternalError, ImportError, OSError, ValueError, LookupError) as error:
        told = str(error.__cause__ or error).splitlines()[0]
        raise InputError(
            f"storage {shown_storage(storage)}: expected a database URL (postgresql://, sqlite:///) or a journal file's path, got: {told}; "
            "check that it can be reached and written"
        ) from error


def _storage(storage: str) -> BaseStorage:
    if "://" not in storage:
        return JournalStorage(JournalFileBackend(storage))
    patience = {"connect_args": {"timeout": _SQLITE_PATIENCE_S}} if storage.startswith("sqlite") else {}
    try:
        return RDBStorage(storage, engine_kwargs=patience)
    except DBAPIError:  # another process makes the tables in this very moment
        time.sleep(_WAIT_S)
        return RDBStorage(storage, engine_kwargs=patience)


def _beginning(study: Study) -> str:
    """Return what the process that made the study called its beginning; it does so at once, but after making it."""
    for _ in range(int(LOST_AFTER_S)):
        if (found := study.user_attrs.get(_BEGINNING)) is not None:
            return str(found)
        time.sleep(_WAIT_S)
    return ""


def shown_storage(storage: str) -> str:
    """Return a storage's path or URL as it may be shown: without the password."""
    if "://" not in storage:
        return storage
    try:
        return make_url(storage).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return storage.partition("://")[0] + "://…"
