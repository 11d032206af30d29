"""Contenders on the same made-up statements: what is told of them, and the page that tells it."""

import base64
import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from stance.labels import HEADS
from training.answers import answers_of, gold_of
from training.compare import weigh
from training.comparison import Comparison
from training.comparison_report import page
from training.contenders import Contender, Field
from training.metrics import macro_f1
from training.paired import holm, mcnemar, paired_difference, seeds_difference
from training.tracking import Origin, RunSummary

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202e \"'&<b>$"
Right = Callable[[str, bool], float]
"""How often a model is right on a head; whether the statement is ironic."""


def rows(n: int, seed: int, right: Right, text: str = "We will keep it.") -> list[dict[str, Any]]:
    """What a run of made-up answers logs; gold labels hang on n alone."""
    made, luck, found = np.random.default_rng(n), np.random.default_rng([1, seed]), []
    for number in range(n):
        ironic = number % 4 == 0
        row: dict[str, Any] = {"id": f"s{number:05}", "process": f"process-{number % 3}", "target": "the truce", "speaker": text}
        row |= {
            "statement": text,
            "words": int(made.integers(5, 60)),
            "phenomena": ["irony"] if ironic else [],
            "abstained": number % 5 == 0,
        }
        for head, labels in HEADS.items():
            gold = int(made.integers(len(labels)))
            said = gold if luck.random() < right(head, ironic) else (gold + 1) % len(labels)
            p = luck.dirichlet(np.ones(len(labels))) + 2 * np.eye(len(labels))[said]
            row |= {f"{head}_gold": labels[gold], head: labels[said]}
            row |= {f"{head}_{label}": float(x) for label, x in zip(labels, p / p.sum(), strict=True)}
        found.append(row)
    return found


def field(n: int, *contenders: Right, seeds: int = 1, names: str = "run-", text: str = "We will keep it.") -> Field:
    """Contenders run-0, run-1 ... of so many seeds each."""
    made = [[rows(n, seeds * number + seed, right, text) for seed in range(seeds)] for number, right in enumerate(contenders)]
    gold = gold_of(made[0][0])
    entries = []
    for number, own in enumerate(made):
        metrics = {"fit/seconds": 2.0 + number, "fit/model_bytes": 3e6, "test/statements_per_second": 100.0}
        runs = [
            RunSummary(f"id{number}-{s}", f"{names}{number}", "made", str(s), "FINISHED", datetime.now(UTC), "d", "t", "1", metrics, False)
            for s in range(seeds)
        ]
        origins = [
            Origin({"epochs": str(number), "seed": str(s), "kind": "made"}, "c" * 40, "", {"numpy": "2", "torch": "2"})
            for s in range(seeds)
        ]
        answers = tuple(answers_of(found, gold) for found in own)
        entries.append(Contender(f"{names}{number}", tuple(runs), tuple(origins), answers))
    return Field("made/test", "0123456789abcdef", gold, tuple(entries))


def steady(head: str, ironic: bool) -> float:
    return 0.7


def better_on_stance(head: str, ironic: bool) -> float:
    return 0.9 if head == "stance" else 0.7


def worse_on_irony(head: str, ironic: bool) -> float:
    return 0.2 if ironic and head == "sentiment" else 0.7


@pytest.fixture(scope="module")
def made() -> Field:
    return field(400, steady, better_on_stance, worse_on_irony)


@pytest.fixture(scope="module")
def found(made: Field) -> Comparison:
    return weigh(made)


def test_figures_and_differences_are_those_of_the_statistics(made: Field, found: Comparison) -> None:
    gold, answers = made.gold.labels["stance"], [c.answers[0].predicted["stance"] for c in made.contenders]
    measure = found.heads["stance"]["macro_f1"]
    assert measure.scores[1] == macro_f1(gold, answers[1], 3)
    difference, wanted = measure.differences[0].over_statements, paired_difference(gold, answers[0], answers[1], 3)
    assert dataclasses.astuple(difference) == pytest.approx(dataclasses.astuple(wanted), abs=0.005)
    accuracy = found.heads["stance"]["accuracy"].differences[1]
    first, second = answers[0] == gold, answers[2] == gold
    assert accuracy.p_value == mcnemar(first, second)
    assert (accuracy.gained, accuracy.lost) == ((second & ~first).sum(), (first & ~second).sum())


