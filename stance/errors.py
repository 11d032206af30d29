"""Every error a caller of this product can meet, as one tree.

- StanceError: the root; its text is one readable line: expected, got, where, what to do
  - InputError: what the caller handed in can't be read (article, statement, target, file)
    - CorpusError: a line of a data file breaks the format (names file, line, field, value)
    - RecipeError: a training recipe has an unknown or illegal field
      - DivergenceError: training by a recipe ends in no numbers
  - ArtifactError: a model directory is missing, incomplete or was changed
  - RunError: a tracked run can't be found, or has no model to promote
"""


class StanceError(Exception):
    """Root of every error raised on purpose; str(error) is one line for a person."""


class InputError(StanceError):
    """The caller's input can't be used; `field` names the part at fault, where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class CorpusError(InputError):
    """A line of a data file breaks its format."""


class RecipeError(InputError):
    """A training recipe has an unknown or illegal field."""


class DivergenceError(RecipeError):
    """Training diverged: the recipe is legal, its rates are too high."""


class ArtifactError(StanceError):
    """A model directory is missing, incomplete, changed, or made for other labels."""


class RunError(StanceError):
    """A tracked run can't be found, or holds no model."""


def shortened(value: object, limit: int = 60) -> str:
    """Return repr(value) cut to `limit` characters, for use inside an error's text."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
