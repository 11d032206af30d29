"""Training that is cut off, repeated under seeds, begun from another run, or spread over processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mlflow.tracking import MlflowClient

from stance.errors import ArtifactError, InputError, RecipeError, RunError
from stance.models.checkpoints import new_encoder
from stance.predictor import Predictor
from training import checkpoint, tracking
from training.promote import export, promote
from training.seeds import spread, train_seeds
from training.train import train

Recipes = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def recipe_file(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    """A recipe of the tiny checkpoint that takes some seconds, its state kept after every step."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        f'kind = "finetune"\nbase = "{tiny_checkpoint}"\nmax_tokens = 64\n[finetune]\nepochs = 12\npatience = 12\nmin_steps = 0\n'
        "frozen_layers = 0\nbatch_tokens = 80\nlearning_rate = 1e-3\naverage_decay = 0.9\ncheckpoint_seconds = 0\n",
        encoding="utf-8",
    )
    return path


def command(recipe: Path, corpus: Path, *launcher: str) -> list[str]:
    return [sys.executable, *launcher, "-m", "stance", "train", str(recipe), "--data", str(corpus), "--json"]


def environment() -> dict[str, str]:
    """Return this process's environment with the run store of the working directory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_TRACKING")}
    return kept | {"OMP_NUM_THREADS": "1"}


def runs_in(folder: Path) -> list[Any]:
    return list(MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_runs(["1"]))


@pytest.mark.slow
def test_a_killed_training_goes_on_in_its_own_run_and_ends_in_the_same_figures(
    tmp_path: Path, recipe_file: Path, small_corpus: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    call = command(recipe_file, small_corpus)
    finished = subprocess.run(call, cwd=whole, env=environment(), capture_output=True, text=True, check=True, timeout=200)
    expected = json.loads(finished.stdout)
    for _ in range(2):
        process = subprocess.Popen(call, cwd=cut, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = {p: p.stat().st_mtime_ns for p in cut.glob("unfinished/*.safetensors")}
        while {p: p.stat().st_mtime_ns for p in cut.glob("unfinished/*.safetensors")} == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert list(cut.glob("unfinished/*.safetensors"))
    resumed = json.loads(subprocess.run(call, cwd=cut, env=environment(), capture_output=True, text=True, check=True, timeout=200).stdout)
    assert resumed["metrics"] == expected["metrics"]
    (run,) = runs_in(cut)
    assert (run.info.run_id, run.info.status) == (resumed["run_id"], "FINISHED")
    assert not list(cut.glob("unfinished/*"))


@pytest.mark.slow
def test_several_processes_train_one_model_and_log_one_run(tmp_path: Path, recipe_file: Path, small_corpus: Path) -> None:
    launcher = "-m accelerate.commands.launch --cpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    call = command(recipe_file, small_corpus, *launcher.split(), "--main_process_port", "0")
    finished = subprocess.run(call, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=250)
    assert finished.returncode == 0, finished.stderr
    (run,) = runs_in(tmp_path)
    assert run.info.status == "FINISHED"
    store = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    losses = [point.value for point in store.get_metric_history(run.info.run_id, "epoch/train_loss")]
    assert losses[-1] < 0.8 * losses[0]


def test_while_one_process_trains_another_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with checkpoint.attempt("key", fresh=False), pytest.raises(RunError, match="another process"), checkpoint.attempt("key", fresh=False):
        pass


def test_what_is_no_state_of_this_training_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_corpus: Path, tiny_recipe: Recipes
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe("finetune"), small_corpus, on_progress=_interrupted)
    (state,) = tmp_path.glob("unfinished/*.safetensors")
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match="--fresh"):
        train(tiny_recipe("finetune"), small_corpus)
    assert train(tiny_recipe("finetune"), small_corpus, fresh=True).version
    assert not list(tmp_path.glob("unfinished/*"))


def _interrupted(stage: str, done: int, total: int) -> None:
    if stage == "calibrating":
        raise KeyboardInterrupt


def test_seeds_are_runs_of_their_own_and_not_trained_twice(
    small_corpus: Path, tiny_recipe: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = tiny_recipe("finetune", seed=70)
    group = train_seeds(recipe, small_corpus, count=2)
    assert [run.seed for run in group.runs] == ["70", "71"]
    found = group.metrics["stance/macro_f1"]
    assert found.values == tuple(run.metrics["test/stance/macro_f1"] for run in group.runs)
    again = train_seeds(recipe, small_corpus, count=3)
    assert [run.run_id for run in again.runs][:2] == [run.run_id for run in group.runs]
    assert len({run.run_id for run in again.runs}) == 3
    with pytest.raises(InputError):
        train_seeds(recipe, small_corpus, count=0)


def test_the_spread_is_student_s_interval() -> None:
    from scipy.stats import ttest_1samp

    values = [0.61, 0.58, 0.66, 0.63, 0.6]
    found, interval = spread(values), ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(values), interval.low, interval.high))
    assert np.isnan(spread([0.5]).low)


def test_training_begins_from_another_run_s_weights(
    small_corpus: Path, tiny_recipe: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = train(tiny_recipe("finetune", seed=5), small_corpus)
    still = tiny_recipe("finetune", seed=6, finetune={"learning_rate": 0.0, "head_learning_rate": 0.0, "epochs": 1})
    second = train(still, small_corpus, init_from=first.run_id)
    export(first.run_id, tmp_path / "first")
    export(second.run_id, tmp_path / "second")
    before, after = (Predictor.load(tmp_path / name).model.network.state_dict() for name in ("first", "second"))  # type: ignore[attr-defined]
    assert all(torch.equal(before[name], after[name]) for name in before)
    quick = train(tiny_recipe("quick"), small_corpus, init_from=str(tmp_path / "first"))
    export(quick.run_id, tmp_path / "quick")
    encoder = Predictor.load(tmp_path / "quick").model.network.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(before[name], encoder[name]) for name in before if name.startswith("encoder."))
    with pytest.raises(RecipeError, match="encoder to begin from"):
        train(tiny_recipe("baseline"), small_corpus, init_from=first.run_id)


def test_a_head_without_labels_stays_as_it_came_and_is_not_promoted_untrained(
    corpus_copy: Path, small_corpus: Path, tiny_recipe: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in corpus_copy.glob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        file.write_text("".join(json.dumps(row | {"sentiment": None, "annotations": []}) + "\n" for row in rows), encoding="utf-8")
    whole = train(tiny_recipe("finetune", seed=8), small_corpus)
    for kind in ("finetune", "quick"):
        bare = train(tiny_recipe(kind, seed=8), corpus_copy)
        with pytest.raises(ArtifactError, match="sentiment head was never trained"):
            promote(bare.run_id, lambda *_: "")
        begun = train(tiny_recipe(kind, seed=8), corpus_copy, init_from=whole.run_id)
        export(whole.run_id, tmp_path / f"whole-{kind}")
        export(begun.run_id, tmp_path / f"begun-{kind}")
        first, second = Predictor.load(tmp_path / f"whole-{kind}"), Predictor.load(tmp_path / f"begun-{kind}")
        heads = [p.model.network.heads["sentiment"].weight for p in (first, second)]  # type: ignore[attr-defined]
        assert torch.equal(*heads)
        assert first.temperatures["sentiment"] == second.temperatures["sentiment"]
        assert not any(name.startswith("sentiment/macro_f1") for name in begun.report.metrics())
        assert tracking.find_run(begun.run_id).status == "FINISHED"


def test_without_a_target_to_read_the_target_changes_nothing(small_corpus: Path, tiny_recipe: Recipes) -> None:
    from stance.inputs import ModelInput

    recipe = tiny_recipe("finetune")
    model = new_encoder(recipe.base, max_tokens=recipe.max_tokens)
    one, other = (
        ModelInput(target, "We welcome every page.", "He said so on the quay.") for target in ("the accord", "the harvest of pears")
    )
    with_target = model.logits([one, other])["stance"]
    assert not np.allclose(with_target[0], with_target[1])
    model.tokenizer.limit(max_target_tokens=0, max_context_tokens=0)
    without = model.logits([one, other, ModelInput("the accord", "We welcome every page.", "")])["stance"]
    assert np.allclose(without[0], without[1], atol=1e-6)
    assert np.allclose(without[0], without[2], atol=1e-6)
