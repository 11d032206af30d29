"""Labelled statements on disk: read, checked line by line, digested.

A corpus is a JSONL file or a folder of them; a line is one statement with the fields below. The
reader raises CorpusError naming file, line, field, value and what was expected.
"""

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stance.errors import CorpusError, InputError, shortened
from stance.jsonl import parse_line, read_lines
from stance.labels import HEADS
from stance.records import SPAN_JOINER, Annotation, LabelledStatement, Statement
from stance.statements import MAX_TARGET_CHARS, check_characters

SPLITS_FILE: Final = "splits.json"
MAX_STATEMENT_CHARS: Final = 10_000
MAX_CONTEXT_CHARS: Final = 50_000
_MAX_CHARS: Final = {
    "target": MAX_TARGET_CHARS,
    "statement": MAX_STATEMENT_CHARS,
    "context": MAX_CONTEXT_CHARS,
    "speaker": MAX_TARGET_CHARS,
}
UNLABELLED_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["target", "statement"],
    "properties": {
        "id": {"type": "string"},
        "target": {"type": "string", "maxLength": MAX_TARGET_CHARS, "description": "The deal, as a reader would name it."},
        "statement": {"type": "string", "maxLength": MAX_STATEMENT_CHARS, "description": "The quoted words."},
        "context": {"type": "string", "maxLength": MAX_CONTEXT_CHARS, "description": "The paragraph around them."},
        "speaker": {"type": "string", "maxLength": MAX_TARGET_CHARS},
    },
}
"""JSON schema of what read_unlabelled takes."""
_PROCESS_NAME: Final = re.compile(r"[\w .-]+")
PARTS: Final = ("train", "calibration", "test")


def read_corpus(path: Path) -> list[LabelledStatement]:
    """Return the statements of a JSONL file, or of all *.jsonl in a folder by name, in order.

    Raises CorpusError at the first line that breaks the format, and where an id comes twice.
    """
    rows: list[LabelledStatement] = []
    for row in scan_corpus(path):
        if isinstance(row, CorpusError):
            raise row
        rows.append(row)
    if not rows:
        raise CorpusError(f"{path}: expected at least one statement, got none; add lines or name another path")
    return rows


def scan_corpus(path: Path) -> Iterator[LabelledStatement | CorpusError]:
    """Yield each line's statement in order, or the error of a line that breaks the format or takes an id again."""
    seen: dict[str, str] = {}
    for line in (line for file in corpus_files(path) for line in read_lines(file)):
        try:
            row = read_row(line.value, line.where) if line.value is not None else CorpusError(line.error)
        except CorpusError as error:
            row = error
        if isinstance(row, LabelledStatement):
            if row.id in seen:
                told = f"expected an id of its own, got {row.id!r}, which {seen[row.id]} has too; rename one"
                row = CorpusError(f"{line.where}: field 'id': {told}", field="id")
            else:
                seen[row.id] = line.where
        yield row


def corpus_files(path: Path) -> list[Path]:
    """Return the JSONL files that `path` stands for, sorted; raise InputError where there are none."""
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else []
    if not files:
        raise InputError(f"{path}: expected a .jsonl file or a folder of them, found none; check the path")
    return files


def digest(path: Path) -> str:
    """Return 32 hexadecimal digits that name the corpus's content (file names and bytes)."""
    state = hashlib.sha256()
    for file in corpus_files(path):
        state.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()[:32]


def read_splits(path: Path) -> dict[str, tuple[str, ...]]:
    """Return {"train"|"calibration"|"test": processes} of a splits.json; no process may be in two parts."""
    where = str(path)
    if not path.is_file():
        raise InputError(
            f"{where}: expected a file that names the processes of train, calibration and test, found none; write it or name another corpus"
        )
    line = parse_line(path.read_bytes(), where)
    if line.value is None:
        raise CorpusError(line.error)
    found = line.value
    for part in PARTS:
        names = found.get(part)
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            raise CorpusError(f"{where}: field {part!r}: expected a list of process names, got {shortened(names)}; name at least one")
    if unknown := sorted(found.keys() - set(PARTS)):
        raise CorpusError(f"{where}: expected the parts {', '.join(PARTS)} and no other, got {unknown[0]!r} too; rename or drop it")
    splits = {part: tuple(found[part]) for part in PARTS}
    names = [name for part in PARTS for name in splits[part]]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise CorpusError(f"{where}: expected each process in one part, got {doubled[0]!r} in several; keep it in one")
    return splits


def read_row(row: dict[str, Any], where: str) -> LabelledStatement:
    """Return one line's labelled statement; raise CorpusError where a field is missing or illegal.

    A label may be null (the set does not have it), but its field must be there.
    """
    for name in ("id", "process"):
        require_text(row, name, where)
    if not _PROCESS_NAME.fullmatch(row["process"]):  # it names metrics too, and those may hold no other characters
        raise CorpusError(
            f"{where}: field 'process': expected letters, digits, spaces, '-', '_' or '.', got {_got(row, 'process')}; rename it",
            field="process",
        )
    statement = read_unlabelled(row, where)
    _check_labels(row, where)
    phenomena = row["phenomena"] if row.get("phenomena") is not None else []
    if not isinstance(phenomena, list) or not all(isinstance(p, str) for p in phenomena):
        raise CorpusError(f"{where}: field 'phenomena': expected a list of tags, got {_got(row, 'phenomena')}; mend it", field="phenomena")
    return LabelledStatement(
        id=row["id"],
        process=row["process"],
        statement=dataclasses.replace(statement, spans=_read_spans(row, statement, where)),
        **{head: row[head] for head in HEADS},
        phenomena=tuple(phenomena),
        annotations=_read_annotations(row, where),
    )


