"""A recipe: everything that decides what a training run makes, as one TOML file.

Top-level fields say what is trained on what; a table named after the kind holds that kind's own
fields. Every field is documented where it is declared; an unknown one is refused with the
nearest legal name.
"""

import dataclasses
import difflib
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

import tomli_w

from stance.errors import RecipeError, shortened

Kind = Literal["baseline", "quick", "finetune"]
SHIPPED: Final = Path(__file__).parent / "recipes"


def _ranged(default: Any, low: float, high: float) -> Any:
    """Return a field with its default and the values it may have, both ends included."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineOptions:
    """TF-IDF + logistic regression."""

    max_features: int = _ranged(20_000, 1, 10_000_000)
    """The most columns of each vectorizer (words, characters)."""
    inverse_regularisation: float = _ranged(10.0, 1e-09, 1000000000.0)
    """scikit-learn's C: larger fits the training statements more closely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickOptions:
    """Frozen encoder + logistic regression."""

    inverse_regularisation: float = _ranged(0.003, 1e-09, 1000000000.0)
    """scikit-learn's C, on standardised features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneOptions:
    """The encoder and all heads jointly."""

    epochs: int = _ranged(2, 1, 1_000)
    """The most passes over the training statements, but for min_steps."""
    min_steps: int = _ranged(300, 0, 1_000_000)
    """A small corpus is passed over until this many batches were learned from, or patience ends it."""
    frozen_layers: int = _ranged(2, 0, 1_000)
    """The lowest layers that keep their pretrained weights, with the embeddings; 0 trains everything."""
    patience: int = _ranged(2, 1, 1_000)
    """Epochs without a better calibration loss after which training ends; the best epoch is kept."""
    batch_tokens: int = _ranged(1024, 1, 10_000_000)
    """Tokens in a batch, padding included."""
    accumulation: int = _ranged(1, 1, 10_000)
    """Batches whose gradients are summed before a step: a large encoder's batch in less memory."""
    learning_rate: float = _ranged(1e-4, 0, 1)
    """Peak learning rate of the encoder's highest layer (AdamW)."""
    layer_decay: float = _ranged(1.0, 0, 1)
    """Each layer's learning rate is this share of that of the layer above it."""
    head_learning_rate: float = _ranged(1e-3, 0, 1)
    """Peak learning rate of the heads."""
    warmup_share: float = _ranged(0.1, 0, 1)
    """Share of the steps over which the rates rise from zero; then they fall linearly to zero."""
    weight_decay: float = _ranged(0.01, 0, 1)
    """AdamW's decay of every weight matrix."""
    dropout: float = _ranged(0.1, 0, 0.95)
    """Dropout before the heads, and in adapters."""
    encoder_dropout: float = _ranged(0.0, 0, 0.95)
    """Dropout of hidden features within the encoder, the same for all tokens of a statement; its attention weights stay whole."""
    class_weights: bool = True
    """Weigh each label by the inverse of its share, so that rare ones count as much."""
    label_smoothing: float = _ranged(0.0, 0, 0.9)
    """Share of the probability that is wanted for the other labels."""
    r_drop: float = _ranged(0.0, 0, 100)
    """Weight of R-Drop's term: two passes with different dropout should agree. Twice the time where it is not 0."""
    context_dropout: float = _ranged(0.0, 0, 1)
    """Share of the statements whose context is left out, others in every epoch."""
    retargeted_share: float = _ranged(0.0, 0, 10)
    """Statements shown a second time in an epoch, as off target of another process's deal, as a share of all."""
    average_decay: float = _ranged(0.0, 0, 0.99999)
    """What is measured and kept is a running average of the weights, of which this share is kept at each step; 0: the last weights."""
    lora_rank: int = _ranged(0, 0, 4096)
    """Train LoRA adapters of this rank instead of the encoder's own weights, and fold them in at the end; 0: the weights."""
    checkpoint_seconds: int = _ranged(60, 0, 1_000_000)
    """How often the state is kept from which a training that was cut off goes on; also after every epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training configuration; `name` is the file's stem."""

    name: str
    """Shown in run lists; taken from the file."""
    kind: Kind
    """"baseline", "quick" or "finetune"."""
    seed: int = _ranged(0, 0, 2**32 - 1)
    """Seeds every random choice of the run."""
    base: str = "bundled"
    """The pretrained encoder: "bundled", a local directory, or a hub name (with base_revision)."""
    base_revision: str = ""
    """The hub commit of `base`."""
    max_tokens: int = _ranged(192, 8, 100_000)
    """The most tokens of one input; the context is cut first."""
    max_target_tokens: int = _ranged(32, 0, 100_000)
    """The most tokens of the target; 0: the model does not read it."""
    max_context_tokens: int = _ranged(100_000, 0, 100_000)
    """The most tokens of the context; 0: the model does not read it."""
    lexical_share: float = _ranged(0.33, 0, 0.95)
    """What share of an encoder's logits comes from logistic regression on hashed n-grams beside it; 0: the encoder alone."""
    target_precision: float = _ranged(0.8, 0, 1)
    """Stance predictions that don't abstain should be right this often on the calibration split."""
    baseline: BaselineOptions = field(default_factory=BaselineOptions)
    quick: QuickOptions = field(default_factory=QuickOptions)
    finetune: FinetuneOptions = field(default_factory=FinetuneOptions)

    def with_seed(self, seed: int | None) -> Self:
        """Return the recipe with another seed, or itself for None."""
        return self if seed is None else dataclasses.replace(self, seed=seed)

    def resolved(self) -> dict[str, Any]:
        """Return every field that counts for this kind, flat: {"seed": 0, "finetune.epochs": 2, ...}."""
        flat: dict[str, Any] = {}
        for name, value in dataclasses.asdict(self).items():
            if not isinstance(value, dict):
                flat[name] = value
            elif name == self.kind:
                flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        return flat


