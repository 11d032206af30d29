import numpy as np
import pytest

from stance.calibration import probabilities

LOGITS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 4


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_rows_are_probabilities_and_keep_their_order(temperature: float) -> None:
    found = probabilities(LOGITS, temperature)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    assert (found >= 0).all()
    np.testing.assert_array_equal(found.argmax(axis=1), LOGITS.argmax(axis=1))


def test_a_temperature_of_one_is_softmax() -> None:
    from scipy.special import softmax

    np.testing.assert_allclose(probabilities(LOGITS, 1.0), softmax(LOGITS.astype(np.float64), axis=1), atol=1e-12)


def test_a_higher_temperature_is_less_sure() -> None:
    sure = [probabilities(LOGITS, t).max(axis=1) for t in (0.5, 1.0, 2.0)]
    assert (sure[0] > sure[1]).all()
    assert (sure[1] > sure[2]).all()


def test_huge_logits_do_not_overflow() -> None:
    found = probabilities(np.array([[3e38, -3e38, 0.0]], dtype=np.float32), 0.05)
    np.testing.assert_allclose(found, [[1.0, 0.0, 0.0]])


def test_the_logits_are_left_as_they_are() -> None:
    before = LOGITS.copy()
    probabilities(LOGITS, 2.0)
    np.testing.assert_array_equal(LOGITS, before)


def test_no_rows_give_no_rows() -> None:
    assert probabilities(np.zeros((0, 3), dtype=np.float32), 1.0).shape == (0, 3)
