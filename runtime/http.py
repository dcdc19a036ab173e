"""An HTTP server inside a process: the process keeps its signals and decides when to drain."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOK_SECONDS = 0.05


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # SIGTERM and SIGINT are the process's own


class _Leaving:
    """Answers as the app does; once `now` is set, each answer is the last of its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.now = app, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if self.now and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, answer)


@asynccontextmanager
async def serve_http(
    app: ASGIApp, bind: str, *, drain_seconds: float = 1, leave_seconds: float = 0, **options: Any
) -> AsyncIterator[int]:
    """Serves an ASGI app on `host:port` inside the block; gives the port (0 picks a free one).

    At the end each answer closes its connection for `leave_seconds`, so that nobody asks on one that is just being
    closed; then it takes no new connection, and requests in flight may go on for the rest of `drain_seconds`.
    `options` are uvicorn's. Raises OSError where the address cannot be had.
    """
    listener, leaving = _listen(bind), _Leaving(app)
    config = uvicorn.Config(
        leaving,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=max(1, round(drain_seconds - leave_seconds)),
        **options,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        leaving.now = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(leave_seconds):
                while server.server_state.connections:  # noqa: ASYNC110 – uvicorn tells nobody
                    await asyncio.sleep(LOOK_SECONDS)
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


def _listen(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), int(port)))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