def read_recipe(name_or_path: str) -> Recipe:
    """Return a shipped recipe by name ("quick") or any recipe by its path.

    Raises RecipeError for a missing file, bad TOML, an unknown field or a value of another type.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = SHIPPED / f"{name_or_path}.toml"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise RecipeError(f"recipe {name_or_path!r}: expected one of {shipped}, or a path that ends in .toml and exists; check the name")
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: expected TOML, got: {error}; mend the file") from error
    recipe: Recipe = _build(Recipe, {"name": path.stem, **fields}, str(path), prefix="")
    return recipe


def with_fields(recipe: Recipe, fields: dict[str, Any], where: str) -> Recipe:
    """Return the recipe with other values in some fields, named as in Recipe.resolved ("finetune.epochs").

    Raises RecipeError, naming `where`, for what a recipe file may not hold either, and for a field of another kind.
    """
    values = dataclasses.asdict(recipe)
    for name, value in fields.items():
        table, dot, key = name.rpartition(".")
        if dot and table != recipe.kind:
            raise RecipeError(f"{where}: field {name!r}: expected a field of a {recipe.kind} recipe, got one of {table!r}; leave it out")
        (values[table] if dot else values)[key] = value
    changed: Recipe = _build(Recipe, values, where, prefix="")
    return changed


def recipe_toml(recipe: Recipe) -> str:
    """Return the recipe as a file that read_recipe reads: every field that counts for its kind, but the name, which is the file's."""
    top: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in recipe.resolved().items():
        table, _, key = name.rpartition(".")
        (own if table else top)[key] = value
    top.pop("name")
    return tomli_w.dumps({**top, recipe.kind: own})


def _build(cls: Any, values: dict[str, Any], where: str, *, prefix: str) -> Any:
    declared = {f.name: f for f in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=1)
            hint = f"did you mean {prefix + near[0]!r}?" if near else f"legal here: {', '.join(sorted(declared))}"
            raise RecipeError(f"{where}: unknown field {prefix + key!r}; {hint}")
        arguments[key] = _value(hints[key], value, where, prefix + key)
        bounds = declared[key].metadata
        if bounds and not bounds["low"] <= arguments[key] <= bounds["high"]:
            raise RecipeError(
                f"{where}: field {prefix + key!r}: expected {bounds['low']} to {bounds['high']}, got {value!r}; mend the value"
            )
    missing = [
        n
        for n, f in declared.items()
        if n not in arguments and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise RecipeError(f"{where}: field {prefix + missing[0]!r} is missing; add it")
    return cls(**arguments)


def _value(hint: Any, value: Any, where: str, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise RecipeError(f"{where}: field {name!r}: expected a table, got {shortened(value)}; write [{name}]")
        return _build(hint, value, where, prefix=f"{name}.")
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise RecipeError(
                f"{where}: field {name!r}: expected one of {', '.join(typing.get_args(hint))}, got {shortened(value)}; choose one"
            )
        return value
    if hint is float and type(value) is int:
        value = float(value)
    if not isinstance(hint, types.UnionType) and type(value) is not hint:
        raise RecipeError(f"{where}: field {name!r}: expected {hint.__name__}, got {shortened(value)}; mend the value")
    return value
