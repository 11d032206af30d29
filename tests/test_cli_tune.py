"""`stance tune`, run as a user does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "stance", "tune", *map(str, arguments)]


def stance(*arguments: Any, cwd: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "140", "OMP_NUM_THREADS": "1"} | extra
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=120, check=False, env=environment)


def test_a_table_of_trials_and_the_best_recipe(tmp_path: Path, small_corpus: Path) -> None:
    process = stance("baseline", "--trials", 3, "--data", small_corpus, "--out", "mine.toml", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    for words in ("3 trials", "mean macro-F1", "inverse regularisation", "★", "stance train mine.toml"):
        assert words in process.stdout
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8").startswith("# Found by stance tune baseline: trial ")
    again = stance("baseline", "--trials", 3, "--data", small_corpus, "--out", "mine.toml", "--json", cwd=tmp_path)
    found = json.loads(again.stdout)
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2]
    assert found["best_recipe"]["baseline.max_features"] == found["best"]["fields"]["baseline.max_features"]
    assert found["storage"] == "tuning.journal"


def test_what_cannot_be_used_is_one_clear_line(tmp_path: Path, small_corpus: Path) -> None:
    (tmp_path / "own.toml").write_text('kind = "baseline"\n', encoding="utf-8")
    (tmp_path / "space.toml").write_text("[baseline]\nmax_feature = [1, 2]\n", encoding="utf-8")
    known = ("baseline", "--trials", 1, "--data", small_corpus)
    for arguments, words, extra in [
        ((*known, "--out", "own.toml"), ["--out own.toml", "got another file"], {}),
        ((*known, "--space", "space.toml"), ["space.toml", "did you mean 'baseline.max_features'?"], {}),
        (known, ["expected one process", "start 'stance tune' several times"], {"WORLD_SIZE": "2"}),
    ]:
        process = stance(*arguments, cwd=tmp_path, **extra)
        assert process.returncode == 2, process.stderr
        told = process.stderr.strip().splitlines()[-1]
        assert told.startswith("error: ")
        assert all(word in told for word in words), told
    assert not (tmp_path / "best.toml").exists()


@pytest.mark.slow
def test_interrupted_it_says_how_to_go_on(tmp_path: Path, small_corpus: Path) -> None:
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's ignored SIGINT would be handed down
    try:
        process = subprocess.Popen(
            command("baseline", "--trials", 500, "--data", small_corpus),
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, kept)
    journal, deadline = tmp_path / "tuning.journal", time.monotonic() + 60
    while not journal.is_file() or journal.stat().st_size < 2000:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; the same command goes on." in told
    assert "Traceback" not in told
