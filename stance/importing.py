"""Data sets of others -> a corpus folder in our own format, with nothing lost silently.

What a set's files look like is import_formats.py's business; here labels become ours, rows get their
part (train, calibration, test), and all of it is written and counted.
"""

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from stance.corpus import PARTS, SPLITS_FILE
from stance.duplicates import words_of
from stance.errors import CorpusError, InputError, shortened
from stance.import_formats import FORMATS, Fields, Format, SourceFile, SourceRow, label_key
from stance.jsonl import write_line
from stance.labels import HEADS

DROP: Final = "drop"
OFF_TARGET: Final = "off_target"
_PART_WORDS: Final = {
    "train": ("train", "training"),
    "calibration": ("calibration",),
    "test": ("dev", "devtest", "development", "val", "valid", "validation", "eval", "test", "testing"),
}
_MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a data set becomes ours.

    `labels` maps the set's labels to a label of the head, "off_target" (relevance is set, the head left empty) or
    "drop"; it comes before the format's own mapping. `parts` maps names of files ("train", "vast_dev") to train,
    calibration, test or "drop". Where no file is for calibration or for test, the share (0 to 1) of the training rows
    goes there, chosen by a hash of their text, or of the group field's value. `head` and `fields` are for jsonl only.
    With `skip_broken` rows that can't be used are left out and counted; without it the first is an error.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    calibration_share: float = 0.1
    test_share: float = 0.1
    head: str | None = None
    fields: Fields = field(default_factory=Fields)
    skip_broken: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was read, written and left out. `read` == `written` + the sum of `dropped`.

    A row is one text with one target. `files` maps each file to its part and rows; `parts` each part to its statements,
    processes and labels; `labels` each label of the set to what it became and how often; `dropped` each reason to a
    count. `broken` are the first errors of rows left out. `repeated` rows have text, target and label of an
    earlier one, `contradicted` texts come with one target and several labels (kept, both). `shared` test rows have a
    text that train or calibration has too. `lacking` are the heads that no row has a label of.
    """

    out: Path
    read: int
    written: int
    files: dict[str, dict[str, Any]]
    parts: dict[str, dict[str, Any]]
    labels: dict[str, dict[str, Any]]
    dropped: dict[str, int]
    broken: tuple[str, ...]
    repeated: int
    contradicted: int
    shared: int
    lacking: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {**asdict(self), "out": str(self.out)}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row on its way: the file it is from, and its labels with us."""

    file_name: str
    source: SourceRow
    labels: dict[str, str | None]

    @property
    def group(self) -> str:
        return self.source.group or _same(self.source.text)


