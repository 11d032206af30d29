import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serving.backend import Backend
from serving.http import build_app

ROOT = Path(__file__).parents[1]
HARBOUR = ROOT / "datasets" / "articles" / "harbour-truce.txt"


def stance(*arguments, stdin=None, cwd=None):
    """Run the command as a user does and return the finished process (text)."""
    command = [sys.executable, "-m", "stance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, cwd=cwd, timeout=120, check=False)


def jsonl(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def results(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_told(process, *words):
    """Exit code 2, nothing but one line on standard error, and the words in it."""
    assert process.returncode == 2, process.stderr
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1, process.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


COMMANDS = [
    *"analyze quotes classify train runs show evaluate promote rollback history export serve data".split(),
    "data check",
    "data quotes",
    "data curve",
    "data import",
]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help_with_an_example(command):
    process = stance(*command.split(), "--help")
    assert process.returncode == 0
    assert command in ("", "data") or f"stance {command}" in process.stdout.split("Example:")[1]


def test_help_is_there_at_once():
    started = time.perf_counter()
    stance("--help")
    assert time.perf_counter() - started < 3  # 0.5 s on an idle machine; imports of torch alone would take longer


def test_analyze_reads_a_file_and_standard_input_alike(baseline_artifact):
    from_file = stance("analyze", HARBOUR, "--model", baseline_artifact, "--json", "--target", "the harbour truce")
    piped = stance("analyze", "-", "--model", baseline_artifact, "--json", "--target", "the harbour truce", stdin=HARBOUR.read_text())
    assert from_file.returncode == 0, from_file.stderr
    assert json.loads(from_file.stdout) == json.loads(piped.stdout)
    assert len(json.loads(from_file.stdout)["statements"]) >= 8


def test_analyze_shows_a_table(baseline_artifact):
    process = stance("analyze", HARBOUR, "--model", baseline_artifact)
    assert process.returncode == 0
    assert "Matvei" in process.stdout
    assert "Who stands where" in process.stdout


def test_an_article_without_quotes_is_no_error(baseline_artifact):
    process = stance("analyze", "-", "--model", baseline_artifact, stdin="Nobody said a word.")
    assert process.returncode == 0
    assert "No quoted statement" in process.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b"caf\xe9", ["UTF-8", "0xe9", "offset 3"]),
        (b"a\0b", ["character 1", "UTF-8"]),
        (b"x " * 500_000, ["200,000", "split"]),
    ],
)
def test_an_unusable_article_is_one_clear_line(tmp_path, baseline_artifact, content, words):
    file = tmp_path / "article.txt"
    file.write_bytes(content)
    assert_told(stance("analyze", file, "--model", baseline_artifact), *words)


def test_other_bad_input_is_one_clear_line(tmp_path, baseline_artifact):
    assert_told(stance("analyze", tmp_path / "nope.txt", "--model", baseline_artifact), "nope.txt", "check the path")
    assert_told(stance("analyze", HARBOUR, "--model", baseline_artifact, "--target", "t" * 10_000), "500", "10,000")
    assert_told(stance("analyze", HARBOUR, "--model", tmp_path), "manifest.json", "stance export")
    assert_told(stance("train", "quikc"), "quick", "baseline")
    assert_told(stance("classify", tmp_path / "nope.jsonl", "--out", tmp_path / "out"), "nope.jsonl")
    (tmp_path / "odd.toml").write_text('kind = "quick"\nsede = 1\n')
    assert_told(stance("train", tmp_path / "odd.toml"), "'sede'", "did you mean 'seed'")


def test_without_a_promoted_model_analyze_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    assert_told(stance("analyze", HARBOUR), "stance train quick", "--model")


SPOKEN = "“We stay,” said Ilse Marrow. She called the truce “a mistake”. She said the boats would leave on Friday."


def test_quotes_of_one_article_are_shown_with_their_speakers():
    process = stance("quotes", "-", stdin=SPOKEN)
    assert process.returncode == 0, process.stderr
    assert "Ilse Marrow" in process.stdout
    assert "a mistake" in process.stdout
    assert "the boats would leave" not in process.stdout


def test_quotes_explains_which_word_and_which_rule_decided():
    process = stance("quotes", "-", "--explain", stdin=SPOKEN)
    words = " ".join(process.stdout.split())
    for reason in ("verb-after ('said')", "judgement", "pronoun"):
        assert reason in words


