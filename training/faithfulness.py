"""Whether explanations name the words that the stance stands on: by leaving them out (comprehensiveness).

After DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", ACL 2020: how far the predicted stance's
probability falls without the words of highest weight, here beside as many words drawn at random. With one word left
out this only checks the weights (they are made so); with several it asks whether they hold together.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.calibration import probabilities
from stance.corpus import read_corpus
from stance.errors import StanceError
from stance.explain import explain_stance
from stance.inputs import shape_without
from stance.labels import STANCE
from stance.predictor import Predictor
from stance.records import Prediction, Statement
from training.metrics import NOTHING, ROUNDS, Score

REMOVED: Final = (1, 3, 5)
DRAWS: Final = 5


@dataclass(frozen=True, slots=True)
class Drop:
    """By how much the predicted stance's probability falls, mean over statements, where `removed` spans are left out.

    `explained`: those of highest weight; `random`: as many at random, mean over the draws; `difference`: explained
    less random, statement by statement.
    """

    removed: int
    explained: Score
    random: Score
    difference: Score


def faithfulness(
    predictor: Predictor, statements: Sequence[Statement], *, removed: Sequence[int] = REMOVED, draws: int = DRAWS, seed: int = 0
) -> list[Drop]:
    """Return a Drop per number in `removed`, over the statements that have more spans than the largest of them.

    Spans are those of stance.explain.split_spans: words, in a long statement a few together. Scores are means in -1 to 1 with
    their 95 % percentile bootstrap intervals over statements; zeros where no statement is long enough.
    """
    rng = np.random.default_rng(seed)
    rows = [
        _drops(predictor, statement, prediction, removed, draws, rng)
        for statement, prediction in zip(statements, predictor.predict(statements), strict=True)
    ]
    drops = np.array([row for row in rows if row is not None]).reshape(-1, len(removed), 2)
    return [
        Drop(number, *(_mean(values, seed) for values in (explained, random, explained - random)))
        for number, (explained, random) in zip(removed, drops.transpose(1, 2, 0), strict=True)
    ]


def _drops(
    predictor: Predictor,
    statement: Statement,
    prediction: Prediction,
    removed: Sequence[int],
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64] | None:
    """Return (len(removed), 2): the fall without the heaviest spans, and the mean fall without random ones; None for a short statement."""
    spans = explain_stance(predictor, statement, prediction)
    if len(spans) <= max(removed):
        return None
    heaviest = np.argsort([-span.weight for span in spans], kind="stable")
    chosen = [picked for number in removed for picked in (heaviest[:number], *(rng.permutation(len(spans))[:number] for _ in range(draws)))]
    cuts = [[(spans[i].start, spans[i].end) for i in sorted(picked)] for picked in chosen]
    logits = predictor.model.logits(shape_without(statement, cuts))["stance"]
    left = probabilities(logits, predictor.temperatures["stance"])[:, STANCE.index(prediction.stance.label)]
    falls = (prediction.stance.probabilities[prediction.stance.label] - left).reshape(len(removed), 1 + draws)
    return np.stack([falls[:, 0], falls[:, 1:].mean(axis=1)], axis=1)


def _mean(values: NDArray[np.float64], seed: int) -> Score:
    n = len(values)
    if n == 0:
        return NOTHING
    means = values[np.random.default_rng(seed).integers(0, n, size=(ROUNDS, n))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Score(float(values.mean()), float(low), float(high), n)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the drops of a model directory on a corpus as JSON, one line per number of spans left out."""
    parser = argparse.ArgumentParser(prog="python -m training.faithfulness", description="Do explanations name the words that count?")
    parser.add_argument("model", type=Path, help="a model directory")
    parser.add_argument("data", type=Path, help="a corpus: a .jsonl file or a folder")
    parser.add_argument("--limit", type=int, help="only so many statements, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    options = parser.parse_args(arguments)
    try:
        statements = [row.statement for row in read_corpus(options.data)]
        predictor = Predictor.load(options.model)
    except StanceError as error:
        parser.error(str(error))
    order = np.random.default_rng(options.seed).permutation(len(statements))[: options.limit]
    for drop in faithfulness(predictor, [statements[i] for i in order], seed=options.seed):
        sys.stdout.write(json.dumps(asdict(drop)) + "\n")


if __name__ == "__main__":
    main()
