"""What a tuning may change of a recipe."""

from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from stance.errors import RecipeError
from training.recipe import Recipe, read_recipe, recipe_toml, with_fields
from training.search_space import read_space


def written(folder: Path, text: str) -> Path:
    path = folder / "space.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["baseline", "quick", "finetune"])
def test_every_kind_has_a_space_of_its_own_fields(kind: str) -> None:
    recipe = read_recipe(kind)
    space = read_space(None, recipe)
    assert {name.partition(".")[0] for name in space} == {kind}
    assert space.keys() <= recipe.resolved().keys()


def test_ranges_and_lists_are_read_with_the_recipe_s_types(tmp_path: Path) -> None:
    text = """
        max_tokens = [64, 128]
        [finetune]
        learning_rate = { low = 1e-5, high = 1e-3, log = true }
        dropout = { low = 0, high = 0.3, step = 0.1 }
        epochs = { low = 1, high = 9, step = 2 }
        class_weights = [true, false]
        weight_decay = [0, 0.5]
    """
    assert read_space(written(tmp_path, text), read_recipe("finetune")) == {
        "max_tokens": CategoricalDistribution([64, 128]),
        "finetune.learning_rate": FloatDistribution(1e-5, 1e-3, log=True),
        "finetune.dropout": FloatDistribution(0.0, 0.3, step=0.1),
        "finetune.epochs": IntDistribution(1, 9, step=2),
        "finetune.class_weights": CategoricalDistribution([True, False]),
        "finetune.weight_decay": CategoricalDistribution([0.0, 0.5]),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[finetune]\nlerning_rate = { low = 0.1, high = 0.2 }",
            r"space\.toml: unknown field .*; did you mean 'finetune\.learning_rate'\?",
        ),
        ("max_token = [8, 9]", r"unknown field 'max_token'; did you mean 'max_tokens'\?"),
        ("[baseline]\nmax_features = [1, 2]", r"expected fields of a finetune recipe, got \[baseline\]; write \[finetune\]"),
        ("seed = [1, 2]", r"'seed' can't be searched: the best seed is only the luckiest"),
        ("kind = ['quick', 'finetune']", r"'kind' can't be searched"),
        ("finetune = 3", r"'finetune': expected a table, got 3; write \[finetune\]"),
        ("", r"expected a field to search at least, got none"),
        ("[finetune]\ndropout = { low = 0.0, high = 2.0 }", r"'finetune\.dropout': expected 0 to 0\.95, got 2\.0"),
        ("[finetune]\nepochs = [1, 0]", r"'finetune\.epochs': expected 1 to 1000, got 0"),
        ("[finetune]\nepochs = { low = 1.5, high = 3 }", r"'finetune\.epochs': expected int, got 1\.5"),
        ("[finetune]\nepochs = { low = 3, high = 3 }", r"'finetune\.epochs': expected low below high, got 3 and 3"),
        ("[finetune]\nepochs = { low = 1, hihg = 3 }", r"unknown 'hihg' of a range; did you mean 'high'\?"),
        ("[finetune]\nepochs = { low = 1 }", r"'high' of the range is missing"),
        ("[finetune]\nepochs = { low = 1, high = 4, step = 0.5 }", r"expected a step of its type"),
        ("[finetune]\nepochs = { low = 1, high = 4, step = 0 }", r"expected a step of its type, above 0"),
        ("[finetune]\ndropout = { low = 0, high = 0.5, log = true }", r"expected log = true only with a low above 0 and no step"),
        ("[finetune]\nclass_weights = { low = false, high = true }", r"expected a list of values, as it is no number"),
        ("[finetune]\nepochs = 3", r"'finetune\.epochs': expected \{low, high\} or a list of values, got 3"),
        ("[finetune]\nepochs = [3, 3]", r"'finetune\.epochs': expected at least two different values"),
        ("[finetune]\nepochs = [", r"space\.toml: expected TOML, got: "),
    ],
)
def test_what_can_not_be_searched_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught:
        read_space(written(tmp_path, text), read_recipe("finetune"))
    assert "\n" not in str(caught.value)


def test_a_space_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="expected a search space as TOML, got: No such file"):
        read_space(tmp_path / "none.toml", read_recipe("quick"))


@pytest.mark.parametrize("name", ["baseline", "quick", "finetune", "finetune-large", "zero-target"])
def test_a_recipe_written_as_toml_reads_as_it_was(tmp_path: Path, name: str) -> None:
    recipe = read_recipe(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(recipe_toml(recipe), encoding="utf-8")
    assert read_recipe(str(path)) == recipe


def test_fields_are_changed_as_a_file_would(tmp_path: Path) -> None:
    recipe = Recipe(name="mine", kind="finetune", seed=4)
    changed = with_fields(recipe, {"max_tokens": 64, "finetune.dropout": 0}, "trial 3")
    assert (changed.seed, changed.max_tokens, changed.finetune.dropout) == (4, 64, 0.0)
    for fields, told in (
        ({"finetune.dropout": 2.0}, "trial 3: field 'finetune.dropout': expected 0 to 0.95"),
        ({"quick.inverse_regularisation": 1.0}, "expected a field of a finetune recipe, got one of 'quick'"),
    ):
        with pytest.raises(RecipeError, match=told):
            with_fields(recipe, fields, "trial 3")
