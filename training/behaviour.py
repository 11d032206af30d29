"""Does a predictor do what anybody would expect of it? A suite of behaviour tests, read and scored.

After CheckList (Ribeiro et al., "Beyond Accuracy", ACL 2020). A suite is a folder of *.jsonl files, a case a line, with
"id", "phenomenon", "target", "statement", and optionally "speaker" and "context". A case has either

- any of "relevance", "stance", "sentiment": it passes when all of them are predicted, or
- "changed": an object with other values for any of target, speaker, statement and context. It passes when the case and its
  twin with these values get the same labels of all three heads.

Other fields ("pair", notes) are for readers. Labels count even where the stance abstains. `thresholds.toml` in the folder may
ask for a least rate of a phenomenon: under [rates], `negation = 0.9`.
"""

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stance.corpus import digest, read_unlabelled
from stance.errors import CorpusError, InputError, shortened
from stance.jsonl import read_lines
from stance.labels import HEADS
from stance.predictor import Predictor
from stance.records import Prediction, Statement
from training.metrics import share

DEFAULT_SUITE: Final = Path("tests/behaviour")
THRESHOLDS_FILE: Final = "thresholds.toml"
_TEXTS: Final = ("target", "speaker", "statement", "context")
_FIELDS: Final = ("id", "phenomenon", *_TEXTS, *HEADS, "changed", "pair")


