"""The outermost layer: request id and trace, security headers, one log line, and never a stack trace."""

import time
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.errors import INTERNAL, HttpRefusal
from runtime import call
from runtime.call import Call

REQUEST_ID: Final = "x-request-id"
CONTENT_POLICY: Final = "content-security-policy"

_SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",  # browsers heed it over https only
    CONTENT_POLICY: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cache-control": "no-store",
}

# A method is any text of the client's.
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

_SECONDS = Histogram(
    "stori_http_request_seconds",
    "Seconds to serve a request; status 0 is a client that left before the answer.",
    ["method", "path", "status"],
)
log = structlog.get_logger()


class Edge:
    """Wraps the whole application. `paths` are those a log line or a label may name; any other is a stranger's text.

    Of one that ends with a parameter, as /downloads/{ticket}, its own text is named and never the parameter's.
    """

    def __init__(self, app: ASGIApp, paths: frozenset[str]) -> None:
        self._app = app
        self._paths = paths
        self._families = {path.partition("{")[0]: path for path in paths if path.endswith("}")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        served = Call(
            call.new_request_id(headers.get(REQUEST_ID)),
            call.new_traceparent(headers.get("traceparent")),
        )
        with call.bind(served):
            await self._serve(scope, receive, send, served.request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 -- its text may quote the request: only its type is told, and only here
            log.error("a request failed", exception=type(error).__name__)  # noqa: TRY400 -- see above
            if not status:
                await fault()(scope, receive, send_guarded)
        finally:
            path = self._named(scope["path"])
            method = scope["method"] if scope["method"] in _METHODS else "other"
            elapsed = time.perf_counter() - started
            _SECONDS.labels(method, path, status).observe(elapsed)
            milliseconds = round(elapsed * 1000, 1)
            log.info("request", method=scope["method"][:16], path=path, status=status, milliseconds=milliseconds)

    def _named(self, path: str) -> str:
        return path if path in self._paths else self._families.get(path[: path.rfind("/") + 1], "other")


def refuse(refusal: HttpRefusal, media_type: str = "application/json") -> Response:
    body = orjson.dumps({"errors": refusal.errors})
    return Response(body, refusal.status, refusal.headers, f"{media_type}; charset=utf-8")


def fault() -> Response:
    return refuse(HttpRefusal(500, INTERNAL, "Something went wrong on our side."))
