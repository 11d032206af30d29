"""Data sets of others as rows: one reader per form they are handed out in.

Knows files and fields, not our heads nor our splits (importing.py does). A reader yields a row or the
error of a row that can't be used; what is wrong with a whole file is raised.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from stance.corpus import MAX_CONTEXT_CHARS, MAX_STATEMENT_CHARS, require_text
from stance.errors import CorpusError, InputError, shortened
from stance.jsonl import read_lines
from stance.statements import MAX_TARGET_CHARS

_SEMEVAL_TARGETS: Final = {
    "abortion": "Legalization of Abortion",
    "atheism": "Atheism",
    "climate": "Climate Change is a Real Concern",
    "feminist": "Feminist Movement",
    "hillary": "Hillary Clinton",
}
"""TweetEval's folder names -> the targets as SemEval-2016 Task 6 words them (Mohammad et al., 2016)."""
_VAST_CODES: Final = {"0": "con", "1": "pro", "2": "neutral"}
_VAST_SHOTS: Final = {"1": "few-shot", "0": "zero-shot"}
_CHOICES: Final = {"text": ("statement", "text", "sentence"), "target": ("target", "topic"), "label": ("label",)}


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of a JSONL file's fields; None takes the first there is of statement, text, sentence; target, topic; HEAD, label."""

    text: str | None = None
    target: str | None = None
    label: str | None = None
    group: str | None = None
    """Rows with one value of this field stay in one part; None: rows with the same text."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One text with one target and one label, as a data set has them.

    `key` tells it from its file's other rows, `where` is file:line. Rows of one `group` have to stay in
    one part (empty: rows of the same text); `division` names a share of the file that is measured by itself.
    """

    where: str
    key: str
    target: str
    text: str
    label: str
    label_field: str = "label"
    group: str = ""
    division: str = ""
    context: str = ""
    speaker: str = ""


