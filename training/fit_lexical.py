"""Lexical heads beside a fitted network: logistic regression on hashed n-grams, weighed against the network on the calibration part."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stance.inputs import shape
from stance.labels import HEADS
from stance.models.encoder import EncoderModel
from stance.models.lexical import LexicalHeads, count_grams, tf_idf
from stance.records import LabelledStatement
from training.calibrate import fit_temperature
from training.labels import label_indices
from training.linear import fit_linear_heads

_INVERSE_REGULARISATION: Final = 3.0  # 1 to 10 measure alike


def fit_lexical(
    model: EncoderModel, train: Sequence[LabelledStatement], calibration: Sequence[LabelledStatement], *, share: float, seed: int
) -> LexicalHeads:
    """Return lexical heads that make up `share` (below 1) of the logits beside those of the model's network.

    Both are first brought to one scale by a temperature of their own, fitted on `calibration`: a logarithmic opinion pool
    (Heskes, "Selecting weighting factors in logarithmic opinion pools", NeurIPS 1997). The network's logits stay as they are.
    """
    counts = count_grams(model.tokenizer.rows([shape(s.statement) for s in train]))
    idf = (np.log((1 + len(train)) / (1 + counts.getnnz(axis=0))) + 1).astype(np.float32)
    doubles = fit_linear_heads(tf_idf(counts, idf), label_indices(train), inverse_regularisation=_INVERSE_REGULARISATION, seed=seed)
    weights, biases = ({head: array.astype(np.float32) for head, array in arrays.items()} for arrays in doubles)
    inputs, labels = [shape(s.statement) for s in calibration], label_indices(calibration)
    words, network = LexicalHeads(idf, weights, biases).logits(model.tokenizer.rows(inputs)), model.logits(inputs)
    for head in HEADS:
        scale = share / (1 - share) * fit_temperature(network[head], labels[head]) / fit_temperature(words[head], labels[head])
        weights[head] *= scale
        biases[head] *= scale
    return LexicalHeads(idf, weights, biases)
