"""The whole way as a user goes it: train, promote, label, serve, pack; every step a real process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from stance.labels import HEADS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[1]
DATA = ROOT / "datasets" / "peace_deals"
READY_S = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working directory with stores of its own, in which the quick recipe was trained and promoted."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "bentoml").mkdir()
    environment = {**os.environ, "BENTOML_HOME": str(folder / "bentoml"), "PYTHONWARNINGS": "default"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    environment.pop("STANCE_MODEL", None)

    def run(*command, cwd=folder, check=True):
        process = subprocess.run(
            [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert not check or process.returncode == 0, process.stdout + process.stderr
        return process

    trained = json.loads(run(sys.executable, "-m", "stance", "train", "quick", "--data", DATA, "--json").stdout)
    assert 0 < trained["metrics"]["stance/macro_f1"] < 1
    promoted = run(sys.executable, "-m", "stance", "promote", "last").stdout
    assert trained["name"] in promoted
    return folder, environment, run


@contextmanager
def served(command, place_, cwd=None, **extra):
    """Start a server on a free port of this machine, give its address once it is ready, stop it by its process group."""
    folder, environment, _ = place_
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / f"serve-{port}.log").open("w")
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=cwd or folder, env={**environment, **extra}, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, Path(log.name).read_text()
                assert time.monotonic() < deadline, Path(log.name).read_text()
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def post(address, path, value):
    request = urllib.request.Request(address + path, json.dumps(value).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def held_out():
    """The test part's statements as the endpoint and `stance classify` take them."""
    test = json.loads((DATA / "splits.json").read_text())["test"]
    rows = [json.loads(line) for name in test for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{k: row[k] for k in ("id", "target", "statement", "context", "speaker")} for row in rows]


def assert_same(found, expected):
    """Equal labels, probabilities equal to 1e-4."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for head in HEADS:
            assert one[head]["label"] == other[head]["label"]
            assert one[head]["probabilities"] == pytest.approx(other[head]["probabilities"], abs=1e-4)


def classified(place_, rows):
    folder, _, run = place_
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run(sys.executable, "-m", "stance", "classify", "in.jsonl", "--out", "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def address(place):
    with served([sys.executable, "-m", "stance", "serve"], place) as found:
        yield found


def logged_predictions(place_):
    """The champion run's table of test predictions, in the shape that the endpoint answers."""
    script = (
        "import json; from training import tracking; run = tracking.find_run('champion');"
        "print(json.dumps(tracking.logged_predictions(run)))"
    )
    rows = json.loads(place_[2](sys.executable, "-c", script).stdout.splitlines()[-1])
    return {
        row["id"]: {h: {"label": row[h], "probabilities": {label: row[f"{h}_{label}"] for label in labels}} for h, labels in HEADS.items()}
        for row in rows
    }


def test_command_line_endpoint_and_logged_test_predictions_agree(place, address):
    rows = held_out()
    by_line = classified(place, rows)
    by_endpoint = [
        r for start in range(0, len(rows), 50) for r in post(address, "/classify", {"statements": rows[start : start + 50]})["results"]
    ]
    logged = logged_predictions(place)
    assert_same(by_endpoint, by_line)
    assert_same(by_line, [logged[row["id"]] for row in rows])


def test_analyze_agrees_between_command_line_and_endpoint(place, address):
    article = (ROOT / "datasets" / "articles" / "harbour-truce.txt").read_text(encoding="utf-8")
    (place[0] / "article.txt").write_text(article, encoding="utf-8")
    process = place[2](sys.executable, "-m", "stance", "analyze", "article.txt", "--target", "the harbour truce", "--json")
    by_line, by_endpoint = json.loads(process.stdout), post(address, "/analyze", {"article": article, "target": "the harbour truce"})
    assert_same(by_endpoint["statements"], by_line["statements"])
    assert [s["spans"] for s in by_endpoint["statements"]] == [s["spans"] for s in by_line["statements"]]
    assert by_endpoint["speakers"] == by_line["speakers"]