@dataclass(frozen=True, slots=True)
class Case:
    """One test: a statement with the labels expected of it, {head: label}, or with the twin that must get the same ones."""

    id: str
    phenomenon: str
    statement: Statement
    expected: dict[str, str]
    twin: Statement | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of a folder, and the least rate of some phenomena; `digest` names the cases' content."""

    path: Path
    digest: str
    cases: tuple[Case, ...]
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many cases of a phenomenon passed, with Wilson's 95 % interval of the share; `ok` unless under its threshold."""

    phenomenon: str
    passed: int
    cases: int
    low: float
    high: float
    threshold: float | None
    ok: bool

    @property
    def value(self) -> float:
        """The share that passed."""
        return self.passed / self.cases


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that failed: the labels it should have, and those it got; of an invariance case its own labels and its twin's."""

    case: Case
    expected: dict[str, str]
    got: dict[str, str]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a suite came to: a rate per phenomenon by name, the rate of all cases, and every case that failed."""

    path: Path
    digest: str
    rates: tuple[Rate, ...]
    overall: Rate
    failures: tuple[Failure, ...]

    def metrics(self) -> dict[str, float]:
        """Return each rate under a flat name: "PHENOMENON", with _low and _high, and "all"."""
        flat: dict[str, float] = {}
        for rate in (*self.rates, self.overall):
            flat |= {rate.phenomenon: rate.value, f"{rate.phenomenon}_low": rate.low, f"{rate.phenomenon}_high": rate.high}
        return flat

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        rates = [dataclasses.asdict(rate) | {"value": rate.value} for rate in (*self.rates, self.overall)]
        return dataclasses.asdict(self) | {"path": str(self.path), "rates": rates[:-1], "overall": rates[-1]}


ALL: Final = "all"
"""The name of the rate over all cases; no phenomenon is called so."""


def read_suite(folder: Path) -> Suite:
    """Return the cases of a folder's *.jsonl files by name, in order.

    Raises CorpusError at the first line that breaks the format (file:line, field, what was expected), and InputError where
    the folder holds no cases or its thresholds can't be read.
    """
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not files:
        raise InputError(f"{folder}: expected a folder of behaviour cases (*.jsonl), found none; check the path")
    cases: list[Case] = []
    seen: dict[str, str] = {}
    for line in (line for file in files for line in read_lines(file)):
        if line.value is None:
            raise CorpusError(line.error)
        case = read_case(line.value, line.where)
        if case.id in seen:
            raise _told(line.where, "id", "an id of its own", f"{case.id!r}, which {seen[case.id]} has too", "rename one")
        seen[case.id] = line.where
        cases.append(case)
    if not cases:
        raise InputError(f"{folder}: expected at least one behaviour case, got none; add lines")
    thresholds = _read_thresholds(folder / THRESHOLDS_FILE, {case.phenomenon for case in cases})
    return Suite(folder, digest(folder), tuple(cases), thresholds)


def read_case(row: dict[str, Any], where: str) -> Case:
    """Return one line's case; raise CorpusError where a field is missing or illegal."""
    for name in ("id", "phenomenon"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise _told(where, name, "a text that is not empty", _got(row, name), "add it")
    if row["phenomenon"] == ALL:
        raise _told(where, "phenomenon", f"another name than {ALL!r}, which is the rate of all cases", repr(ALL), "rename it")
    for name in row.keys() - set(_FIELDS):  # a slip must not turn an expectation into a note
        if near := difflib.get_close_matches(name.lower(), _FIELDS, n=1, cutoff=0.8):
            raise _told(where, name, "a field of a case", "an unknown one", f"did you mean {near[0]!r}?")
    statement = read_unlabelled(row, where)
    expected = {head: _label(row, head, where) for head in HEADS if head in row}
    if ("changed" in row) == bool(expected):
        got = "both" if expected else "neither"
        raise _told(where, "changed", f"either that or labels expected ({', '.join(HEADS)})", got, "keep one kind of test a case")
    twin = None if expected else _read_twin(row, statement, where)
    return Case(row["id"], row["phenomenon"], statement, expected, twin)


def score_behaviour(predictor: Predictor, suite: Suite) -> Behaviour:
    """Return how many cases of each phenomenon a predictor passes."""
    twins = [case.twin for case in suite.cases if case.twin is not None]
    predictions = predictor.predict([*(case.statement for case in suite.cases), *twins])
    of_twins = iter(predictions[len(suite.cases) :])
    failures = []
    for case, prediction in zip(suite.cases, predictions, strict=False):  # the twins' come after them
        labels = _labels(prediction)
        expected, got = (case.expected, labels) if case.twin is None else (labels, _labels(next(of_twins)))
        if any(got[head] != label for head, label in expected.items()):
            failures.append(Failure(case, expected, {head: got[head] for head in expected}))
    failed = [failure.case.phenomenon for failure in failures]
    phenomena = [case.phenomenon for case in suite.cases]
    rates = [_rate(name, phenomena.count(name), failed.count(name), suite.thresholds.get(name)) for name in sorted(set(phenomena))]
    return Behaviour(suite.path, suite.digest, tuple(rates), _rate(ALL, len(phenomena), len(failed), None), tuple(failures))


def _rate(phenomenon: str, cases: int, failed: int, threshold: float | None) -> Rate:
    passed = cases - failed
    score = share(passed, cases)
    return Rate(phenomenon, passed, cases, score.low, score.high, threshold, threshold is None or score.value >= threshold)


def _labels(prediction: Prediction) -> dict[str, str]:
    return {head: getattr(prediction, head).label for head in HEADS}


def _label(row: dict[str, Any], head: str, where: str) -> str:
    if row[head] not in HEADS[head]:
        raise _told(where, head, f"one of {', '.join(HEADS[head])}", _got(row, head), "mend it, or leave the field out")
    return str(row[head])


def _read_twin(row: dict[str, Any], statement: Statement, where: str) -> Statement:
    changed = row["changed"]
    if not isinstance(changed, dict) or not changed:
        raise _told(where, "changed", f"an object with any of {', '.join(_TEXTS)}", _got(row, "changed"), "mend it")
    for name, value in changed.items():
        if name not in _TEXTS or not isinstance(value, str):
            raise _told(f"{where}: changed", name, f"a text for one of {', '.join(_TEXTS)}", shortened(value), "mend it")
    twin = read_unlabelled({**row, **changed}, f"{where}: changed")
    if twin == statement:
        raise _told(where, "changed", "values that differ from the case's own", "the same", "a twin that is the case tests nothing")
    return twin


def _read_thresholds(path: Path, phenomena: set[str]) -> dict[str, float]:
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: expected TOML with a table [rates], got: {error}; mend it") from error
    rates = found.get("rates")
    if not isinstance(rates, dict) or found.keys() != {"rates"}:
        raise InputError(f"{path}: expected the table [rates] and nothing else, got {shortened(sorted(found))}; mend it")
    return {name: _threshold(name, rate, phenomena, path) for name, rate in rates.items()}


def _threshold(name: str, rate: object, phenomena: set[str], path: Path) -> float:
    if name not in phenomena:
        raise InputError(f"{path}: field {name!r}: expected a phenomenon of the suite, and no case has it; rename it or add cases")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise InputError(f"{path}: field {name!r}: expected a rate from 0 to 1, got {shortened(rate)}; mend it")
    return float(rate)


def _told(where: str, field: str, expected: str, got: str, advice: str) -> CorpusError:
    return CorpusError(f"{where}: field {field!r}: expected {expected}, got {got}; {advice}", field=field)


def _got(row: dict[str, Any], name: str) -> str:
    return shortened(row[name]) if name in row else "no such field"
