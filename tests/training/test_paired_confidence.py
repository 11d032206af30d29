"""What two models' confidences are worth beside each other."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from training.metrics import calibration_error, coverage_curve
from training.paired import NO_DIFFERENCE, Difference
from training.paired_confidence import half_difference
from training.paired_many import calibration_differences

Answers = tuple[NDArray[np.float64], NDArray[np.bool_]]


def calibration_difference(first, first_right, second, second_right, **options) -> Difference:
    return calibration_differences(first, first_right, [second], [second_right], **options)[0]


DIFFERENCES = (calibration_difference, half_difference)


def answers(rng: np.random.Generator, n: int, *, too_sure: float = 0.0) -> Answers:
    """Confidences of which so much is show."""
    confidence = rng.uniform(0.4, 0.98, n)
    return confidence, rng.random(n) < confidence - too_sure


@pytest.fixture(scope="module")
def made() -> tuple[Answers, Answers]:
    rng = np.random.default_rng(3)
    return answers(rng, 300), answers(rng, 300, too_sure=0.05)


def half(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    return coverage_curve(confidence, right)[0].value


@pytest.mark.parametrize(("difference", "figure"), [(calibration_difference, calibration_error), (half_difference, half)])
def test_value_interval_and_p_value_are_scipy_s(made, difference, figure) -> None:
    (first, first_right), (second, second_right) = made
    found = difference(first, first_right, second, second_right)
    assert found.value == pytest.approx(figure(second, second_right) - figure(first, first_right), abs=1e-6)

    def of(a, b):  # each statement's answer as one number: confidence, and 10 more where it was right
        return figure(b % 10, b >= 10) - figure(a % 10, a >= 10)

    coded = first + 10 * first_right, second + 10 * second_right
    permuted = stats.permutation_test(coded, of, permutation_type="samples", vectorized=False, n_resamples=2000, rng=1)
    assert found.p_value == pytest.approx(permuted.pvalue, abs=0.05)
    method = "basic" if difference is calibration_difference else "percentile"
    drawn = stats.bootstrap(coded, of, paired=True, vectorized=False, n_resamples=1000, method=method, rng=1).confidence_interval
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.015)


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_of_equal_models_few_are_called_different(difference) -> None:
    rng = np.random.default_rng(8)
    rejected = sum(difference(*answers(rng, 200), *answers(rng, 200), rounds=400, seed=trial).p_value < 0.05 for trial in range(200))
    assert 3 <= rejected <= 18


def test_a_model_that_is_too_sure_is_found_out() -> None:
    rng = np.random.default_rng(9)
    found = calibration_difference(*answers(rng, 600), *answers(rng, 600, too_sure=0.3))
    assert found.low > 0.1
    assert found.p_value < 0.001


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_the_same_answers_ties_and_no_statements_show_nothing(difference) -> None:
    rng = np.random.default_rng(2)
    tied = np.full(50, 0.5), rng.random(50) < 0.5
    found = difference(*tied, *tied)
    assert (found.value, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    nothing = np.zeros(0), np.zeros(0, dtype=bool)
    assert difference(*nothing, *nothing) == NO_DIFFERENCE
