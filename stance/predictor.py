"""The one inference path: evaluation, the endpoint and the command line all call Predictor."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stance.artifact import Manifest, load_artifact
from stance.calibration import probabilities
from stance.decision import decide
from stance.inputs import shape
from stance.labels import HEADS
from stance.models.base import Model
from stance.records import Prediction, Statement
from stance.statements import DEFAULT_TARGET, read_statements


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model with its temperatures and threshold."""

    model: Model
    temperatures: dict[str, float]
    threshold: float
    manifest: Manifest | None = None

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the predictor of a verified model directory; raises ArtifactError."""
        model, manifest = load_artifact(directory)
        return cls(model, manifest.temperatures, manifest.threshold, manifest)

    def predict(self, statements: Sequence[Statement]) -> list[Prediction]:
        """Return a prediction per statement, in order."""
        logits = self.model.logits([shape(statement) for statement in statements])
        calibrated = {head: probabilities(logits[head], self.temperatures[head]) for head in HEADS}
        return decide(calibrated, self.threshold)

    def analyze(self, article: str, target: str = DEFAULT_TARGET, *, indirect: bool = False) -> list[tuple[Statement, Prediction]]:
        """Return an article's statements with their predictions; raises InputError on an unusable article or target."""
        statements = read_statements(article, target, indirect=indirect)
        return list(zip(statements, self.predict(statements), strict=True))
