"""The shipped articles and their gold reading: whole, and read nearly right by what finds quotes and speakers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stance.labels import HEADS
from stance.quotes import extract_quotes

FOLDER = Path(__file__).parents[2] / "datasets" / "articles"
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
DAMAGE = {
    "UTF-8 read as cp1252",
    "guillemets",
    "low-high marks",
    "marks never closed at the end of a paragraph",
    "marks turned the wrong way",
    "single marks outside, with apostrophes",
    "spaces on the wrong side of marks",
    "straight and curly marks mixed",
}


def read(name: str) -> tuple[str, dict[str, Any]]:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_there_are_enough_and_a_third_is_damaged_in_every_named_way() -> None:
    assert len(NAMES) >= 60
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(NAMES)
    damaged = [damage for name in NAMES if (damage := read(name)[1]["damage"])]
    assert len(damaged) >= len(NAMES) / 3
    assert set(damaged) == DAMAGE


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_reading_is_whole(name: str) -> None:
    article, gold = read(name)
    assert gold["target"]
    assert 4 <= len(gold["statements"]) <= 12
    assert 250 <= len(article.split()) <= 900
    for statement in gold["statements"]:
        assert statement["speaker"]
        assert [article[start:end] for start, end in statement["spans"]] == statement["text"]
        assert all(statement[head] in labels for head, labels in HEADS.items())
    for other in gold["not_statements"]:
        start, end = other["span"]
        assert article[start:end] == other["text"]


def shares(damaged: bool) -> dict[str, float]:
    """Return recall and precision of spans (nine tenths of the characters alike), and the speaker's accuracy on those found.

    A speaker is right where a word of the name that is found, its last, stands in the gold one.
    """
    gold_spans = found = right = said = no_statements = kept_out = 0
    for article, gold in map(read, NAMES):
        if bool(gold["damage"]) != damaged:
            continue
        quotes = [quote for quote in extract_quotes(article) if quote.is_statement]
        said += len(quotes)
        for statement in gold["statements"]:
            for start, end in statement["spans"]:
                gold_spans += 1
                near = [q for q in quotes if min(end, q.end) - max(start, q.start) >= 0.9 * (max(end, q.end) - min(start, q.start))]
                found += bool(near)
                last = near[0].speaker.name.split()[-1].lower() if near and near[0].speaker else "?"
                right += last in re.findall(r"[\w'’-]+", statement["speaker"].lower())
        for other in gold["not_statements"]:
            no_statements += 1
            start, end = other["span"]
            kept_out += not any(q.start < end and start < q.end for q in quotes)
    return {"recall": found / gold_spans, "precision": found / said, "speaker": right / found, "kept_out": kept_out / max(1, no_statements)}


@pytest.mark.parametrize(
    ("damaged", "least"),
    [
        (False, {"recall": 0.97, "precision": 0.98, "speaker": 0.80, "kept_out": 0.3}),
        (True, {"recall": 0.93, "precision": 0.97, "speaker": 0.80, "kept_out": 0.5}),
    ],
)
def test_nearly_all_spans_are_found_with_their_speaker(damaged: bool, least: dict[str, float]) -> None:
    found = shares(damaged)
    assert {name: value for name, value in found.items() if value < least[name]} == {}
