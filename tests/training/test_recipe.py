import ast
import inspect
from pathlib import Path

import pytest

from stance.errors import RecipeError
from training import recipe as module
from training.recipe import SHIPPED, Recipe, read_recipe


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_reads_by_name_and_by_path(path: Path) -> None:
    by_name = read_recipe(path.stem)
    assert by_name == read_recipe(str(path))
    assert by_name.name == path.stem
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_the_shipped_recipes_and_their_kinds() -> None:
    assert {path.stem: read_recipe(path.stem).kind for path in SHIPPED.glob("*.toml")} == {
        "baseline": "baseline",
        "quick": "quick",
        "finetune": "finetune",
        "finetune-large": "finetune",
        "zero-target": "finetune",
    }


def test_fields_and_tables_come_from_the_file(tmp_path: Path) -> None:
    found = read_recipe(
        written(tmp_path, 'kind = "finetune"\nseed = 7\n[finetune]\nepochs = 3\nlearning_rate = 1\nclass_weights = false\n')
    )
    assert (found.name, found.kind, found.seed, found.max_tokens) == ("mine", "finetune", 7, 192)
    assert (found.finetune.epochs, found.finetune.learning_rate, found.finetune.class_weights) == (3, 1.0, False)
    assert type(found.finetune.learning_rate) is float
    assert found.finetune.patience == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('kind = "quick"\nsed = 3', r"mine\.toml: unknown field 'sed'; did you mean 'seed'\?"),
        ('kind = "quick"\nmax_token = 3', r"unknown field 'max_token'; did you mean 'max_tokens'\?"),
        ('kind = "finetune"\n[finetune]\nepoch = 3', r"unknown field 'finetune\.epoch'; did you mean 'finetune\.epochs'\?"),
        ('kind = "finetune"\n[finetune]\nlerning_rate = 0.1', r"did you mean 'finetune\.learning_rate'\?"),
        ('kind = "quick"\nzzz = 3', r"unknown field 'zzz'; legal here: base, .*target_precision"),
        ('kind = "quick"\nseed = "3"', r"field 'seed': expected int, got '3'"),
        ('kind = "quick"\nseed = 3.5', r"field 'seed': expected int, got 3\.5"),
        ('kind = "quick"\nseed = true', r"field 'seed': expected int, got True"),
        ('kind = "finetune"\n[finetune]\nclass_weights = 1', r"field 'finetune\.class_weights': expected bool, got 1"),
        ('kind = "finetune"\n[finetune]\ndropout = "0.1"', r"field 'finetune\.dropout': expected float, got '0\.1'"),
        ('kind = "quick"\nseed = -1', r"field 'seed': expected 0 to .*, got -1"),
        ('kind = "finetune"\n[finetune]\nlearning_rate = -0.1', r"field 'finetune\.learning_rate': expected 0 to .*, got -0\.1"),
        ('kind = "quick"\nquick = 3', r"field 'quick': expected a table, got 3; write \[quick\]"),
        ('kind = "fast"', r"field 'kind': expected one of baseline, quick, finetune, got 'fast'"),
        ("kind = 3", r"field 'kind': expected one of baseline, quick, finetune, got 3"),
        ("seed = 3", r"field 'kind' is missing; add it"),
        ("kind = ", r"mine\.toml: expected TOML, got: "),
    ],
)
def test_what_can_not_be_meant_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught:
        read_recipe(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("max_tokens", 'kind = "finetune"\nmax_tokens = 4'),
        ("seed", 'kind = "quick"\nseed = 4294967296'),
        ("target_precision", 'kind = "quick"\ntarget_precision = 80.0'),
        ("target_precision", 'kind = "quick"\ntarget_precision = nan'),
        ("baseline.max_features", 'kind = "baseline"\n[baseline]\nmax_features = 0'),
        ("baseline.inverse_regularisation", 'kind = "baseline"\n[baseline]\ninverse_regularisation = 0'),
        ("quick.inverse_regularisation", 'kind = "quick"\n[quick]\ninverse_regularisation = 0.0'),
        ("quick.inverse_regularisation", 'kind = "quick"\n[quick]\ninverse_regularisation = inf'),
        ("finetune.epochs", 'kind = "finetune"\n[finetune]\nepochs = 0'),
        ("finetune.batch_tokens", 'kind = "finetune"\n[finetune]\nbatch_tokens = 0'),
        ("finetune.learning_rate", 'kind = "finetune"\n[finetune]\nlearning_rate = nan'),
        ("finetune.warmup_share", 'kind = "finetune"\n[finetune]\nwarmup_share = 10'),
        ("finetune.dropout", 'kind = "finetune"\n[finetune]\ndropout = 1.5'),
    ],
)
def test_a_value_that_can_not_be_trained_with_is_refused_before_training(tmp_path: Path, field: str, text: str) -> None:
    with pytest.raises(RecipeError, match=rf"field '{field}': expected "):
        read_recipe(written(tmp_path, text))


@pytest.mark.parametrize("name", ["quik", "/no/such.toml", "no-such.toml", "../recipe", ""])
def test_a_missing_recipe_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(
        RecipeError, match=r"expected one of baseline, finetune, finetune-large, quick, zero-target, or a path that ends in \.toml"
    ):
        read_recipe(name)


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"kind = \xff")
    with pytest.raises(RecipeError, match=r"mine\.toml: expected TOML"):
        read_recipe(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("kind", ["baseline", "quick", "finetune"])
def test_a_run_logs_only_the_fields_that_count_for_its_kind(kind: str) -> None:
    resolved = read_recipe(kind).resolved()
    assert {name.split(".")[0] for name in resolved if "." in name} == {kind}
    assert {"name", "kind", "seed", "base", "max_tokens", "target_precision"} <= resolved.keys()
    assert not any(isinstance(value, dict) for value in resolved.values())


def test_a_seed_given_at_the_command_line_wins() -> None:
    recipe = read_recipe("quick")
    assert recipe.with_seed(9).seed == 9
    assert recipe.with_seed(0).seed == 0
    assert recipe.with_seed(None) is recipe


def documented_fields() -> list[tuple[str, str, str]]:
    found = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef) and (node.name == "Recipe" or node.name.endswith("Options")):
            for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    text = ""
                    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                        text = str(following.value.value)
                    found.append((node.name, statement.target.id, text))
    return found


@pytest.mark.parametrize(("owner", "field", "text"), documented_fields(), ids=lambda value: value if value.isidentifier() else "")
def test_every_field_is_documented_where_it_is_declared(owner: str, field: str, text: str) -> None:
    if owner == "Recipe" and field in ("baseline", "quick", "finetune"):
        assert inspect.getdoc(type(getattr(Recipe(name="x", kind="quick"), field)))
    else:
        assert text.endswith("."), f"{owner}.{field} has no docstring below it"
