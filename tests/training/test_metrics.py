import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from training.metrics import calibration_error, calibration_score, label_scores, macro_f1, reliability, risk_coverage, share


def simulated(n: int, labels: int = 3, *, seed: int = 0, skill: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, labels, n)
    return gold, np.where(rng.random(n) < skill, gold, rng.integers(0, labels, n))


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("n", [1, 2, 5, 30, 400])
def test_macro_f1_is_scikit_learns(n: int, labels: int) -> None:
    for seed in range(5):
        gold, predicted = simulated(n, labels, seed=seed)
        expected = f1_score(gold, predicted, labels=range(labels), average="macro", zero_division=0)
        assert macro_f1(gold, predicted, labels).value == pytest.approx(expected, abs=1e-12)


def test_a_label_that_never_occurs_counts_nothing() -> None:
    gold = np.array([0, 0, 1, 1])
    assert macro_f1(gold, gold, 2).value == 1.0
    assert macro_f1(gold, gold, 3).value == pytest.approx(2 / 3)


def test_the_interval_holds_the_value_and_shrinks_with_more_statements() -> None:
    widths = []
    for n in (40, 160, 640, 2560):
        score = macro_f1(*simulated(n, seed=n), 3)
        assert 0 <= score.low <= score.value <= score.high <= 1
        assert score.statements == n
        widths.append(score.high - score.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] / widths[-1] == pytest.approx(8, rel=0.4)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = f1_score(*simulated(200_000, seed=99), average="macro")
    scores = [macro_f1(*simulated(60, seed=seed), 3, seed=seed) for seed in range(100)]
    assert 0.88 <= np.mean([s.low <= truth <= s.high for s in scores]) < 1.0


def test_the_same_seed_gives_the_same_interval() -> None:
    gold, predicted = simulated(60)
    assert macro_f1(gold, predicted, 3, seed=5) == macro_f1(gold, predicted, 3, seed=5)


def test_no_statements_score_nothing() -> None:
    empty = np.zeros(0, dtype=np.int64)
    score = macro_f1(empty, empty, 3)
    assert (score.value, score.low, score.high, score.statements) == (0.0, 0.0, 0.0, 0)


def test_a_calibrated_simulation_has_almost_no_error_and_an_overconfident_one_much() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.34, 1, 20_000)
    right = rng.random(20_000) < confidence
    assert calibration_error(confidence, right) < 0.02
    assert calibration_error(np.full(20_000, 0.99), right) > 0.25
    assert calibration_error(np.array([1.0]), np.array([True])) == 0.0
    assert calibration_error(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 7), (7, 7), (3, 10), (50, 168), (799, 800)])
def test_a_share_has_scipys_wilson_interval(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    found = share(hits, n)
    assert (found.value, found.statements) == (hits / n, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_of_nothing_is_zeros() -> None:
    assert share(0, 0) == macro_f1(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 3)


@pytest.mark.parametrize("n", [2, 30, 400])
def test_precision_recall_and_f1_are_scikit_learns(n: int) -> None:
    gold, predicted = simulated(n, seed=n)
    precision, recall, f1, support = precision_recall_fscore_support(gold, predicted, labels=range(3), zero_division=0)
    found = label_scores(gold, predicted, 3)
    np.testing.assert_allclose([s.precision.value for s in found], precision)
    np.testing.assert_allclose([s.recall.value for s in found], recall)
    np.testing.assert_allclose([s.f1.value for s in found], f1)
    assert [s.gold for s in found] == list(support)
    assert all(s.f1.low <= s.f1.value <= s.f1.high for s in found)


def test_the_calibration_error_is_the_hand_made_one() -> None:
    confidence = np.array([0.55, 0.58, 0.91, 0.99, 1.0])
    right = np.array([True, False, True, True, False])
    # the bin from 0.5: mean confidence 0.565, half right; the bin from 0.9: mean 2.9 / 3, two thirds right
    expected = (2 * abs(0.565 - 0.5) + 3 * abs(2.9 / 3 - 2 / 3)) / 5
    assert calibration_error(confidence, right) == pytest.approx(expected)
    assert calibration_score(confidence, right).value == pytest.approx(expected)
    low, high = reliability(confidence, right)
    assert (low.start, low.end, low.accuracy.value, low.accuracy.statements) == (0.5, 0.6, 0.5, 2)
    assert (high.start, high.end, high.accuracy.statements) == (0.9, 1.0, 3)
    assert (low.confidence, high.confidence) == pytest.approx((0.565, 2.9 / 3))


@pytest.mark.parametrize(("overconfidence", "least"), [(0.0, 0.9), (0.05, 0.85), (0.15, 0.85)])
def test_the_calibration_error_s_interval_holds_the_truth_where_a_percentile_one_would_not(overconfidence: float, least: float) -> None:
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        confidence = 0.34 + 0.65 * rng.beta(2, 2, 168)
        right = rng.random(168) < confidence - overconfidence
        score = calibration_score(confidence, right, seed=seed)
        assert 0 <= score.low <= score.value <= score.high <= 1
        covered.append(score.low <= overconfidence <= score.high)
    assert np.mean(covered) >= least


def test_a_clear_calibration_error_is_told_from_chance() -> None:
    score = calibration_score(np.full(200, 0.95), np.arange(200) % 2 == 0)
    assert score.value == pytest.approx(0.45)
    assert score.low > 0.35


def test_the_accuracy_coverage_curve_is_the_hand_made_one() -> None:
    found = risk_coverage(np.array([0.5, 0.9, 0.7, 0.8]), np.array([True, True, False, True]))
    assert [(p.threshold, p.coverage, p.accuracy.value) for p in found.points] == [
        (0.9, 0.25, 1.0),
        (0.8, 0.5, 1.0),
        (0.7, 0.75, pytest.approx(2 / 3)),
        (0.5, 1.0, 0.75),
    ]
    assert found.area.value == pytest.approx((1 + 1 + 2 / 3 + 3 / 4) / 4)
    assert found.area.low <= found.area.value <= found.area.high
    assert (found.half.value, found.half.statements) == (1.0, 2)


def test_equal_confidences_are_answered_together_whatever_their_order() -> None:
    confidence, right = np.array([0.9, 0.6, 0.6, 0.6]), np.array([True, True, False, False])
    found = risk_coverage(confidence, right)
    assert [p.coverage for p in found.points] == [0.25, 1.0]
    assert (found.half.value, found.half.statements) == (0.5, 4)
    assert found.area.value == pytest.approx((1 + 3 * 0.5) / 4)
    turned = risk_coverage(confidence[::-1], right[::-1])
    assert (turned.area.value, turned.points) == (found.area.value, found.points)


def test_a_useful_confidence_has_more_area_than_one_that_says_nothing() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 2000)
    right = rng.random(2000) < confidence
    useful, useless = risk_coverage(confidence, right), risk_coverage(rng.permutation(confidence), right)
    assert useless.area.value == pytest.approx(right.mean(), abs=0.05)
    assert useful.area.low > useless.area.high
    assert useful.half.value > useless.half.value
    assert len(useful.points) <= 100
    assert useful.points[-1].coverage == 1.0


def test_no_statements_have_no_curve() -> None:
    found = risk_coverage(np.zeros(0), np.zeros(0, dtype=bool))
    assert (found.points, found.area.statements, found.half.statements) == ((), 0, 0)
    assert reliability(np.zeros(0), np.zeros(0, dtype=bool)) == ()
