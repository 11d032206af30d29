"""A recipe's model, fitted: the one place that knows which kind is fitted by what."""

from collections.abc import Callable, Sequence

from stance.models.base import Model
from stance.records import LabelledStatement
from training.fit_baseline import fit_baseline
from training.fit_encoder import Epoch, fit_encoder
from training.fit_quick import fit_quick
from training.recipe import Recipe


def fit(
    recipe: Recipe,
    train: Sequence[LabelledStatement],
    calibration: Sequence[LabelledStatement],
    on_epoch: Callable[[Epoch], None],
    on_batch: Callable[[int, int], None],
) -> Model:
    """Return the model of `recipe` fitted on `train`; only finetune reads `calibration` and calls `on_epoch`.

    `on_batch` gets (statements done, statements in all passes) where a fit takes long.
    """
    if recipe.kind == "baseline":
        return fit_baseline(train, recipe)
    if recipe.kind == "quick":
        return fit_quick(train, recipe, on_batch)
    return fit_encoder(train, calibration, recipe, on_epoch, on_batch)
