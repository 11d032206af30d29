import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from stance.inputs import ModelInput
from stance.labels import HEADS
from stance.models.base import Logits
from stance.predictor import Predictor
from stance.records import Statement
from training.faithfulness import faithfulness, main

STATEMENTS = [Statement("the truce", f"And {'so ' * n}we reject it, as we always did.") for n in range(1, 21)]


class OneWord:
    """Critical where the statement says "reject"; nothing else counts."""

    kind = "words"

    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        found = {head: np.zeros((len(inputs), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        found["stance"][:, -1] = [4.0 * ("reject" in item.statement) for item in inputs]
        return found


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(OneWord(), dict.fromkeys(HEADS, 1.0), threshold=0.5)  # type: ignore[arg-type]


def test_without_the_word_that_counts_the_probability_falls_whole_and_seldom_by_chance(predictor: Predictor) -> None:
    whole = np.exp(4) / (np.exp(4) + 2) - 1 / 3
    for drop in faithfulness(predictor, STATEMENTS, removed=(1, 3)):
        assert drop.explained.value == drop.explained.low == drop.explained.high == pytest.approx(whole)
        assert drop.random.low <= drop.random.value <= drop.random.high < whole / 2
        assert drop.difference.value == pytest.approx(drop.explained.value - drop.random.value)
        assert drop.difference.low > 0
        assert drop.explained.statements == len(STATEMENTS)


def test_the_same_seed_gives_the_same_figures(predictor: Predictor) -> None:
    assert faithfulness(predictor, STATEMENTS, seed=3) == faithfulness(predictor, STATEMENTS, seed=3)
    assert faithfulness(predictor, STATEMENTS, seed=3) != faithfulness(predictor, STATEMENTS, seed=4)


def test_statements_with_no_more_words_than_are_left_out_are_not_counted(predictor: Predictor) -> None:
    assert faithfulness(predictor, [Statement("t", "We reject it.")])[0].explained.statements == 0
    assert faithfulness(predictor, []) == faithfulness(predictor, [Statement("t", "No.")])


def test_the_command_writes_a_line_per_number_left_out(
    baseline_artifact: Path, small_corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(baseline_artifact), str(small_corpus), "--limit", "8"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["removed"] for line in lines] == [1, 3, 5]
    assert all(line["explained"]["statements"] <= 8 for line in lines)
    with pytest.raises(SystemExit, match="2"):
        main(["nowhere", str(small_corpus)])