Rows = Iterator[SourceRow | CorpusError]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: `name` says its part ("train", "vast_dev"), `set_name` what it belongs to ("abortion", "vast", or nothing)."""

    set_name: str
    name: str
    path: Path
    read: Callable[[], Rows]


@dataclass(frozen=True, slots=True)
class Format:
    """A form of data set: the head its labels speak of (None: the caller says), how its labels are ours, and its reader."""

    head: str | None
    labels: Mapping[str, str]
    files: Callable[[Path, Fields, str], list[SourceFile]]
    """(source, fields, head) -> its files, sorted."""


def label_key(value: object) -> str:
    """Return a label as it is looked up: lower case, whole numbers without a fraction ("2" for 2 and 2.0 and "2.0"), "null" for None."""
    text = "null" if value is None else str(value).strip().casefold()
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text)


def tweeteval_files(source: Path, _fields: Fields, _head: str) -> list[SourceFile]:
    """Return the files of TweetEval's form (Barbieri et al., Findings of EMNLP 2020): a folder per target, or one such folder.

    NAME_text.txt and NAME_labels.txt stand line by line beside each other; mapping.txt (code, tab, label),
    in the folder or above it, says what the codes in NAME_labels.txt mean. Without it they are labels.
    """
    folders = [source, *sorted(p for p in source.iterdir() if p.is_dir())] if source.is_dir() else []
    files = []
    for folder in folders:
        names = sorted({p.name.rsplit("_", 1)[0] for kind in ("text", "labels") for p in folder.glob(f"*_{kind}.txt")})
        mapping = _read_mapping(folder) if names else {}
        for name in names:
            texts, labels = folder / f"{name}_text.txt", folder / f"{name}_labels.txt"
            for path, other in ((texts, labels), (labels, texts)):
                if not path.is_file():
                    raise InputError(f"{path}: expected a file beside {other.name}, found none; add it")
            if (rows := _count_lines(texts)) != (codes := _count_lines(labels)):
                raise InputError(f"{labels}: expected {rows:,} lines, as many as {texts.name} has, got {codes:,}; mend one of them")
            files.append(SourceFile(folder.name, name, texts, _tweeteval_reader(folder.name, texts, labels, mapping)))
    if not files:
        raise InputError(f"{source}: expected a folder with train_text.txt and train_labels.txt, or a folder of such; check the path")
    return files


def _tweeteval_reader(folder: str, texts: Path, labels: Path, mapping: Mapping[str, str]) -> Callable[[], Rows]:
    target = _SEMEVAL_TARGETS.get(folder, folder)

    def read() -> Rows:
        for number, (text, code) in enumerate(zip(_text_lines(texts), _text_lines(labels), strict=True), start=1):
            where = f"{texts}:{number}"
            try:
                if isinstance(text, CorpusError) or isinstance(code, CorpusError):
                    raise text if isinstance(text, CorpusError) else code  # type: ignore[misc]
                if mapping and code not in mapping:
                    raise CorpusError(
                        f"{labels}:{number}: expected a code of mapping.txt ({', '.join(mapping)}), got {shortened(code)}; mend it"
                    )
                row = {"text": text}
                yield SourceRow(where, str(number), target, _text(row, "text", where, MAX_STATEMENT_CHARS), mapping.get(code, code))
            except CorpusError as error:
                yield error

    return read


def _read_mapping(folder: Path) -> dict[str, str]:
    path = next((p for p in (folder / "mapping.txt", folder.parent / "mapping.txt") if p.is_file()), None)
    mapping: dict[str, str] = {}
    for number, line in enumerate(_text_lines(path) if path else (), start=1):
        if isinstance(line, CorpusError):
            raise line
        code, _, label = (part.strip() for part in line.partition("\t"))
        if line.strip() and (not label or code in mapping):
            raise CorpusError(f"{path}:{number}: expected a code of its own, a tab and its label, got {shortened(line)}; mend it")
        if label:
            mapping[code] = label
    return mapping


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def _text_lines(path: Path) -> Iterator[str | CorpusError]:
    """Yield a file's lines, parted at line feeds only: tweets hold other characters that Python takes for a line's end."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                told = f"expected UTF-8, got byte {raw[error.start]:#04x} at offset {error.start}; save it as UTF-8"
                yield CorpusError(f"{path}:{number}: {told}")


def vast_files(source: Path, _fields: Fields, _head: str) -> list[SourceFile]:
    """Return the files of VAST (Allaway and McKeown, EMNLP 2020): its CSV files, or JSONL with text, topic, label and seen.

    Of the CSV, `post`, `new_topic`, `label` (0 con, 1 pro, 2 neutral) and `seen?` are read. Rows of files that are
    not for training are parted into few-shot (a topic that training has) and zero-shot, as the paper measures them.
    """
    return [
        SourceFile("vast", path.stem, path, _row_reader(path, _vast_csv if path.suffix == ".csv" else _vast_json))
        for path in _files_of(source, ("jsonl", "csv"))
    ]


def _vast_csv(row: dict[str, Any], where: str, number: str, path: Path) -> Iterator[SourceRow]:
    code = label_key(_field(row, "label", where))
    named = {"text": "post", "topic": "new_topic", "seen": "seen?"}
    yield _vast_row(row, where, number, path, named, _VAST_CODES.get(code, code))


def _vast_json(row: dict[str, Any], where: str, number: str, path: Path) -> Iterator[SourceRow]:
    yield _vast_row(row, where, number, path, {"text": "text", "topic": "topic", "seen": "seen"}, label_key(_field(row, "label", where)))


def _vast_row(row: dict[str, Any], where: str, number: str, path: Path, named: Mapping[str, str], label: str) -> SourceRow:
    division = ""
    if "train" not in path.stem.lower() and row.get(named["seen"]) is not None:
        seen = label_key(row[named["seen"]])
        if seen not in _VAST_SHOTS:
            raise CorpusError(f"{where}: field {named['seen']!r}: expected 0 or 1, got {shortened(row[named['seen']])}; mend it")
        division = _VAST_SHOTS[seen]
    text = _text(row, named["text"], where, MAX_STATEMENT_CHARS)
    return SourceRow(where, number, _text(row, named["topic"], where, MAX_TARGET_CHARS), text, label, division=division)


def newsmtsc_files(source: Path, _fields: Fields, _head: str) -> list[SourceFile]:
    """Return the files of NewsMTSC (Hamborg and Donnay, EACL 2021): JSONL with sentence_normalized and targets.

    Every entry of targets is a row: its mention the target, its polarity (2, 4, 6) the label.
    """
    return [SourceFile("newsmtsc", path.stem, path, _row_reader(path, _newsmtsc_rows)) for path in _files_of(source, ("jsonl",))]


def _newsmtsc_rows(row: dict[str, Any], where: str, number: str, _path: Path) -> Iterator[SourceRow]:
    text = _text(row, "sentence_normalized", where, MAX_STATEMENT_CHARS)
    targets = _field(row, "targets", where)
    if not isinstance(targets, list) or not targets or not all(isinstance(entry, dict) for entry in targets):
        raise CorpusError(f"{where}: field 'targets': expected a list of at least one object, got {shortened(targets)}; mend it")
    for place, entry in enumerate(targets, start=1):
        at = f"{where}: targets[{place - 1}]"
        mention, label = _text(entry, "mention", at, MAX_TARGET_CHARS), label_key(_field(entry, "polarity", at))
        yield SourceRow(at, f"{number}-{place}", mention, text, label, "polarity")


def jsonl_files(source: Path, fields: Fields, head: str) -> list[SourceFile]:
    """Return JSONL files whose fields the caller names; `id`, `context` and `speaker` are taken where a row has them."""

    def rows(row: dict[str, Any], where: str, number: str, _path: Path) -> Iterator[SourceRow]:
        text = fields.text or _first(row, _CHOICES["text"], where)
        target = fields.target or _first(row, _CHOICES["target"], where)
        label = fields.label or _first(row, (head, *_CHOICES["label"]), where)
        key = number if row.get("id") is None else str(row["id"])
        require_text({"id": key}, "id", where)
        group = label_key(_field(row, fields.group, where)) if fields.group else ""
        extra = {}
        for name, limit in (("context", MAX_CONTEXT_CHARS), ("speaker", MAX_TARGET_CHARS)):
            if name not in (text, target, label) and row.get(name) not in (None, ""):
                extra[name] = _text(row, name, where, limit)
        yield SourceRow(
            where,
            key,
            _text(row, target, where, MAX_TARGET_CHARS),
            _text(row, text, where, MAX_STATEMENT_CHARS),
            label_key(_field(row, label, where)),
            label,
            group,
            division=group,
            **extra,
        )

    return [SourceFile("", path.stem, path, _row_reader(path, rows)) for path in _files_of(source, ("jsonl",))]


def _row_reader(path: Path, rows: Callable[[dict[str, Any], str, str, Path], Iterator[SourceRow]]) -> Callable[[], Rows]:
    """Return a reader of a file of objects; `rows` gives an object's rows, or raises CorpusError."""

    def read() -> Rows:
        lines = _csv_lines(path) if path.suffix == ".csv" else ((line.where, line.value, line.error) for line in read_lines(path))
        for where, value, told in lines:
            try:
                if value is None:
                    raise CorpusError(told)
                yield from rows(value, where, where.rsplit(":", 1)[1], path)
            except CorpusError as error:
                yield error

    return read


def _csv_lines(path: Path) -> Iterator[tuple[str, dict[str, Any] | None, str]]:
    """Yield (file:line a record begins at, its fields, error) of a CSV file with a header."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{path}:{line}: expected UTF-8, got byte {raw[error.start]:#04x}; save it as UTF-8") from error
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header, line = next(records, []), records.line_num + 1
        for cells in records:
            where, line = f"{path}:{line}", records.line_num + 1
            if len(cells) != len(header) and cells:
                yield where, None, f"{where}: expected {len(header)} fields, as the header has, got {len(cells)}; mend the record"
            elif cells:
                yield where, dict(zip(header, cells, strict=True)), ""
    except csv.Error as error:
        raise CorpusError(f"{path}:{records.line_num}: expected CSV, got a record that can't be read ({error}); mend it") from error


def _files_of(source: Path, endings: tuple[str, ...]) -> list[Path]:
    if source.is_file() and source.suffix[1:] in endings:
        return [source]
    files = sorted(p for ending in endings for p in source.glob(f"*.{ending}")) if source.is_dir() else []
    if not files:
        raise InputError(
            f"{source}: expected a file that ends in .{' or .'.join(endings)}, or a folder of such, found none; check the path"
        )
    return files


def _field(row: dict[str, Any], name: str, where: str) -> Any:
    if name not in row:
        raise CorpusError(f"{where}: field {name!r}: expected a value, got no such field; the row has {shortened(list(row))}")
    return row[name]


def _first(row: dict[str, Any], names: tuple[str, ...], where: str) -> str:
    if (found := next((name for name in names if name in row), None)) is None:
        raise CorpusError(f"{where}: expected a field {' or '.join(names)}, got {shortened(list(row))}; name the field there is")
    return found


def _text(row: dict[str, Any], name: str, where: str, limit: int) -> str:
    require_text(row, name, where)
    text = str(row[name]).strip()
    if len(text) > limit:
        told = f"expected at most {limit:,} characters, got {len(text):,} ({shortened(text)}); shorten it"
        raise CorpusError(f"{where}: field {name!r}: {told}", field=name)
    return text


_STANCES: Final = {
    **dict.fromkeys(("favor", "favour", "pro"), "supportive"),
    **dict.fromkeys(("against", "con"), "critical"),
    **dict.fromkeys(("none", "neutral"), "skeptical"),  # "neither" of three is the place that skeptical has in ours
}
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "tweeteval": Format("stance", _STANCES, tweeteval_files),
        "vast": Format("stance", _STANCES, vast_files),
        "newsmtsc": Format("sentiment", {"2": "negative", "4": "neutral", "6": "positive"}, newsmtsc_files),
        "jsonl": Format(None, _STANCES, jsonl_files),
    }
)
"""What can be imported, by name."""
