"""The JSON shapes in which results leave the product, the same from command line and endpoint."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from stance.labels import HEADS, STANCE
from stance.records import Prediction, Quote, Statement, WeightedSpan


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """Return {"relevance", "stance", "sentiment"}, each with label and probabilities; stance also with abstained."""
    fields: dict[str, Any] = {}
    for head in HEADS:
        found = getattr(prediction, head)
        fields[head] = {"label": found.label, "probabilities": {k: round(p, 6) for k, p in found.probabilities.items()}}
    fields["stance"]["abstained"] = prediction.abstained
    return fields


def explanation_fields(spans: Sequence[WeightedSpan]) -> list[dict[str, Any]]:
    """Return a stance's explanation: start, end, text and weight (to four places) of every span, in order."""
    # 0.0 is added because a small negative weight would else leave as -0.0
    return [{"start": s.start, "end": s.end, "text": s.text, "weight": round(s.weight, 4) + 0.0} for s in spans]


def flat_prediction(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as one row of a table: each head's label, its probabilities as HEAD_LABEL, and abstained."""
    row: dict[str, Any] = {"abstained": prediction.abstained}
    for head in HEADS:
        found = getattr(prediction, head)
        row |= {head: found.label, **{f"{head}_{label}": p for label, p in found.probabilities.items()}}
    return row


def statement_fields(number: int, statement: Statement, prediction: Prediction) -> dict[str, Any]:
    """Return one analysed statement: id, spans, text, kind, speaker (null where unknown), context and the heads."""
    speaker = None
    if statement.speaker:
        speaker = {"name": statement.speaker, "mention": statement.mention, "confidence": statement.confidence}
    return {
        "id": f"s{number}",
        "spans": [list(span) for span in statement.spans],
        "text": statement.text,
        "kind": statement.kind,
        "speaker": speaker,
        "context": statement.context,
        **prediction_fields(prediction),
    }


def analysis_fields(target: str, analysed: Sequence[tuple[Statement, Prediction]]) -> dict[str, Any]:
    """Return a whole analysis: target, statements in order, and a summary by speaker."""
    return {
        "target": target,
        "statements": [statement_fields(n, s, p) for n, (s, p) in enumerate(analysed, start=1)],
        "speakers": speaker_summary(analysed),
    }


def speaker_summary(analysed: Sequence[tuple[Statement, Prediction]]) -> list[dict[str, Any]]:
    """Return, per named speaker in order of appearance, how many statements stand where.

    Each statement counts once: under its stance, or as `abstained` (the stance is too unsure to
    count), or as `off_target`.
    """
    counts: dict[str, Counter[str]] = {}
    for statement, prediction in analysed:
        if statement.speaker:
            counts.setdefault(statement.speaker, Counter())[_standing(prediction)] += 1
    return [
        {
            "name": name,
            "statements": found.total(),
            "stances": {label: found[label] for label in STANCE},
            "abstained": found["abstained"],
            "off_target": found["off_target"],
        }
        for name, found in counts.items()
    ]


def _standing(prediction: Prediction) -> str:
    if prediction.relevance.label == "off_target":
        return "off_target"
    return "abstained" if prediction.abstained else prediction.stance.label


def quote_fields(quote: Quote) -> dict[str, Any]:
    """Return one extracted quote: start, end, text, kind, and the speaker's name, mention offsets and confidence (null where unknown)."""
    speaker = quote.speaker
    return {
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
        "kind": quote.kind,
        "speaker": speaker.name if speaker else None,
        "speaker_start": speaker.start if speaker else None,
        "speaker_end": speaker.end if speaker else None,
        "confidence": speaker.confidence if speaker else None,
    }


def explained_fields(quote: Quote) -> dict[str, Any]:
    """Return one extracted quote and why: `kind_rule`, `rule`, the `cue` word, and how the mention became the name (`resolved`)."""
    speaker = quote.speaker
    return {
        **quote_fields(quote),
        "kind_rule": quote.kind_rule,
        "rule": speaker.rule if speaker else None,
        "cue": speaker.cue if speaker else None,
        "resolved": speaker.resolved if speaker else None,
    }
