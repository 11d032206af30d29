import json
from typing import Any

import pytest

from stance.labels import HEADS
from stance.output import analysis_fields, explanation_fields, prediction_fields, quote_fields, speaker_summary, statement_fields
from stance.records import HeadPrediction, Prediction, Quote, Speaker, Statement, WeightedSpan


def head(name: str, label: str, sure: float = 0.8) -> HeadPrediction:
    others = [other for other in HEADS[name] if other != label]
    return HeadPrediction(label, {n: sure if n == label else (1 - sure) / len(others) for n in HEADS[name]})


def prediction(stance: str = "critical", *, relevance: str = "on_target", abstained: bool = False) -> Prediction:
    return Prediction(head("relevance", relevance), head("stance", stance), head("sentiment", "neutral", 1 / 3), abstained)


def said(speaker: str) -> Statement:
    mention, confidence = (speaker.split()[-1], 0.9) if speaker else ("", None)
    return Statement("the accord", "Never.", "“Never.”", speaker, ((1, 7),), mention, confidence)


def test_a_prediction_has_a_label_and_all_probabilities_per_head() -> None:
    fields = prediction_fields(prediction(abstained=True))
    assert list(fields) == list(HEADS)
    for name, labels in HEADS.items():
        assert list(fields[name]["probabilities"]) == list(labels)
        assert sum(fields[name]["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
    assert fields["stance"] == {
        "label": "critical",
        "probabilities": {"supportive": 0.1, "skeptical": 0.1, "critical": 0.8},
        "abstained": True,
    }
    assert "abstained" not in fields["relevance"]


def test_a_weight_leaves_short_and_never_as_minus_nothing() -> None:
    spans = [WeightedSpan(0, 5, "Never", 1.234567), WeightedSpan(6, 8, "we", -0.00001)]
    assert json.dumps(explanation_fields(spans)) == (
        '[{"start": 0, "end": 5, "text": "Never", "weight": 1.2346}, {"start": 6, "end": 8, "text": "we", "weight": 0.0}]'
    )


def test_probabilities_leave_short() -> None:
    assert prediction_fields(prediction())["sentiment"]["probabilities"]["neutral"] == 0.333333


def test_a_statement_says_who_said_it_where() -> None:
    fields = statement_fields(3, said("Rudo Kesh"), prediction())
    assert fields["id"] == "s3"
    assert fields["spans"] == [[1, 7]]
    assert (fields["text"], fields["context"]) == ("Never.", "“Never.”")
    assert fields["speaker"] == {"name": "Rudo Kesh", "mention": "Kesh", "confidence": 0.9}
    assert fields["stance"]["label"] == "critical"


def test_an_unknown_speaker_is_null() -> None:
    assert statement_fields(1, said(""), prediction())["speaker"] is None


def test_the_summary_counts_each_statement_of_a_named_speaker_once() -> None:
    analysed = [
        (said("Rudo Kesh"), prediction("critical")),
        (said("Ilva Torrund"), prediction("supportive")),
        (said("Rudo Kesh"), prediction("critical")),
        (said(""), prediction("supportive")),
        (said("Rudo Kesh"), prediction("supportive", abstained=True)),
        (said("Rudo Kesh"), prediction("skeptical", relevance="off_target", abstained=True)),
    ]
    kesh, torrund = speaker_summary(analysed)
    assert kesh == {
        "name": "Rudo Kesh",
        "statements": 4,
        "stances": {"supportive": 0, "skeptical": 0, "critical": 2},
        "abstained": 1,
        "off_target": 1,
    }
    assert (torrund["name"], torrund["statements"], torrund["stances"]["supportive"]) == ("Ilva Torrund", 1, 1)


def test_an_analysis_is_json_with_ids_in_order() -> None:
    analysed = [(said("Rudo Kesh"), prediction()), (said(""), prediction())]
    fields: dict[str, Any] = json.loads(json.dumps(analysis_fields("the accord", analysed)))
    assert fields["target"] == "the accord"
    assert [s["id"] for s in fields["statements"]] == ["s1", "s2"]
    assert [s["name"] for s in fields["speakers"]] == ["Rudo Kesh"]


def test_an_article_without_quotes_gives_empty_lists() -> None:
    assert analysis_fields("the accord", []) == {"target": "the accord", "statements": [], "speakers": []}


def test_a_quote_tells_its_speaker_or_null() -> None:
    speaker = Speaker("Rudo Kesh", 20, 24, "verb", 0.9)
    assert quote_fields(Quote(1, 7, "Never.", 0, "statement", speaker)) == {
        "start": 1,
        "end": 7,
        "text": "Never.",
        "kind": "statement",
        "speaker": "Rudo Kesh",
        "speaker_start": 20,
        "speaker_end": 24,
        "confidence": 0.9,
    }
    alone = quote_fields(Quote(1, 7, "Never.", 0, "statement", None))
    assert [alone[name] for name in ("speaker", "speaker_start", "speaker_end", "confidence")] == [None] * 4
