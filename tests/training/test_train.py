import json

import pytest

from stance.errors import InputError, RunError
from training import tracking
from training.promote import promote
from training.train import train


@pytest.fixture(scope="module")
def finetuned(small_corpus, tiny_recipe):
    """A tracked fine-tuning of the tiny checkpoint, with the stages its progress went through."""
    stages = []
    run = train(tiny_recipe("finetune"), small_corpus, on_progress=lambda stage, done, total: stages.append((stage, done, total)))
    return run, stages


def test_a_run_logs_a_point_per_epoch_and_its_recipe(finetuned):
    import mlflow

    run, _ = finetuned
    client = mlflow.MlflowClient()
    for curve in ("train_loss", "calibration_loss", "learning_rate"):
        points = client.get_metric_history(run.run_id, f"epoch/{curve}")
        assert [point.step for point in points] == list(range(1, len(points) + 1))
        assert len(points) >= 1
    params = client.get_run(run.run_id).data.params
    assert params["finetune.epochs"] == "2"
    assert not any(name.startswith("quick.") for name in params)


def test_progress_counts_up_to_all_statements(finetuned):
    _, stages = finetuned
    done = [d for stage, d, _ in stages if stage == "fitting finetune"]
    assert done == sorted(done)
    assert all(d <= total for _, d, total in stages)


def test_logged_test_predictions_are_the_report_s(finetuned):
    run, _ = finetuned
    rows = tracking.logged_predictions(tracking.find_run(run.name))
    assert len(rows) == run.report.heads["relevance"].macro_f1.statements
    right = sum(row["relevance"] == row["relevance_gold"] for row in rows)
    assert right / len(rows) == pytest.approx(run.report.heads["relevance"].accuracy.value)


def test_logged_predictions_hold_what_a_comparison_reads(finetuned, corpus_rows):
    run, _ = finetuned
    row = tracking.logged_predictions(tracking.find_run(run.name))[0]
    said = next(r for r in corpus_rows if r["id"] == row["id"])
    assert {name: row[name] for name in ("target", "speaker", "statement", "phenomena")} == {
        name: said[name] for name in ("target", "speaker", "statement", "phenomena")
    }
    assert row["words"] == len(said["statement"].split())


def test_a_run_logs_its_size_its_speed_and_what_made_it(finetuned, tmp_path):
    import mlflow
    from safetensors.numpy import load_file

    run, _ = finetuned
    found = tracking.find_run(run.name)
    directory = tracking.fetch_artifact(found, tmp_path)
    assert found.metrics["fit/parameters"] == sum(weight.size for weight in load_file(directory / "model.safetensors").values())
    assert found.metrics["fit/model_bytes"] == sum(file.stat().st_size for file in directory.iterdir())
    assert found.metrics["test/statements_per_second"] > 0
    assert "scikit-learn" in json.loads(mlflow.MlflowClient().get_run(run.run_id).data.tags["versions"])


def test_a_run_is_found_by_name_id_and_its_first_characters(finetuned):
    run, _ = finetuned
    assert {tracking.find_run(r).run_id for r in (run.name, run.run_id, run.run_id[:8])} == {run.run_id}
    with pytest.raises(RunError, match="stance runs"):
        tracking.find_run("nobody")
    with pytest.raises(RunError):
        tracking.find_run(run.run_id[:3])


def test_a_run_that_breaks_is_marked_failed_and_has_no_model(small_corpus, tiny_recipe, tmp_path):
    def interrupt(stage, done, total):
        if stage == "measuring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe("baseline"), small_corpus, on_progress=interrupt)
    broken = tracking.list_runs()[0]
    assert broken.status == "FAILED"
    with pytest.raises(RunError, match="no model"):
        tracking.fetch_artifact(broken, tmp_path)


def test_promote_moves_the_alias_only_after_the_store_took_the_model(finetuned, small_corpus, tiny_recipe):
    run, _ = finetuned
    kept = []

    def store(directory, manifest, version):
        kept.append((sorted(f.name for f in directory.iterdir()), manifest.run_id, version))
        return "stance:kept"

    found = promote(run.name, store, behaviour=None)
    assert (found.run.run_id, found.kept) == (run.run_id, "stance:kept")
    assert kept[0][1:] == (run.run_id, run.version)
    assert "manifest.json" in kept[0][0]
    assert tracking.champion_version() == run.version
    assert tracking.find_run("champion").run_id == run.run_id

    def refuse(directory, manifest, version):
        raise OSError("no space left")

    other = train(tiny_recipe("baseline"), small_corpus)
    with pytest.raises(OSError, match="no space"):
        promote(other.name, refuse, behaviour=None, force=True, why="the store is what is tried here")
    assert tracking.champion_version() == run.version


def test_a_head_that_can_not_be_calibrated_is_refused_before_a_run_begins(corpus_copy, tiny_recipe):
    before = len(tracking.list_runs())
    for file in corpus_copy.glob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        bare = {"relevance": None} if file.stem.startswith("kessid") else {}
        file.write_text("".join(json.dumps({**row, **bare}) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match="'relevance' in the train and the calibration part, or in neither"):
        train(tiny_recipe("baseline"), corpus_copy)
    assert len(tracking.list_runs()) == before
