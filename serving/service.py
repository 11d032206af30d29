"""The BentoML service: loads the verified champion, then serves serving.http's routes.

BentoML gives processes, health, readiness and metrics, and packs service and model into a Bento.
STANCE_MODEL names a model directory to serve instead of the store's latest.
"""

import os
from pathlib import Path

import bentoml

from serving.backend import Backend
from serving.http import build_app
from serving.store import MODEL_NAME

_backend = Backend()


@bentoml.service(name="stance", workers=1, traffic={"timeout": 60})
@bentoml.asgi_app(build_app(_backend), path="/")
class StanceService:
    """Who stands where on a peace deal: quotes, speakers, stance and sentiment of a news article."""

    if "STANCE_MODEL" not in os.environ:  # else nothing has to be in the store
        champion = bentoml.models.BentoModel(f"{MODEL_NAME}:latest")

    def __init__(self) -> None:
        directory = os.environ.get("STANCE_MODEL")
        if directory:
            _backend.load(Path(directory), version="")
        else:
            stored = self.champion
            _backend.load(Path(stored.path), version=str(stored.info.metadata.get("model_version", "")))
