import json
from pathlib import Path
from typing import Any

import pytest

from stance.corpus import digest, read_corpus, read_row, read_splits, read_unlabelled
from stance.errors import CorpusError, InputError, StanceError
from stance.labels import HEADS

ROW: dict[str, Any] = {
    "id": "a-1",
    "process": "orvane-2031",
    "target": "the Orvane river accord",
    "statement": "We will keep it.",
    "relevance": "on_target",
    "stance": "supportive",
    "sentiment": "positive",
}
GOOD = json.dumps(ROW).encode()


def changed(**fields: Any) -> bytes:
    return json.dumps({**ROW, "id": "a-2", **fields}).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in ROW.items() if k != name}).encode()


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        (without("stance"), "stance", ["'stance'", "supportive, skeptical, critical or null", "no such field"]),
        (changed(sentiment="angry"), "sentiment", ["'sentiment'", "positive, neutral, negative", "'angry'"]),
        (changed(relevance=["on_target"]), "relevance", ["'relevance'", "on_target, off_target", "['on_target']"]),
        (changed(statement=""), "statement", ["'statement'", "not empty", "''"]),
        (changed(statement=" \n\t"), "statement", ["'statement'", "not empty"]),
        (changed(statement=7), "statement", ["'statement'", "expected a text", "7"]),
        (without("target"), "target", ["'target'", "no such field"]),
        (without("process"), "process", ["'process'", "no such field"]),
        (changed(id=None), "id", ["'id'", "None"]),
        (changed(id="a-1"), "id", ["'id'", "an id of its own", "'a-1'", "corpus.jsonl:1"]),
        (changed(context=["a"]), "context", ["'context'", "a text or nothing", "['a']"]),
        (changed(context=0), "context", ["'context'", "a text or nothing", "0"]),
        (changed(speaker=False), "speaker", ["'speaker'", "a text or nothing", "False"]),
        (changed(phenomena="plain"), "phenomena", ["'phenomena'", "a list of tags", "'plain'"]),
        (changed(phenomena=[1]), "phenomena", ["'phenomena'", "a list of tags", "[1]"]),
        (changed(context="We will keep it.", spans=[[0, 4]]), "spans", ["'spans'", "the statement's words", "'We w'"]),
        (changed(context="We will keep it.", spans=[[0, 99]]), "spans", ["'spans'", "16 characters", "[[0, 99]]"]),
        (changed(context="We will keep it.", spans=[[16, 0]]), "spans", ["'spans'", "in order"]),
        (changed(spans=[0, 4]), "spans", ["'spans'", "[start, end]", "[0, 4]"]),
        (changed(annotations={}), "annotations", ["'annotations'", "a list of objects", "{}"]),
        (changed(annotations=[{"annotator": "a"}]), "relevance", ["annotations[0]", "'relevance'", "no such field"]),
        (changed(statement="x" * 10_001), "statement", ["'statement'", "at most 10,000", "10,001"]),
        (changed(context="x" * 50_001), "context", ["'context'", "at most 50,000", "50,001"]),
        (changed(target="x" * 10_000), "target", ["target", "at most 500", "10,000", "…"]),
        (changed(statement="no\0text"), "statement", ["'statement'", r"'\x00'", "character 2"]),
        (changed(context="no\ud800text"), "context", ["'context'", r"'\ud800'", "character 2"]),
        (changed(target="the\0deal"), "target", ["target", r"'\x00'"]),
        (changed(id="a\ud800"), "id", ["'id'", r"'\ud800'"]),
        (changed(process="orvane\0"), "process", ["'process'", r"'\x00'"]),
        (changed(statement="\u200b\u200d"), "statement", ["'statement'", "not empty"]),
        (b'{"id": "a-2", "target', None, ["expected a JSON object", "column"]),
        (b'{"id": "caf\xe9"}', None, ["expected UTF-8", "0xe9"]),
        (b'["a"]', None, ["expected a JSON object", "['a']"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_line_is_told_by_file_line_field_value_and_expectation(
    tmp_path: Path, line: bytes, field: str | None, told: list[str]
) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(GOOD + b"\n\n" + line + b"\n")
    with pytest.raises(InputError) as caught:
        read_corpus(tmp_path)
    text = str(caught.value)
    assert f"{file}:3" in text
    assert all(part in text for part in told), text
    assert "\n" not in text
    assert len(text) < len(str(file)) * 2 + 300
    if field:
        assert caught.value.field == field


def test_every_label_may_be_null_but_its_field_must_be_there() -> None:
    row = read_row({**ROW, **dict.fromkeys(HEADS)}, "x:1")
    assert [row.label(head) for head in HEADS] == [None, None, None]


def test_optional_fields_may_lack_or_be_null() -> None:
    row = read_row({**ROW, "context": None, "speaker": None, "phenomena": None}, "x:1")
    assert (row.statement.context, row.statement.speaker, row.phenomena) == ("", "", ())
    assert read_row(ROW, "x:1") == row


def test_the_words_of_a_line_come_back_as_they_stand() -> None:
    found = read_unlabelled({"target": " the accord ", "statement": "«Oui», he said…", "context": "c", "speaker": "s"}, "x:1")
    assert (found.target, found.text, found.context, found.speaker) == ("the accord", "«Oui», he said…", "c", "s")


@pytest.mark.parametrize("row", [None, [], "text", 3])
def test_what_is_no_object_is_refused(row: object) -> None:
    with pytest.raises(CorpusError, match=r"x:1: expected an object with target and statement"):
        read_unlabelled(row, "x:1")


def test_splits_with_a_part_of_another_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "splits.json").write_text('{"train": ["a"], "calibration": ["b"], "test": ["c"], "dev": ["d"]}', encoding="utf-8")
    with pytest.raises(CorpusError, match="the parts train, calibration, test and no other, got 'dev' too"):
        read_splits(tmp_path / "splits.json")


def test_a_doubled_id_in_another_file_is_found(corpus_copy: Path) -> None:
    (corpus_copy / "zz.jsonl").write_text(json.dumps({**ROW, "id": "orvane-2031-00"}), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"zz\.jsonl:1: field 'id'.*orvane-2031-00.*orvane-2031\.jsonl:1"):
        read_corpus(corpus_copy)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.jsonl").write_bytes(content)
    with pytest.raises(CorpusError, match="at least one statement, got none"):
        read_corpus(tmp_path / "empty.jsonl")


def test_a_missing_path_and_a_folder_without_lines_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match=r"expected a \.jsonl file or a folder of them, found none"):
            read_corpus(path)