def _check_labels(row: dict[str, Any], where: str) -> None:
    for head, labels in HEADS.items():
        if head not in row or (row[head] is not None and row[head] not in labels):
            raise CorpusError(
                f"{where}: field {head!r}: expected one of {', '.join(labels)} or null, got {_got(row, head)}; label the statement",
                field=head,
            )


def _read_annotations(row: dict[str, Any], where: str) -> tuple[Annotation, ...]:
    found = row["annotations"] if row.get("annotations") is not None else []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise CorpusError(
            f"{where}: field 'annotations': expected a list of objects, got {_got(row, 'annotations')}; mend it", field="annotations"
        )
    annotations = []
    for number, entry in enumerate(found):
        place = f"{where}: annotations[{number}]"
        require_text(entry, "annotator", place)
        _check_labels(entry, place)
        if not isinstance(entry.get("sure", True), bool):
            raise CorpusError(f"{place}: field 'sure': expected true or false, got {_got(entry, 'sure')}; mend it", field="annotations")
        annotations.append(Annotation(entry["annotator"], **{head: entry[head] for head in HEADS}, sure=entry.get("sure", True)))
    names = [annotation.annotator for annotation in annotations]
    if len(set(names)) < len(names):
        raise CorpusError(
            f"{where}: field 'annotations': expected each annotator once, got {shortened(names)}; drop one", field="annotations"
        )
    return tuple(annotations)


def _read_spans(row: dict[str, Any], statement: Statement, where: str) -> tuple[tuple[int, int], ...]:
    """Return the offsets of the statement's spans in its context; raise CorpusError where other words stand there."""
    found = row["spans"] if row.get("spans") is not None else []
    whole = isinstance(found, list) and all(
        isinstance(span, list) and len(span) == 2 and all(type(offset) is int and offset >= 0 for offset in span) for span in found
    )
    if not whole:
        raise CorpusError(
            f"{where}: field 'spans': expected a list of [start, end] offsets in the context, got {_got(row, 'spans')}; mend it",
            field="spans",
        )
    spans = tuple((start, end) for start, end in found)
    ends = [0, *(offset for span in spans for offset in span), len(statement.context)]
    if ends != sorted(ends):
        raise CorpusError(
            f"{where}: field 'spans': expected offsets in order, up to the context's {len(statement.context):,} characters, "
            f"got {shortened(found)}; mend them",
            field="spans",
        )
    words = SPAN_JOINER.join(statement.context[start:end].strip() for start, end in spans)
    if spans and words != statement.text.strip():
        raise CorpusError(
            f"{where}: field 'spans': expected the statement's words in the context there, got {shortened(words)}; "
            "count characters from the context's start, marks not included",
            field="spans",
        )
    return spans


def read_unlabelled(row: object, where: str) -> Statement:
    """Return the statement of {"target", "statement", "context"?, "speaker"?}; raise CorpusError where it can't be judged."""
    if not isinstance(row, dict):
        raise CorpusError(f"{where}: expected an object with target and statement, got {shortened(row)}; write one")
    for name in ("target", "statement", *(["id"] if row.get("id") is not None else [])):
        require_text(row, name, where)
    for name in ("context", "speaker"):
        if row.get(name) is not None and not isinstance(row[name], str):
            raise CorpusError(f"{where}: field {name!r}: expected a text or nothing, got {_got(row, name)}; mend it", field=name)
        _check_characters(row.get(name) or "", name, where)
    for name, limit in _MAX_CHARS.items():
        text = row.get(name) or ""
        if len(text) > limit:
            raise CorpusError(
                f"{where}: field {name!r}: expected at most {limit:,} characters, got {len(text):,} ({shortened(text)}); shorten it",
                field=name,
            )
    return Statement(row["target"].strip(), row["statement"], row.get("context") or "", row.get("speaker") or "")


def require_text(row: dict[str, Any], name: str, where: str) -> None:
    """Raise CorpusError where row[name] is no text, is empty, or holds what no text holds."""
    if not isinstance(row.get(name), str) or not any(c.isprintable() and not c.isspace() for c in row[name]):
        raise CorpusError(f"{where}: field {name!r}: expected a text that is not empty, got {_got(row, name)}; add it", field=name)
    _check_characters(row[name], name, where)


def _check_characters(text: str, name: str, where: str) -> None:
    try:
        check_characters(text, f"{where}: field {name!r}")
    except InputError as error:
        raise CorpusError(str(error), field=name) from error


def _got(row: dict[str, Any], name: str) -> str:
    return shortened(row[name]) if name in row else "no such field"
