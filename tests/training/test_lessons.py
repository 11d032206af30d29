import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.inputs import ModelInput
from stance.models.tokens import TokenRow
from training.labels import NO_LABEL
from training.lessons import Lesson, Lessons
from training.split import read_split

Recipes = Callable[..., Any]


class Words:
    """A tokenizer whose rows can be read: one id a word, and the texts of every row it made."""

    def __init__(self) -> None:
        self.texts: dict[tuple[int, ...], ModelInput] = {}

    def rows(self, inputs: list[ModelInput]) -> list[TokenRow]:
        made = []
        for item in inputs:
            ids = [hash(word) for word in f"{item.target} | {item.statement} | {item.context}".split()]
            self.texts[tuple(ids)] = item
            made.append(TokenRow(ids, 0, len(ids)))
        return made


@pytest.fixture
def train(small_corpus: Path) -> list[Any]:
    split = read_split(small_corpus)
    return [*split.train, *split.calibration]  # two processes


def shown(lessons: list[Lesson], words: Words) -> list[tuple[ModelInput, dict[str, int]]]:
    return [
        (words.texts[tuple(row.ids)], {h: int(y[i]) for h, y in lesson.labels.items()})
        for lesson in lessons
        for i, row in enumerate(lesson.rows)
    ]


def lessons(train: list[Any], recipe: Any) -> tuple[Lessons, Words]:
    words = Words()
    return Lessons(words, train, recipe), words  # type: ignore[arg-type]


def test_an_epoch_shows_every_statement_once_with_its_labels(train: list[Any], tiny_recipe: Recipes) -> None:
    made, words = lessons(train, tiny_recipe("finetune", finetune={"batch_tokens": 60}))
    batches = made.batches(1)
    assert len(batches) > 3
    assert all(len(b.rows) == 1 or len(b.rows) * max(len(r.ids) for r in b.rows) <= 60 for b in batches)
    found = shown(batches, words)
    assert sorted(item.statement for item, _ in found) == sorted(s.statement.text for s in train)
    stance = {s.statement.text: s.stance for s in train}
    names = ("supportive", "skeptical", "critical")
    assert all(stance[item.statement] == (None if y["stance"] == NO_LABEL else names[y["stance"]]) for item, y in found)


def test_an_epoch_follows_from_seed_and_number(train: list[Any], tiny_recipe: Recipes) -> None:
    options = {"batch_tokens": 60, "retargeted_share": 0.5, "context_dropout": 0.5}
    first, same, other = (lessons(train, tiny_recipe("finetune", seed=seed, finetune=options))[0] for seed in (1, 1, 2))

    def ids(batches: list[Lesson]) -> list[list[int]]:
        return [row.ids for batch in batches for row in batch.rows]

    assert ids(first.batches(3)) == ids(same.batches(3)) == ids(first.batches(3))
    assert ids(first.batches(3)) != ids(first.batches(4))
    assert ids(first.batches(3)) != ids(other.batches(3))


def test_retargeted_statements_come_beside_the_others_as_off_target_of_another_deal(train: list[Any], tiny_recipe: Recipes) -> None:
    made, words = lessons(train, tiny_recipe("finetune", finetune={"retargeted_share": 0.5}))
    found = shown(made.batches(1), words)
    assert len(found) == len(train) + round(0.5 * len(train))
    own = {(s.statement.target, s.statement.text) for s in train}
    foreign = [(i, y) for i, y in found if (i.target, i.statement.split(": ")[-1]) not in own]
    assert len(foreign) == round(0.5 * len(train))
    assert {i.target for i, _ in foreign} == {s.statement.target for s in train}
    assert all(y == {"relevance": 1, "stance": NO_LABEL, "sentiment": NO_LABEL} for _, y in foreign)


def test_one_process_alone_has_no_other_deal(train: list[Any], tiny_recipe: Recipes) -> None:
    alone = [dataclasses.replace(s, process="one") for s in train]
    made, words = lessons(alone, tiny_recipe("finetune", finetune={"retargeted_share": 0.5}))
    assert len(shown(made.batches(1), words)) == len(alone)


def test_about_the_wanted_share_of_contexts_is_left_out_others_each_time(train: list[Any], tiny_recipe: Recipes) -> None:
    made, words = lessons(train, tiny_recipe("finetune", finetune={"context_dropout": 0.4}))
    bare: Counter[str] = Counter()
    for epoch in range(1, 41):
        bare.update(item.statement for item, _ in shown(made.batches(epoch), words) if not item.context)
    shares = np.array([bare[s] for s in bare]) / 40
    assert len(bare) == len(train)
    assert shares.mean() == pytest.approx(0.4, abs=0.06)
    assert shares.max() < 0.8
