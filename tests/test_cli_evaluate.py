"""`stance evaluate`, run as a user does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUITE_ROW = {"id": "1", "phenomenon": "rejection", "target": "the truce", "speaker": "", "statement": "We reject it.", "context": ""}


def stance(*arguments: Any, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False, env=os.environ | {"COLUMNS": "140"})


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "tests" / "behaviour"
    folder.mkdir(parents=True)
    (folder / "cases.jsonl").write_text(json.dumps(SUITE_ROW | {"stance": "critical"}) + "\n", encoding="utf-8")
    return folder


def test_a_table_and_a_page_tell_how_right_a_model_is(tmp_path: Path, baseline_artifact: Path, small_corpus: Path, suite: Path) -> None:
    process = stance("evaluate", baseline_artifact, "--data", small_corpus, "--html", "page.html", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    for words in ("macro-F1", "calibration error", "marrow-strait-2038", "Stances answered", "Behaviour", "rejection", "page.html"):
        assert words in process.stdout
    assert "<h2>Behaviour</h2>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_json_holds_everything_and_the_part_asked_for(tmp_path: Path, baseline_artifact: Path, small_corpus: Path, suite: Path) -> None:
    arguments = ("evaluate", baseline_artifact, "--data", small_corpus, "--part", "calibration", "--json")
    found = json.loads(stance(*arguments, cwd=tmp_path).stdout)
    assert (found["data"]["part"], found["data"]["statements"]) == ("calibration", 10)
    assert found["behaviour"]["overall"]["cases"] == 1
    assert json.loads(stance(*arguments, "--no-behaviour", cwd=tmp_path).stdout)["behaviour"] is None


def test_what_cannot_be_used_is_one_clear_line(tmp_path: Path, baseline_artifact: Path, small_corpus: Path, suite: Path) -> None:
    bad = suite / "bad.jsonl"
    bad.write_text(json.dumps(SUITE_ROW | {"id": "2", "stance": "hostile"}) + "\n", encoding="utf-8")
    known = ("evaluate", baseline_artifact, "--data", small_corpus)
    for arguments, words in [
        (known, ["bad.jsonl:1", "'stance'", "'hostile'"]),
        ((*known, "--behaviour", suite, "--no-behaviour"), ["--no-behaviour"]),
        ((*known, "--log"), ["--log", "expected a run"]),
    ]:
        process = stance(*arguments, cwd=tmp_path)
        assert process.returncode == 2, process.stderr
        told = process.stderr.strip().splitlines()[-1]
        assert told.startswith("error: ")
        assert all(word in told for word in words), told
