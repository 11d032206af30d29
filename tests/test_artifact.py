import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.artifact import MANIFEST_FILE, Manifest, load_artifact, save_artifact, verify_artifact
from stance.errors import ArtifactError
from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.predictor import Predictor
from stance.records import Statement
from stance.statements import DEFAULT_TARGET

FILES = {
    "baseline": ["baseline.json", "manifest.json", "model.safetensors"],
    "quick": ["base.json", "config.json", "lexical.safetensors", "manifest.json", "model.safetensors", "tokenizer.json", "tokens.json"],
}


def manifest_for(kind: str) -> Manifest:
    return Manifest(
        kind=kind,
        temperatures={"relevance": 1.5, "stance": 2.0, "sentiment": 0.5},
        threshold=0.55,
        target_precision=0.8,
        recipe={"name": "tiny", "seed": 0},
        model={"features": 7},
        data={"digest": "ab" * 16},
        metrics={"stance/macro_f1": 0.5},
        run_id="f" * 32,
        git_commit="unknown",
        versions={"python": "3.11"},
    )


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory, tiny_model: Callable[[str], Any]) -> dict[str, Path]:
    folders = {}
    for recipe in FILES:
        folders[recipe] = tmp_path_factory.mktemp("artifact") / "model"
        model = tiny_model(recipe)
        save_artifact(model, manifest_for(model.kind), folders[recipe])
    return folders


@pytest.fixture
def baseline(saved: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(saved["baseline"], tmp_path / "model")


def reseal(directory: Path, **fields: Any) -> None:
    content = json.loads((directory / MANIFEST_FILE).read_text(encoding="utf-8"))
    del content["seal"]
    manifest = Manifest(**{**content, **fields})
    content = {**dataclasses.asdict(manifest), "seal": manifest.seal()}
    (directory / MANIFEST_FILE).write_text(json.dumps(content), encoding="utf-8")


def edit(directory: Path, **fields: Any) -> None:
    content = json.loads((directory / MANIFEST_FILE).read_text(encoding="utf-8"))
    (directory / MANIFEST_FILE).write_text(json.dumps({**content, **fields}), encoding="utf-8")


@pytest.mark.parametrize("recipe", FILES)
def test_a_saved_model_comes_back_with_its_manifest(saved: dict[str, Path], tiny_model: Callable[[str], Any], recipe: str) -> None:
    model, manifest = load_artifact(saved[recipe])
    assert sorted(file.name for file in saved[recipe].iterdir()) == FILES[recipe]
    assert sorted(manifest.files) == [name for name in FILES[recipe] if name != MANIFEST_FILE]
    assert dataclasses.replace(manifest, files={}) == manifest_for(model.kind)
    inputs = [ModelInput("the accord", "We reject it.", "")]
    for head, logits in tiny_model(recipe).logits(inputs).items():
        np.testing.assert_allclose(model.logits(inputs)[head], logits, atol=1e-5)


def test_a_predictor_uses_the_temperatures_and_the_threshold_of_the_manifest(baseline: Path) -> None:
    statement = Statement(DEFAULT_TARGET, "We reject this bad deal.")
    before = Predictor.load(baseline).predict([statement])[0]
    reseal(baseline, temperatures=dict.fromkeys(HEADS, 19.0), threshold=0.99)
    after = Predictor.load(baseline).predict([statement])[0]
    assert after.stance.label == before.stance.label
    assert max(after.stance.probabilities.values()) < max(before.stance.probabilities.values())
    assert after.abstained


@pytest.mark.parametrize(("recipe", "name"), [(recipe, name) for recipe, names in FILES.items() for name in names])
def test_one_changed_byte_in_any_file_is_found(saved: dict[str, Path], tmp_path: Path, recipe: str, name: str) -> None:
    directory = shutil.copytree(saved[recipe], tmp_path / "model")
    content = bytearray((directory / name).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=r"export (the model|one)") as caught:
        load_artifact(directory)
    assert name in str(caught.value)


def test_no_changed_byte_of_the_manifest_changes_what_is_loaded(baseline: Path) -> None:
    path = baseline / MANIFEST_FILE
    content, expected = path.read_bytes(), verify_artifact(baseline)
    accepted = 0
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        try:
            assert verify_artifact(baseline) == expected
            accepted += 1
        except ArtifactError:
            pass
    assert accepted < len(content) / 10


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 0.1},
        {"temperatures": {"relevance": 1.5, "stance": 2.1, "sentiment": 0.5}},
        {"run_id": "e" * 32},
        {"metrics": {"stance/macro_f1": 0.9}},
        {"files": {}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_field_breaks_the_seal(baseline: Path, change: dict[str, Any]) -> None:
    edit(baseline, **change)
    with pytest.raises(ArtifactError, match=r"manifest\.json: the manifest does not match its seal.*export the model again"):
        verify_artifact(baseline)


@pytest.mark.parametrize(
    "labels",
    [
        {**{h: list(v) for h, v in HEADS.items()}, "stance": ["critical", "skeptical", "supportive"]},
        {h: list(HEADS[h]) for h in reversed(HEADS)},
        {**{h: list(v) for h, v in HEADS.items()}, "irony": ["yes", "no"]},
    ],
    ids=["labels of a head turned", "heads turned", "a head more"],
)
def test_other_labels_or_another_order_are_refused_though_the_seal_is_right(baseline: Path, labels: dict[str, list[str]]) -> None:
    reseal(baseline, labels=labels)
    with pytest.raises(ArtifactError, match=r"expected the labels .* in this order, got .*; train again"):
        load_artifact(baseline)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"input_format": "statement only"}, r"reads input format 'statement only'.*train it again"),
        ({"layout": 2}, r"expected layout 1, got 2"),
        ({"kind": "oracle"}, r"does not know models of kind 'oracle'"),
    ],
    ids=["input format", "layout", "kind"],
)
def test_what_this_version_can_not_read_is_refused(baseline: Path, change: dict[str, Any], told: str) -> None:
    reseal(baseline, **change)
    with pytest.raises(ArtifactError, match=told):
        load_artifact(baseline)