def test_a_folder_reads_as_its_files_one_after_the_other(small_corpus: Path) -> None:
    together = read_corpus(small_corpus)
    assert together == [row for file in sorted(small_corpus.glob("*.jsonl")) for row in read_corpus(file)]
    assert len(together) == 36


def test_the_digest_names_the_content_not_the_place(small_corpus: Path, corpus_copy: Path) -> None:
    assert digest(small_corpus) == digest(corpus_copy)
    file = corpus_copy / "kessid-2044.jsonl"
    file.write_bytes(file.read_bytes().replace(b"good", b"Good", 1))
    assert digest(small_corpus) != digest(corpus_copy)


def test_the_digest_tells_files_of_other_names_apart(small_corpus: Path, corpus_copy: Path) -> None:
    (corpus_copy / "kessid-2044.jsonl").rename(corpus_copy / "kessid.jsonl")
    assert digest(small_corpus) != digest(corpus_copy)


def test_splits_come_back_as_written(small_corpus: Path) -> None:
    assert read_splits(small_corpus / "splits.json") == {
        "train": ("orvane-2031",),
        "calibration": ("kessid-2044",),
        "test": ("marrow-strait-2038",),
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"train": ["a"], "calibration": ["b"], "test": ["a"]}', ["each process in one part", "'a'"]),
        ('{"train": ["a"], "calibration": ["b"]}', ["'test'", "a list of process names", "None"]),
        ('{"train": [], "calibration": ["b"], "test": ["c"]}', ["'train'", "[]", "at least one"]),
        ('{"train": "a", "calibration": ["b"], "test": ["c"]}', ["'train'", "'a'"]),
        ('{"train": [1], "calibration": ["b"], "test": ["c"]}', ["'train'", "[1]"]),
        ('["a"]', ["expected a JSON object"]),
        ('{"train": [', ["expected a JSON object"]),
    ],
    ids=["in two parts", "part lacks", "part empty", "no list", "no names", "list", "syntax"],
)
def test_broken_splits_are_told(tmp_path: Path, content: str, told: list[str]) -> None:
    file = tmp_path / "splits.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_splits(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert all(part in str(caught.value) for part in told), caught.value


def test_missing_splits_are_told(tmp_path: Path) -> None:
    with pytest.raises(StanceError, match=r"splits\.json: expected a file that names the processes"):
        read_splits(tmp_path / "splits.json")
