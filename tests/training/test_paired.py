"""The statistics on two models' answers to the same statements, beside SciPy's and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from stance.errors import InputError
from training.paired import NO_DIFFERENCE, holm, mcnemar, paired_difference, seeds_difference, share_difference
from training.paired_many import f1_differences

Indices = NDArray[np.int64]


def answers(rng: np.random.Generator, gold: Indices, right: float) -> Indices:
    """A model that is right so often, and else answers anything."""
    return np.where(rng.random(len(gold)) < right, gold, rng.integers(0, 3, len(gold)))


@pytest.fixture(scope="module")
def made() -> tuple[Indices, Indices, Indices]:
    rng = np.random.default_rng(5)
    gold = rng.choice(3, 200, p=[0.5, 0.3, 0.2])
    return gold, answers(rng, gold, 0.5), answers(rng, gold, 0.57)


def macro_f1(gold: Indices, answer: Indices) -> float:
    return float(np.mean([2 * np.sum((gold == k) & (answer == k)) / (np.sum(gold == k) + np.sum(answer == k)) for k in range(3)]))


def test_the_interval_is_that_of_scipy_s_bootstrap(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    found = paired_difference(*made, 3)
    assert found.value == pytest.approx(macro_f1(gold, second) - macro_f1(gold, first))
    theirs = stats.bootstrap(
        made,
        lambda g, a, b: macro_f1(g, b) - macro_f1(g, a),
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)


@pytest.mark.parametrize("metric", ["macro_f1", "accuracy"])
def test_the_p_value_is_that_of_scipy_s_permutation_test(made: tuple[Indices, Indices, Indices], metric: str) -> None:
    gold, first, second = made
    figure = macro_f1 if metric == "macro_f1" else lambda g, a: float((g == a).mean())
    theirs = stats.permutation_test(
        (first, second),
        lambda a, b: figure(gold, b) - figure(gold, a),
        permutation_type="samples",
        vectorized=False,
        n_resamples=2000,
        rng=np.random.default_rng(0),
    ).pvalue
    found = paired_difference(*made, 3, metric=metric)
    assert 0.01 < found.p_value < 0.5, "so near 0 or 1 the two would agree whatever they did"
    assert found.p_value == pytest.approx(theirs, abs=0.03)


def test_mcnemar_is_the_exact_binomial_test_of_the_answers_that_differ() -> None:
    first = np.array([True] * 6 + [False] * 14)
    second = np.array([True] * 4 + [False] * 2 + [True] * 9 + [False] * 5)  # 2 lost, 9 won
    assert mcnemar(first, second) == pytest.approx(stats.binomtest(2, 11).pvalue) == pytest.approx(0.06543, abs=1e-5)
    assert mcnemar(first, first) == 1.0


def test_randomised_accuracy_comes_near_mcnemar(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    assert paired_difference(*made, 3, metric="accuracy").p_value == pytest.approx(mcnemar(first == gold, second == gold), abs=0.02)


def test_holm_multiplies_by_the_tests_that_are_left_and_never_falls() -> None:
    # by hand: .01 x 4, .02 x 3, .03 x 2, .04 x 1 -> .04, .06, .06, .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9, 0.001]) == pytest.approx([1.0, 1.0, 0.003])
    assert holm([]) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for raw, found in zip(p_values, corrected, strict=True):
        assert raw <= found <= min(1.0, raw * len(p_values)) + 1e-12


def test_of_equal_models_one_in_twenty_is_called_different() -> None:
    rng = np.random.default_rng(11)
    rejected = 0
    for trial in range(200):
        gold = rng.integers(0, 3, 300)
        found = paired_difference(gold, answers(rng, gold, 0.6), answers(rng, gold, 0.6), 3, rounds=1000, seed=trial)
        rejected += found.p_value < 0.05
    assert 4 <= rejected <= 16


def test_the_interval_of_equal_models_holds_zero_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(12)
    held = 0
    for trial in range(200):
        gold = rng.integers(0, 3, 300)
        found = paired_difference(gold, answers(rng, gold, 0.6), answers(rng, gold, 0.6), 3, rounds=1000, seed=trial)
        held += found.low <= 0 <= found.high
    assert held >= 180


def test_the_other_way_round_only_the_sign_changes(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    there, back = paired_difference(gold, first, second, 3), paired_difference(gold, second, first, 3)
    assert back.value == pytest.approx(-there.value)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=0.01)
    assert back.p_value == pytest.approx(there.p_value, abs=0.02)


def test_the_same_seed_gives_the_same_numbers(made: tuple[Indices, Indices, Indices]) -> None:
    assert paired_difference(*made, 3, seed=7) == paired_difference(*made, 3, seed=7)
    assert paired_difference(*made, 3, seed=7) != paired_difference(*made, 3, seed=8)


def test_the_same_answers_and_no_statements_show_nothing(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, _ = made
    same = paired_difference(gold, first, first, 3)
    assert (same.value, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    nothing = np.array([], dtype=np.int64)
    assert paired_difference(nothing, nothing, nothing, 3) == NO_DIFFERENCE


def test_runs_that_agree_count_once(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    once, thrice = paired_difference(gold, first, second, 3), paired_difference(gold, np.tile(first, (3, 1)), np.tile(second, (2, 1)), 3)
    assert thrice.value == pytest.approx(once.value)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=0.01)
    assert thrice.p_value == pytest.approx(once.p_value, abs=0.02)


def test_clusters_are_drawn_whole(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    alone = paired_difference(gold, first, second, 3)
    each = paired_difference(gold, first, second, 3, clusters=np.arange(len(gold)))
    assert (each.low, each.high, each.p_value) == pytest.approx((alone.low, alone.high, alone.p_value), abs=0.015)
    doubled = [np.tile(part, 2) for part in made]  # every statement twice over: no more is known than before
    paired = paired_difference(*doubled, 3, clusters=np.tile(np.arange(len(gold)), 2))
    assert (paired.low, paired.high, paired.p_value) == pytest.approx((alone.low, alone.high, alone.p_value), abs=0.015)
    assert paired_difference(*doubled, 3).high - paired_difference(*doubled, 3).low < 0.85 * (paired.high - paired.low)


def test_answers_that_do_not_fit_the_gold_labels_are_told(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    with pytest.raises(InputError, match="expected 200 answers of each model, got 200 and 199"):
        paired_difference(gold, first, second[1:], 3)


def test_a_share_s_interval_is_bonett_and_price_s_and_holds_its_value() -> None:
    first, second = np.zeros(50, dtype=bool), np.zeros(50, dtype=bool)
    first[:12], second[3:20] = True, True  # 3 lost, 8 won
    found = share_difference(first, second)
    # by hand: 9/52 and 4/52, 5/52 +- 1.96 sqrt((13/52 - (5/52)^2) / 52)
    assert (found.low, found.high) == pytest.approx((-0.03722, 0.22953), abs=1e-4)
    assert (found.value, found.p_value) == (0.1, mcnemar(first, second))
    for n in (1, 2, 5):
        lost = share_difference(np.ones(n, dtype=bool), np.zeros(n, dtype=bool))
        assert lost.low <= lost.value == -1.0 <= lost.high
    assert share_difference(first[:0], second[:0]) == NO_DIFFERENCE


def test_a_share_s_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        draws = rng.choice(4, 60, p=[0.5, 0.2, 0.1, 0.2])  # both, the first only, the second only, none
        found = share_difference(draws < 2, (draws == 0) | (draws == 2))
        held += found.low <= -0.1 <= found.high
    assert held >= 370


def test_shares_of_several_runs_are_randomised(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    once = share_difference(first == gold, second == gold)
    twice = share_difference(np.tile(first == gold, (2, 1)), second == gold)
    assert twice.value == pytest.approx(once.value)
    assert twice.p_value == pytest.approx(once.p_value, abs=0.02)


def test_seeds_are_told_apart_by_welch_s_test() -> None:
    found = seeds_difference([0.70, 0.72, 0.71], [0.74, 0.77, 0.75, 0.74])
    assert found is not None
    assert found.p_value == pytest.approx(stats.ttest_ind([0.74, 0.77, 0.75, 0.74], [0.70, 0.72, 0.71], equal_var=False).pvalue)
    assert found.value == pytest.approx(0.04)
    assert found.low < 0.04 < found.high
    assert seeds_difference([0.7], [0.8, 0.9]) is None
    same = seeds_difference([0.7, 0.7], [0.7, 0.7])
    assert same is not None
    assert same.p_value == 1.0


def test_many_models_at_once_give_what_pairs_give(made: tuple[Indices, Indices, Indices]) -> None:
    gold, first, second = made
    others = [second, first, *(answers(np.random.default_rng(n), gold, 0.5) for n in range(20))]
    found = f1_differences(gold, first, others, 3)
    for one, other in zip(found, others, strict=True):
        pair = paired_difference(gold, first, other, 3)
        assert one.value == pytest.approx(pair.value, abs=1e-6)
        assert (one.low, one.high, one.p_value) == pytest.approx((pair.low, pair.high, pair.p_value), abs=0.015)
    assert (found[1].value, found[1].p_value) == (0.0, 1.0)
    assert f1_differences(gold[:0], first[:0], [second[:0]], 3) == [NO_DIFFERENCE]
