"""What answers the routes: the model, and the one place where work on it is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import anyio
from starlette.exceptions import HTTPException

from stance.predictor import Predictor

MAX_WAITING: Final = 64

Result = TypeVar("Result")


class Backend:
    """What answers the routes: set once the model is loaded, before the service is ready."""

    predictor: Predictor
    version: str

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    def load(self, directory: Path, version: str) -> None:
        """Load a verified model; raises ArtifactError."""
        self.predictor, self.version = Predictor.load(directory), version

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return work() done off the event loop, one at a time: a forward pass uses every core; 429 when too many wait."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1)
        if self._limiter.statistics().tasks_waiting >= MAX_WAITING:
            raise HTTPException(429, "the service is full: expected fewer calls at once; try again in a moment", {"Retry-After": "1"})
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    def model_name(self) -> dict[str, str]:
        """Return name, version and run of the model that answers."""
        manifest = self.predictor.manifest
        return {"name": str(manifest.recipe["name"]), "version": self.version, "run_id": manifest.run_id} if manifest else {}
