"""Authored reports, each read whole: every quotation, its kind, its speaker; what is not solved yet is named in the files."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from stance.quotes import extract_quotes

FOLDER = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    with (FOLDER / f"{name}.toml").open("rb") as stream:
        found = tomllib.load(stream)["case"]
    # Strict: the whole reading is compared all the same, and a case that is read right after all fails until its mark goes.
    unsolved = pytest.mark.xfail(reason="read wrong today", strict=True)
    return [pytest.param(case, id=case["name"], marks=[unsolved] if case.get("unsolved") else []) for case in found]


def folded(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("case", [*cases("speakers"), *cases("marks"), *cases("reports")])
def test_report_is_read_whole(case: dict[str, Any]) -> None:
    found = [(folded(q.text), q.speaker.name if q.speaker else "", q.is_statement) for q in extract_quotes(case["text"])]
    assert found == [(folded(q["text"]), q["speaker"], q["kind"] != "title_or_term") for q in case["quotes"]]


@pytest.mark.parametrize("case", cases("indirect"))
def test_reported_speech_is_found_with_its_speaker(case: dict[str, Any]) -> None:
    quotes = extract_quotes(case["text"], indirect=True)
    found = [(folded(q.text), q.speaker.name if q.speaker else "") for q in quotes if q.kind == "indirect"]
    assert found == [(folded(q["text"]), q["speaker"]) for q in case["indirect"]]


@pytest.mark.parametrize("name", ["speakers", "marks", "reports", "indirect"])
def test_reported_speech_comes_only_when_asked_for(name: str) -> None:
    for case in cases(name):
        text = case.values[0]["text"]
        direct = [quote for quote in extract_quotes(text, indirect=True) if quote.kind != "indirect"]
        assert direct == extract_quotes(text)