def test_quotes_as_json_says_why_and_gives_reported_speech_when_asked():
    said, called, reported = json.loads(stance("quotes", "-", "--explain", "--indirect", "--json", stdin=SPOKEN).stdout)
    assert (said["rule"], said["cue"], said["resolved"]) == ("verb-after", "said", "name")
    assert (called["kind"], called["kind_rule"], called["cue"], called["resolved"]) == ("fragment", "judgement", "called", "pronoun")
    assert (reported["kind"], reported["text"], reported["speaker"]) == ("indirect", "the boats would leave on Friday", "Ilse Marrow")
    assert SPOKEN[reported["start"] : reported["end"]] == reported["text"]


def test_quotes_of_many_articles_come_with_reported_speech_when_asked(tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [{"id": "a", "text": SPOKEN}])
    assert stance("quotes", source, "--out", tmp_path / "out.jsonl", "--indirect").returncode == 0
    assert [quote["kind"] for quote in results(tmp_path / "out.jsonl")[0]["quotes"]] == ["statement", "fragment", "indirect"]


@pytest.mark.parametrize("arguments", [("in.jsonl", "--json"), ("-",)])
def test_quotes_of_many_articles_come_from_a_file_and_as_lines(tmp_path, arguments):
    jsonl(tmp_path / "in.jsonl", [{"id": "a", "text": SPOKEN}])
    assert_told(stance("quotes", *arguments, "--out", "out.jsonl", cwd=tmp_path), "--out", "--json")


def test_an_article_without_marks_has_no_quotation():
    process = stance("quotes", "-", stdin="Nobody spoke.")
    assert (process.returncode, process.stdout.strip()) == (0, "No quotation found.")


def test_analysis_has_reported_speech_when_asked(baseline_artifact):
    process = stance("analyze", "-", "--model", baseline_artifact, "--indirect", "--json", stdin=SPOKEN)
    assert [statement["kind"] for statement in json.loads(process.stdout)["statements"]] == ["statement", "indirect"]


