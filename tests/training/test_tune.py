"""Trials: shared out over processes, cut off and tried again, pruned; and what a search comes to."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.tracking import MlflowClient
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from stance.errors import InputError, RunError
from training import study as shared
from training import tracking
from training import tune as tuning
from training.recipe import Recipe, read_recipe
from training.study import SharedStudy
from training.tracking.trials import TUNING_EXPERIMENT
from training.train import train
from training.tune import Tuning, tune

Recipes = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_thread")
SPACE = {"x": FloatDistribution(0.0, 1.0)}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trial_runs(found: Tuning) -> dict[str, Any]:
    """Return the child runs of a tuning by their id."""
    experiment = mlflow.get_experiment_by_name(TUNING_EXPERIMENT)
    runs = MlflowClient().search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{found.run_id}'")
    return {run.info.run_id: run for run in runs}


def test_a_search_ends_with_a_recipe_that_train_takes(small_corpus: Path, place: Path) -> None:
    found = tune(read_recipe("baseline"), small_corpus, trials=4)
    assert len(found.trials) == 4
    assert found.best.value == max(trial.value for trial in found.trials if trial.value is not None)
    assert found.best_recipe.baseline.max_features == found.best.fields["baseline.max_features"]
    (place / "best.toml").write_text(found.best_toml(), encoding="utf-8")
    assert read_recipe("best.toml") == dataclasses.replace(found.best_recipe, name="best")
    told = found.best_toml().splitlines()[:2]
    assert all(word in " ".join(told) for word in (found.study, f"trial {found.best.number}", "4 trials", f"{found.best.value:.4f}"))
    assert train(read_recipe("best.toml"), small_corpus).version


def test_trials_are_child_runs_that_say_nothing_of_the_test_part(small_corpus: Path) -> None:
    before = {run.run_id for run in tracking.list_runs()}
    found = tune(read_recipe("baseline"), small_corpus, trials=2, objective="stance")
    parent, children = MlflowClient().get_run(found.run_id), trial_runs(found)
    assert parent.data.tags["stance.kind"] == "tuning"
    assert parent.data.tags["stance.best_run"] == found.best.run_id
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["best"] == found.best.value
    assert {trial.run_id for trial in found.trials} == children.keys()
    for trial in found.trials:
        child = children[trial.run_id]
        assert not [name for name in child.data.metrics if "test" in name]
        assert child.data.metrics["calibration/objective"] == child.data.metrics["calibration/stance/macro_f1"] == trial.value
        assert child.data.params["baseline.max_features"] == str(trial.fields["baseline.max_features"])
        assert not MlflowClient().list_artifacts(trial.run_id)
    assert {run.run_id for run in tracking.list_runs()} == before


def test_the_test_part_is_never_read(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tuning.read_split(small_corpus)
    with monkeypatch.context() as changed:
        changed.setattr(tuning, "read_split", lambda _: dataclasses.replace(whole, test=[]))
        without = tune(read_recipe("baseline"), small_corpus, trials=2, storage="without.journal")
    found = tune(read_recipe("baseline"), small_corpus, trials=2, storage="with.journal")
    assert [trial.value for trial in found.trials] == [trial.value for trial in without.trials]


def test_the_same_call_goes_on_and_another_search_is_another_study(small_corpus: Path, corpus_copy: Path) -> None:
    recipe = read_recipe("baseline")
    two = tune(recipe, small_corpus, trials=2)
    three = tune(recipe, small_corpus, trials=3)
    assert (three.study, three.run_id, three.trials[:2]) == (two.study, two.run_id, two.trials)
    assert tune(recipe, small_corpus, trials=2).trials == three.trials
    space = corpus_copy.parent / "space.toml"
    space.write_text("[baseline]\ninverse_regularisation = [1.0, 3.0]\n", encoding="utf-8")
    (corpus_copy / "splits.json").write_text((corpus_copy / "splits.json").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    others = [
        tune(recipe, corpus_copy, trials=1),
        tune(recipe, small_corpus, trials=1, space=space),
        tune(recipe, small_corpus, trials=1, objective="sentiment"),
        tune(recipe.with_seed(1), small_corpus, trials=1),
    ]
    assert len({two.study, *(other.study for other in others)}) == 5
    assert [len(other.trials) for other in others] == [1, 1, 1, 1]


def test_a_search_follows_from_its_seed(small_corpus: Path) -> None:
    first, again = (tune(read_recipe("baseline"), small_corpus, trials=3, storage=f"{name}.journal") for name in ("one", "two"))
    assert [(t.fields, t.value) for t in first.trials] == [(t.fields, t.value) for t in again.trials]
    assert len({t.fields["baseline.max_features"] for t in first.trials}) == 3


def test_a_frozen_encoder_reads_the_corpus_once(small_corpus: Path, tiny_recipe: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    from stance.models.encoder import EncoderModel

    read: list[int] = []
    features = EncoderModel.features
    monkeypatch.setattr(EncoderModel, "features", lambda self, inputs: read.append(len(inputs)) or features(self, inputs))
    recipe = tiny_recipe("quick")
    found = tune(recipe, small_corpus, trials=3)
    assert sum(read) == 26  # train and calibration
    alone = tune(dataclasses.replace(recipe, quick=found.best_recipe.quick), small_corpus, trials=1, storage="alone.journal")
    assert alone.study == found.study


def test_the_pruned_learn_less_and_say_so(small_corpus: Path, tiny_recipe: Recipes, place: Path) -> None:
    space = place / "space.toml"
    space.write_text("[finetune]\nlearning_rate = { low = 1e-7, high = 1e-2, log = true }\n", encoding="utf-8")
    recipe = tiny_recipe("finetune", finetune={"epochs": 4, "patience": 4, "frozen_layers": 0})
    found = tune(recipe, small_corpus, trials=12, space=space)
    pruned = [trial for trial in found.trials if trial.outcome == "pruned"]
    assert pruned, "of seven trials after the first five none was worse than the middle one"
    runs = trial_runs(found)
    for trial in found.trials:
        run = runs[trial.run_id]
        epochs = len(MlflowClient().get_metric_history(trial.run_id, "epoch/train_loss"))
        assert run.data.tags["stance.trial"] == trial.outcome
        assert ("calibration/objective" in run.data.metrics) == (trial.value is not None) == (trial.outcome == "complete")
        assert epochs == 4 or trial in pruned
    assert min(len(MlflowClient().get_metric_history(trial.run_id, "epoch/train_loss")) for trial in pruned) < 4
    assert found.best.outcome == "complete"
    assert not list(place.glob("unfinished/*.safetensors"))


def test_a_trial_that_diverges_does_not_end_the_search(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stance.errors import DivergenceError

    fitted, calls = tuning.fit, []

    def fit(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) < 3:
            raise DivergenceError("training diverged in epoch 1")
        return fitted(*arguments, **named)

    monkeypatch.setattr(tuning, "fit", fit)
    with pytest.raises(RunError, match="2 that diverged; lower the rates"):
        tune(read_recipe("baseline"), small_corpus, trials=2)
    found = tune(read_recipe("baseline"), small_corpus, trials=3)
    assert [trial.outcome for trial in found.trials] == ["diverged", "diverged", "complete"]


def test_an_interrupted_trial_is_tried_again_with_its_values(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, seen = tuning.fit, []

    def fit(recipe: Recipe, *arguments: Any, **named: Any) -> Any:
        seen.append(recipe)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return fitted(recipe, *arguments, **named)

    monkeypatch.setattr(tuning, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        tune(read_recipe("baseline"), small_corpus, trials=3)
    (parent,) = MlflowClient().search_runs(
        [mlflow.get_experiment_by_name(TUNING_EXPERIMENT).experiment_id],
        "tags.`stance.kind` = 'tuning'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    assert parent.info.status == "KILLED"
    found = tune(read_recipe("baseline"), small_corpus, trials=3)
    assert len(found.trials) == 3
    assert seen[2] == seen[1], "its state would not be found again under another name"
    outcomes = [run.data.tags["stance.trial"] for run in trial_runs(found).values()]
    assert sorted(outcomes) == ["complete", "complete", "complete", "cut off"]


def test_what_a_dead_process_held_is_tried_again_and_given_up_at_last(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LOST_AFTER_S", 0.05)
    first = SharedStudy("s", "trials.journal", SPACE, seed=0)
    taken = first.take(1)
    assert taken is not None
    seen = []
    for _ in range(3):
        time.sleep(0.1)
        again = SharedStudy("s", "trials.journal", SPACE, seed=0).take(1)
        assert again is not None
        seen.append((again.params == taken.params, first.origin(again) == taken.number))
    assert seen == [(True, True), (True, True), (False, False)]
    assert not first.finish(taken, 0.5), "it was another's by then"


@pytest.mark.parametrize("storage", ["trials.journal", "sqlite:///trials.db"])
def test_a_study_takes_as_many_trials_as_are_wanted_and_no_more(place: Path, storage: str) -> None:
    one, other = (SharedStudy("s", storage, SPACE, seed=0) for _ in range(2))
    held = [one.take(2), other.take(2)]
    assert len({trial.params["x"] for trial in held if trial}) == 2
    for trial in held:
        assert trial is not None
        with one.held(trial):
            assert one.finish(trial, trial.params["x"])
    assert one.take(2) is None
    assert other.take(2) is None
    best = other.best()
    assert best is not None
    assert best.value == max(trial.params["x"] for trial in held if trial)
    assert [trial.state for trial in other.finished()] == [TrialState.COMPLETE] * 2


def test_fields_that_count_are_told_once_there_are_enough_trials(place: Path) -> None:
    study = SharedStudy("s", "trials.journal", SPACE | {"y": FloatDistribution(0.0, 1.0)}, seed=0)
    assert study.importance() == {}
    while (trial := study.take(15)) is not None:
        with study.held(trial):
            study.finish(trial, trial.params["x"] + 0.01 * trial.params["y"])
    assert next(iter(study.importance())) == "x"
    assert sum(study.importance().values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"trials": 0}, InputError, "trials: expected at least one, got 0"),
        ({"objective": "stanse"}, InputError, "objective: expected one of mean, relevance, stance, sentiment"),
        ({"storage": "nosuch://me:secret@127.0.0.1/x"}, InputError, r"storage nosuch://me:\*\*\*@127.0.0.1/x: expected a database URL"),
        ({"storage": "postgresql://me:secret@127.0.0.1:1/x"}, InputError, r"me:\*\*\*@127.0.0.1:1/x: expected a database URL"),
        ({"storage": "nowhere/trials.journal"}, InputError, "storage nowhere/trials.journal: .* No such file"),
        ({"data": Path("nowhere")}, InputError, "nowhere"),
    ],
)
def test_what_can_not_be_searched_is_told(small_corpus: Path, fields: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told) as caught:
        tune(read_recipe("baseline"), **({"data": small_corpus, "trials": 1} | fields))
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_journal_is_told(small_corpus: Path, place: Path) -> None:
    (place / "notes.txt").write_text("bread, milk\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"storage notes\.txt: expected a database URL .* or a journal file's path"):
        tune(read_recipe("baseline"), small_corpus, trials=1, storage="notes.txt")


def command(corpus: Path, trials: int) -> list[str]:
    return [sys.executable, "-m", "stance", "tune", "baseline", "--data", str(corpus), "--trials", str(trials), "--json"]


@pytest.mark.slow
def test_two_processes_share_the_trials_and_a_killed_one_s_are_made_up_for(small_corpus: Path, place: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_TRACKING")} | {"OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(command(small_corpus, 8), cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=200) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    first, second = (json.loads(out) for out, _ in ended)
    assert first["trials"] == second["trials"]
    assert len(first["trials"]) == 8
    assert first["run_id"] == second["run_id"]
    assert len({json.dumps(trial["fields"]) for trial in first["trials"]}) == 8

    killed = subprocess.Popen(command(small_corpus, 40), cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal, size = place / "tuning.journal", (place / "tuning.journal").stat().st_size
    while journal.stat().st_size < size + 2000 and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    there = len(SharedStudy(first["study"], str(journal), SPACE, seed=0).finished())
    assert 8 <= there < 40, "it was killed too late"
    finished = subprocess.run(command(small_corpus, there + 2), cwd=place, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(finished.stdout)
    assert len(found["trials"]) == there + 2
    assert found["trials"][:8] == first["trials"]
