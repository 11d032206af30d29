"""A model measured on data on disk, and the page about it."""

import dataclasses
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.errors import ArtifactError, CorpusError, InputError, RunError
from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.predictor import Predictor
from training.behaviour import read_suite
from training.evaluation import Evaluation, Measured, evaluate_model, log_evaluation, measure, read_measured
from training.evaluation_report import page

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202e \"'&<b>"


class LengthModel:
    """Labels by the length of a statement, more or less surely; knows nothing."""

    kind = "lengths"

    def logits(self, inputs: list[ModelInput]) -> dict[str, np.ndarray]:
        lengths = np.array([len(text.statement) for text in inputs])
        return {head: ((lengths[:, None] + np.arange(len(labels))) % 7 / 2).astype(np.float32) for head, labels in HEADS.items()}


PREDICTOR = Predictor(LengthModel(), dict.fromkeys(HEADS, 1.0), threshold=0.5)


@pytest.fixture
def suite_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    texts = {"target": "the truce", "speaker": HOSTILE, "statement": "We welcome it.", "context": ""}
    rows = [
        {"id": "<i>1", "phenomenon": "<u>names", **texts, "changed": {"speaker": "a grocer " + HOSTILE}},
        {"id": "2", "phenomenon": "<u>names", **texts, "changed": {"statement": "We reject it, all of it."}},
        {"id": "3", "phenomenon": "negation", **texts, "stance": "supportive", "sentiment": "negative"},
    ]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "thresholds.toml").write_text("[rates]\nnegation = 1.0\n")
    return folder


@pytest.fixture
def hostile(corpus_copy: Path, suite_folder: Path) -> Evaluation:
    """An evaluation whose every text tries to be markup."""
    file = min(corpus_copy.glob("*.jsonl"))
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row |= {"id": row["id"] + HOSTILE, "target": HOSTILE, "speaker": HOSTILE, "phenomena": [HOSTILE]}
        row |= {"statement": HOSTILE + row["statement"], "context": "", "spans": []}
    bad = corpus_copy / "bad<b>.jsonl"
    bad.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return measure(PREDICTOR, read_measured(bad), read_suite(suite_folder), model=f"model {HOSTILE}")


@pytest.mark.parametrize(("part", "size"), [("train", 16), ("calibration", 10), ("test", 10), ("all", 36), (None, 10)])
def test_a_part_of_a_corpus_is_measured_the_test_part_unless_told(small_corpus: Path, part: str | None, size: int) -> None:
    found = read_measured(small_corpus, part)
    assert len(found.statements) == size
    assert found.name == f"{small_corpus.name}/{part or 'test'}"
    if part in ("train", "calibration", "test"):
        assert len({s.process for s in found.statements}) == 1


def test_a_file_and_a_folder_without_splits_are_measured_whole(corpus_copy: Path) -> None:
    (corpus_copy / "splits.json").unlink()
    assert len(read_measured(corpus_copy).statements) == 36
    file = corpus_copy / "orvane-2031.jsonl"
    found = read_measured(file)
    assert (len(found.statements), found.part, found.name) == (16, "all", "corpus/orvane-2031")
    with pytest.raises(InputError, match=r"splits\.json.*'train'"):
        read_measured(file, "train")
    with pytest.raises(InputError, match=r"test, calibration, train, all.*'dev'"):
        read_measured(corpus_copy, "dev")


