"""Statements that several runs answered, and each run's answers as arrays, from the rows that runs log (see prediction_rows)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS

Rows = Sequence[dict[str, Any]]
_TEXT: Final = ("target", "speaker", "statement")
_LENGTHS: Final = ((20, "20 words or fewer"), (40, "21 to 40 words"))
_LONGEST: Final = "more than 40 words"


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as a page shows it; its texts are empty where runs did not log them."""

    id: str
    process: str
    target: str
    speaker: str
    text: str
    gold: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gold:
    """The statements of a comparison, n of them.

    `scored` are, by head, the places of the statements that the head is scored on (stance: where the gold relevance is not
    off_target), `labels` their gold label indices. `parts` are {"process" | "phenomenon" | "length": {name: (n,) bool}};
    phenomena and lengths lack where runs did not log them.
    """

    said: tuple[Said, ...]
    scored: dict[str, NDArray[np.int64]]
    labels: dict[str, NDArray[np.int64]]
    parts: dict[str, dict[str, NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True)
class Answers:
    """One run's answers to the scored statements (see Gold), by head.

    Of m scored statements `predicted` are label indices (m,), `probabilities` (m, labels); `answered` says, over those scored
    on stance, where the stance was sure enough to count.
    """

    predicted: dict[str, NDArray[np.int64]]
    probabilities: dict[str, NDArray[np.float64]]
    answered: NDArray[np.bool_]

    def confidence(self, head: str) -> NDArray[np.float64]:
        """Return the predicted label's probability, (m,)."""
        return np.asarray(self.probabilities[head].max(axis=1, initial=0.0))


def in_order(rows: Rows) -> list[dict[str, Any]]:
    """Return a run's rows by id, so that runs that logged the same statements have them at the same places."""
    return sorted(rows, key=lambda row: str(row["id"]))


def same_statements(first: Rows, second: Rows) -> bool:
    """Return whether two runs' ordered rows are of the same statements with the same gold labels."""
    return len(first) == len(second) and all(_identity(a) == _identity(b) for a, b in zip(first, second, strict=True))


def gold_of(rows: Rows) -> Gold:
    """Return the statements of a run's ordered rows."""
    places = {
        head: np.array(
            [i for i, r in enumerate(rows) if r[f"{head}_gold"] is not None and (head != "stance" or r["relevance_gold"] != "off_target")],
            dtype=np.int64,
        )
        for head in HEADS
    }
    labels = {head: _indices(head, (rows[i][f"{head}_gold"] for i in places[head])) for head in HEADS}
    parts = {"process": _parts([[str(row["process"])] for row in rows])}
    if rows and "phenomena" in rows[0]:
        parts["phenomenon"] = _parts([row["phenomena"] for row in rows])
        parts["length"] = _in_length_order(_parts([[_length(int(row["words"]))] for row in rows]))
    return Gold(tuple(_said(row) for row in rows), places, labels, parts)


def answers_of(rows: Rows, gold: Gold) -> Answers:
    """Return a run's answers from its ordered rows."""
    scored = {head: [rows[i] for i in gold.scored[head]] for head in HEADS}
    probabilities = {
        head: np.array([[row[f"{head}_{label}"] for label in labels] for row in scored[head]], dtype=np.float64).reshape(-1, len(labels))
        for head, labels in HEADS.items()
    }
    predicted = {head: _indices(head, (row[head] for row in scored[head])) for head in HEADS}
    return Answers(predicted, probabilities, np.array([not row["abstained"] for row in scored["stance"]], dtype=bool))


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["id"], *(row[f"{head}_gold"] for head in HEADS))


def _said(row: dict[str, Any]) -> Said:
    gold = {head: str(row[f"{head}_gold"]) for head in HEADS if row[f"{head}_gold"] is not None}
    target, speaker, text = (str(row.get(name, "")) for name in _TEXT)
    return Said(str(row["id"]), str(row["process"]), target, speaker, text, gold)


def _indices(head: str, labels: Iterable[str]) -> NDArray[np.int64]:
    return np.array([HEADS[head].index(label) for label in labels], dtype=np.int64)


def _parts(names_of: Sequence[Sequence[str]]) -> dict[str, NDArray[np.bool_]]:
    members: dict[str, NDArray[np.bool_]] = {
        name: np.zeros(len(names_of), dtype=bool) for name in sorted({n for own in names_of for n in own})
    }
    for place, own in enumerate(names_of):
        for name in own:
            members[name][place] = True
    return members


def _length(words: int) -> str:
    return next((name for most, name in _LENGTHS if words <= most), _LONGEST)


def _in_length_order(parts: dict[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    return {name: parts[name] for name in (*(name for _, name in _LENGTHS), _LONGEST) if name in parts}
