"""The shipped corpus keeps what its card and the reports built on it rely on."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stance.corpus import read_corpus
from stance.corpus_check import check_corpus
from stance.labels import HEADS
from stance.records import LabelledStatement
from training.split import Split, read_split

FOLDER = Path(__file__).parents[2] / "datasets" / "peace_deals"
FIELDS = {"id", "process", "target", "title", "statement", "context", "speaker", *HEADS, "phenomena", "annotations", "spans"}
INVENTED = {
    "ardesh-2023", "dessira-2018", "dorvan-protocol-2015", "good-hope-strait-2017", "gulf-of-samar-reconciliation-2021", "halmat-2012",
    "hamra-hostages-2024", "kandor-missile-2019", "karsk-grain-corridor-2022", "kestria-2020", "lesk-ceasefire-2014", "lirane-2015",
    "maren-2010", "maruk-withdrawal-2019", "nabara-truce-2012", "osmaria-2013", "ostrava-arms-limits-1986", "sanhar-2016",
    "senkar-border-2017", "sevran-uranium-2022", "tagant-sahel-truce-2020", "tarqan-nuclear-2016", "tell-asmar-talks-2009",
    "two-shores-plan-2020", "veldena-2014", "velmora-2011", "vetrin-steppe-talks-2023", "zarnak-nuclear-2014",
}  # fmt: skip
TAGS = (
    "stance_against_sentiment negation concession condition_as_support condition_as_distrust irony rhetorical_question "
    "reported_view_not_shared condemning_spoilers regretted_collapse proverb_or_metaphor fragment diplomatic_code "
    "off_target_violence off_target_neighbouring_deal broken_english"
).split()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(FOLDER.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def statements() -> list[LabelledStatement]:
    return read_corpus(FOLDER)


@pytest.fixture(scope="module")
def split() -> Split:
    return read_split(FOLDER)


def test_the_data_check_finds_neither_error_nor_warning() -> None:
    report = check_corpus(FOLDER)
    assert [(check.name, check.found) for check in report.checks if check.severity != "ok"] == []


def test_it_is_as_large_and_varied_as_the_card_says(statements: list[LabelledStatement], split: Split) -> None:
    card = re.sub(r"\s+", " ", (FOLDER / "README.md").read_text(encoding="utf-8"))
    processes = {s.process for s in statements}
    assert len(statements) >= 6000
    assert len(processes) >= 24
    assert processes >= INVENTED
    assert f"{len(statements):,} statements on {len(processes)} peace processes" in card
    parts = [len({s.process for s in part}) for part in (split.train, split.calibration, split.test)]
    assert "train ({}), calibration ({}) and test ({})".format(*parts) in card
    assert f"{len({s.statement.speaker for s in statements}):,} different speakers" in card
    assert all(process in card for process in processes)


@pytest.mark.parametrize("head", HEADS)
def test_the_annotators_agree_as_the_card_says(statements: list[LabelledStatement], head: str) -> None:
    agreed = sum(s.annotations[0].label(head) == s.annotations[1].label(head) for s in statements)
    assert f"| {head} | {agreed:,} of {len(statements):,} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_each_file_holds_the_process_it_is_named_after() -> None:
    for file in FOLDER.glob("*.jsonl"):
        assert {s.process for s in read_corpus(file)} == {file.stem}


def test_every_line_has_every_field_and_label(rows: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in rows if row.keys() != FIELDS] == []
    assert [row["id"] for row in rows if any(row[head] is None for head in HEADS) or not row["context"] or not row["spans"]] == []


def test_two_annotators_labelled_each_line(statements: list[LabelledStatement]) -> None:
    assert [s.id for s in statements if [a.annotator for a in s.annotations] != ["a", "b"]] == []
    assert [s.id for s in statements if any(a.label(head) is None for a in s.annotations for head in HEADS)] == []


def test_where_the_annotators_agree_the_label_is_theirs(statements: list[LabelledStatement]) -> None:
    def settled_otherwise(s: LabelledStatement, head: str) -> bool:
        given = {a.label(head) for a in s.annotations}
        return len(given) == 1 and s.label(head) not in given

    assert [s.id for s in statements for head in HEADS if settled_otherwise(s, head)] == []


@pytest.mark.parametrize("tag", TAGS)
def test_every_hard_phenomenon_is_there_often_enough_to_be_measured(statements: list[LabelledStatement], tag: str) -> None:
    assert sum(tag in s.phenomena for s in statements) >= 100


def test_whole_processes_are_held_out_and_none_is_left_over(statements: list[LabelledStatement], split: Split) -> None:
    assert len(split.train) + len(split.calibration) + len(split.test) == len(statements)
    tested = {s.process for s in split.test}
    assert len(tested) >= 5
    assert tested & INVENTED
    assert min(len(split.calibration), len(split.test)) >= 300


def test_every_part_has_every_label(split: Split) -> None:
    for part in (split.train, split.calibration, split.test):
        for head, labels in HEADS.items():
            assert {s.label(head) for s in part} == set(labels)


def test_no_statement_is_there_twice(statements: list[LabelledStatement]) -> None:
    assert [text for text, count in Counter(s.statement.text for s in statements).items() if count > 1] == []