def test_quotes_keeps_every_line_and_its_order(tmp_path):
    source = jsonl(
        tmp_path / "in.jsonl", [{"id": "a", "text": "“We stay,” said Ilse Marrow."}, {"id": "b"}, "no json", {"id": "c", "text": ""}]
    )
    process = stance("quotes", source, "--out", tmp_path / "out.jsonl")
    assert process.returncode == 1
    assert "2 of 4 lines failed" in process.stderr
    rows = results(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ["a", "b", None, "c"]
    quote = {
        "start": 1,
        "end": 9,
        "text": "We stay,",
        "kind": "statement",
        "speaker": "Ilse Marrow",
        "speaker_start": 16,
        "speaker_end": 27,
    }
    assert {k: v for k, v in rows[0]["quotes"][0].items() if k != "confidence"} == quote
    assert "in.jsonl:2" in rows[1]["error"]
    assert rows[3]["quotes"] == []


def test_classify_labels_the_good_lines_and_names_the_bad_ones(tmp_path, baseline_artifact):
    good = {"target": "the truce", "statement": "We will keep it.", "context": "“We will keep it,” she said.", "speaker": "Ilse Marrow"}
    rows = [{"id": "1", **good}, {"id": "2", "target": "the truce"}, "{", {"id": "4", **good, "statement": "\ud800"}, {"id": "5", **good}]
    source = jsonl(tmp_path / "in.jsonl", rows)
    process = stance("classify", source, "--out", tmp_path / "out.jsonl", "--model", baseline_artifact)
    assert process.returncode == 1
    labels = results(tmp_path / "out.jsonl")
    assert [row["id"] for row in labels] == ["1", "2", None, "4", "5"]
    assert ["error" in row for row in labels] == [False, True, True, True, False]
    assert set(labels[0]) == {"id", "relevance", "stance", "sentiment"}
    assert set(labels[0]["stance"]) == {"label", "probabilities", "abstained"}
    assert {k: v for k, v in labels[0].items() if k != "id"} == {k: v for k, v in labels[4].items() if k != "id"}
    assert "statement" in labels[1]["error"]


def test_classify_explains_as_the_endpoint_does(tmp_path, baseline_artifact):
    good = {"target": "the truce", "statement": "We “reject” it,\xa0all of it … and more.", "context": "He said: “We “reject” it.”"}
    rows = [{"id": "1", **good}, {"id": "2", "target": "the truce"}, {"id": "3", **good, "speaker": "Ilse Marrow"}]
    source = jsonl(tmp_path / "in.jsonl", rows)
    assert stance("classify", source, "--out", tmp_path / "out.jsonl", "--explain", "--model", baseline_artifact).returncode == 1
    explained = results(tmp_path / "out.jsonl")
    assert [[span["text"] for span in row.get("explanation", [])] for row in explained[:2]] == [
        "We reject it all of it and more".split(),
        [],
    ]
    backend = Backend()
    backend.load(baseline_artifact, version="1")
    answered = TestClient(build_app(backend)).post("/classify", json={"statements": rows, "explain": True}).json()["results"]
    assert [{k: v for k, v in row.items() if k != "error"} for row in answered] == [
        {k: v for k, v in row.items() if k != "error"} for row in explained
    ]


def test_the_input_is_never_overwritten(tmp_path, baseline_artifact):
    source = jsonl(tmp_path / "in.jsonl", [{"id": "1", "target": "the truce", "statement": "We will keep it."}])
    before = source.read_bytes()
    assert_told(stance("classify", source, "--out", source, "--model", baseline_artifact), "same")
    assert source.read_bytes() == before


def test_an_unreachable_run_store_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert_told(stance("runs"), "MLFLOW_TRACKING_URI")


def test_a_corpus_line_without_a_label_stops_training_with_its_place(tmp_path, small_corpus):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for file in small_corpus.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    file = min(folder.glob("*.jsonl"))
    rows = results(file)
    del rows[2]["stance"]
    jsonl(file, rows)
    assert_told(stance("train", "baseline", "--data", folder, cwd=tmp_path), f"{file.name}:3", "'stance'", "supportive")


def test_data_check_prints_every_check_and_fails_on_errors_only(corpus_copy):
    sound = stance("data", "check", corpus_copy)
    assert sound.returncode == 0, sound.stderr
    assert "near-duplicates" in sound.stdout
    assert "warning" in sound.stdout
    assert stance("data", "check", corpus_copy, "--strict").returncode == 1
    file = next(corpus_copy.glob("*.jsonl"))
    file.write_text(file.read_text(encoding="utf-8") + "[broken]\n", encoding="utf-8")
    broken = stance("data", "check", corpus_copy, "--json")
    assert broken.returncode == 1
    assert [check["severity"] for check in json.loads(broken.stdout)["checks"] if check["name"] == "unreadable lines"] == ["error"]
    assert_told(stance("data", "check", corpus_copy / "nowhere"), "nowhere", "expected a .jsonl file")


@pytest.mark.slow
def test_data_curve_draws_a_figure_and_prints_a_line_a_point(tmp_path, small_corpus):
    process = stance("data", "curve", small_corpus, "--recipe", "baseline", "--sizes", "12,16", "--seeds", "1", "--out", tmp_path / "curve")
    assert process.returncode == 0, process.stderr
    assert "baseline" in process.stdout
    assert "<svg" in (tmp_path / "curve" / "curve.svg").read_text(encoding="utf-8")
    assert len(results(tmp_path / "curve" / "points.jsonl")) == 2
    assert_told(stance("data", "curve", small_corpus, "--sizes", "few", "--out", tmp_path), "--sizes", "'few'")


def test_import_writes_a_corpus_and_says_what_became_of_every_row(tmp_path):
    rows = [
        {"text": f"Voice {n} on the toll", "topic": "the toll", "label": label} for n, label in enumerate(["pro", "con", "neutral"] * 4)
    ]
    source = jsonl(tmp_path / "train.jsonl", rows)
    process = stance("data", "import", "vast", source, "--out", tmp_path / "out", "--label", "neutral=drop", "--part", "train=train")
    assert process.returncode == 0, process.stderr
    for told in (
        "12 rows for train",
        "neutral  drop",
        "Read 12 rows, wrote 8, left out: 4 (label neutral).",
        "nothing of relevance and sentiment",
    ):
        assert told in process.stdout
    as_json = stance("data", "import", "vast", source, "--out", tmp_path / "again", "--label", "neutral=drop", "--json")
    report = json.loads(as_json.stdout)
    assert (report["read"], report["written"], report["dropped"]) == (12, 8, {"label neutral": 4})
    assert report["parts"]["train"]["statements"] == 6
    assert_told(stance("data", "import", "vast", source, "--out", tmp_path / "out"), "an empty one")
    assert_told(stance("data", "import", "vast", source, "--out", tmp_path / "new", "--label", "neutral"), "FROM=TO", "'neutral'")
