"""A recipe's model, fitted: the one place that knows which kind is fitted by what."""

from collections.abc import Callable, Sequence
from pathlib import Path

from stance.errors import RecipeError
from stance.models.base import Model
from stance.models.encoder import EncoderModel
from stance.records import LabelledStatement
from training.fit_baseline import fit_baseline
from training.fit_encoder import Epoch, Steps, fit_encoder
from training.fit_lexical import fit_lexical
from training.fit_quick import fit_quick
from training.recipe import Recipe


def fit(
    recipe: Recipe,
    train: Sequence[LabelledStatement],
    calibration: Sequence[LabelledStatement],
    on_point: Callable[[Epoch | Steps], None],
    on_batch: Callable[[int, int], None],
    *,
    start: Model | None = None,
    resume: Path | None = None,
) -> Model:
    """Return the model of `recipe` fitted on `train`; `calibration` tells finetune its best epoch, and how much lexical heads may say.

    Only finetune calls `on_point`. `on_batch` gets (statements done, statements in all passes) where a fit takes long. `start` is a
    model to begin from instead of the recipe's base; it is changed. `resume` is where finetune keeps its state (see fit_encoder).
    Raises RecipeError where `start` is no encoder.
    """
    if start is not None and (recipe.kind == "baseline" or not isinstance(start, EncoderModel)):
        raise RecipeError(
            f"recipe {recipe.name!r} ({recipe.kind}): expected an encoder to begin from and a quick or finetune recipe, got a model of "
            f"kind {start.kind!r}; begin without it"
        )
    encoder = start if isinstance(start, EncoderModel) else None
    if recipe.kind == "baseline":
        return fit_baseline(train, recipe)
    if recipe.kind == "quick":
        model = fit_quick(train, recipe, on_batch, encoder)
    else:
        model = fit_encoder(train, calibration, recipe, on_point, on_batch, start=encoder, resume=resume)
    if recipe.lexical_share:
        model.lexical = fit_lexical(model, train, calibration, share=recipe.lexical_share, seed=recipe.seed)
    return model