def test_p_values_are_corrected_over_heads_and_contenders(found: Comparison) -> None:
    for metric in ("macro_f1", "accuracy", "calibration_error"):
        tested = [difference for measures in found.heads.values() for difference in measures[metric].differences]
        assert len(tested) == 6
        assert [difference.corrected for difference in tested] == holm([difference.p_value for difference in tested])
    lengths = [d for heads in found.parts["length"].values() for m in heads.values() for d in m.differences]
    assert max(d.corrected for d in lengths) > max(min(d.p_value for d in lengths), 0.9)


def test_a_sentence_says_who_is_better_where_and_on_what_worse(found: Comparison) -> None:
    better, worse = found.conclusions
    assert re.match(
        r"run-1, beside run-0: better on stance by 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]; no difference shown on relevance \(", better
    )
    assert "worse on stance" not in better
    irony = found.parts["phenomenon"]["irony"]["sentiment"].differences[1]
    assert "worse on sentiment by 0." in worse
    assert f"irony (sentiment): {irony.lost} of 100 statements flipped to wrong, {irony.gained} to right" in worse
    assert "better on sentiment" not in worse


def test_the_same_answers_are_told_to_be_the_same() -> None:
    one = field(60, steady)
    twin = dataclasses.replace(one.contenders[0], name="twin")
    found = weigh(dataclasses.replace(one, contenders=(one.contenders[0], twin)))
    assert found.conclusions == ("twin, beside run-0: right and wrong on the same statements.",)
    assert (found.flips, found.settings) == ((), {})
    assert all(m.differences[0].corrected == 1 for m in (found.heads[head]["macro_f1"] for head in HEADS))
    assert "<script" not in page(found)


def test_the_same_seed_gives_the_same_numbers(made: Field, found: Comparison) -> None:
    assert weigh(made).as_json() == found.as_json()
    other = weigh(made, seed=1).heads["stance"]["macro_f1"].differences[0].difference
    same = found.heads["stance"]["macro_f1"].differences[0].difference
    assert (other.value, other.low != same.low) == (same.value, True)


def test_every_statement_that_only_one_gets_right_is_kept_with_both_probabilities(made: Field, found: Comparison) -> None:
    for number, entry in enumerate(found.others):
        for head, measures in found.heads.items():
            flips = [flip for flip in found.flips if (flip.contender, flip.head) == (entry.name, head)]
            counted = measures["accuracy"].differences[number]
            assert (sum(f.to_right for f in flips), sum(not f.to_right for f in flips)) == (counted.gained, counted.lost)
            assert [f.certainty for f in flips] == sorted((f.certainty for f in flips), reverse=True)
    flip = found.flips[0]
    place = [said.id for said in made.gold.said].index(flip.statement.id)
    scored = made.gold.scored[flip.head].tolist().index(place)
    logged = made.contenders[0].answers[0].probabilities[flip.head][scored]
    assert list(flip.probabilities[0].values()) == pytest.approx(logged.tolist())
    assert flip.predicted[0] == HEADS[flip.head][int(logged.argmax())]


def test_only_what_differs_is_told_and_costs_are(found: Comparison) -> None:
    assert found.settings == {"recipe": {"epochs": ("0", "1", "2")}}
    assert [(entry.fit_seconds, entry.model_bytes, entry.parameters) for entry in found.contenders][:2] == [
        (2.0, 3e6, None),
        (3.0, 3e6, None),
    ]


