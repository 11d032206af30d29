"""The HTTP face: routes, validation, one error envelope. Knows no BentoML."""

import logging
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from serving.backend import Backend
from serving.limits import RequestLimits, error_body
from serving.schemas import (
    MAX_EXPLAINED,
    MAX_EXPLAINED_CHARS,
    AnalyzeRequest,
    AnalyzeResponse,
    ClassifyRequest,
    ClassifyResponse,
    ErrorResponse,
    ModelResponse,
)
from stance import __version__
from stance.corpus import read_unlabelled
from stance.errors import InputError, StanceError
from stance.explain import explain_stance
from stance.jsonl import writable_id
from stance.output import analysis_fields, explanation_fields, prediction_fields
from stance.predictor import Predictor
from stance.statements import check_target

PAGE: Final = Path(__file__).parent / "page"
_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STATUSES: Final = {
    400: "Not JSON",
    413: "Body too large",
    415: "Not application/json",
    422: "Invalid",
    429: "Full: try again",
    500: "Our fault",
}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {s: {"model": ErrorResponse, "description": text} for s, text in _STATUSES.items()}
_DOCS_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>stance API</title>
<link rel="stylesheet" href="static_content/swagger-ui.css"><div id="swagger-ui"></div>
<script src="static_content/swagger-ui-bundle.js"></script><script src="ui/docs.js"></script></html>"""
_log = logging.getLogger("stance.serving")


def build_app(backend: Backend) -> FastAPI:
    """Return the application; `backend` must be loaded before the first request."""
    app = FastAPI(title="stance", version=__version__, docs_url=None, redoc_url=None, description="Who stands where on a peace deal.")
    app.add_middleware(RequestLimits)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)

    @app.post("/analyze", responses=_ERRORS, tags=["stance"])
    async def analyze(request: AnalyzeRequest) -> AnalyzeResponse:
        """An article in, its statements with speakers, relevance, stance and sentiment out."""
        target = check_target(request.target)
        analysed = await backend.run(partial(backend.predictor.analyze, request.article, target, indirect=request.indirect))
        return AnalyzeResponse.model_validate({**analysis_fields(target, analysed), "model": backend.model_name()})

    @app.post("/classify", responses=_ERRORS, tags=["stance"])
    async def classify(request: ClassifyRequest) -> ClassifyResponse:
        """Statements in, one result or one error per item out, in order."""
        if request.explain:
            _check_explained(request.statements)
        results = await backend.run(partial(_classify, backend.predictor, request.statements, explain=request.explain))
        return ClassifyResponse.model_validate({"results": results, "model": backend.model_name()})

    @app.get("/model", responses={500: _ERRORS[500]}, tags=["stance"])
    async def model() -> ModelResponse:
        """Which model answers, from which run, on which data, how good."""
        manifest = backend.predictor.manifest
        if manifest is None:
            raise StanceError("the model has no manifest")
        fields = {name: getattr(manifest, name) for name in ModelResponse.model_fields if hasattr(manifest, name)}
        return ModelResponse.model_validate({**fields, "base": manifest.model, **backend.model_name()})

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("ui/")

    @app.get("/ui", include_in_schema=False)
    @app.get("/ui/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html", headers=_SECURITY_HEADERS)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(_DOCS_PAGE, headers=_SECURITY_HEADERS)

    app.mount("/ui", StaticFiles(directory=PAGE), name="page")
    return app


def _check_explained(items: list[Any]) -> None:
    """Raise InputError where explaining the items would take longer than the largest call without."""
    chars = sum(len(value) for item in items if isinstance(item, dict) for value in item.values() if isinstance(value, str))
    for found, most, unit in ((len(items), MAX_EXPLAINED, "items"), (chars, MAX_EXPLAINED_CHARS, "characters")):
        if found > most:
            told = f"expected at most {most:,} {unit} with 'explain', got {found:,}; send them in several calls"
            raise InputError(f"body.statements: {told}", field="body.statements")


def _classify(predictor: Predictor, items: list[Any], *, explain: bool) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    good = []
    for number, item in enumerate(items):
        results.append({"id": writable_id(item)})
        try:
            good.append((number, read_unlabelled(item, f"statements[{number}]")))
        except InputError as error:
            results[number]["error"] = str(error)
    for (number, statement), prediction in zip(good, predictor.predict([s for _, s in good]), strict=True):
        results[number] |= prediction_fields(prediction)
        if explain:
            results[number]["explanation"] = explanation_fields(explain_stance(predictor, statement, prediction))
    return results


def _answer(request: Request, status: int, kind: str, message: str, field: str | None = None) -> JSONResponse:
    return JSONResponse(error_body(kind, message, request.state.request_id, field), status)


async def _invalid(request: Request, error: Exception) -> Response:
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", first["msg"])
        return _answer(request, 400, "malformed", f"expected a JSON object as the body: {reason}; mend the JSON")
    return _answer(request, 422, "invalid", f"{field}: {first['msg']}; see /docs for what is expected", field)


async def _unusable(request: Request, error: Exception) -> Response:
    return _answer(request, 422, "invalid", str(error), getattr(error, "field", None))


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 429: "full"}.get(status, "refused")
    answer = _answer(request, status, kind, str(getattr(error, "detail", "")))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("request %s failed: %s", request.state.request_id, type(error).__name__)
    answer = _answer(request, 500, "internal", "the service failed on this request; its log names the request_id")
    answer.headers["x-request-id"] = request.state.request_id
    return answer
