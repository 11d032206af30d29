"""Is a corpus worth training on? Format, duplicates, leakage, balance, wording and agreement, each beside its bound.

Knows statements and their labels only; it trains nothing. An error makes figures measured on the
corpus worthless (a line that can't be read, a test statement that stands in train), a warning
makes the corpus weaker than it looks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from stance.corpus import SPLITS_FILE, corpus_files, read_splits, read_unlabelled, scan_corpus
from stance.duplicates import near_duplicates, runs, words_of
from stance.errors import CorpusError, InputError, shortened
from stance.jsonl import read_lines
from stance.labels import HEADS
from stance.records import SPAN_JOINER, LabelledStatement

Severity = Literal["ok", "warning", "error"]

# Bounds, each told in docs/labelling-guide.md. Shares are of all statements unless said otherwise.
MAX_PROCESS_SHARE: Final = 0.10
MAX_DUPLICATE_SHARE: Final = 0.005
MAX_OPENING_SHARE: Final = 0.005
MAX_STOCK_SHARE: Final = 0.01
STOCK_ROWS: Final = 3  # a run of six words in more statements than this is stock
OFF_TARGET_SHARE: Final = (0.15, 0.35)
MIN_LABEL_SHARE: Final = 0.10
MIN_STANCE_SHARE: Final = 0.20
MAX_STANCE_SENTIMENT_V: Final = 0.55
MAX_LENGTH_AUC: Final = 0.70  # 0.5 tells nothing; models take such shortcuts (Gururangan et al., NAACL 2018)
AGREEMENT: Final = (0.80, 0.999)  # below: not reliable (Krippendorff 2004); above: hardly blind
COPIED_WORDS: Final = 8  # a run this long is copied; a statement of half as many or more, if all of it is the same
_PERCENTILES: Final = (10, 25, 50, 75, 90)
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the corpus: what was found, what is expected, and what to do where it falls short."""

    group: str
    name: str
    found: str
    expected: str
    severity: Severity
    advice: str = ""
    examples: tuple[str, ...] = ()


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
        _check("format", "unreadable lines", len(broken), "0", "error" if broken else "ok", "mend them", map(str, broken)),
    ]
    part_of: dict[str, str] = {}
    splits = path / SPLITS_FILE
    if splits.is_file():
        try:
            part_of = {process: part for part, processes in read_splits(splits).items() for process in processes}
        except CorpusError as error:
            checks.append(_check("format", "splits.json", "unusable", "processes of each part", "error", "mend it", [str(error)]))
    elif path.is_dir():
        checks.append(_check("format", "splits.json", "none", "one", "warning", "name the processes of train, calibration and test in it"))
    tokens = [words_of(row.statement.text) for row in rows]
    parts = _parts(rows, part_of)
    if rows:
        checks += [
            *_label_checks(parts),
            *_process_checks(rows, part_of),
            *_duplicate_checks(rows, tokens, part_of),
            *_copy_checks(rows, tokens, held_out),
            *_balance_checks(rows),
            *_shortcut_checks(rows, tokens),
            *_wording_checks(rows, tokens),
            *_agreement_checks(rows),
        ]
    lengths = sorted(map(len, tokens)) or [0]
    return CorpusReport(
        path=path,
        statements=len(rows),
        parts=parts,
        words={p: lengths[len(lengths) * p // 100] for p in _PERCENTILES},
        several_spans=_share(SPAN_JOINER in row.statement.text for row in rows),
        mid_sentence=_share(row.statement.text.lstrip()[:1].islower() for row in rows),
        checks=checks,
    )


def _label_checks(parts: Mapping[str, Mapping[str, int]]) -> Iterator[Check]:
    """Training refuses a part without any label of a head."""
    lacking = [f"{part}: no {head}" for part, counts in parts.items() for head in HEADS if not any(counts[label] for label in HEADS[head])]
    yield _check(
        "format", "parts without a head's labels", len(lacking), "0", "error" if lacking else "ok", "label some statements", lacking
    )


def _process_checks(rows: Sequence[LabelledStatement], part_of: Mapping[str, str]) -> Iterator[Check]:
    counts = Counter(row.process for row in rows)
    largest, count = counts.most_common(1)[0]
    share = count / len(rows)
    few = len(counts) <= 1 / MAX_PROCESS_SHARE
    yield _check(
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
        yield _check("format", "processes not in both splits.json and the files", len(odd), "0", "error" if odd else "ok", advice, odd)


def _duplicate_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]], part_of: Mapping[str, str]) -> Iterator[Check]:
    pairs = near_duplicates(tokens)
    share = len({index for pair in pairs for index in pair}) / len(rows)
    yield _check(
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
        yield _check(
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
        yield _check(
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
        yield _check(
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


def _balance_checks(rows: Sequence[LabelledStatement]) -> Iterator[Check]:
    relevant = [row for row in rows if row.relevance is not None]
    if relevant:
        off = _share(row.relevance == "off_target" for row in relevant)
        low, high = OFF_TARGET_SHARE
        yield _check(
            "balance",
            "off-target statements",
            f"{off:.1%}",
            f"{low:.0%} to {high:.0%}",
            "ok" if low <= off <= high else "warning",
            "take statements from the same articles that bear on something else" if off < low else "add statements on the deal",
        )
    on_target = [row for row in rows if row.relevance != "off_target"]
    for head, least in (("stance", MIN_STANCE_SHARE), ("sentiment", MIN_LABEL_SHARE)):
        labels = Counter(label for row in on_target if (label := row.label(head)) is not None)
        if labels:
            rarest = min(HEADS[head], key=lambda label: labels[label])
            share = labels[rarest] / labels.total()
            yield _check(
                "balance",
                f"rarest {head} on target",
                f"{share:.1%} ({rarest})",
                f"at least {least:.0%}",
                "ok" if share >= least else "warning",
                f"add {rarest} ones",
            )
    both = [(row.stance, row.sentiment) for row in on_target if row.stance and row.sentiment]
    if len({stance for stance, _ in both}) > 1 and len({tone for _, tone in both}) > 1:
        from scipy.stats.contingency import association

        table = [[both.count((stance, tone)) for tone in HEADS["sentiment"]] for stance in HEADS["stance"]]
        table = [row for row in table if any(row)]
        v = float(association([[row[j] for j in range(len(row)) if any(r[j] for r in table)] for row in table], method="cramer"))
        yield _check(
            "balance",
            "Cramér's V, stance × sentiment",
            f"{v:.2f}",
            f"at most {MAX_STANCE_SENTIMENT_V}",
            "ok" if v <= MAX_STANCE_SENTIMENT_V else "warning",
            "add statements whose tone is not their stance, or the model learns tone alone",
        )


def _shortcut_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]]) -> Iterator[Check]:
    known = [(row.relevance == "off_target", len(words)) for row, words in zip(rows, tokens, strict=True) if row.relevance is not None]
    if len({off for off, _ in known}) == 2:
        from sklearn.metrics import roc_auc_score

        off, lengths = zip(*known, strict=True)
        auc = float(roc_auc_score(off, lengths))
        longer = "on target" if auc < 0.5 else "off target"
        yield _check(
            "balance",
            "AUC of relevance by length alone",
            f"{max(auc, 1 - auc):.2f} ({longer} is longer)",
            f"at most {MAX_LENGTH_AUC:.2f}",
            "ok" if max(auc, 1 - auc) <= MAX_LENGTH_AUC else "warning",
            f"add short statements {longer} and long ones of the other kind: the model would count words",
        )


def _wording_checks(rows: Sequence[LabelledStatement], tokens: Sequence[Sequence[str]]) -> Iterator[Check]:
    openings = Counter(" ".join(words[:4]) for words in tokens)
    opening, count = openings.most_common(1)[0]
    share = count / len(rows)
    yield _check(
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
    yield _check(
        "wording",
        "stock phrases of six words",
        f"{share:.1%}",
        f"at most {MAX_STOCK_SHARE:.0%}",
        "warning" if share > MAX_STOCK_SHARE else "ok",
        f"write them differently: a run of six words may stand in {STOCK_ROWS} statements",
        (rows[index].id for index in stock),
    )


def _agreement_checks(rows: Sequence[LabelledStatement]) -> Iterator[Check]:
    names = [name for name, _ in Counter(a.annotator for row in rows for a in row.annotations).most_common(2)]
    by_name = [{a.annotator: a for a in row.annotations} for row in rows]
    double = [tuple(found[name] for name in names) for found in by_name if len(names) == 2 and found.keys() >= set(names)]
    yield _check(
        "agreement",
        "labelled twice",
        f"{len(double) / len(rows):.0%}",
        "100%",
        "ok" if len(double) == len(rows) else "warning",
        "let a second annotator label blind, so that you know how reliable the labels are",
    )
    for head in HEADS:
        labels = [(first.label(head), second.label(head)) for first, second in double]
        pairs = [(one, other) for one, other in labels if one is not None and other is not None]
        if not pairs:
            continue
        low, high = AGREEMENT
        agreed = f"{_share(one == other for one, other in pairs):.1%} of {len(pairs):,} agree"
        if len({label for pair in pairs for label in pair}) == 1:
            advice = "one label throughout says nothing of agreement: add other cases"
            yield _check("agreement", f"Cohen's kappa, {head}", f"undefined ({agreed})", f"{low:.2f} to {high}", "warning", advice)
            continue
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(*zip(*pairs, strict=True), labels=list(HEADS[head])))
        yield _check(
            "agreement",
            f"Cohen's kappa, {head}",
            f"{kappa:.3f} ({agreed})",
            f"{low:.2f} to {high}",
            "ok" if low <= kappa < high else "warning",
            "sharpen the guide, adjudicate and label again" if kappa < low else "were the annotators blind, and are the cases hard enough?",
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


def _check(
    group: str, name: str, found: object, expected: str, severity: Severity, advice: str = "", examples: Iterable[str] = ()
) -> Check:
    shown = list(examples)
    more = [f"and {len(shown) - _EXAMPLES} more"] if len(shown) > _EXAMPLES else []
    return Check(group, name, str(found), expected, severity, advice, (*shown[:_EXAMPLES], *more))


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found) if found else 0.0