@dataclass(slots=True)
class _Tally:
    """What happens to the rows as they are read."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def import_corpus(form: str, source: Path, out: Path, options: ImportOptions | None = None) -> ImportReport:
    """Return what became of the data set in `source` (a file or folder of form FORMATS[form]), written to the folder `out`.

    `out` is made, or empty; it is whole or not there. It holds train.jsonl, calibration.jsonl, test.jsonl and splits.json, as
    stance.corpus reads them. Ids name the file and the line. Processes name the file too, so that no part shares one.

    Raises InputError where source, out or an option can't be used, or a part would stay empty, and CorpusError,
    naming file, line, field and value, at the first row that can't be used.
    """
    options = options or ImportOptions()
    if form not in FORMATS:
        raise InputError(f"expected a format ({', '.join(FORMATS)}), got {form!r}; name one of them")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: expected no such folder, or an empty one, to write a corpus into; name another")
    if not source.exists():
        raise InputError(f"{source}: expected the data set's file or folder, found nothing; check the path")
    head, labels = _head_and_labels(form, FORMATS[form], options)
    files = _named(FORMATS[form].files(source, options.fields, head))
    parts = _file_parts(files, options.parts)
    tally = _Tally()
    rows = _read(files, parts, head, labels, tally, options)
    if unmet := sorted(set(map(label_key, options.labels)) - set(tally.met)):
        raise InputError(
            f"label {unmet[0]!r}: expected a label that the set has ({', '.join(sorted(tally.met))}); mend or drop the mapping"
        )
    drawn = _draw(rows, set(parts.values()), options)
    written = list(_corpus_rows(rows, drawn))
    if empty := [part for part in PARTS if part not in {found for found, _, _ in written}]:
        raise InputError(
            f"{source}: expected rows for {empty[0]}, got none; add a file, say which file is for {empty[0]}, or change the shares"
        )
    _write(out, written)
    return _report(out, written, labels, tally)


def _head_and_labels(form: str, found: Format, options: ImportOptions) -> tuple[str, dict[str, str]]:
    """Return the head that labels speak of, and what each label becomes."""
    if found.head is not None and (options.head not in (None, found.head) or options.fields != Fields()):
        raise InputError(f"format {form!r}: expected no head and no field names, since its files settle them; drop them or use jsonl")
    head = options.head or found.head or "stance"
    if head not in HEADS:
        raise InputError(f"head: expected one of {', '.join(HEADS)}, got {head!r}; name one of them")
    for name, share in (("calibration", options.calibration_share), ("test", options.test_share)):
        if not 0 <= share < 1:
            raise InputError(f"share of {name}: expected at least 0 and less than 1, got {share!r}; mend it")
    allowed = tuple(dict.fromkeys((*HEADS[head], OFF_TARGET, DROP)))
    for label, ours in options.labels.items():
        if ours not in allowed:
            raise InputError(f"label {label!r}: expected it to become one of {', '.join(allowed)}, got {ours!r}; name one of them")
    known = {label: ours for label, ours in found.labels.items() if ours in HEADS[head]}
    return head, known | {label: label for label in HEADS[head]} | {label_key(k): v for k, v in options.labels.items()}


def _named(files: list[SourceFile]) -> dict[str, SourceFile]:
    """Return the files by a name of their own, of characters that a process may have."""
    named: dict[str, SourceFile] = {}
    for file in files:
        whole = file.name if file.name.startswith(file.set_name) else f"{file.set_name}-{file.name}"
        name, number = _slug(whole), 2
        while name in named:
            name, number = f"{_slug(whole)}-{number}", number + 1
        named[name] = file
    return named


def _file_parts(files: Mapping[str, SourceFile], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return each file's part, by the caller's word or by the words of its name; a file by itself is for training."""
    names = {file.name for file in files.values()}
    for name, named in wanted.items():
        if named not in (*PARTS, DROP) or name not in names:
            told = f"expected a file ({', '.join(sorted(names))}) and one of {', '.join((*PARTS, DROP))}"
            raise InputError(f"part: {told}, got {f'{name}={named}'!r}; mend it")
    parts = {}
    for key, file in files.items():
        words = re.split(r"[^a-z]+", file.name.lower())
        told_by_name = next((part for word in words for part, known in _PART_WORDS.items() if word in known), None)
        part = wanted.get(file.name) or told_by_name or ("train" if len(files) == 1 else None)
        if part is None:
            raise InputError(f"{file.path}: expected a name that tells its part (train, val, dev, test), got none; say its part")
        parts[key] = part
    return parts


def _read(
    files: Mapping[str, SourceFile],
    parts: Mapping[str, str],
    head: str,
    labels: Mapping[str, str],
    tally: _Tally,
    options: ImportOptions,
) -> dict[str, list[_Row]]:
    """Return the rows of each part, their labels made ours."""
    rows: dict[str, list[_Row]] = {part: [] for part in PARTS}
    tells_relevance = head != "relevance" and OFF_TARGET in options.labels.values()
    about = {"relevance": "on_target"} if tells_relevance else {}  # the rows that are not off target; else nothing is known of that
    for name, file in files.items():
        count = 0
        seen: dict[str, str] = {}
        for row in file.read():
            count += 1
            if parts[name] == DROP:
                tally.dropped[f"file {file.name}"] += 1
                continue
            try:
                found, label = _checked(row, labels, seen)
            except CorpusError as error:
                if not options.skip_broken:
                    raise
                tally.dropped["broken"] += 1
                tally.broken.append(str(error))
                continue
            tally.met[found.label] += 1
            if label == DROP:
                tally.dropped[f"label {found.label}"] += 1
                continue
            by_head = {"relevance": OFF_TARGET} if tells_relevance and label == OFF_TARGET else {**about, head: label}
            rows[parts[name]].append(_Row(name, found, dict.fromkeys(HEADS) | by_head))
        tally.files[str(file.path)] = {"part": parts[name], "rows": count}
    return rows


def _checked(row: SourceRow | CorpusError, labels: Mapping[str, str], seen: dict[str, str]) -> tuple[SourceRow, str]:
    """Return a row and what its label becomes; `seen` holds where each of its file's keys was met."""
    if isinstance(row, CorpusError):
        raise row
    if row.label not in labels:
        raise CorpusError(
            f"{row.where}: field {row.label_field!r}: expected one of {', '.join(labels)}, got {shortened(row.label)}; "
            f"mend it, or say what it becomes (a label of ours, {OFF_TARGET} or {DROP})",
            field=row.label_field,
        )
    if (where := seen.setdefault(row.key, row.where)) != row.where:
        raise CorpusError(
            f"{row.where}: field 'id': expected one of its own, got {row.key!r}, which {where} has too; rename one", field="id"
        )
    return row, labels[row.label]


