import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.calibration import probabilities
from training.calibrate import choose_threshold, fit_temperature
from training.labels import NO_LABEL


def simulated(temperature: float, n: int = 6000, labels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    logits = (rng.normal(size=(n, labels)) * 2 * temperature).astype(np.float32)
    chances = probabilities(logits, temperature).cumsum(axis=1)
    return logits, (rng.random((n, 1)) > chances).sum(axis=1).clip(max=labels - 1).astype(np.int64)


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.0, 2.5, 8.0])
def test_a_known_temperature_is_found_again(temperature: float) -> None:
    assert fit_temperature(*simulated(temperature)) == pytest.approx(temperature, rel=0.1)


def test_statements_without_the_label_do_not_count() -> None:
    logits, labels = simulated(2.0)
    alone = fit_temperature(logits, labels)
    noise = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32) * 50
    padded = fit_temperature(np.concatenate([noise, logits]), np.concatenate([np.full(4000, NO_LABEL), labels]))
    assert padded == pytest.approx(alone, rel=1e-6)


def test_without_any_label_nothing_is_scaled() -> None:
    assert fit_temperature(np.ones((4, 3), dtype=np.float32), np.full(4, NO_LABEL)) == 1.0
    assert fit_temperature(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=np.int64)) == 1.0


@pytest.mark.parametrize("right", [True, False])
def test_a_model_that_is_always_right_or_wrong_stays_within_bounds(right: bool) -> None:
    labels = np.tile([0, 1, 2], 20)
    logits = np.eye(3, dtype=np.float32)[labels if right else (labels + 1) % 3] * 5
    assert 0.049 <= fit_temperature(logits, labels) <= 20.1


def test_the_threshold_reaches_the_precision_and_no_lower_one_does() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(1 / 3, 1, 2000)
    right = rng.random(2000) < confidence
    threshold = choose_threshold(confidence, right, 0.8)
    assert right[confidence >= threshold].mean() >= 0.8
    lower = confidence[confidence < threshold].max()
    assert right[confidence >= lower].mean() < 0.8


@given(st.lists(st.tuples(st.integers(34, 100), st.booleans()), min_size=1, max_size=40), st.sampled_from([0.5, 0.7, 0.8, 0.95]))
def test_a_reached_threshold_keeps_its_promise_also_where_confidences_are_equal(rows: list[tuple[int, bool]], precision: float) -> None:
    confidence = np.array([c / 100 for c, _ in rows])
    right = np.array([r for _, r in rows])
    threshold = choose_threshold(confidence, right, precision)
    assert threshold in confidence
    reachable = any(right[confidence >= c].mean() >= precision for c in confidence)
    if reachable:
        assert right[confidence >= threshold].mean() >= precision
    else:
        assert threshold == confidence.max()


def test_a_model_that_is_right_throughout_never_abstains() -> None:
    confidence = np.array([0.9, 0.4, 0.6])
    assert choose_threshold(confidence, np.ones(3, dtype=bool), 0.8) == 0.4


def test_where_no_threshold_is_good_enough_all_but_the_surest_abstain() -> None:
    assert choose_threshold(np.array([0.9, 0.4, 0.6]), np.zeros(3, dtype=bool), 0.8) == 0.9


def test_no_statements_give_no_threshold() -> None:
    assert choose_threshold(np.zeros(0), np.zeros(0, dtype=bool), 0.8) == 0.0
