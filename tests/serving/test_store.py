import bentoml
import pytest

from serving import store
from stance.artifact import verify_artifact
from stance.errors import ArtifactError


@pytest.fixture
def empty_store(tmp_path, monkeypatch):
    from bentoml._internal.configuration.containers import BentoMLContainer

    BentoMLContainer.bentoml_home.set(str(tmp_path))
    (tmp_path / "models").mkdir()
    yield tmp_path
    BentoMLContainer.bentoml_home.reset()


def test_without_a_promoted_model_the_error_says_how_to_get_one(empty_store):
    with pytest.raises(ArtifactError, match="stance train quick"):
        store.champion_directory()


def test_what_was_put_last_is_served_with_its_run_and_version(empty_store, baseline_artifact):
    manifest = verify_artifact(baseline_artifact)
    tag = store.put(baseline_artifact, manifest, "3")
    assert verify_artifact(store.champion_directory()) == manifest
    kept = bentoml.models.get(tag)
    assert (kept.info.metadata["run_id"], kept.info.metadata["model_version"]) == (manifest.run_id, "3")
    assert store.put(baseline_artifact, manifest, "4") == tag
    assert bentoml.models.get("stance:latest").info.metadata["model_version"] == "4"


def test_a_damaged_model_is_not_kept(empty_store, baseline_artifact, tmp_path):
    manifest = verify_artifact(baseline_artifact)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for name in ("manifest.json", *manifest.files):
        (damaged / name).write_bytes((baseline_artifact / name).read_bytes())
    (damaged / "model.safetensors").write_bytes(b"x" + (damaged / "model.safetensors").read_bytes()[1:])
    with pytest.raises(ArtifactError, match="sha256"):
        store.put(damaged, manifest, "5")
    with pytest.raises(ArtifactError, match="no model yet"):
        store.champion_directory()
