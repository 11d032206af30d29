"""Is a corpus worth training on? Format, duplicates, leakage, balance, wording and agreement, each beside its bound.

Knows statements and their labels only; it trains nothing. An error makes figures measured on the
corpus worthless (a line that can't be read, a test statement that stands in train), a warning
makes the corpus weaker than it looks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stance.checks import Check, Severity, new_check, share_of
from stance.corpus import SPLITS_FILE, corpus_files, read_splits, read_unlabelled, scan_corpus
from stance.duplicates import near_duplicates, runs, words_of
from stance.errors import CorpusError, InputError, shortened
from stance.jsonl import read_lines
from stance.label_checks import agreement_checks, balance_checks, shortcut_checks
from stance.labels import HEADS
from stance.records import SPAN_JOINER, LabelledStatement

# Bounds, each told in docs/labelling-guide.md. Shares are of all statements unless said otherwise.
MAX_PROCESS_SHARE: Final = 0.10
MAX_DUPLICATE_SHARE: Final = 0.005
MAX_OPENING_SHARE: Final = 0.005
MAX_STOCK_SHARE: Final = 0.01
STOCK_ROWS: Final = 3  # a run of six words in more statements than this is stock
COPIED_WORDS: Final = 8  # a run this long is copied; a statement of half as many or more, if all of it is the same
_PERCENTILES: Final = (10, 25, 50, 75, 90)


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What check_corpus found.

    `parts` maps "train", "calibration", "test" (or "all" without a splits.json) to counts: statements,
    processes and each label. `words` are percentiles (10, 25, 50, 75, 90) of words a statement.
    """

    path: Path
    statements: int
    parts: dict[str, dict[str, int]]
    words: dict[int, int]
    several_spans: float
    mid_sentence: float
    checks: list[Check] = field(default_factory=list)

    def count(self, severity: Severity) -> int:
        """Return how many checks came out so."""
        return sum(check.severity == severity for check in self.checks)


def check_corpus(path: Path, held_out: Sequence[Path] = ()) -> CorpusReport:
    """Return the report on a JSONL file or a folder of them, with its splits.json where there is one.

    `held_out` names corpora whose words must not stand in this one, e.g. the set a model is judged
    on. Raises InputError where nothing can be read at all.
    """
    scanned = list(scan_corpus(path))
    rows = [row for row in scanned if isinstance(row, LabelledStatement)]
    broken = [row for row in scanned if isinstance(row, CorpusError)]
    if not rows and not broken:
        raise InputError(f"{path}: expected at least one statement, got none; add lines or name another path")
    checks = [
        new_check("format", "unreadable lines", len(broken), "0", "error" if broken else "ok", "mend them", map(str, broken)),
    ]
    part_of: dict[str, str] = {}
    splits = path / SPLITS_FILE
    if splits.is_file():
        try:
            part_of = {process: part for part, processes in read_splits(splits).items() for process in processes}
        except CorpusError as error:
            checks.append(new_check("format", "splits.json", "unusable", "processes of each part", "error", "mend it", [str(error)]))
    elif path.is_dir():
        checks.append(
            new_check("format", "splits.json", "none", "one", "warning", "name the processes of train, calibration and test in it")
        )
    tokens = [words_of(row.statement.text) for row in rows]
    parts = _parts(rows, part_of)
    if rows:
        checks += [
            *_label_checks(parts),
            *_process_checks(rows, part_of),
            *_duplicate_checks(rows, tokens, part_of),
            *_copy_checks(rows, tokens, held_out),
            *balance_checks(rows),
            *shortcut_checks(rows, tokens),
            *_wording_checks(rows, tokens),
            *agreement_checks(rows),
        ]
    lengths = sorted(map(len, tokens)) or [0]
    return CorpusReport(
        path=path,
        statements=len(rows),
        parts=parts,
        words={p: lengths[len(lengths) * p // 100] for p in _PERCENTILES},
        several_spans=share_of(SPAN_JOINER in row.statement.text for row in rows),
        mid_sentence=share_of(row.statement.text.lstrip()[:1].islower() for row in rows),
        checks=checks,
    )


def _label_checks(parts: Mapping[str, Mapping[str, int]]) -> Iterator[Check]:
    """Training refuses a part without any label of a head."""
    lacking = [f"{part}: no {head}" for part, counts in parts.items() for head in HEADS if not any(counts[label] for label in HEADS[head])]
    yield new_check(
        "format", "parts without a head's labels", len(lacking), "0", "error" if lacking else "ok", "label some statements", lacking
    )


def _process_checks(rows: Sequence[LabelledStatement], part_of: Mapping[str, str]) -> Iterator[Check]:
    counts = Counter(row.process for row in rows)
    largest, count = counts.most_common(1)[0]
    share = count / len(rows)
    few = len(counts) <= 1 / MAX_PROCESS_SHARE
    yield new_check(
        "balance",
        "largest process",
        f"{share:.1%} ({largest})",
        f"at most {MAX_PROCESS_SHARE:.0%}",
        "warning" if share > MAX_PROCESS_SHARE else "ok",
        "add more processes: a model learns their names and occasions" if few else "add statements on the others",
    )
    if part_of:
        odd = [f"{name} is in no part" for name in sorted(set(counts) - set(part_of))]
        odd += [f"{name} of splits.json has no statements" for name in sorted(set(part_of) - set(counts))]
        advice = "put every process of the files in one part, and no other"
        yield new_check("format", "processes not in both splits.json and the files", len(odd), "0", "error" if odd else "ok", advice, odd)


def _duplicate_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]], part_of: Mapping[str, str]) -> Iterator[Check]:
    pairs = near_duplicates(tokens)
    share = len({index for pair in pairs for index in pair}) / len(rows)
    yield new_check(
        "duplicates",
        "near-duplicates",
        f"{share:.1%}",
        f"at most {MAX_DUPLICATE_SHARE:.1%}",
        "warning" if share > MAX_DUPLICATE_SHARE else "ok",
        "keep one of each pair",
        (f"{rows[i].id} ~ {rows[j].id}" for i, j in pairs),
    )
    if part_of:
        parts = [part_of.get(row.process, "") for row in rows]
        across = [(i, j) for i, j in pairs if parts[i] != parts[j]]
        yield new_check(
            "leakage",
            "near-duplicates across parts",
            len(across),
            "0",
            "error" if across else "ok",
            "drop one of each: the test part must be new to the model",
            (f"{rows[i].id} ({parts[i]}) ~ {rows[j].id} ({parts[j]})" for i, j in across),
        )
        contexts: dict[str, set[str]] = defaultdict(set)
        for row, part in zip(rows, parts, strict=True):
            if row.statement.context:
                contexts[row.statement.context].add(part)
        doubled = [context for context, found in contexts.items() if len(found) > 1]
        yield new_check(
            "leakage",
            "the same context in several parts",
            len(doubled),
            "0",
            "error" if doubled else "ok",
            "keep each in one",
            map(shortened, doubled),
        )


