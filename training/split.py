"""A corpus in three parts that share no peace process: train, calibration, test."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stance.corpus import SPLITS_FILE, digest, read_corpus, read_splits
from stance.errors import CorpusError, InputError
from stance.labels import HEADS
from stance.records import LabelledStatement


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts; `digest` names the statements and how they are split."""

    path: Path
    digest: str
    train: list[LabelledStatement]
    calibration: list[LabelledStatement]
    test: list[LabelledStatement]

    @property
    def test_digest(self) -> str:
        """32 hexadecimal digits that name the test part's content, whatever the other parts hold."""
        content = json.dumps([asdict(statement) for statement in self.test], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def describe(self) -> dict[str, Any]:
        """Return the digest, and statements and processes of each part."""
        parts = {"train": self.train, "calibration": self.calibration, "test": self.test}
        return {"digest": self.digest, **{n: {"statements": len(p), "processes": sorted({s.process for s in p})} for n, p in parts.items()}}


def read_split(folder: Path) -> Split:
    """Return a corpus folder split by its splits.json.

    Raises CorpusError where a process of the file has no statements, or statements have a process
    that no part names.
    """
    processes = read_splits(folder / SPLITS_FILE)
    statements = read_corpus(folder)
    known = {s.process for s in statements}
    part_of = {name: part for part, names in processes.items() for name in names}
    if unknown := sorted(set(part_of) - known):
        raise CorpusError(f"{folder / SPLITS_FILE}: process {unknown[0]!r} has no statements in {folder}; add them or take it out")
    if unnamed := sorted(known - set(part_of)):
        raise CorpusError(
            f"{folder / SPLITS_FILE}: process {unnamed[0]!r} of the corpus is in no part; add it to train, calibration or test"
        )
    parts: dict[str, list[LabelledStatement]] = {part: [] for part in processes}
    for statement in statements:
        parts[part_of[statement.process]].append(statement)
    split_digest = hashlib.sha256(digest(folder).encode() + (folder / SPLITS_FILE).read_bytes()).hexdigest()[:32]
    return Split(folder, split_digest, parts["train"], parts["calibration"], parts["test"])


def check_labels(split: Split) -> tuple[str, ...]:
    """Return the heads that no statement has a label of: they stay as they come.

    Raises InputError where all heads lack, or one can be learned but not calibrated (or the other way round).
    """
    lacking = []
    for head in HEADS:
        parts = {"train": split.train, "calibration": split.calibration}
        without = [name for name, part in parts.items() if all(s.label(head) is None for s in part)]
        if len(without) == len(parts):
            lacking.append(head)
        elif without:
            raise InputError(
                f"{split.path}: expected labels of {head!r} in the train and the calibration part, or in neither, got none in the "
                f"{without[0]} part; label some statements"
            )
    if len(lacking) == len(HEADS):
        raise InputError(f"{split.path}: expected labels of {', '.join(HEADS)}, or some of them, got none; label some statements")
    return tuple(lacking)
