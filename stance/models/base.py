"""What every model is to the rest of the product.

A model maps ModelInputs to logits and can be written to and read from a directory; it does not
know temperatures, thresholds, files' hashes or where it is served.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from stance.inputs import ModelInput

Logits = dict[str, NDArray[np.float32]]
"""Head -> float32 array of shape (n, labels of the head), columns in the order of labels.HEADS."""

WEIGHTS_FILE: Final = "model.safetensors"
KINDS: Final = ("baseline", "encoder")


class Model(Protocol):
    """The contract; tests/models/test_contract.py holds every model to it."""

    kind: str

    def logits(self, inputs: Sequence[ModelInput]) -> Logits:
        """Return finite logits, row i for input i whatever else is in the call; shape (0, k) for no input."""
        ...

    def save(self, directory: Path) -> None:
        """Write weights (safetensors) and settings (JSON) into an existing directory."""
        ...

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the model that `save` wrote into `directory`; its logits are equal to 1e-5."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what the manifest should say of the model: base checkpoint, its hash, sizes."""
        ...


def sha256_of(file: Path) -> str:
    """Return the hexadecimal sha256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_model(kind: str, directory: Path) -> Model:
    """Return the model of `kind` (one of KINDS) saved in `directory`."""
    if kind == "baseline":
        from stance.models.baseline import BaselineModel

        return BaselineModel.load(directory)
    from stance.models.encoder import EncoderModel

    return EncoderModel.load(directory)
