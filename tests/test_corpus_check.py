import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stance.corpus_check import CorpusReport, check_corpus
from stance.errors import CorpusError, InputError
from stance.labels import HEADS

ONE_LABEL = {"relevance": "on_target", "stance": "critical", "sentiment": "neutral"}
Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def report(corpus_rows: list[dict[str, Any]], tmp_path: Path) -> Callable[..., CorpusReport]:
    """report(change) -> the report on the small corpus after `change(rows)`."""

    def make(change: Change = lambda rows: None, *, splits: bool = True, held_out: tuple[Path, ...] = ()) -> CorpusReport:
        rows = json.loads(json.dumps(corpus_rows))
        names = list(dict.fromkeys(row["process"] for row in rows))
        change(rows)
        (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        if splits:
            parts = dict(zip(("train", "calibration", "test"), ([name] for name in names), strict=True))
            (tmp_path / "splits.json").write_text(json.dumps(parts), encoding="utf-8")
        return check_corpus(tmp_path, held_out)

    return make


def severity(found: CorpusReport, name: str) -> str:
    matches = [check.severity for check in found.checks if check.name == name]
    assert len(matches) == 1, (name, [check.name for check in found.checks])
    return matches[0]


def test_a_sound_small_corpus_has_no_error_and_is_counted_by_part(report: Callable[..., CorpusReport]) -> None:
    found = report()
    assert found.count("error") == 0
    assert {part: counts["statements"] for part, counts in found.parts.items()} == {"train": 16, "calibration": 10, "test": 10}
    assert found.parts["train"]["off_target"] == 3
    assert found.parts["test"]["critical"] == 2
    assert found.statements == 36
    assert found.words == {10: 7, 25: 8, 50: 9, 75: 10, 90: 13}
    assert (found.several_spans, found.mid_sentence) == (0.0, 0.0)


def test_without_splits_everything_is_one_part_and_leakage_is_not_asked(report: Callable[..., CorpusReport]) -> None:
    found = report(splits=False)
    assert list(found.parts) == ["all"]
    assert not any(check.group == "leakage" for check in found.checks)
    assert severity(found, "splits.json") == "warning"


def _set(index: int, **fields: Any) -> Change:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[index].update(fields)

    return change


def _copy_first_to_last(rows: list[dict[str, Any]]) -> None:
    rows[-1] |= {name: rows[0][name] for name in ("statement", "spans")} | {"context": rows[0]["context"] + " Later."}


def _same_context(rows: list[dict[str, Any]]) -> None:
    for row in (rows[0], rows[-1]):
        row |= {"context": "On the quay people spoke of the accord and the weather.", "spans": []}


def _long_on_target(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["relevance"] == "on_target":
            row |= {"statement": f"{row['statement']} And so on and on it went for row {row['id']} of the hall.", "spans": []}


def _all(**fields: Any) -> Change:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row.update(fields)

    return change


def _tone_is_stance(rows: list[dict[str, Any]]) -> None:
    tone = {"supportive": "positive", "skeptical": "neutral", "critical": "negative"}
    for row in rows:
        row["stance"] = row["stance"] or "skeptical"
        row["sentiment"] = tone[row["stance"]]


def _stock_words(rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows[:4]):
        row |= {"statement": f"Number {number} says we will never ever sign such a paper here.", "spans": []}


def _same_opening(rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows[:4]):
        row |= {"statement": f"We will not sign {number}{number}", "spans": []}


def _other_labels(rows: list[dict[str, Any]]) -> None:
    for row in rows[::2]:
        row["annotations"][1]["relevance"] = "off_target" if row["relevance"] == "on_target" else "on_target"


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        (_set(3, stance="pleased"), "unreadable lines", "error"),
        (_set(3, id="orvane-2031-00"), "unreadable lines", "error"),
        (_set(3, spans=[[0, 4]]), "unreadable lines", "error"),
        (_set(3, annotations=[{"annotator": "a", "relevance": "maybe"}]), "unreadable lines", "error"),
        (_set(3, annotations=[{"annotator": "a", **dict.fromkeys(HEADS), "sure": "no"}]), "unreadable lines", "error"),
        (_set(3, annotations=[{"annotator": "a", **dict.fromkeys(HEADS)}] * 2), "unreadable lines", "error"),
        (_set(3, spans=[[1, 10**9]]), "unreadable lines", "error"),
        (_all(sentiment=None), "parts without a head's labels", "error"),
        (lambda rows: None, "largest process", "warning"),
        (_all(relevance="off_target"), "off-target statements", "warning"),
        (_all(annotations=[{"annotator": name, **ONE_LABEL} for name in "ab"]), "Cohen's kappa, stance", "warning"),
        (_set(3, process="unnamed"), "processes not in both splits.json and the files", "error"),
        (_copy_first_to_last, "near-duplicates", "warning"),
        (_copy_first_to_last, "near-duplicates across parts", "error"),
        (_same_context, "the same context in several parts", "error"),
        (_all(relevance="on_target"), "off-target statements", "warning"),
        (_all(stance="supportive"), "rarest stance on target", "warning"),
        (_all(sentiment="neutral"), "rarest sentiment on target", "warning"),
        (_tone_is_stance, "Cramér's V, stance × sentiment", "warning"),
        (_long_on_target, "AUC of relevance by length alone", "warning"),
        (_stock_words, "stock phrases of six words", "warning"),
        (_same_opening, "commonest four-word opening", "warning"),
        (_set(3, annotations=[]), "labelled twice", "warning"),
        (_other_labels, "Cohen's kappa, relevance", "warning"),
        (lambda rows: None, "Cohen's kappa, relevance", "warning"),  # all agree: not blind
    ],
)
def test_what_is_wrong_is_found(report: Callable[..., CorpusReport], change: Change, name: str, expected: str) -> None:
    found = report(change)
    assert severity(found, name) == expected
    assert all(check.advice for check in found.checks if check.severity != "ok")


