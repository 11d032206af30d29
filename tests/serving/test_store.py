import bentoml
import pytest

from serving import store
from stance.artifact import verify_artifact
from stance.errors import ArtifactError


@pytest.fixture
def empty_store(tmp_path):
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models import ModelStore

    folder = tmp_path / "store"
    folder.mkdir()
    BentoMLContainer.model_store.set(ModelStore(str(folder)))
    yield folder
    BentoMLContainer.model_store.reset()


def test_without_a_promoted_model_the_error_says_how_to_get_one(empty_store):
    with pytest.raises(ArtifactError, match="stance train quick"):
        store.champion_directory()


def test_what_was_put_last_is_served_with_its_run_and_version(empty_store, baseline_artifact):
    manifest = verify_artifact(baseline_artifact)
    tag = store.put(baseline_artifact, manifest, "3")
    assert verify_artifact(store.champion_directory()) == manifest
    kept = bentoml.models.get(tag)
    assert (kept.info.metadata["run_id"], kept.info.metadata["model_version"]) == (manifest.run_id, "3")


def test_promoting_the_champion_again_touches_nothing(empty_store, baseline_artifact):
    manifest = verify_artifact(baseline_artifact)
    tag = store.put(baseline_artifact, manifest, "3")
    before = bentoml.models.get("stance:latest").info.creation_time
    assert store.put(baseline_artifact, manifest, "3") == tag
    assert bentoml.models.get("stance:latest").info.creation_time == before


def test_a_model_damaged_in_the_store_is_put_there_anew(empty_store, baseline_artifact):
    manifest = verify_artifact(baseline_artifact)
    store.put(baseline_artifact, manifest, "3")
    (store.champion_directory() / "model.safetensors").write_bytes(b"x")
    store.put(baseline_artifact, manifest, "3")
    assert verify_artifact(store.champion_directory()) == manifest


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
