"""Lets `mlflow.pyfunc.load_model("models:/stance@champion")` read our model directory.

MLflow calls _load_pyfunc by name; nothing here imports MLflow, and nothing is pickled.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from stance.corpus import read_unlabelled
from stance.output import flat_prediction
from stance.predictor import Predictor


class _Table:
    """Predicts a data frame of target, statement, context?, speaker?."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(
        self,
        frame: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow passes it
    ) -> pd.DataFrame:
        """Return a row per row (see flat_prediction); raises CorpusError naming the row that can't be judged."""
        rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
        statements = [read_unlabelled(row, f"row {number}") for number, row in enumerate(rows)]
        return pd.DataFrame([flat_prediction(prediction) for prediction in self._predictor.predict(statements)])


def _load_pyfunc(data_path: str) -> _Table:
    return _Table(Predictor.load(Path(data_path)))