def _draw(rows: Mapping[str, list[_Row]], parts: Collection[str], options: ImportOptions) -> dict[str, str]:
    """Return the part of each group of training rows.

    Groups are taken in the order of their hashes until they make up the share (at least one), so that neither the
    order of rows nor chance decides.
    """
    groups = Counter(row.group for row in rows["train"])
    drawn = dict.fromkeys(groups, "train")
    waiting = iter(sorted(groups, key=lambda group: hashlib.sha256(group.encode()).digest()))
    for part, share in (("calibration", options.calibration_share), ("test", options.test_share)):
        wanted = 0 if part in parts or not share else max(1, round(share * groups.total()))
        while wanted > 0 and (group := next(waiting, None)) is not None:
            drawn[group] = part
            wanted -= groups[group]
    return drawn


def _corpus_rows(rows: Mapping[str, list[_Row]], drawn: Mapping[str, str]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Yield (part, the set's label, row in our format)."""
    part_of: dict[str, str] = {}
    for of_file in PARTS:
        for row in rows[of_file]:
            part = drawn[row.group] if of_file == "train" else of_file
            source = row.source
            names = (row.file_name, _slug(source.division) if source.division else "", part if part != of_file else "")
            process = "-".join(filter(None, names))
            while part_of.setdefault(process, part) != part:  # as of a file "train-test" beside "train"
                process += f"-{part}"
            yield (
                part,
                source.label,
                {
                    "id": f"{row.file_name}-{source.key}",
                    "process": process,
                    "target": source.target,
                    "statement": source.text,
                    **({"context": source.context} if source.context else {}),
                    **({"speaker": source.speaker} if source.speaker else {}),
                    **row.labels,
                },
            )


def _write(out: Path, rows: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Write a file per part and splits.json; the folder is whole or not there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
            folder = Path(scratch) / out.name
            folder.mkdir()
            for part in PARTS:
                with (folder / f"{part}.jsonl").open("w", encoding="utf-8") as stream:
                    for _, _, row in (found for found in rows if found[0] == part):
                        write_line(stream, row)
            splits = {part: sorted({row["process"] for found, _, row in rows if found == part}) for part in PARTS}
            (folder / SPLITS_FILE).write_text(json.dumps(splits, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            folder.replace(out)
    except OSError as error:
        raise InputError(f"{out}: expected a folder that can be written, got: {error.strerror}; name another") from error


def _report(out: Path, rows: list[tuple[str, str, dict[str, Any]]], labels: Mapping[str, str], tally: _Tally) -> ImportReport:
    parts = {}
    for name in PARTS:
        members = [row for part, _, row in rows if part == name]
        counts = {head: dict(Counter(row[head] for row in members if row[head] is not None)) for head in HEADS}
        parts[name] = {"statements": len(members), "processes": len({row["process"] for row in members}), "labels": counts}
    pairs: dict[tuple[str, str], Counter[str]] = {}
    for _, label, row in rows:
        pairs.setdefault((_same(row["statement"]), _same(row["target"])), Counter())[labels[label]] += 1
    learned = {_same(row["statement"]) for part, _, row in rows if part != "test"}
    return ImportReport(
        out=out,
        read=sum(file["rows"] for file in tally.files.values()),
        written=len(rows),
        files=tally.files,
        parts=parts,
        labels={label: {"becomes": labels[label], "rows": count} for label, count in sorted(tally.met.items())},
        dropped=dict(tally.dropped),
        broken=tuple(tally.broken[:5]),
        repeated=sum(counts.total() - len(counts) for counts in pairs.values()),
        contradicted=sum(len(counts) > 1 for counts in pairs.values()),
        shared=sum(part == "test" and _same(row["statement"]) in learned for part, _, row in rows),
        lacking=tuple(head for head in HEADS if all(row[head] is None for _, _, row in rows)),
    )


def _same(text: str) -> str:
    """Return what two texts share that are the same but for case, marks and white space."""
    return " ".join(words_of(text)) or " ".join(text.casefold().split())  # of marks alone they are all there is


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name.casefold()).strip("-.")[:_MAX_NAME] or "unnamed"