def test_fields_that_a_corpus_does_not_know_are_passed_over(tmp_path: Path, corpus_rows: list[dict[str, Any]]) -> None:
    row = {k: v for k, v in corpus_rows[0].items() if k not in ("phenomena", "annotations", "spans")}
    row |= {"process": "Iran nuclear deal", "before": "The day before.", "title": "A report", "sure": False}
    (tmp_path / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = measure(PREDICTOR, read_measured(tmp_path / "dev.jsonl"), model="m")
    assert found.report.processes.keys() == {"Iran nuclear deal"}
    assert (found.report.phenomena, found.behaviour, found.seen) == ({}, None, 0)


def test_a_model_directory_is_measured_and_its_own_processes_are_told(baseline_artifact: Path, small_corpus: Path) -> None:
    held_out = evaluate_model(str(baseline_artifact), small_corpus)
    assert (held_out.run, held_out.seen, held_out.manifest is not None) == (None, 0, True)
    assert held_out.report.metrics() == pytest.approx(held_out.manifest.metrics)  # what training measured on the same part
    assert evaluate_model(str(baseline_artifact), small_corpus, part="all").seen == 26


def test_the_json_is_plain_and_whole(baseline_artifact: Path, small_corpus: Path, suite_folder: Path) -> None:
    found = json.loads(json.dumps(evaluate_model(str(baseline_artifact), small_corpus, behaviour=suite_folder).as_json()))
    assert found["data"]["part"] == "test"
    assert found["model"]["recipe"]["name"] == "baseline"
    assert set(found["heads"]["stance"]) >= {"macro_f1", "accuracy", "calibration_error", "labels", "confusion", "reliability", "mistakes"}
    assert found["behaviour"]["overall"]["cases"] == 3


@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [("no/such/model", ArtifactError, "expected a model directory"), ("nosuchrun", RunError, "'nosuchrun'.*model directory")],
)
def test_a_model_that_is_not_there_is_told(small_corpus: Path, reference: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        evaluate_model(reference, small_corpus)


def test_data_is_read_before_the_model(tmp_path: Path, small_corpus: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(CorpusError, match=r"a\.jsonl:1"):
        evaluate_model("no/such/model", tmp_path)
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: field 'phenomenon'"):
        evaluate_model("no/such/model", small_corpus, behaviour=tmp_path)


def test_metrics_are_named_after_data_and_part_in_characters_that_the_store_takes(hostile: Evaluation) -> None:
    metrics = hostile.metrics()
    assert all(re.fullmatch(r"[\w. /-]+", name) and not re.search(r"(^|/)\.*(/|$)", name) for name in metrics)
    assert metrics["corpus/bad_b_/stance/macro_f1"] == hostile.report.heads["stance"].macro_f1.value
    assert metrics["behaviour/negation"] == 0.0
    assert metrics["behaviour/all"] == hostile.behaviour.overall.value


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_no_text_of_the_page_is_markup(hostile: Evaluation) -> None:
    assert hostile.report.heads["stance"].mistakes, "a page without mistakes shows no texts"
    found = Tags(page(hostile))
    names = {name for name, _ in found.tags}
    assert names.isdisjoint({"script", "img", "iframe", "object", "link"})
    assert not any(attribute.startswith("on") for _, attributes in found.tags for attribute in attributes)
    assert found.text.count("<script>alert(1)</script>") > 10
    assert "<u>names" in found.text
    assert "<i>1" not in page(hostile)


def test_the_page_asks_no_host_and_has_every_section(hostile: Evaluation) -> None:
    text = page(hostile)
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text
    found = Tags(text)
    assert [tag for tag, _ in found.tags].count("svg") == 2
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for words in (
        "How right",
        "Label by label",
        "Calibration",
        "Abstention",
        "Peace processes",
        "Phenomena",
        "Behaviour",
        "Worst mistakes",
    ):
        assert f"<h2>{words}</h2>" in text
    assert "too low" in found.text
    assert "prefers-color-scheme: dark" in text


def test_the_page_of_nothing_but_one_head_is_whole(corpus_rows: list[dict[str, Any]], tmp_path: Path) -> None:
    row = dict(corpus_rows[0], relevance=None, stance=None)
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = measure(PREDICTOR, read_measured(tmp_path / "a.jsonl"), model="m")
    assert "<h2>Abstention</h2>" not in page(found)
    assert "sentiment: positive" in page(found)
    json.dumps(found.as_json())


def test_the_same_evaluation_gives_the_same_page(hostile: Evaluation) -> None:
    assert page(hostile) == page(hostile)


def test_only_a_run_can_be_logged_to(small_corpus: Path) -> None:
    found = measure(PREDICTOR, read_measured(small_corpus), model="m")
    with pytest.raises(InputError, match="expected a run"):
        log_evaluation(found, "page")


def test_an_evaluation_is_added_to_its_run(
    small_corpus: Path, suite_folder: Path, tiny_recipe: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    from training import tracking
    from training.train import train

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    trained = train(tiny_recipe("baseline"), small_corpus)
    before = tracking.find_run("last").metrics
    found = evaluate_model("last", small_corpus, part="train", behaviour=suite_folder)
    assert (found.model, found.seen) == (trained.name, 16)
    path = log_evaluation(found, "<p>page</p>")
    after = tracking.find_run(trained.run_id)
    assert before.items() <= after.metrics.items()
    assert after.metrics[f"{small_corpus.name}/train/stance/accuracy"] == found.report.heads["stance"].accuracy.value
    assert after.metrics["behaviour/all"] == found.behaviour.overall.value
    assert mlflow.artifacts.load_text(f"runs:/{trained.run_id}/{path}") == "<p>page</p>"
    log_evaluation(dataclasses.replace(found, data=Measured(small_corpus, "test", "", [])), "again")  # a second time is no error