def test_versions_that_an_old_run_did_not_log_are_no_difference_and_others_are(made: Field) -> None:
    first, second, _ = made.contenders
    for versions, told in (({}, {}), ({"numpy": "3", "torch": "2"}, {"versions": {"numpy": ("2", "3")}})):
        other = dataclasses.replace(second, origins=(dataclasses.replace(first.origins[0], versions=versions),))
        assert weigh(dataclasses.replace(made, contenders=(first, other))).settings == told


def test_seeds_of_a_recipe_are_one_and_have_to_differ_over_seeds_too() -> None:
    grouped = weigh(field(200, steady, better_on_stance, seeds=3))
    measure = grouped.heads["stance"]["macro_f1"]
    assert [len(values) for values in measure.values] == [3, 3]
    assert measure.scores[0].value == pytest.approx(np.mean(measure.values[0]))
    (difference,) = measure.differences
    assert difference.over_seeds == seeds_difference(*measure.values)
    assert difference.p_value == max(difference.over_statements.p_value, difference.over_seeds.p_value)
    assert "over statements and +0." in grouped.conclusions[0]
    assert grouped.settings == {"recipe": {"epochs": ("0", "1")}}


def test_parts_hold_their_own_statements_and_rare_phenomena_are_left_out(found: Comparison) -> None:
    assert set(found.parts) == {"process", "phenomenon", "length"}
    assert sum(heads["sentiment"].scores[0].statements for heads in found.parts["process"].values()) == 400
    few = weigh(field(32, steady, steady))  # eight are ironic
    assert few.parts["phenomenon"] == {}


def test_the_json_is_plain_and_has_the_result_s_names(found: Comparison) -> None:
    plain = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert plain["heads"]["stance"]["coverage"]["scores"][0]["value"] == found.heads["stance"]["coverage"].scores[0].value
    assert plain["heads"]["stance"]["selective_accuracy"]["differences"] == [None, None]
    assert plain["conclusions"] == list(found.conclusions)
    assert {flip["id"] for flip in plain["flips"]} == set(plain["statements"])


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_no_text_of_the_page_is_markup_and_only_its_own_script_may_run() -> None:
    text = page(weigh(field(60, steady, better_on_stance, names=f"run {HOSTILE} ", text=HOSTILE)))
    found = Tags(text)
    names = [name for name, _ in found.tags]
    assert set(names).isdisjoint({"img", "iframe", "object", "link"})
    assert names.count("script") == 1
    assert not any(attribute.startswith("on") for _, attributes in found.tags for attribute in attributes)
    assert found.text.count("<script>alert(1)</script>") > 10
    script = re.search(r"<script>(.*?)</script>\s*</body>", text, re.DOTALL)[1]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in text


def test_the_page_asks_no_host_and_has_every_section(found: Comparison) -> None:
    text = page(found)
    assert "http:" not in text
    assert "https:" not in text
    tags = Tags(text).tags
    assert [tag for tag, _ in tags].count("svg") == 2
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for words in ("What may be concluded", "How right on stance", "Peace processes", "Phenomena", "Length", "Calibration"):
        assert f"<h2>{words}</h2>" in text
    for words in ("Accuracy against coverage", "What they cost", "What they differ in", "Statements that flipped"):
        assert f"<h2>{words}</h2>" in text
    assert text == page(found)


def test_of_many_contenders_the_best_are_drawn() -> None:
    many = weigh(field(60, steady, *(lambda head, ironic, n=n: 0.3 + 0.08 * n for n in range(8))))
    text = page(many)
    assert "the reference and the best 5 of 8" in text
    assert "run-1</span>" not in text, "the worst one's flipped statements"
    assert text.count("run-8") > text.count("run-1")


@pytest.mark.slow
@pytest.mark.parametrize(("contenders", "seconds"), [(2, 2.0), (100, 20.0)])
def test_a_comparison_takes_seconds_of_one_processor(contenders: int, seconds: float) -> None:
    busy = 2.0  # a shared machine's processor may do half as much in a second
    made = field(1000, *[steady] * contenders)
    started = time.process_time()
    weigh(made)
    assert time.process_time() - started < busy * seconds
