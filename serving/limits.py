"""What a request may be, checked before anything reads it: body size and content type."""

import json
import uuid
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
REQUEST_ID_HEADER: Final = b"x-request-id"


def error_body(kind: str, message: str, request_id: str, field: str | None = None) -> dict[str, Any]:
    """Return the error envelope that every failed request is answered with."""
    detail = {"type": kind, "message": message, "request_id": request_id}
    return {"error": detail if field is None else {**detail, "field": field}}


class RequestLimits:
    """Reads a body up to `max_body_bytes`, chunked or not, and refuses more with 413; gives every request an id."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", []).append((REQUEST_ID_HEADER, request_id.encode()))
            await send(message)

        refusal, body = await self._read(scope, receive, request_id)
        if refusal is not None:
            await self._refuse(send_with_id, *refusal)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send_with_id)

    async def _read(self, scope: Scope, receive: Receive, request_id: str) -> tuple[tuple[int, dict[str, Any]] | None, bytes]:
        if scope["method"] != "POST":
            return None, b""
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if content_type != b"application/json":
            message = f"expected Content-Type application/json, got {content_type.decode('latin-1') or 'none'!r}; send JSON"
            return (415, error_body("unsupported_media_type", message, request_id)), b""
        body = bytearray()
        while True:
            chunk = await receive()
            if chunk["type"] != "http.request":
                return None, b""  # the client is gone
            body += chunk.get("body", b"")
            if len(body) > self._max_body_bytes:
                message = f"expected a body of at most {self._max_body_bytes:,} bytes, got more; send fewer statements or a shorter article"
                return (413, error_body("too_large", message, request_id)), b""
            if not chunk.get("more_body", False):
                return None, bytes(body)

    @staticmethod
    async def _refuse(send: Send, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})
