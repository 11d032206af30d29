import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from stance.labels import HEADS
from stance.records import HeadPrediction, LabelledStatement, Prediction, Statement
from training.evaluate import calibration_error, macro_f1, prediction_rows, report


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


def gold_row(number: int, process: str, relevance: str | None, stance: str | None, sentiment: str | None) -> LabelledStatement:
    return LabelledStatement(f"s{number}", process, Statement("t", "x"), relevance, stance, sentiment)


def answer(relevance: str, stance: str, sentiment: str, *, sure: float = 0.9, abstained: bool = False) -> Prediction:
    def head(name: str, label: str) -> HeadPrediction:
        rest = (1 - sure) / (len(HEADS[name]) - 1)
        return HeadPrediction(label, {n: sure if n == label else rest for n in HEADS[name]})

    return Prediction(head("relevance", relevance), head("stance", stance), head("sentiment", sentiment), abstained)


GOLD = [
    gold_row(1, "a-1", "on_target", "supportive", "positive"),
    gold_row(2, "a-1", "on_target", "critical", "negative"),
    gold_row(3, "b-2", "on_target", "skeptical", None),
    gold_row(4, "b-2", "off_target", "critical", "neutral"),
    gold_row(5, "b-2", "on_target", None, "neutral"),
]
ANSWERS = [
    answer("on_target", "supportive", "positive"),
    answer("on_target", "supportive", "negative", abstained=True),
    answer("off_target", "skeptical", "positive"),
    answer("on_target", "supportive", "neutral"),
    answer("on_target", "supportive", "neutral"),
]


def test_stance_is_scored_on_statements_that_bear_on_the_deal_only() -> None:
    found = report(GOLD, ANSWERS)
    assert found.heads["stance"].macro_f1.statements == 3
    assert found.heads["stance"].accuracy == pytest.approx(2 / 3)
    np.testing.assert_array_equal(found.heads["stance"].confusion, [[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    assert {name: score.statements for name, score in found.processes.items()} == {"a-1": 2, "b-2": 1}


def test_statements_without_a_label_are_left_out_of_its_head() -> None:
    found = report(GOLD, ANSWERS)
    assert {head: r.macro_f1.statements for head, r in found.heads.items()} == {"relevance": 5, "stance": 3, "sentiment": 4}
    assert found.heads["sentiment"].accuracy == 1.0


def test_coverage_and_selective_accuracy_leave_out_abstentions() -> None:
    found = report(GOLD, ANSWERS)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.selective_accuracy == 1.0


def test_the_majority_answer_is_scored_beside_the_model() -> None:
    found = report(GOLD, ANSWERS)
    assert found.heads["relevance"].majority == pytest.approx((8 / 9) / 2)


def test_all_abstained_and_nothing_to_score_are_zeros_not_errors() -> None:
    silent = report(GOLD[:1], [answer("on_target", "critical", "positive", abstained=True)])
    assert (silent.coverage, silent.selective_accuracy) == (0.0, 0.0)
    nothing = report([], [])
    assert (nothing.coverage, nothing.processes) == (0.0, {})
    assert set(nothing.metrics().values()) == {0.0}


def test_the_names_of_the_metrics_stay() -> None:
    per_head = ["macro_f1", "macro_f1_low", "macro_f1_high", "accuracy", "majority_macro_f1", "calibration_error"]
    expected = {f"{head}/{name}" for head in HEADS for name in per_head}
    expected |= {"stance/coverage", "stance/selective_accuracy"}
    expected |= {f"process/{process}/stance/macro_f1{end}" for process in ("a-1", "b-2") for end in ("", "_low", "_high")}
    metrics = report(GOLD, ANSWERS).metrics()
    assert metrics.keys() == expected
    assert all(type(value) is float for value in metrics.values())


def test_each_prediction_is_kept_beside_its_gold_labels() -> None:
    rows = prediction_rows(GOLD, ANSWERS)
    assert [row["id"] for row in rows] == ["s1", "s2", "s3", "s4", "s5"]
    second = json.loads(json.dumps(rows[1]))
    assert (second["process"], second["stance_gold"], second["stance"], second["abstained"]) == ("a-1", "critical", "supportive", True)
    assert second["stance_supportive"] == pytest.approx(0.9)
    assert rows[4]["stance_gold"] is None
    assert len({tuple(row) for row in rows}) == 1
