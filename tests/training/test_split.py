import json
from pathlib import Path

import pytest

from stance.errors import CorpusError, StanceError
from training.split import read_split


def test_the_parts_share_no_process_and_lose_no_statement(small_corpus: Path) -> None:
    split = read_split(small_corpus)
    parts = [{s.process for s in part} for part in (split.train, split.calibration, split.test)]
    assert parts == [{"orvane-2031"}, {"kessid-2044"}, {"marrow-strait-2038"}]
    assert [len(part) for part in (split.train, split.calibration, split.test)] == [16, 10, 10]


def test_the_data_can_be_named_afterwards(small_corpus: Path) -> None:
    split = read_split(small_corpus)
    described = split.describe()
    assert described["digest"] == split.digest
    assert described["calibration"] == {"statements": 10, "processes": ["kessid-2044"]}
    assert json.loads(json.dumps(described)) == described


def test_other_splits_of_the_same_statements_are_other_data(small_corpus: Path, corpus_copy: Path) -> None:
    turned = {"train": ["kessid-2044"], "calibration": ["orvane-2031"], "test": ["marrow-strait-2038"]}
    (corpus_copy / "splits.json").write_text(json.dumps(turned), encoding="utf-8")
    assert read_split(corpus_copy).digest != read_split(small_corpus).digest


def test_a_process_without_statements_is_named(corpus_copy: Path) -> None:
    splits = json.loads((corpus_copy / "splits.json").read_text(encoding="utf-8"))
    splits["test"].append("atlantis-1900")
    (corpus_copy / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"splits\.json: process 'atlantis-1900' has no statements"):
        read_split(corpus_copy)


def test_a_process_in_no_part_is_named(corpus_copy: Path) -> None:
    line = json.loads((corpus_copy / "kessid-2044.jsonl").read_text(encoding="utf-8").splitlines()[0])
    (corpus_copy / "more.jsonl").write_text(json.dumps({**line, "id": "new-1", "process": "new-2050"}), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"splits\.json: process 'new-2050' of the corpus is in no part; add it"):
        read_split(corpus_copy)


def test_a_folder_without_splits_is_told(corpus_copy: Path) -> None:
    (corpus_copy / "splits.json").unlink()
    with pytest.raises(StanceError, match=r"splits\.json: expected a file that names the processes"):
        read_split(corpus_copy)
