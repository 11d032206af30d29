import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_training_is_measured_beside_the_trainer(tmp_path: Path, tiny_checkpoint: Path, small_corpus: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(f'kind = "finetune"\nbase = "{tiny_checkpoint}"\nmax_tokens = 64\n[finetune]\nfrozen_layers = 0\n', encoding="utf-8")
    command = [
        sys.executable,
        "-P",
        "-m",
        "training.benchmark",
        "--recipe",
        recipe,
        "--data",
        small_corpus,
        "--rows",
        "16",
        "--rounds",
        "1",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=250)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout.splitlines()[-1])
    assert (found["rows"], found["threads"]) == (16, 1)
    assert found["ours"] > 0
    assert found["trainer"] > 0
    assert found["ratio"] == pytest.approx(found["ours"] / found["trainer"], abs=0.1)
