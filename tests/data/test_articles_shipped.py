"""The shipped articles and their gold reading: whole, and read nearly right by what finds quotes and speakers."""

import json
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


def found_shares(damaged: bool) -> tuple[float, float]:
    """Return the share of gold spans that are found (nine tenths of their characters), and of those with the right speaker."""
    spans = found = right = 0
    for article, gold in map(read, NAMES):
        if bool(gold["damage"]) != damaged:
            continue
        quotes = [quote for quote in extract_quotes(article) if quote.is_statement]
        for statement in gold["statements"]:
            for start, end in statement["spans"]:
                spans += 1
                near = [q for q in quotes if min(end, q.end) - max(start, q.start) >= 0.9 * (max(end, q.end) - min(start, q.start))]
                found += bool(near)
                names = {word.strip(".,'’").lower() for word in statement["speaker"].split() if len(word) > 2}
                right += bool(near and near[0].speaker and names & {w.strip(".,'’").lower() for w in near[0].speaker.name.split()})
    return found / spans, right / found


@pytest.mark.parametrize(("damaged", "least_found", "least_right"), [(False, 0.97, 0.80), (True, 0.93, 0.80)])
def test_nearly_all_spans_are_found_with_their_speaker(damaged: bool, least_found: float, least_right: float) -> None:
    found, right = found_shares(damaged)
    assert found >= least_found
    assert right >= least_right
