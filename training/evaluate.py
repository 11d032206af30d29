"""How right a predictor is on labelled statements, with 95 % intervals.

Stance is scored on statements whose gold relevance is not off_target; macro-F1 is the mean over all
labels of a head, a label that never occurs counting 0. training/metrics.py says how each interval is made.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS
from stance.output import flat_prediction
from stance.predictor import Predictor
from stance.records import HeadPrediction, LabelledStatement, Prediction
from training.metrics import (
    Bin,
    LabelScores,
    RiskCoverage,
    Score,
    calibration_score,
    label_scores,
    macro_f1,
    metric_fields,
    reliability,
    risk_coverage,
    share,
)

WORST: Final = 30
"""Mistakes kept of each head."""
COMMON_TAG: Final = 10
"""Statements with a tag below which its accuracy is kept in the report only: a corpus has hundreds of rare tags."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong label of one head, and the probabilities behind it."""

    id: str
    process: str
    target: str
    speaker: str
    text: str
    gold: str
    predicted: str
    probabilities: dict[str, float]

    @property
    def confidence(self) -> float:
        """The predicted label's probability."""
        return self.probabilities[self.predicted]


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head's metrics over the statements that have its label.

    `majority` and `majority_accuracy` are macro-F1 and accuracy of always answering the commonest gold label, `confusion`
    is (gold, predicted), `mistakes` the WORST most confident wrong answers.
    """

    macro_f1: Score
    accuracy: Score
    majority: float
    majority_accuracy: float
    calibration_error: Score
    confusion: NDArray[np.int64]
    labels: dict[str, LabelScores]
    reliability: tuple[Bin, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Every head's metrics over all statements; {process: {head: macro-F1}}; {tag of the corpus: {head: accuracy}}."""

    heads: dict[str, HeadReport]
    processes: dict[str, dict[str, Score]]
    phenomena: dict[str, dict[str, Score]]
    coverage: Score
    """Share of on-target statements on which the stance did not abstain."""
    selective_accuracy: Score
    """Stance accuracy on those."""
    risk_coverage: RiskCoverage
    """Stance accuracy, had another threshold been chosen."""

    def metrics(self, *, detailed: bool = False) -> dict[str, float]:
        """Return the main figures under flat names ("stance/macro_f1", "process/NAME/stance/macro_f1").

        `detailed` adds every interval, each label, each process' other heads, the area under the accuracy-coverage curve,
        and the accuracy on tags of ten statements and more.
        """
        flat = {"stance/coverage": self.coverage.value, "stance/selective_accuracy": self.selective_accuracy.value}
        for head, found in self.heads.items():
            if found.macro_f1.statements == 0:
                continue  # nothing was measured
            flat |= metric_fields(f"{head}/macro_f1", found.macro_f1)
            flat[f"{head}/accuracy"] = found.accuracy.value
            flat[f"{head}/majority_macro_f1"] = found.majority
            flat[f"{head}/calibration_error"] = found.calibration_error.value
        for process, scores in self.processes.items():
            if "stance" in scores:
                flat |= metric_fields(f"process/{process}/stance/macro_f1", scores["stance"])
        return flat | self._details() if detailed else flat

    def _details(self) -> dict[str, float]:
        flat: dict[str, float] = {}
        for head, found in self.heads.items():
            if found.macro_f1.statements == 0:
                continue
            flat |= metric_fields(f"{head}/accuracy", found.accuracy) | metric_fields(f"{head}/calibration_error", found.calibration_error)
            flat |= {f"{head}/statements": float(found.macro_f1.statements), f"{head}/majority_accuracy": found.majority_accuracy}
            for label, scores in found.labels.items():
                for name in ("precision", "recall", "f1"):
                    flat |= metric_fields(f"{head}/{label}/{name}", getattr(scores, name))
        if self.risk_coverage.area.statements:
            flat |= metric_fields("stance/coverage", self.coverage)
            flat |= metric_fields("stance/selective_accuracy", self.selective_accuracy)
            flat |= metric_fields("stance/accuracy_coverage_area", self.risk_coverage.area)
            flat |= metric_fields("stance/confident_half_accuracy", self.risk_coverage.half)
        for process, by_head in self.processes.items():
            for head, score in by_head.items():
                flat |= metric_fields(f"process/{process}/{head}/macro_f1", score)
        for tag, by_head in self.phenomena.items():
            for head, score in by_head.items():
                if score.statements >= COMMON_TAG:
                    flat |= metric_fields(f"phenomenon/{tag}/{head}/accuracy", score)
        return flat

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"heads": {h: asdict(r) | {"confusion": r.confusion.tolist()} for h, r in self.heads.items()}}


def evaluate(predictor: Predictor, statements: Sequence[LabelledStatement], *, seed: int = 0) -> tuple[Report, list[Prediction]]:
    """Return the report and the predictions it stands on, in the statements' order."""
    predictions = predictor.predict([s.statement for s in statements])
    return report(statements, predictions, seed=seed), predictions


