import json
from pathlib import Path

import pytest

from stance.errors import InputError
from stance.jsonl import check_file, parse_line, read_lines, write_line


def test_lines_keep_their_numbers_and_blank_ones_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"id": "a"}\r\n\n   \n{"id": "b"}')
    assert [(line.where, line.id) for line in read_lines(file)] == [(f"{file}:1", "a"), (f"{file}:4", "b")]


def test_one_bad_line_does_not_stop_the_others(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"id": "a"}\n{"id": \n\xff\n[1]\n{"id": "b"}\n')
    lines = list(read_lines(file))
    assert [line.id for line in lines] == ["a", None, None, None, "b"]
    assert [bool(line.error) for line in lines] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"id": "a",}', ["expected a JSON object", "column"]),
        (b'{"text": "caf\xe9"}', ["expected UTF-8", "0xe9", "offset 13"]),
        (b'["a"]', ["expected a JSON object", "['a']"]),
        (b"null", ["expected a JSON object", "None"]),
        (b'{"text": "' + b"x" * 5000, ["expected a JSON object", "…"]),
        (b'{"n": ' + b"1" * 5000 + b"}", ["expected a JSON object"]),
        (b"[" * 200_000, ["expected a JSON object"]),
    ],
    ids=["syntax", "latin-1", "list", "null", "cut short", "huge number", "deeply nested"],
)
def test_a_line_that_is_no_object_says_why_and_where(raw: bytes, told: list[str]) -> None:
    line = parse_line(raw, "rows.jsonl:7")
    assert line.value is None
    assert line.error.startswith("rows.jsonl:7: ")
    assert all(part in line.error for part in told), line.error
    assert len(line.error) < 300
    assert "\n" not in line.error


@pytest.mark.parametrize(
    ("raw", "expected"), [(b'{"id": "a"}', "a"), (b'\xef\xbb\xbf{"id": "a"}', "a"), (b'{"id": 7}', None), (b"{}", None)]
)
def test_an_id_is_a_text_or_nothing(raw: bytes, expected: str | None) -> None:
    assert parse_line(raw, "x:1").id == expected


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    rows = [{"id": "ä", "text": "two\nlines\u2028three"}, {"n": [1, None, {"x": 0.5}]}]
    file = tmp_path / "out.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            write_line(stream, row)
    assert [line.value for line in read_lines(file)] == rows
    assert "ä" in file.read_text(encoding="utf-8")


def test_an_id_of_a_lone_surrogate_can_be_written_back(tmp_path: Path) -> None:
    line = parse_line(b'{"id": "\\ud800"}', "x:1")
    with (tmp_path / "out.jsonl").open("w", encoding="utf-8") as stream:
        write_line(stream, {"id": line.id, "error": "no text"})
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["error"] == "no text"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no-such\.jsonl: expected a file"):
        check_file(tmp_path / "no-such.jsonl")
