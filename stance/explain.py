"""Which words carried a stance: each is left out in turn, and the prediction looked at again (occlusion).

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014; for words, Li, Monroe and Jurafsky,
"Understanding Neural Networks through Representation Erasure", 2016. It asks nothing of a model but its logits, so it
explains every model alike. It knows single words (or neighbours) only: where two words far apart say the same, leaving
out either changes little, and both weigh little.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.calibration import probabilities
from stance.inputs import shape_without
from stance.labels import STANCE
from stance.predictor import Predictor
from stance.records import Prediction, Statement, WeightedSpan

MAX_SPANS: Final = 31
"""With the statement itself, a model reads at most 32 texts to explain one."""
Span = tuple[int, int]

# A dash, a slash or an ellipsis joins two words, a hyphen or an apostrophe makes one.
_PIECE: Final = re.compile(r"(?:(?!\.{2}|--)[^\s—–―…/。，、！？；：])+")


def explain_stance(predictor: Predictor, statement: Statement, prediction: Prediction) -> list[WeightedSpan]:
    """Return the statement's spans (see split_spans) in order, each weighted by how much it speaks for the predicted stance.

    `prediction` is what `predictor` says of the statement; its stance is explained where it abstained too. The
    weights are differences of log-odds in nats (see WeightedSpan); they need not add up to anything. A word
    behind what the model can read weighs about 0. Costs one call of model.logits with a text per span.
    """
    spans = split_spans(statement.text)
    logits = predictor.model.logits(shape_without(statement, [[span] for span in spans]))["stance"]
    column = STANCE.index(prediction.stance.label)
    whole = np.array([[prediction.stance.probabilities[label] for label in STANCE]])
    weights = _log_odds(whole, column) - _log_odds(probabilities(logits, predictor.temperatures["stance"]), column)
    return [WeightedSpan(a, b, statement.text[a:b], float(w)) for (a, b), w in zip(spans, weights, strict=True)]


def split_spans(text: str, max_spans: int = MAX_SPANS) -> list[Span]:
    """Return the offsets of the text's words, without their punctuation, in order and apart: at most `max_spans` (1 or more).

    Where there are more words, neighbours are joined, the short ones ("of the") first: the longest joined span is
    as short as can be. Words are joined over a mark of punctuation only where the text has more such marks than
    spans are allowed. White space, control characters and punctuation standing alone are in no span.
    """
    words = [span for piece in _PIECE.finditer(text) if (span := _trim(text, *piece.span()))]
    if len(words) <= max_spans:
        return words
    runs = [words[:1]]
    for before, word in pairwise(words):
        if text[before[1] : word[0]].isspace():
            runs[-1].append(word)
        else:
            runs.append([word])
    if len(runs) > max_spans:
        runs = [words]
    chars = bisect_left(range(len(text)), -max_spans, key=lambda chars: -len(_join(runs, chars)))
    return _join(runs, chars)


def _trim(text: str, start: int, end: int) -> Span | None:
    """Return the offsets of a piece of text without the marks around its letters, digits and symbols, or None where it has none."""
    while start < end and not _is_said(text[start]):
        start += 1
    while start < end and not _is_said(text[end - 1], "LNSM"):
        end -= 1
    return (start, end) if start < end else None


def _is_said(character: str, categories: str = "LNS") -> bool:
    """Tell whether a character is a letter, a digit or a symbol (emoji are); with M, also a mark upon one."""
    return unicodedata.category(character)[0] in categories


def _join(runs: Sequence[Sequence[Span]], chars: int) -> list[Span]:
    """Return the words of each run joined, from the left, to spans of at most `chars` characters; a longer word stays alone."""
    spans: list[Span] = []
    for run in runs:
        spans.append(run[0])
        for start, end in run[1:]:
            if end - spans[-1][0] <= chars:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    return spans


def _log_odds(chances: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Return ln(p / (1 - p)) of one column of (n, labels) probabilities; finite where a probability is 0."""
    others = np.delete(chances, column, axis=1).sum(axis=1)  # exact where 1 - p would be 0
    smallest = np.finfo(np.float64).tiny
    return np.asarray(np.log(np.maximum(chances[:, column], smallest)) - np.log(np.maximum(others, smallest)))