def test_the_service_says_which_run_it_serves_and_has_health_metrics_and_openapi(place, address):
    model = json.load(urllib.request.urlopen(f"{address}/model", timeout=10))
    runs = json.loads(place[2](sys.executable, "-m", "stance", "runs", "--json").stdout)
    champion = next(run for run in runs if run["is_champion"])
    assert (model["run_id"], model["version"]) == (champion["run_id"], champion["model_version"])
    assert "bentoml" in urllib.request.urlopen(f"{address}/metrics", timeout=10).read().decode()
    paths = json.load(urllib.request.urlopen(f"{address}/docs.json", timeout=10))["paths"]
    assert {"/analyze", "/classify", "/model", "/readyz"} <= set(paths)


def test_an_article_is_never_in_the_log(place, address):
    post(address, "/analyze", {"article": "“Zyzzogeton is secret,” said Ilse Marrow."})
    assert all("Zyzzogeton" not in log.read_text() for log in place[0].glob("serve-*.log"))


def test_runs_shows_what_was_logged(place):
    script = """
import json, mlflow
from training import tracking
run = tracking.find_run("champion")
client = mlflow.MlflowClient()
full = client.get_run(run.run_id)
files = [f.path for f in client.list_artifacts(run.run_id)] + [f.path for f in client.list_artifacts(run.run_id, "figures")]
model = mlflow.pyfunc.load_model("models:/stance@champion")
table = model.predict([{"target": "the truce", "statement": "We will sign it."}])
print(json.dumps({"params": full.data.params, "metrics": full.data.metrics, "tags": full.data.tags, "files": files,
  "inputs": [i.dataset.digest for i in full.inputs.dataset_inputs], "columns": list(table.columns)}))
"""
    found = json.loads(place[2](sys.executable, "-c", script).stdout.splitlines()[-1])
    assert found["params"]["kind"] == "quick"
    assert found["params"]["quick.inverse_regularisation"]
    assert {"test/stance/macro_f1", "test/stance/macro_f1_low", "test/relevance/macro_f1", "test/sentiment/macro_f1_high"} <= set(
        found["metrics"]
    )
    assert any(name.startswith("test/process/") for name in found["metrics"])
    assert found["tags"]["git_commit"]
    assert len(set(found["inputs"])) == 1
    assert {"test_predictions.json", "figures/confusion.png"} <= set(found["files"])
    assert {"stance", "stance_supportive", "abstained"} <= set(found["columns"])


def test_an_exported_model_works_elsewhere(place):
    folder, _, run = place
    run(sys.executable, "-m", "stance", "export", "champion", folder / "model")
    rows = held_out()[:5]
    expected = classified(place, rows)
    run(sys.executable, "-m", "stance", "classify", "in.jsonl", "--out", "exported.jsonl", "--model", folder / "model")
    assert_same([json.loads(line) for line in (folder / "exported.jsonl").read_text().splitlines()], expected)
    again = run(sys.executable, "-m", "stance", "export", "champion", folder / "model", check=False)
    assert again.returncode == 2
    assert "empty" in again.stderr


def test_a_bento_holds_the_model_and_serves_without_training_and_mlflow(place, tmp_path):
    folder, _, run = place
    tag = run(sys.executable, "-m", "bentoml", "build", "--output", "tag", cwd=ROOT).stdout.strip().split(":", 1)[-1]
    bento = Path(run(sys.executable, "-m", "bentoml", "get", tag, "--output", "path").stdout.strip())
    assert not list(bento.rglob("training")), "training/ was packed"
    assert not list(bento.rglob("tests")), "tests/ were packed"
    blocked = tmp_path / "blocked"
    for name in ("mlflow", "training"):
        (blocked / name).mkdir(parents=True)
        (blocked / name / "__init__.py").write_text(f"raise ImportError('{name} is not there')\n")
    command = [sys.executable, "-m", "bentoml", "serve", str(bento)]
    with served(command, place, cwd=tmp_path, PYTHONPATH=str(blocked)) as found:
        assert_same(post(found, "/classify", {"statements": held_out()[:5]})["results"], classified(place, held_out()[:5]))
    assert folder.is_dir()


def test_promote_and_train_say_what_is_wrong(place):
    run = place[2]
    process = run(sys.executable, "-m", "stance", "promote", "no-such-run", check=False)
    assert process.returncode == 2
    assert "stance runs" in process.stderr
    process = run(sys.executable, "-m", "stance", "train", "quick", "--data", "nowhere", check=False)
    assert process.returncode == 2
    assert "nowhere" in process.stderr
