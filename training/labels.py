"""Gold labels as arrays."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stance.labels import HEADS
from stance.records import LabelledStatement

NO_LABEL: Final = -100


def label_indices(statements: Sequence[LabelledStatement]) -> dict[str, NDArray[np.int64]]:
    """Return, per head, each statement's label as an index into HEADS[head], NO_LABEL where it has none."""
    return {
        head: np.array([NO_LABEL if (label := s.label(head)) is None else names.index(label) for s in statements], dtype=np.int64)
        for head, names in HEADS.items()
    }