def _copy_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]], held_out: Sequence[Path]) -> Iterator[Check]:
    for other in held_out:
        theirs = [words_of(text) for text in _texts(other)]
        long = {run for words in theirs for run in runs(words, COPIED_WORDS)}
        short = {tuple(words) for words in theirs if COPIED_WORDS // 2 <= len(words) < COPIED_WORDS}
        copied = [
            row.id
            for row, words in zip(rows, tokens, strict=True)
            if tuple(words) in short or not long.isdisjoint(runs(words, COPIED_WORDS))
        ]
        yield new_check(
            "leakage",
            f"words of {other.name}",
            len(copied),
            "0",
            "error" if copied else "ok",
            f"drop them: {other.name} ({len(theirs)} statements) should be new to the model",
            copied,
        )


def _texts(path: Path) -> list[str]:
    """Return a corpus's statements, labelled or not; raise InputError where a line can't be read or there is none."""
    texts = []
    for line in (line for file in corpus_files(path) for line in read_lines(file)):
        if line.value is None:
            raise CorpusError(line.error)
        texts.append(read_unlabelled(line.value, line.where).text)
    if not texts:
        raise InputError(f"{path}: expected at least one statement to hold the corpus against, got none; name another file")
    return texts


def _wording_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]]) -> Iterator[Check]:
    openings = Counter(" ".join(words[:4]) for words in tokens)
    opening, count = openings.most_common(1)[0]
    share = count / len(rows)
    yield new_check(
        "wording",
        "commonest four-word opening",
        f"{share:.1%} ({opening!r})",
        f"at most {MAX_OPENING_SHARE:.1%} or {STOCK_ROWS} times",
        "warning" if share > MAX_OPENING_SHARE and count > STOCK_ROWS else "ok",
        "write them differently: an opening gives labels away",
    )
    counts: Counter[tuple[str, ...]] = Counter(run for words in tokens for run in set(runs(words, 6)))
    stock = [index for index, words in enumerate(tokens) if any(counts[run] > STOCK_ROWS for run in runs(words, 6))]
    share = len(stock) / len(rows)
    yield new_check(
        "wording",
        "stock phrases of six words",
        f"{share:.1%}",
        f"at most {MAX_STOCK_SHARE:.0%}",
        "warning" if share > MAX_STOCK_SHARE else "ok",
        f"write them differently: a run of six words may stand in {STOCK_ROWS} statements",
        (rows[index].id for index in stock),
    )


def _parts(rows: Sequence[LabelledStatement], part_of: Mapping[str, str]) -> dict[str, dict[str, int]]:
    members: dict[str, list[LabelledStatement]] = {part: [] for part in dict.fromkeys(part_of.values())} or {"all": []}
    for row in rows:
        members.setdefault(part_of.get(row.process, "in no part") if part_of else "all", []).append(row)
    return {
        part: {
            "statements": len(found),
            "processes": len({row.process for row in found}),
            **{label: sum(row.label(head) == label for row in found) for head, labels in HEADS.items() for label in labels},
        }
        for part, found in members.items()
    }
