import dataclasses
import json

import numpy as np
import pytest

from stance.labels import HEADS
from stance.records import HeadPrediction, LabelledStatement, Prediction, Statement
from training.evaluate import prediction_rows, report
from training.metrics import share


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
    assert found.heads["stance"].accuracy.value == pytest.approx(2 / 3)
    np.testing.assert_array_equal(found.heads["stance"].confusion, [[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    assert {name: scores["stance"].statements for name, scores in found.processes.items()} == {"a-1": 2, "b-2": 1}


def test_statements_without_a_label_are_left_out_of_its_head() -> None:
    found = report(GOLD, ANSWERS)
    assert {head: r.macro_f1.statements for head, r in found.heads.items()} == {"relevance": 5, "stance": 3, "sentiment": 4}
    assert found.heads["sentiment"].accuracy.value == 1.0


def test_coverage_and_selective_accuracy_leave_out_abstentions() -> None:
    found = report(GOLD, ANSWERS)
    assert found.coverage.value == pytest.approx(2 / 3)
    assert found.selective_accuracy.value == 1.0


def test_the_majority_answer_is_scored_beside_the_model() -> None:
    found = report(GOLD, ANSWERS)
    assert found.heads["relevance"].majority == pytest.approx((8 / 9) / 2)


def test_all_abstained_and_nothing_to_score_are_zeros_not_errors() -> None:
    silent = report(GOLD[:1], [answer("on_target", "critical", "positive", abstained=True)])
    assert (silent.coverage.value, silent.selective_accuracy.value) == (0.0, 0.0)
    nothing = report([], [])
    assert (nothing.coverage.value, nothing.processes) == (0.0, {})
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


def test_each_head_is_told_by_process_and_by_tag() -> None:
    tagged = [dataclasses.replace(GOLD[0], phenomena=("irony", "short")), dataclasses.replace(GOLD[1], phenomena=("irony",)), *GOLD[2:]]
    found = report(tagged, ANSWERS)
    assert {p: {h: s.statements for h, s in scores.items()} for p, scores in found.processes.items()} == {
        "a-1": {"relevance": 2, "stance": 2, "sentiment": 2},
        "b-2": {"relevance": 3, "stance": 1, "sentiment": 2},
    }
    assert found.phenomena["irony"]["stance"] == share(1, 2)
    assert found.phenomena["short"]["sentiment"] == share(1, 1)
    assert report(GOLD[3:4], ANSWERS[3:4]).processes["b-2"].keys() == {"relevance", "sentiment"}  # off target: no stance to score


def test_the_worst_mistakes_are_the_most_confident_wrong_answers() -> None:
    golds = [gold_row(n, "a-1", "on_target", "critical", "negative") for n in range(50)]
    answers = [answer("on_target", "supportive" if n % 2 else "critical", "negative", sure=0.4 + n / 100) for n in range(50)]
    found = report(golds, answers)
    mistakes = found.heads["stance"].mistakes
    assert len(mistakes) == 25
    assert [m.id for m in mistakes][:3] == ["s49", "s47", "s45"]
    assert (mistakes[0].gold, mistakes[0].predicted, mistakes[0].confidence) == ("critical", "supportive", pytest.approx(0.89))
    assert found.heads["sentiment"].mistakes == ()
    assert len(report(golds * 3, answers * 3).heads["stance"].mistakes) == 30


def test_the_details_hold_every_interval_and_no_rare_tag() -> None:
    tagged = [dataclasses.replace(row, phenomena=("irony",)) for row in GOLD]
    found = report(tagged, ANSWERS)
    details = found.metrics(detailed=True)
    assert found.metrics().items() <= details.items()
    assert {"stance/accuracy_low", "stance/critical/f1_high", "sentiment/calibration_error_low", "stance/accuracy_coverage_area"} <= set(
        details
    )
    assert details["process/b-2/relevance/macro_f1"] == found.processes["b-2"]["relevance"].value
    assert not any(name.startswith("phenomenon/") for name in details)
    often = report(tagged * 2, ANSWERS * 2).metrics(detailed=True)
    assert often["phenomenon/irony/relevance/accuracy"] == pytest.approx(3 / 5)
    assert "phenomenon/irony/stance/accuracy" not in often  # six statements


def test_the_report_as_json_is_plain_and_whole() -> None:
    found = json.loads(json.dumps(report(GOLD, ANSWERS).as_json()))
    assert found["heads"]["stance"]["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert found["heads"]["stance"]["mistakes"][0]["gold"] == "critical"
    assert found["heads"]["stance"]["labels"]["critical"]["recall"]["statements"] == 1
    assert found["risk_coverage"]["points"][-1]["coverage"] == 1.0
    assert found["coverage"]["low"] <= found["coverage"]["value"] <= found["coverage"]["high"]