def report(statements: Sequence[LabelledStatement], predictions: Sequence[Prediction], *, seed: int = 0) -> Report:
    """Return the metrics of predictions made earlier."""
    answers = {head: _answers(head, statements, predictions) for head in HEADS}
    stance = answers["stance"]
    answered = np.array([not predictions[i].abstained for i in stance.places], dtype=bool)
    tags = sorted({tag for s in statements for tag in s.phenomena})
    return Report(
        heads={head: _head_report(found, statements, predictions, seed) for head, found in answers.items()},
        processes={
            name: {head: part.macro_f1(seed) for head, part in parts.items()}
            for name, parts in _parts(answers, sorted({s.process for s in statements}), [{s.process} for s in statements])
        },
        phenomena={
            tag: {head: share(int(part.right.sum()), len(part.right)) for head, part in parts.items()}
            for tag, parts in _parts(answers, tags, [set(s.phenomena) for s in statements])
        },
        coverage=share(int(answered.sum()), len(answered)),
        selective_accuracy=share(int(stance.right[answered].sum()), int(answered.sum())),
        risk_coverage=risk_coverage(stance.confidence, stance.right, seed=seed),
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """One head's gold and predicted label indices and confidences, and at which place of the statements each stands."""

    head: str
    places: NDArray[np.int64]
    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.gold == self.predicted)

    def only(self, chosen: NDArray[np.bool_]) -> "_Answers":
        return _Answers(self.head, self.places[chosen], self.gold[chosen], self.predicted[chosen], self.confidence[chosen])

    def macro_f1(self, seed: int) -> Score:
        return macro_f1(self.gold, self.predicted, len(HEADS[self.head]), seed=seed)


def _answers(head: str, statements: Sequence[LabelledStatement], predictions: Sequence[Prediction]) -> _Answers:
    labels = HEADS[head]
    places = [i for i, s in enumerate(statements) if s.label(head) is not None and (head != "stance" or s.relevance != "off_target")]
    chosen: list[HeadPrediction] = [getattr(predictions[i], head) for i in places]
    return _Answers(
        head,
        np.array(places, dtype=np.int64),
        np.array([labels.index(str(statements[i].label(head))) for i in places], dtype=np.int64),
        np.array([labels.index(c.label) for c in chosen], dtype=np.int64),
        np.array([max(c.probabilities.values()) for c in chosen], dtype=np.float64),
    )


def _parts(answers: dict[str, _Answers], names: Sequence[str], names_of: Sequence[set[str]]) -> list[tuple[str, dict[str, _Answers]]]:
    """Return, for each name, the answers of the statements that have it, by head; heads that have none are left out."""
    found = []
    for name in names:
        has = np.array([name in own for own in names_of], dtype=bool)
        parts = {head: part for head, whole in answers.items() if len((part := whole.only(has[whole.places])).gold)}
        if parts:
            found.append((name, parts))
    return found


def _head_report(found: _Answers, statements: Sequence[LabelledStatement], predictions: Sequence[Prediction], seed: int) -> HeadReport:
    labels = HEADS[found.head]
    n, right = len(found.gold), found.right
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (found.gold, found.predicted), 1)
    commonest = int(confusion.sum(axis=1).max())
    by_label = label_scores(found.gold, found.predicted, len(labels), seed=seed)
    return HeadReport(
        macro_f1=found.macro_f1(seed),
        accuracy=share(int(right.sum()), n),
        majority=2 * commonest / (commonest + n) / len(labels) if n else 0.0,
        majority_accuracy=commonest / n if n else 0.0,
        calibration_error=calibration_score(found.confidence, right, seed=seed),
        confusion=confusion,
        labels=dict(zip(labels, by_label, strict=True)),
        reliability=reliability(found.confidence, right),
        mistakes=_mistakes(found, statements, predictions),
    )


def _mistakes(found: _Answers, statements: Sequence[LabelledStatement], predictions: Sequence[Prediction]) -> tuple[Mistake, ...]:
    wrong = np.flatnonzero(~found.right)
    worst = wrong[np.argsort(-found.confidence[wrong], kind="stable")][:WORST]
    mistakes = []
    for place in found.places[worst]:
        gold, predicted = statements[place], getattr(predictions[place], found.head)
        said = gold.statement
        mistakes.append(
            Mistake(
                gold.id,
                gold.process,
                said.target,
                said.speaker,
                said.text,
                str(gold.label(found.head)),
                predicted.label,
                predicted.probabilities,
            )
        )
    return tuple(mistakes)


def prediction_rows(statements: Sequence[LabelledStatement], predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Return a flat row per statement: what it is, its gold labels, and the prediction (see flat_prediction).

    What it is: id, process, target, speaker, statement, its length in words, phenomena (a list); gold labels are HEAD_gold.
    """
    return [
        {
            "id": s.id,
            "process": s.process,
            "target": s.statement.target,
            "speaker": s.statement.speaker,
            "statement": s.statement.text,
            "words": len(s.statement.text.split()),
            "phenomena": list(s.phenomena),
            **{f"{head}_gold": s.label(head) for head in HEADS},
            **flat_prediction(prediction),
        }
        for s, prediction in zip(statements, predictions, strict=True)
    ]
