"""`stance runs`, `show`, `promote`, `rollback` and `history`, as a user sees them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import store
from stance import cli, console
from stance.artifact import verify_artifact
from training.train import train

Stance = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(small_corpus: Path, tiny_recipe: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The names of two runs, in a working directory and with stores of their own."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models import ModelStore

    folder = tmp_path_factory.mktemp("place")
    (folder / "models").mkdir()
    BentoMLContainer.model_store.set(ModelStore(str(folder / "models")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        yield tuple(train(tiny_recipe("baseline", seed=seed), small_corpus).name for seed in range(2))
    BentoMLContainer.model_store.reset()


@pytest.fixture
def stance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stance:
    """Run a command in this process: exit code, output, standard error; `columns` is how wide the terminal is."""

    def run(*arguments: str, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stance", *arguments])
        monkeypatch.setattr(console.OUT, "width", columns)
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_a_list_of_runs_fits_the_terminal(place: tuple[str, str], stance: Stance, columns: int) -> None:
    code, shown, _ = stance("runs", columns=columns)
    assert code == 0
    assert all(name in shown for name in place)
    assert "…" not in shown
    assert ("recipe" in shown) == (columns == 140), "the name begins with the recipe where there is no room for it"
    assert max(map(len, shown.splitlines())) <= columns
    sorted_by = stance("runs", "--sort", "test/stance/accuracy", "--limit", "1", columns=columns)[1]
    assert sorted_by.count("tiny-baseline-s") == 1


def test_filters_that_nothing_passes_and_slips_are_told(place: tuple[str, str], stance: Stance) -> None:
    assert "No such run" in stance("runs", "--recipe", "quick")[1]
    code, _, told = stance("runs", "--status", "done")
    assert (code, told.count("\n")) == (2, 1)
    assert "expected one of finished" in told


def test_the_life_of_two_runs(place: tuple[str, str], stance: Stance) -> None:
    first, second = place
    assert "No champion yet" in stance("history")[1]
    code, shown, _ = stance("promote", first)
    assert code == 0
    assert f"{first} (version 1) is the champion." in shown
    assert "a first champion needs only" in shown
    code, shown, told = stance("promote", second)
    assert code == 1
    assert "no suite at tests/behaviour" in " ".join(shown.split())
    assert "--no-behaviour" in shown
    assert "--force --why TEXT" in shown
    assert "error:" not in told
    code, shown, _ = stance("promote", second, "--json")
    found = json.loads(shown)
    assert (code, found["ok"]) == (1, False)
    assert {"name", "wanted", "found", "ok", "short", "advice"} == set(found["checks"][0])
    assert stance("promote", second, "--force")[0] == 2
    code, shown, _ = stance("promote", second, "--force", "--why", "a [bold] try", "--json")
    assert (code, json.loads(shown)["event"]["forced"]) == (0, True)
    assert verify_artifact(store.champion_directory()).run_id == json.loads(shown)["run_id"]

    code, shown, _ = stance("rollback", "--why", "it was slow")
    assert code == 0
    assert f"{first} (version 1) is the champion again, over {second}." in " ".join(shown.split())
    served = verify_artifact(store.champion_directory())
    assert served.run_id == next(run["run_id"] for run in json.loads(stance("runs", "--json")[1]) if run["is_champion"])
    code, _, told = stance("rollback")
    assert code == 2
    assert "stance history" in told

    events = json.loads(stance("history", "--json")[1])
    assert [(event["action"], event["name"]) for event in events] == [("promote", first), ("promote", second), ("rollback", first)]
    shown = stance("history", columns=140)[1]
    assert shown.index("it was slow") < shown.index("a [bold] try"), "the last one first"
    assert "forced past" in shown
    shown = stance("show", second)[1]
    assert "promoted by force" in shown
    assert f"taken back for {first}" in shown
    assert "★" in stance("show", "champion")[1]


def test_one_run_is_shown_whole(place: tuple[str, str], stance: Stance, small_corpus: Path) -> None:
    code, shown, _ = stance("show", place[1], columns=140)
    assert code == 0
    for words in (place[1], "seed 1; unlike baseline:", "max_tokens 64 (not 192)", str(small_corpus), "train 16 (1 process)", "version 2"):
        assert words in " ".join(shown.split())
    found = json.loads(stance("show", place[1], "--json")[1])
    assert found["changed"]["max_tokens"] == ["64", "192"]
    assert found["model_bytes"] > 1000
    assert 0 <= found["threshold"] <= 1
    assert found["temperatures"].keys() == {"relevance", "stance", "sentiment"}
    assert found["versions"]["stance"]
    assert "test_predictions.json" in found["artifacts"]
    assert stance("show", "nobody")[0] == 2


def test_an_empty_store_says_what_to_do_and_is_not_made(tmp_path: Path, stance: Stance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    code, shown, _ = stance("runs")
    assert (code, "stance train quick" in shown) == (0, True)
    assert stance("runs", "--json")[1].strip() == "[]"
    assert "No champion yet" in stance("history")[1]
    assert stance("rollback")[0] == stance("show", "last")[0] == stance("promote", "last")[0] == 2
    assert list(tmp_path.iterdir()) == []
