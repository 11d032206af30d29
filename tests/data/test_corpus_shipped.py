"""The shipped corpus keeps what its card and the reports built on it rely on."""

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from stance.corpus import read_corpus, read_splits
from stance.labels import HEADS
from stance.records import SPAN_JOINER
from training.split import read_split

FOLDER = Path(__file__).parents[2] / "datasets" / "peace_deals"
NEAR = 0.5


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(FOLDER.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]


def failing(rows: list[dict[str, Any]], wrong: Any) -> list[str]:
    return [row["id"] for row in rows if wrong(row)]


def test_it_reads_and_is_as_large_as_reports_need() -> None:
    statements = read_corpus(FOLDER)
    processes = Counter(s.process for s in statements)
    assert len(statements) >= 600
    assert len(processes) >= 6
    assert max(processes.values()) <= len(statements) / 10


def test_each_file_holds_the_process_it_is_named_after() -> None:
    for file in FOLDER.glob("*.jsonl"):
        assert {s.process for s in read_corpus(file)} == {file.stem}


def test_every_line_has_every_field_and_label(rows: list[dict[str, Any]]) -> None:
    fields = {"id", "process", "target", "statement", "context", "speaker", *HEADS, "phenomena", "annotations", "spans"}
    assert failing(rows, lambda row: row.keys() != fields) == []
    assert failing(rows, lambda row: any(row[head] not in labels for head, labels in HEADS.items())) == []
    assert failing(rows, lambda row: not row["context"] or not row["phenomena"]) == []


def test_spans_say_where_in_the_context_the_statement_stands(rows: list[dict[str, Any]]) -> None:
    def wrong(row: dict[str, Any]) -> bool:
        spans = row["spans"]
        inside = all(0 <= start < end <= len(row["context"]) for start, end in spans)
        apart = all(a[1] <= b[0] for a, b in pairwise(spans))
        return not (spans and inside and apart) or [row["context"][a:b] for a, b in spans] != row["statement"].split(SPAN_JOINER)

    assert failing(rows, wrong) == []


def test_two_annotators_labelled_each_line(rows: list[dict[str, Any]]) -> None:
    assert failing(rows, lambda row: sorted(a["annotator"] for a in row["annotations"]) != ["a", "b"]) == []
    assert failing(rows, lambda row: any(a[head] not in HEADS[head] for a in row["annotations"] for head in HEADS)) == []


def test_where_the_annotators_agree_the_label_is_theirs(rows: list[dict[str, Any]]) -> None:
    def wrong(row: dict[str, Any]) -> bool:
        given = {head: {a[head] for a in row["annotations"]} for head in HEADS}
        return any(row[head] not in given[head] for head in HEADS if len(given[head]) == 1)

    assert failing(rows, wrong) == []


def test_whole_processes_are_held_out_and_none_is_left_over(rows: list[dict[str, Any]]) -> None:
    splits = read_splits(FOLDER / "splits.json")
    names = [name for part in splits.values() for name in part]
    assert sorted(names) == sorted({row["process"] for row in rows})
    split = read_split(FOLDER)
    assert len(split.train) + len(split.calibration) + len(split.test) == len(rows)
    assert min(len(split.calibration), len(split.test)) >= 100


def test_every_part_has_every_label() -> None:
    split = read_split(FOLDER)
    for part in (split.train, split.calibration, split.test):
        for head, labels in HEADS.items():
            assert {s.label(head) for s in part} == set(labels)


def test_labels_are_spread_as_the_card_says(rows: list[dict[str, Any]]) -> None:
    on_target = [row for row in rows if row["relevance"] == "on_target"]
    assert 0.15 <= 1 - len(on_target) / len(rows) <= 0.30
    stances = Counter(row["stance"] for row in on_target)
    assert min(stances[label] for label in HEADS["stance"]) >= 0.22 * len(on_target)


def test_no_statement_stands_almost_alike_in_two_parts() -> None:
    def grams(text: str) -> frozenset[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset({tuple(words)})

    split = read_split(FOLDER)
    parts = [[(s.id, grams(s.statement.text)) for s in part] for part in (split.train, split.calibration, split.test)]
    near = [(a, b) for one, other in combinations(parts, 2) for a, x in one for b, y in other if len(x & y) >= NEAR * len(x | y)]
    assert near == []


def test_no_statement_is_there_twice(rows: list[dict[str, Any]]) -> None:
    assert [text for text, count in Counter(row["statement"] for row in rows).items() if count > 1] == []
