"""A suite of behaviour cases, judged by a model that knows a handful of words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from stance.errors import CorpusError, InputError
from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.predictor import Predictor
from training.behaviour import read_suite, score_behaviour


class WordModel:
    """Supportive unless a word of refusal stands in the statement or its context; never off target."""

    kind = "words"
    refusals = ("reject", "never", "rebel")

    def logits(self, inputs: list[ModelInput]) -> dict[str, np.ndarray]:
        refuses = np.array([any(word in f"{text.statement} {text.context}".lower() for word in self.refusals) for text in inputs])
        scores = {head: np.zeros((len(inputs), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        scores["relevance"][:, 0] = 2
        scores["stance"][np.arange(len(inputs)), np.where(refuses, 2, 0)] = 2
        scores["sentiment"][np.arange(len(inputs)), np.where(refuses, 2, 0)] = 2
        return scores


PREDICTOR = Predictor(WordModel(), dict.fromkeys(HEADS, 1.0), threshold=0.99)  # abstains always: labels count all the same


def case(number: int, phenomenon: str, statement: str = "We welcome it.", **fields: Any) -> dict[str, Any]:
    texts = {"target": "the truce", "speaker": "Ilse Marrow", "statement": statement, "context": ""}
    return {"id": f"c{number}", "phenomenon": phenomenon, **texts, **fields}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: list[Any], thresholds: str = "") -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (tmp_path / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if thresholds:
            (tmp_path / "thresholds.toml").write_text(thresholds, encoding="utf-8")
        return tmp_path

    return write


ROWS = [
    case(1, "negation", "We reject it.", stance="critical"),
    case(2, "negation", "We do not welcome it.", stance="critical", sentiment="negative", pair="n1"),
    case(3, "negation", "We would never reject it.", relevance="off_target"),
    case(4, "speaker name", "We welcome it.", changed={"context": "A rebel spoke."}),
    case(5, "speaker name", "We welcome it.", changed={"speaker": "a grocer", "target": "the accord"}),
    case(6, "typography", "We “reject” it.", changed={"statement": 'We "reject" it.'}),
]


def test_cases_pass_when_every_label_expected_is_predicted_and_twins_agree(folder: Callable[..., Path]) -> None:
    found = score_behaviour(PREDICTOR, read_suite(folder(ROWS)))
    assert [(r.phenomenon, r.passed, r.cases) for r in found.rates] == [("negation", 1, 3), ("speaker name", 1, 2), ("typography", 1, 1)]
    assert (found.overall.passed, found.overall.cases) == (3, 6)
    by_id = {failure.case.id: failure for failure in found.failures}
    assert by_id.keys() == {"c2", "c3", "c4"}
    assert by_id["c2"].got == {"stance": "supportive", "sentiment": "positive"}
    assert (by_id["c3"].expected, by_id["c3"].got) == ({"relevance": "off_target"}, {"relevance": "on_target"})
    assert by_id["c4"].expected == {"relevance": "on_target", "stance": "supportive", "sentiment": "positive"}
    assert by_id["c4"].got == {"relevance": "on_target", "stance": "critical", "sentiment": "negative"}


def test_a_rate_has_its_wilson_interval(folder: Callable[..., Path]) -> None:
    rate = score_behaviour(PREDICTOR, read_suite(folder(ROWS))).rates[0]
    expected = binomtest(1, 3).proportion_ci(0.95, method="wilson")
    assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high))
    assert rate.value == pytest.approx(1 / 3)


def test_a_rate_is_ok_unless_it_lies_under_its_threshold(folder: Callable[..., Path]) -> None:
    thresholds = '[rates]\nnegation = 0.99\n"speaker name" = 0.5\n'
    found = score_behaviour(PREDICTOR, read_suite(folder(ROWS, thresholds)))
    assert {r.phenomenon: (r.threshold, r.ok) for r in found.rates} == {
        "negation": (0.99, False),
        "speaker name": (0.5, True),
        "typography": (None, True),
    }


def test_metrics_and_json_hold_every_rate(folder: Callable[..., Path]) -> None:
    found = score_behaviour(PREDICTOR, read_suite(folder(ROWS)))
    metrics = found.metrics()
    assert metrics["all"] == 0.5
    assert metrics["negation_low"] < metrics["negation"] < metrics["negation_high"]
    plain = json.loads(json.dumps(found.as_json()))
    assert plain["overall"]["value"] == 0.5
    assert [rate["phenomenon"] for rate in plain["rates"]] == ["negation", "speaker name", "typography"]
    assert plain["failures"][0]["case"]["statement"]["text"] == "We do not welcome it."


def test_files_are_read_by_name_and_ids_are_unique_over_all_of_them(tmp_path: Path) -> None:
    for name, number in (("b", 2), ("a", 1)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(case(number, "p", stance="critical")) + "\n", encoding="utf-8")
    assert [c.id for c in read_suite(tmp_path).cases] == ["c1", "c2"]
    (tmp_path / "c.jsonl").write_text(json.dumps(case(1, "p", stance="critical")) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"c\.jsonl:1: field 'id'.*'c1'.*a\.jsonl:1"):
        read_suite(tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (case(1, "p"), ["field 'changed'", "either", "stance", "neither"]),
        (case(1, "p", stance="critical", changed={"speaker": "x"}), ["field 'changed'", "both"]),
        (case(1, "p", stance="hostile"), ["field 'stance'", "supportive, skeptical, critical", "'hostile'"]),
        (case(1, "p", stance=None), ["field 'stance'", "None"]),
        (case(1, "p", stance=["critical"]), ["field 'stance'", "['critical']"]),
        (case(1, "p", sentiment="neutral", stanse="critical"), ["field 'stanse'", "did you mean 'stance'"]),
        (case(1, "p", Relevance="on_target", sentiment="neutral"), ["did you mean 'relevance'"]),
        (case(1, "p", changed={}), ["field 'changed'", "target, speaker, statement, context", "{}"]),
        (case(1, "p", changed="x"), ["field 'changed'", "an object"]),
        (case(1, "p", changed={"process": "x"}), ["changed: field 'process'", "one of target"]),
        (case(1, "p", changed={"speaker": 3}), ["changed: field 'speaker'", "a text", "3"]),
        (case(1, "p", changed={"statement": " "}), ["changed: field 'statement'", "not empty"]),
        (case(1, "p", changed={"speaker": "Ilse Marrow"}), ["field 'changed'", "differ", "the same"]),
        (case(1, "p", "", stance="critical"), ["field 'statement'", "not empty"]),
        (case(1, "", stance="critical"), ["field 'phenomenon'", "not empty"]),
        (case(1, "all", stance="critical"), ["field 'phenomenon'", "'all'"]),
        ({"phenomenon": "p"}, ["field 'id'", "no such field"]),
        ("[1]", ["expected a JSON object"]),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_field(folder: Callable[..., Path], row: Any, words: list[str]) -> None:
    with pytest.raises(CorpusError) as caught:
        read_suite(folder([case(0, "p", stance="critical"), row]))
    for word in ["cases.jsonl:2", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ("[rates]\nirony = 0.5", ["'irony'", "no case has it"]),
        ("[rates]\nnegation = 90", ["'negation'", "from 0 to 1", "90"]),
        ("[rates]\nnegation = true", ["'negation'", "True"]),
        ("negation = 0.9", ["[rates]", "negation"]),
        ("[rates", ["expected TOML"]),
    ],
)
def test_thresholds_that_cannot_be_read_are_named(folder: Callable[..., Path], thresholds: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_suite(folder(ROWS, thresholds))
    for word in ["thresholds.toml", *words]:
        assert word in str(caught.value)


def test_a_folder_without_cases_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder of behaviour cases"):
        read_suite(tmp_path)
    (tmp_path / "a.jsonl").write_text("\n")
    with pytest.raises(InputError, match="at least one behaviour case"):
        read_suite(tmp_path)
