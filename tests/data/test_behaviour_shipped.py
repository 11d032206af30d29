"""The shipped behaviour cases are what their README says."""

import re
from collections import Counter
from pathlib import Path

import pytest

from training.behaviour import Suite, read_suite

FOLDER = Path(__file__).parents[1] / "behaviour"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(FOLDER)


def test_the_suite_is_as_large_as_its_readme_says(suite: Suite) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    counts = Counter(case.phenomenon for case in suite.cases)
    assert f"{len(suite.cases)} cases" in readme
    assert len(suite.cases) >= 240
    for names, number in re.findall(r"^\| ([a-z_, ]+) \| (\d+) \|", readme, flags=re.MULTILINE):
        assert sum(counts[name] for name in names.split(", ")) == int(number)


def test_every_phenomenon_has_a_least_rate(suite: Suite) -> None:
    assert suite.thresholds.keys() == {case.phenomenon for case in suite.cases}


def test_the_words_stand_in_their_paragraphs(suite: Suite) -> None:
    both = [statement for case in suite.cases for statement in (case.statement, case.twin) if statement is not None]
    assert [s.text for s in both if s.text not in s.context] == []