@pytest.mark.parametrize(
    "name",
    ["unreadable lines", "near-duplicates across parts", "near-duplicates", "stock phrases of six words", "labelled twice"],
)
def test_what_is_sound_passes(report: Callable[..., CorpusReport], name: str) -> None:
    assert severity(report(), name) == "ok"


def test_a_corpus_whose_off_target_statements_are_of_all_lengths_passes(report: Callable[..., CorpusReport]) -> None:
    def lengthen_every_other(rows: list[dict[str, Any]]) -> None:
        off = [row for row in rows if row["relevance"] == "off_target"]
        for row in off[::2]:
            row |= {"statement": f"{row['statement']} And so on and on it went for row {row['id']} of the hall.", "spans": []}

    assert severity(report(lengthen_every_other), "AUC of relevance by length alone") == "ok"


def test_kappa_of_annotators_who_differ_a_little_passes(report: Callable[..., CorpusReport]) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["annotations"][1]["stance"] = "skeptical"

    assert severity(report(change), "Cohen's kappa, stance") == "ok"


def test_words_of_a_held_out_set_are_found(report: Callable[..., CorpusReport], tmp_path: Path, corpus_rows: list[dict[str, Any]]) -> None:
    held_out = tmp_path / "held" / "real.jsonl"
    held_out.parent.mkdir()
    copied = {**corpus_rows[1], "id": "r", "statement": "He said: I SUPPORT the accord, with all my heart; it brought peace.", "spans": []}
    held_out.write_text(json.dumps(copied), encoding="utf-8")
    found = report(held_out=(held_out,))
    (check,) = [check for check in found.checks if check.name == "words of real.jsonl"]
    assert (check.severity, check.examples) == ("error", ("orvane-2031-01",))


def test_a_short_statement_of_a_held_out_set_is_found_when_it_is_the_same(report: Callable[..., CorpusReport], tmp_path: Path) -> None:
    held_out = tmp_path / "held" / "real.jsonl"
    held_out.parent.mkdir()
    held_out.write_text(json.dumps({"target": "t", "statement": "This bad agreement must be torn up!"}), encoding="utf-8")  # no labels
    assert severity(report(held_out=(held_out,)), "words of real.jsonl") == "error"


@pytest.mark.parametrize(("content", "error"), [("{", CorpusError), ("\n", InputError), ('{"target": "t"}', CorpusError)])
def test_a_held_out_set_that_cannot_be_read_is_refused(
    report: Callable[..., CorpusReport], tmp_path: Path, content: str, error: type[Exception]
) -> None:
    held_out = tmp_path / "held" / "real.jsonl"
    held_out.parent.mkdir()
    held_out.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=r"real\.jsonl"):
        report(held_out=(held_out,))


def test_agreement_is_by_annotator_not_by_place(report: Callable[..., CorpusReport]) -> None:
    def differ(rows: list[dict[str, Any]], swapped: bool) -> None:
        for number, row in enumerate(rows):
            if number % 4 == 0:
                row["annotations"][1]["stance"] = "critical"
            if swapped and number % 2:
                row["annotations"].reverse()

    plain, swapped = (report(lambda rows, turn=turn: differ(rows, turn)) for turn in (False, True))
    assert [check.found for check in plain.checks] == [check.found for check in swapped.checks]


def test_a_splits_file_that_cannot_be_used_is_an_error_not_a_crash(report: Callable[..., CorpusReport], tmp_path: Path) -> None:
    (tmp_path / "splits.json").write_text('{"train": []}', encoding="utf-8")
    assert severity(report(splits=False), "splits.json") == "error"


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected at least one statement"):
        check_corpus(tmp_path)


def test_every_broken_line_is_counted_and_the_first_are_shown(report: Callable[..., CorpusReport]) -> None:
    found = report(_all(stance="pleased"))
    assert (found.checks[0].found, found.checks[0].examples[5:], found.statements) == ("36", ("and 31 more",), 0)
    assert re.search(r"all\.jsonl:1: field 'stance'", found.checks[0].examples[0])
