"""The HTTP server, with patience: uvicorn waits for ever for a request to be complete; this does not."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bff.settings import BffSettings
from runtime.http import serve_http

MAX_REQUEST_SECONDS: Final = 9.5  # from a request's first byte (or the connection) to its last
MAX_HEADER_BYTES: Final = 32_768
# Longer than a balancer takes to see /readyz, or a busy client to ask again.
LEAVE_SECONDS_MAX: Final = 2.0
LEAVE_SHARE: Final = 0.1


def serve_app(app: ASGIApp, settings: BffSettings) -> AbstractAsyncContextManager[int]:
    """Serves inside the block and gives the port. Addresses are the sockets', unless a trusted proxy tells others."""
    return serve_http(
        app,
        settings.http_bind,
        drain_seconds=settings.drain_seconds,
        leave_seconds=min(LEAVE_SECONDS_MAX, settings.drain_seconds * LEAVE_SHARE),
        http=PatientProtocol,
        ws="none",
        limit_concurrency=settings.http_connections,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request is not complete after MAX_REQUEST_SECONDS, or whose head is too large."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._start_timer()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_timer()
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(MAX_REQUEST_SECONDS, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
