"""The gates, on runs whose test predictions are written by hand."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stance.errors import RunError
from stance.labels import HEADS
from training.behaviour import ALL, Behaviour, Rate
from training.gate import MOST_CALIBRATION_ERROR, Check, MeasuredRun, Verdict, judge
from training.tracking import RunSummary

GOLD = [(relevance, stance, tone) for relevance in HEADS["relevance"] for stance in HEADS["stance"] for tone in HEADS["sentiment"]] * 12
SUITE = Path("cases")


def run(name: str, *, data: str = "d1", test: str = "t1", errors: dict[str, float] | None = None) -> RunSummary:
    metrics = {f"test/{head}/calibration_error": value for head, value in (errors or dict.fromkeys(HEADS, 0.05)).items()}
    return RunSummary(name, name, "baseline", "0", "FINISHED", datetime.now(UTC), data, test, "1", metrics, False)


def rows(*, wrong: dict[str, int] | None = None, **gold: Any) -> list[dict[str, Any]]:
    """Test predictions of which so many of each head are wrong, the first ones of those on target."""
    found = []
    for number, labels in enumerate(GOLD):
        row: dict[str, Any] = {"id": f"s{number}", "process": "p"}
        for head, label in zip(HEADS, labels, strict=True):
            row |= {head: label, f"{head}_gold": gold.get(head, label)}
        found.append(row)
    for head, count in (wrong or {}).items():
        for row in [row for row in found if row["relevance_gold"] != "off_target"][:count]:
            row[head] = HEADS[head][(HEADS[head].index(row[head]) + 1) % len(HEADS[head])]
    return found


def contender(name: str, *, wrong: dict[str, int] | None = None, **fields: Any) -> MeasuredRun:
    return MeasuredRun(run(name, **fields), rows(wrong=wrong))


def behaviour(**rates: tuple[int, float | None]) -> Behaviour:
    found = [
        Rate(name, passed, 20, 0.0, 1.0, threshold, threshold is None or passed / 20 >= threshold)
        for name, (passed, threshold) in rates.items()
    ]
    return Behaviour(SUITE, "digest", tuple(found), Rate(ALL, 1, 2, 0.0, 1.0, None, True), ())


def named(verdict: Verdict) -> dict[str, Check]:
    return {check.name: check for check in verdict.checks}


ALIKE = behaviour(negation=(20, 0.9))


def test_a_run_as_good_as_the_champion_passes_every_gate() -> None:
    verdict = judge(contender("new"), contender("old"), ALIKE, SUITE)
    assert (verdict.ok, verdict.failed) == (True, ())
    assert [check.name for check in verdict.checks] == [
        "same test data",
        *(f"{head} as good" for head in HEADS),
        *(f"{head} calibrated" for head in HEADS),
        "behaviour: negation",
    ]


@pytest.mark.parametrize("head", HEADS)
def test_a_head_that_is_significantly_worse_is_refused_and_no_other(head: str) -> None:
    verdict = judge(contender("new", wrong={head: 30}), contender("old"), ALIKE, SUITE)
    assert verdict.failed == (f"{head} as good",)
    check = named(verdict)[f"{head} as good"]
    assert check.found.startswith("-0.")
    assert float(check.short) == pytest.approx(-verdict.metrics[f"gate/{head}/difference"], abs=5e-4)
    assert verdict.metrics[f"gate/{head}/difference_high"] < 0
    assert verdict.metrics[f"gate/{head}/difference_p"] < 0.05


def test_a_head_that_is_a_little_worse_or_much_better_passes() -> None:
    assert judge(contender("new", wrong={"stance": 1}), contender("old"), ALIKE, SUITE).ok
    better = judge(contender("new"), contender("old", wrong={"stance": 40}), ALIKE, SUITE)
    assert better.ok
    assert better.metrics["gate/stance/difference_low"] > 0


@pytest.mark.parametrize(
    ("fields", "ok"),
    [
        ({"data": "d2", "test": "t1"}, True),  # more statements to train on, the same to be tested on
        ({"data": "d1", "test": ""}, True),  # logged before test parts had a digest
        ({"data": "d2", "test": "t2"}, False),
        ({"data": "d2", "test": ""}, False),
    ],
)
def test_other_test_data_is_refused_with_both_digests_and_what_to_do(fields: dict[str, str], ok: bool) -> None:
    verdict = judge(contender("new", **fields), contender("old"), ALIKE, SUITE)
    check = named(verdict)["same test data"]
    assert (check.ok, verdict.ok) == (ok, ok)
    if not ok:
        assert (check.found, check.wanted) == (("t2", "the champion's, t1") if fields["test"] else ("d2", "the champion's, d1"))
        assert "stance evaluate old" in check.advice
        assert verdict.failed == ("same test data", *(f"{head} as good" for head in HEADS))
        assert "not measured" in named(verdict)["stance as good"].found
        assert not any(name.startswith("gate/") for name in verdict.metrics)


def test_predictions_of_other_statements_under_the_same_digest_are_an_error() -> None:
    with pytest.raises(RunError, match="train it again"):
        judge(MeasuredRun(run("new"), rows()[1:]), contender("old"), ALIKE, SUITE)
    with pytest.raises(RunError, match="run new"):
        judge(MeasuredRun(run("new"), [{**row, "id": f"x{row['id']}"} for row in rows()]), contender("old"), ALIKE, SUITE)


def test_stances_off_target_and_labels_that_lack_count_for_nothing() -> None:
    off = [{**row, "stance": "critical"} if row["relevance_gold"] == "off_target" else row for row in rows()]
    verdict = judge(MeasuredRun(run("new"), off), contender("old"), ALIKE, SUITE)
    assert verdict.metrics["gate/stance/difference"] == 0
    unlabelled = MeasuredRun(run("old", errors={"stance": 0.05}), rows(relevance=None, sentiment=float("nan")))
    verdict = judge(MeasuredRun(run("new", errors={"stance": 0.05}), unlabelled.rows), unlabelled, ALIKE, SUITE)
    assert verdict.ok
    assert named(verdict)["sentiment as good"].found == named(verdict)["relevance calibrated"].found == "no labels in the test part"
    assert "gate/sentiment/difference" not in verdict.metrics


def test_a_calibration_error_over_the_bound_is_refused() -> None:
    at, over = MOST_CALIBRATION_ERROR, MOST_CALIBRATION_ERROR + 0.001
    verdict = judge(contender("new", errors={"relevance": at, "stance": over, "sentiment": 0.0}), contender("old"), ALIKE, SUITE)
    assert verdict.failed == ("stance calibrated",)
    assert named(verdict)["stance calibrated"].short == "0.001"


def test_every_phenomenon_under_its_threshold_is_named() -> None:
    found = behaviour(negation=(17, 0.9), irony=(8, 0.4), marks=(1, None), typos=(0, 0.5))
    verdict = judge(contender("new"), contender("old"), found, SUITE)
    assert verdict.failed == ("behaviour: negation", "behaviour: typos")
    check = named(verdict)["behaviour: negation"]
    assert (check.wanted, check.found, check.short) == ("at least 0.90", "0.85 (17 of 20)", "0.05")
    assert verdict.metrics["behaviour/negation"] == 0.85


@pytest.mark.parametrize(
    ("found", "suite", "ok", "words"),
    [
        (None, SUITE, False, "no suite at cases"),
        (None, None, True, "left out on purpose"),
        (behaviour(marks=(1, None)), SUITE, True, "no threshold in cases"),
    ],
)
def test_a_suite_that_lacks_has_to_be_left_out_on_purpose(found: Behaviour | None, suite: Path | None, ok: bool, words: str) -> None:
    verdict = judge(contender("new"), contender("old"), found, suite)
    check = named(verdict)["behaviour"]
    assert (check.ok, verdict.ok) == (ok, ok)
    assert words in check.found
    assert ok or "--no-behaviour" in check.advice


def test_without_a_champion_nothing_is_compared() -> None:
    verdict = judge(contender("new", errors={"stance": 0.5}), None, ALIKE, SUITE)
    assert verdict.failed == ("stance calibrated",)
    assert "same test data" not in named(verdict)


def test_the_json_is_plain() -> None:
    verdict = judge(contender("new"), contender("old"), ALIKE, SUITE)
    plain = verdict.as_json()
    assert plain["ok"] is True
    assert plain["checks"][0] == dataclasses.asdict(verdict.checks[0])
