"""Champions come and go: real runs, a store of their own for every test."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from stance.errors import ArtifactError, InputError, RunError
from training import tracking
from training.gate import GateError, Verdict
from training.promote import MOST_WHY_CHARS, Promotion, history, promote, rollback, version_before
from training.tracking import KIND_TAG, Event
from training.train import train

CASE = {"id": "1", "phenomenon": "rejection", "target": "the truce", "speaker": "", "statement": "We reject it.", "context": ""}


@pytest.fixture(scope="module")
def trained(small_corpus: Path, tiny_recipe: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Runs by name in a store: three that differ by seed, one that knows a single word, one on another test part; and the store."""
    folder = tmp_path_factory.mktemp("promote")
    many = shutil.copytree(small_corpus, folder / "many")
    test = many / "marrow-strait-2038.jsonl"
    rows = [json.loads(line) for line in test.read_text(encoding="utf-8").splitlines()]
    test.write_text("".join(json.dumps(row | {"id": f"{row['id']}-{n}"}) + "\n" for n in range(20) for row in rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        runs = {f"seed{n}": train(tiny_recipe("baseline", seed=n), many).run_id for n in range(3)}
        runs["weak"] = train(tiny_recipe("baseline", baseline={"max_features": 1}), many).run_id
        runs["elsewhere"] = train(tiny_recipe("baseline"), small_corpus).run_id
        yield runs | {"store": str(folder / "mlflow.db")}


@pytest.fixture
def runs(trained: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The trained runs, in a copy of the store without a champion."""
    shutil.copy(trained["store"], tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    tracking.connect()
    monkeypatch.setattr("training.gate.MOST_CALIBRATION_ERROR", 1.0)  # ten statements are never calibrated
    return trained


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A case that nobody passes, as its label is none that a rejection has."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "cases.jsonl").write_text(json.dumps(CASE | {"stance": "skeptical", "relevance": "off_target"}) + "\n")
    (tmp_path / "suite" / "thresholds.toml").write_text("[rates]\nrejection = 0.5\n")
    return tmp_path / "suite"


class Store:
    """What was put where the service takes it from, in order."""

    def __init__(self) -> None:
        self.put: list[str] = []

    def __call__(self, directory: Path, manifest: Any, version: str) -> str:
        assert (directory / "manifest.json").is_file()
        self.put.append(manifest.run_id)
        return f"stance:{manifest.run_id[:12]}"


def champion() -> str | None:
    version = tracking.champion_version()
    run = tracking.run_of_version(version) if version else None
    return run.run_id if run else None


def promoted(run: str, store: Any, **options: Any) -> Promotion:
    return promote(run, store, **{"behaviour": None, **options})


def test_a_first_champion_needs_only_to_answer_and_what_it_did_not_pass_is_told(runs: dict[str, str], suite: Path) -> None:
    found = promoted(runs["weak"], Store(), behaviour=suite)
    assert champion() == runs["weak"]
    assert found.verdict.failed == ("behaviour: rejection",)
    (event,) = history()
    assert (event.action, event.over, event.forced, event.failed) == ("promote", None, False, ("behaviour: rejection",))
    assert found.event == event


def test_a_refusal_lists_every_gate_moves_nothing_and_is_kept(runs: dict[str, str], suite: Path) -> None:
    store = Store()
    promoted(runs["seed0"], store)
    with pytest.raises(GateError, match=r"did not pass 3 of 10 gates.*stance as good: wanted not worse.*--force --why") as caught:
        promoted(runs["weak"], store, behaviour=suite)
    verdict = caught.value.verdict
    assert [check.name for check in verdict.checks][:3] == ["artifact", "smoke request", "same test data"]
    assert verdict.failed == ("stance as good", "sentiment as good", "behaviour: rejection")
    assert (champion(), store.put, len(history())) == (runs["seed0"], [runs["seed0"]], 1)
    weak = tracking.find_run(runs["weak"])
    assert weak.metrics["gate/stance/difference_high"] < 0
    assert weak.metrics["behaviour/rejection"] == 0
    logged = max(path for path in tracking.logged(weak).artifacts if path.startswith("gate/"))
    assert json.loads(mlflow.artifacts.load_text(f"runs:/{weak.run_id}/{logged}"))["checks"] == verdict.as_json()["checks"]


def test_a_run_on_other_test_statements_is_refused_with_both_digests(runs: dict[str, str]) -> None:
    promoted(runs["seed0"], Store())
    here, there = (tracking.find_run(runs[name]).test_digest[:8] for name in ("seed0", "elsewhere"))
    with pytest.raises(GateError, match=f"same test data: wanted the champion's, {here}, found {there}"):
        promoted(runs["elsewhere"], Store())


def test_a_default_suite_that_is_not_there_is_a_gate_not_passed(
    runs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert promote(runs["seed0"], Store()).verdict.failed == ("behaviour",)
    with pytest.raises(GateError, match="no suite at tests/behaviour"):
        promote(runs["seed1"], Store())
    assert promoted(runs["seed1"], Store()).verdict.ok


def test_force_needs_a_reason_and_leaves_it_everywhere(runs: dict[str, str]) -> None:
    promoted(runs["seed0"], Store())
    with pytest.raises(InputError, match="--why TEXT"):
        promoted(runs["weak"], Store(), force=True, why=" ")
    with pytest.raises(InputError, match=f"at most {MOST_WHY_CHARS}"):
        promoted(runs["weak"], Store(), why="x" * (MOST_WHY_CHARS + 1))
    assert champion() == runs["seed0"]
    found = promoted(runs["weak"], Store(), force=True, why="the old one is “broken”")
    assert champion() == runs["weak"]
    event = history()[-1]
    assert (event.why, event.forced, event.failed, event.over_name) == (
        "the old one is “broken”",
        True,
        found.verdict.failed,
        tracking.find_run(runs["seed0"]).name,
    )
    client, weak = MlflowClient(), tracking.find_run(runs["weak"])
    for tags in (client.get_run(weak.run_id).data.tags, client.get_model_version("stance", weak.model_version).tags):
        assert json.loads(tags["stance.forced"]) == event.as_json()


def test_force_is_told_only_where_it_was_needed(runs: dict[str, str]) -> None:
    promoted(runs["seed0"], Store())
    promoted(runs["seed1"], Store(), force=True, why="to be sure")
    assert [event.forced for event in history()] == [False, False]
    assert "stance.forced" not in MlflowClient().get_run(runs["seed1"]).data.tags


@pytest.mark.parametrize("damage", ["changed", "nan"])
def test_force_never_overrides_verification_or_the_smoke_request(
    runs: dict[str, str], damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(runs["seed0"], Store())

    def damaged(run: Any, folder: Path) -> Path:
        directory = shutil.copytree(untouched(run, folder / "whole"), folder / "damaged")
        if damage == "changed":
            (directory / "model.safetensors").write_bytes(b"x")
        return directory

    untouched = tracking.fetch_artifact
    monkeypatch.setattr(tracking, "fetch_artifact", damaged)
    if damage == "nan":
        from stance.predictor import Predictor

        predict = Predictor.predict
        broken = dict.fromkeys(("supportive", "skeptical", "critical"), float("nan"))
        monkeypatch.setattr(
            Predictor, "predict", lambda *a: [replace(p, stance=replace(p.stance, probabilities=broken)) for p in predict(*a)]
        )
    with pytest.raises(ArtifactError, match="sha256" if damage == "changed" else "none that are numbers"):
        promoted(runs["seed1"], Store(), force=True, why="at any price")
    assert champion() == runs["seed0"]


def test_the_champion_promoted_again_is_put_into_the_store_and_not_judged(runs: dict[str, str]) -> None:
    store = Store()
    promoted(runs["seed0"], store)
    again = promoted("champion", store)
    assert (again.event, store.put, len(history())) == (None, [runs["seed0"]] * 2, 1)


def test_rollback_goes_further_back_each_time_and_is_in_the_history(runs: dict[str, str]) -> None:
    store = Store()
    with pytest.raises(RunError, match="no champion yet"):
        rollback(store)
    for name in ("seed0", "seed1", "seed2"):
        promoted(runs[name], store)
    assert rollback(store, why="slow").run.run_id == champion() == runs["seed1"]
    assert rollback(store).run.run_id == champion() == runs["seed0"]
    with pytest.raises(RunError, match="found none in 'stance history'"):
        rollback(store)
    assert store.put == [runs[name] for name in ("seed0", "seed1", "seed2", "seed1", "seed0")]
    events = history()
    assert [(e.action, e.run_id) for e in events[3:]] == [("rollback", runs["seed1"]), ("rollback", runs["seed0"])]
    assert (events[3].why, events[3].over, events[3].over_name) == ("slow", events[2].version, events[2].name)
    promoted(runs["seed2"], store)
    assert rollback(store).run.run_id == runs["seed0"]


def test_a_champion_set_by_hand_is_gone_back_from_to_the_last_one_that_was_promoted(runs: dict[str, str]) -> None:
    promoted(runs["seed0"], Store())
    MlflowClient().set_registered_model_alias("stance", "champion", tracking.find_run(runs["seed1"]).model_version)
    assert rollback(Store()).run.run_id == runs["seed0"]
    MlflowClient().set_registered_model_alias("stance", "champion", tracking.find_run(runs["seed1"]).model_version)
    promoted(runs["seed2"], Store())
    assert rollback(Store()).run.run_id == runs["seed1"]


def test_a_champion_whose_run_was_deleted_is_told(runs: dict[str, str]) -> None:
    promoted(runs["seed0"], Store())
    promoted(runs["seed1"], Store())
    MlflowClient().delete_run(runs["seed0"])
    with pytest.raises(RunError, match="its run was deleted"):
        rollback(Store())
    MlflowClient().delete_run(runs["seed1"])
    with pytest.raises(RunError, match=r"nothing to compare with.*--force"):
        promoted(runs["seed2"], Store())
    assert promoted(runs["seed2"], Store(), force=True, why="no other way").event.forced


def test_a_run_judged_against_a_champion_of_before_is_not_promoted(runs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    promoted(runs["seed0"], Store())
    store = Store()
    keep = tracking.add_to_run

    def meanwhile(*arguments: Any) -> None:
        keep(*arguments)
        monkeypatch.setattr(tracking, "add_to_run", keep)
        promoted(runs["seed2"], Store())

    monkeypatch.setattr(tracking, "add_to_run", meanwhile)
    with pytest.raises(RunError, match="somebody promoted another meanwhile"):
        promoted(runs["seed1"], store)
    assert (champion(), store.put) == (runs["seed2"], [])


def test_of_writers_at_the_same_time_each_leaves_its_event(runs: dict[str, str]) -> None:
    promoted(runs["weak"], Store())
    found = [tracking.find_run(runs[name]) for name in ("seed0", "seed1", "seed2")] * 4
    with ThreadPoolExecutor(4) as pool:
        moved = list(
            pool.map(lambda numbered: tracking.move_champion(numbered[1], None, action="promote", why=str(numbered[0])), enumerate(found))
        )
    events = history()[1:]
    assert sorted(int(event.why) for event in events) == list(range(12))
    assert {event.at for event in events} == {event.at for event in moved}


def event(action: str, version: str, over: str | None) -> Event:
    run = history_run(version)
    return Event(action=action, version=version, over=over, **run)  # type: ignore[arg-type]


def history_run(version: str) -> dict[str, Any]:
    from datetime import UTC, datetime

    return {"at": datetime.now(UTC), "who": "w", "run_id": version, "name": version, "over_name": "", "why": ""}


@pytest.mark.parametrize(
    ("moves", "champion", "expected"),
    [
        ([], "1", None),
        ([("promote", "1", None)], "1", None),
        ([("promote", "2", "1")], "2", "1"),  # a champion of before histories were kept
        ([("promote", "1", None), ("promote", "2", "1"), ("promote", "1", "2")], "1", "2"),
        ([("promote", "1", None), ("promote", "2", "1"), ("promote", "1", "2"), ("rollback", "2", "1")], "2", "1"),
        ([("promote", "1", None), ("promote", "2", "1"), ("promote", "3", "1")], "3", "1"),  # at the same time, over the same one
        ([("rollback", "1", "2")], "1", "2"),  # the events before are lost
    ],
)
def test_what_a_rollback_puts_back(moves: list[tuple[str, str, str | None]], champion: str, expected: str | None) -> None:
    assert version_before([event(*move) for move in moves], champion) == expected


def test_an_event_that_can_not_be_read_is_named(runs: dict[str, str]) -> None:
    MlflowClient().set_registered_model_tag("stance", "stance.event.x", '{"at": 1}')
    with pytest.raises(RunError, match=r"stance\.event\.x.*delete the tag"):
        history()


def test_who_is_the_user_unless_mlflow_is_told_another(runs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ilse")
    promoted(runs["seed0"], Store())
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "team")
    promoted(runs["seed1"], Store())
    assert [event.who for event in history()] == ["ilse", "team"]


def test_a_promotion_as_json_is_plain(runs: dict[str, str]) -> None:
    plain = json.loads(json.dumps(promoted(runs["seed0"], Store()).as_json()))
    assert plain["event"]["action"] == "promote"
    assert Verdict(()).as_json().items() <= {**plain, "checks": [], "metrics": {}}.items()
    assert plain["run_id"] == runs["seed0"]


def test_runs_that_train_nothing_are_neither_listed_nor_last(runs: dict[str, str]) -> None:
    tracking.connect()
    with mlflow.start_run(tags={KIND_TAG: "comparison", "recipe": "finetune"}) as comparison:
        pass
    assert comparison.info.run_id not in {run.run_id for run in tracking.list_runs()}
    assert tracking.find_run("last").run_id == runs["elsewhere"]
    with pytest.raises(RunError, match="found none such"):
        tracking.find_run(comparison.info.run_id)


def test_runs_are_filtered_and_sorted(runs: dict[str, str]) -> None:
    newest = tracking.list_runs()
    assert [run.run_id for run in newest] == [runs[name] for name in ("elsewhere", "weak", "seed2", "seed1", "seed0")]
    assert [run.run_id for run in tracking.list_runs(2)] == [run.run_id for run in newest[:2]]
    elsewhere = newest[0]
    assert tracking.list_runs(data=elsewhere.data_digest[:5].upper()) == [elsewhere]
    assert tracking.list_runs(recipe="quick") == tracking.list_runs(status="failed") == []
    assert tracking.list_runs(recipe="tiny-baseline", status="finished") == newest
    best = tracking.list_runs(sort="test/stance/accuracy")
    assert best[-1].run_id == runs["weak"]
    least = [run.metrics["test/stance/calibration_error"] for run in tracking.list_runs(sort="test/stance/calibration_error")]
    assert least == sorted(least)
    tracking.add_to_run(elsewhere, {"mine": 1.0}, {})
    assert tracking.list_runs(sort="mine")[0].run_id == elsewhere.run_id
    assert len(tracking.list_runs(sort="mine")) == 5
    with pytest.raises(InputError, match=r"did you mean .*test/stance/accuracy"):
        tracking.list_runs(sort="stance/accuracy")
    with pytest.raises(InputError, match=r"finished, running, failed.*'done'"):
        tracking.list_runs(status="done")


def test_pages_of_runs_are_read_on(runs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.tracking.runs._RUNS_A_CALL", 2)
    assert len(tracking.list_runs()) == 5
    assert tracking.find_run(runs["seed0"]).seed == "0"


def test_looking_at_a_store_that_is_not_there_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert (tracking.list_runs(), history(), tracking.champion_version()) == ([], [], None)
    with pytest.raises(RunError, match="found none such"):
        tracking.find_run("last")
    assert list(tmp_path.iterdir()) == []
