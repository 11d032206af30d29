"""`stance compare`, as a user sees it, on real runs."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest

from stance import cli, console
from training import tracking
from training.compare import compare
from training.train import train

Stance = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def names(small_corpus: Path, tiny_recipe: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Runs in a store of their own: two seeds of two recipes, one on the same test part of more data, one on another test part."""
    folder = tmp_path_factory.mktemp("compare")
    more, other = shutil.copytree(small_corpus, folder / "more"), shutil.copytree(small_corpus, folder / "other")
    for corpus, process in ((more, "orvane-2031"), (other, "marrow-strait-2038")):
        file = corpus / f"{process}.jsonl"
        row = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
        row |= {"id": "another", "statement": "We keep to it.", "context": "", "spans": []}
        file.write_text(file.read_text(encoding="utf-8") + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        plain, weak = tiny_recipe("baseline"), tiny_recipe("baseline", name="weak", baseline={"max_features": 1})
        runs = {f"{recipe.name}{seed}": train(recipe.with_seed(seed), small_corpus).name for recipe in (plain, weak) for seed in (0, 1)}
        yield runs | {"more": train(plain, more).name, "other": train(plain, other).name}


@pytest.fixture
def stance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stance:
    """Run a command in this process: exit code, output, standard error."""

    def run(*arguments: Any, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stance", *map(str, arguments)])
        monkeypatch.setattr(console.OUT, "width", columns)
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return run


def test_two_runs_side_by_side(names: dict[str, str], stance: Stance) -> None:
    first, second = names["tiny-baseline0"], names["weak0"]
    code, shown, _ = stance("compare", first, second)
    assert code == 0
    for words in ("stance, 8 statements", "macro-F1", "difference (95 %)", "recipe: baseline.max_features", f"{second}, beside {first}:"):
        assert words in shown
    assert "recipe: seed" not in shown
    assert "versions" not in shown


def test_the_page_is_kept_and_found_again_and_is_no_training_run(names: dict[str, str], stance: Stance, tmp_path: Path) -> None:
    before = len(tracking.list_runs())
    code, shown, _ = stance("compare", names["tiny-baseline0"], names["weak0"], "--html", tmp_path / "c.html", columns=200)
    assert code == 0
    kept = shown.split("comparison.html of run ")[1].split(".")[0]
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert mlflow.artifacts.load_text(f"runs:/{kept}/comparison.html") == text
    assert "ceasefire" in text
    assert json.loads(mlflow.artifacts.load_text(f"runs:/{kept}/comparison.json"))["conclusions"]
    assert len(tracking.list_runs()) == before


def test_the_json_is_what_the_python_call_gives(names: dict[str, str], stance: Stance) -> None:
    found = json.loads(stance("compare", names["tiny-baseline0"], names["weak0"], "--json")[1])
    assert found == json.loads(json.dumps(compare(names["tiny-baseline0"], names["weak0"]).as_json()))


def test_seeds_of_a_recipe_are_one_contender(names: dict[str, str], stance: Stance) -> None:
    arguments = [names[name] for name in ("tiny-baseline0", "weak0", "weak1", "tiny-baseline1")]
    found = json.loads(stance("compare", *arguments, "--group", "seed", "--json")[1])
    assert [(entry["name"], len(entry["runs"])) for entry in found["contenders"]] == [("tiny-baseline", 2), ("weak", 2)]
    code, _, told = stance("compare", "--recipe", "weak", "--group", "seed")
    assert (code, "at least two recipes" in told) == (2, True)


def test_the_same_test_part_of_other_data_is_compared(names: dict[str, str], stance: Stance) -> None:
    code, shown, _ = stance("compare", names["tiny-baseline0"], names["more"])
    assert code == 0
    assert "data: trained on" in shown


def test_runs_measured_on_different_data_are_refused_unless_measured_alike(
    names: dict[str, str], stance: Stance, small_corpus: Path
) -> None:
    first, second = names["tiny-baseline0"], names["other"]
    code, _, told = stance("compare", first, second)
    assert code == 2
    digests = [tracking.find_run(name).test_digest for name in (first, second)]
    assert all(digest in told for digest in digests)
    assert f"stance compare {first} {second} --data FOLDER, or each with stance evaluate RUN --data FOLDER" in told
    code, shown, _ = stance("compare", first, second, "--data", small_corpus, "--part", "calibration")
    assert code == 0
    assert f"{small_corpus.name}/calibration: 10 statements" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "at least two different ones to compare, got none"),
        (("last",), "got only"),
        (("last", "last"), "got only"),
        (("last", "nosuchrun"), "'nosuchrun'"),
        (("--last", "2", "--group", "recipe"), "--group: expected seed, got 'recipe'"),
        (("--last", "2", "--part", "test"), "expected --data FOLDER"),
        (("--last", "2", "--html", "no/such/folder/c.html"), "make no/such/folder first"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(names: dict[str, str], stance: Stance, arguments: tuple[str, ...], words: str) -> None:
    code, _, told = stance("compare", *arguments)
    assert code == 2
    assert words in told.strip().splitlines()[-1]


def test_a_run_without_predictions_is_told_how_to_be_measured(
    names: dict[str, str], stance: Stance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.tracking.runs.PREDICTIONS_FILE", "gone.json")
    code, _, told = stance("compare", names["tiny-baseline0"], names["weak0"])
    assert code == 2
    assert "expected the test predictions that it logged" in told
    assert "--data FOLDER" in told
