"""What a tuning may change of a recipe: a TOML file shaped like one, with what each field may be instead of what it is.

    max_tokens = [128, 192, 256]                                        # one of these
    [finetune]
    learning_rate = { low = 2e-5, high = 4e-4, log = true }             # a range, both ends included; log: by orders of magnitude
    dropout = { low = 0.0, high = 0.3, step = 0.05 }                    # only every so far, from low on

spaces/ has one per kind of recipe, for who names none.
"""

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any, Final, get_args

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json

from stance.errors import RecipeError, shortened
from training.recipe import Kind, Recipe, with_fields

SPACES: Final = Path(__file__).parent / "spaces"
_RANGE: Final = ("low", "high", "log", "step")
_FIXED: Final = {"name": "it names the file", "kind": "it decides what the others mean", "seed": "the best seed is only the luckiest"}

Space = dict[str, BaseDistribution]
"""What each field may be, by its name as in Recipe.resolved."""


def read_space(path: Path | None, recipe: Recipe) -> Space:
    """Return the search space of a file, or the default one of the recipe's kind for None.

    Raises RecipeError for a file that is not there, bad TOML, a field that the recipe has not, and values that the field may not have.
    """
    path = path or SPACES / f"{recipe.kind}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: expected a search space as TOML, got: {error.strerror}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: expected TOML, got: {error}; mend the file") from error
    own = content.pop(recipe.kind, {})
    if not isinstance(own, dict):
        raise RecipeError(f"{path}: field {recipe.kind!r}: expected a table, got {shortened(own)}; write [{recipe.kind}]")
    if others := sorted(content.keys() & set(get_args(Kind))):
        raise RecipeError(f"{path}: expected fields of a {recipe.kind} recipe, got [{others[0]}]; write [{recipe.kind}]")
    entries = content | {f"{recipe.kind}.{key}": value for key, value in own.items()}
    if not entries:
        raise RecipeError(f"{path}: expected a field to search at least, got none; name one, as in {SPACES.name}/{recipe.kind}.toml")
    return {name: _distribution(name, entry, recipe, str(path)) for name, entry in entries.items()}


def space_fields(space: Space) -> dict[str, Any]:
    """Return the space as plain values, to be compared and kept."""
    return {name: json.loads(distribution_to_json(found)) for name, found in sorted(space.items())}


def _distribution(name: str, entry: Any, recipe: Recipe, where: str) -> BaseDistribution:
    if name in _FIXED:
        raise RecipeError(f"{where}: field {name!r} can't be searched: {_FIXED[name]}; leave it out")
    is_range = isinstance(entry, dict) and not entry.keys().isdisjoint(_RANGE)
    if not is_range and not isinstance(entry, list):
        with_fields(recipe, {name: entry}, where)  # an unknown field is told before an odd entry
        raise RecipeError(f"{where}: field {name!r}: expected {{low, high}} or a list of values, got {shortened(entry)}; write one of them")
    if is_range:
        return _range(name, entry, recipe, where)
    values = [_checked(name, value, recipe, where) for value in entry]
    if len(values) < 2 or len(set(values)) < len(values):
        raise RecipeError(f"{where}: field {name!r}: expected at least two different values, got {shortened(entry)}; mend the list")
    return CategoricalDistribution(values)


def _range(name: str, entry: dict[str, Any], recipe: Recipe, where: str) -> BaseDistribution:
    for key in entry:
        if key not in _RANGE:
            near = difflib.get_close_matches(key, _RANGE, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"legal here: {', '.join(_RANGE)}"
            raise RecipeError(f"{where}: field {name!r}: unknown {key!r} of a range; {hint}")
    if missing := [key for key in ("low", "high") if key not in entry]:
        raise RecipeError(f"{where}: field {name!r}: {missing[0]!r} of the range is missing; add it")
    low, high = (_checked(name, entry[key], recipe, where) for key in ("low", "high"))
    log, step = entry.get("log", False), entry.get("step")
    if type(low) not in (int, float):
        raise RecipeError(f"{where}: field {name!r}: expected a list of values, as it is no number, got a range; write a list")
    if not low < high:
        raise RecipeError(f"{where}: field {name!r}: expected low below high, got {low} and {high}; mend the range")
    if type(log) is not bool or (log and (low <= 0 or step is not None)):
        raise RecipeError(
            f"{where}: field {name!r}: expected log = true only with a low above 0 and no step, got {shortened(entry)}; mend the range"
        )
    numbers = (int,) if type(low) is int else (int, float)
    if step is not None and (type(step) not in numbers or not 0 < step <= high - low):
        raise RecipeError(
            f"{where}: field {name!r}: expected a step of its type, above 0 and within the range, got {shortened(step)}; mend the step"
        )
    if type(low) is int:
        return IntDistribution(low, high, log=log, step=step or 1)
    return FloatDistribution(low, high, log=log, step=step)


def _checked(name: str, value: Any, recipe: Recipe, where: str) -> Any:
    """Return a value as the recipe would hold it."""
    return with_fields(recipe, {name: value}, where).resolved()[name]
