"""Lets `mlflow.pyfunc.load_model("models:/stance@champion")` read our model directory.

MLflow calls _load_pyfunc by name; nothing here imports MLflow, and nothing is pickled.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from stance.labels import HEADS
from stance.predictor import Predictor
from stance.records import Statement


class _Table:
    """Predicts a data frame of target, statement, context?, speaker?."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(
        self,
        frame: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow passes it
    ) -> pd.DataFrame:
        """Return a row per row: each head's label and probabilities, and whether the stance abstained."""
        rows = frame.to_dict(orient="records")
        statements = [Statement(r["target"], r["statement"], r.get("context") or "", r.get("speaker") or "") for r in rows]
        table = []
        for prediction in self._predictor.predict(statements):
            heads = {head: getattr(prediction, head) for head in HEADS}
            row: dict[str, Any] = {head: found.label for head, found in heads.items()}
            row |= {f"{head}_{label}": p for head, found in heads.items() for label, p in found.probabilities.items()}
            table.append({**row, "abstained": prediction.abstained})
        return pd.DataFrame(table)


def _load_pyfunc(data_path: str) -> _Table:
    return _Table(Predictor.load(Path(data_path)))