@pytest.mark.parametrize("name", ["model.safetensors", "baseline.json"])
def test_a_missing_file_is_named(baseline: Path, name: str) -> None:
    (baseline / name).unlink()
    with pytest.raises(ArtifactError, match=rf"{name}: the manifest lists this file, but it is not there; export"):
        load_artifact(baseline)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname", "..", ".", "", "sub/inside.json", "a\0b"])
def test_the_manifest_can_not_point_out_of_its_directory(baseline: Path, name: str) -> None:
    (baseline.parent / "outside.json").write_text("{}", encoding="utf-8")
    (baseline / "sub").mkdir()
    (baseline / "sub" / "inside.json").write_text("{}", encoding="utf-8")
    files = json.loads((baseline / MANIFEST_FILE).read_text(encoding="utf-8"))["files"]
    empty_object = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    reseal(baseline, files={**files, name: empty_object})
    with pytest.raises(ArtifactError, match="the manifest lists this file"):
        load_artifact(baseline)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '"seal"', '{"seal": "x", "kind": "baseline"}', '{"seal": "x", "color": 1}'])
def test_what_is_no_manifest_is_refused(baseline: Path, content: str) -> None:
    (baseline / MANIFEST_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"manifest\.json: expected a manifest of layout 1, got: .*export the model again"):
        verify_artifact(baseline)


def test_a_missing_directory_a_file_and_an_empty_directory_are_told_apart_from_models(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "file", tmp_path / "empty"):
        with pytest.raises(ArtifactError, match=r"expected a model directory with manifest\.json, found none; export one with"):
            load_artifact(path)


def test_saving_never_mixes_with_other_files(tiny_model: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="expected an empty directory"):
        save_artifact(tiny_model("baseline"), manifest_for("baseline"), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_saving_onto_a_file_is_told(tiny_model: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"notes\.txt: expected a directory to write a model into, got a file"):
        save_artifact(tiny_model("baseline"), manifest_for("baseline"), tmp_path / "notes.txt")
