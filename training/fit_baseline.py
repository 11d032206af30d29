"""TF-IDF + logistic regression per head."""

from collections.abc import Sequence

from stance.inputs import shape
from stance.models.baseline import BaselineModel, new_vectorizers, texts
from stance.records import LabelledStatement
from training.labels import label_indices
from training.linear import fit_linear_heads
from training.recipe import Recipe


def fit_baseline(train: Sequence[LabelledStatement], recipe: Recipe) -> BaselineModel:
    """Return the fitted model."""
    inputs = [shape(s.statement) for s in train]
    vectorizers = [v.fit(texts(inputs)) for v in new_vectorizers(recipe.baseline.max_features)]
    features = BaselineModel(vectorizers, {}, {}).features(inputs)
    weights, biases = fit_linear_heads(
        features,
        label_indices(train),
        inverse_regularisation=recipe.baseline.inverse_regularisation,
        seed=recipe.seed,
    )
    return BaselineModel(vectorizers, weights, biases)
