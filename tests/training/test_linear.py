import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from stance.labels import HEADS
from training.labels import NO_LABEL
from training.linear import fit_linear_heads

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(200, 6))


def some_labels() -> dict[str, np.ndarray]:
    return {
        "relevance": (FEATURES[:, 0] < 0).astype(np.int64),
        "stance": np.digitize(FEATURES[:, 1], [-0.4, 0.4]),
        "sentiment": np.digitize(FEATURES[:, 2], [-0.4, 0.4]),
    }


def fitted(features: object, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    weights, biases = fit_linear_heads(features, labels, inverse_regularisation=1.0, seed=0)
    assert {h: w.shape for h, w in weights.items()} == {h: (len(names), 6) for h, names in HEADS.items()}
    return {head: FEATURES @ weights[head].T + biases[head] for head in HEADS}


@pytest.mark.parametrize("features", [FEATURES, csr_matrix(FEATURES)], ids=["dense", "sparse"])
def test_plain_weights_say_what_scikit_learn_says(features: object) -> None:
    labels = some_labels()
    logits = fitted(features, labels)
    for head in HEADS:
        expected = LogisticRegression(class_weight="balanced", max_iter=2000, random_state=0).fit(FEATURES, labels[head])
        np.testing.assert_allclose(softmax(logits[head], axis=1), expected.predict_proba(FEATURES), atol=1e-6)


def test_statements_without_a_label_do_not_pull_on_its_head() -> None:
    labels = some_labels()
    alone = fitted(FEATURES, labels)["relevance"]
    labels["stance"] = np.where(np.arange(200) < 100, labels["stance"], NO_LABEL)
    partly = fitted(FEATURES, labels)
    np.testing.assert_array_equal(partly["relevance"], alone)
    expected = LogisticRegression(class_weight="balanced", max_iter=2000, random_state=0).fit(FEATURES[:100], labels["stance"][:100])
    np.testing.assert_array_equal(partly["stance"].argmax(axis=1), expected.predict(FEATURES))


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_a_label_that_training_never_saw_is_never_given(absent: int) -> None:
    labels = some_labels()
    labels["stance"] = np.where(labels["stance"] == absent, 1 if absent != 1 else 2, labels["stance"])
    logits = fitted(FEATURES, labels)["stance"]
    found = logits.argmax(axis=1)
    assert softmax(logits, axis=1)[:, absent].max() < 1e-3
    assert (found == labels["stance"]).mean() > 0.85


@pytest.mark.parametrize("only", [NO_LABEL, 1], ids=["no label", "one label"])
def test_a_head_with_nothing_to_learn_from_does_not_break_the_others(only: int) -> None:
    labels = {**some_labels(), "stance": np.full(200, only)}
    logits = fitted(FEATURES, labels)
    assert np.isfinite(logits["stance"]).all()
    assert (logits["relevance"].argmax(axis=1) == labels["relevance"]).mean() > 0.9
    if only == 1:
        assert (logits["stance"].argmax(axis=1) == 1).all()


def test_rare_labels_are_weighed_up() -> None:
    rng = np.random.default_rng(1)
    rare = (np.arange(200) < 20).astype(np.int64)
    features = np.column_stack([rare + rng.normal(scale=1.0, size=200), rng.normal(size=(200, 5))])
    weights, biases = fit_linear_heads(features, {**some_labels(), "relevance": rare}, inverse_regularisation=1.0, seed=0)
    found = (features @ weights["relevance"].T + biases["relevance"]).argmax(axis=1)
    assert found[rare == 1].mean() > 0.5
