"""An HTTP server inside a process: the process keeps its signals and decides when to drain."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # SIGTERM and SIGINT are the process's own


@asynccontextmanager
async def serve_http(app: ASGIApp, bind: str, *, drain_seconds: float = 1, **options: Any) -> AsyncIterator[int]:
    """Serves an ASGI app on `host:port` inside the block; gives the port (0 picks a free one).

    At the end it takes no new connection; requests in flight may go on for `drain_seconds`. `options` are uvicorn's.
    Raises OSError where the address cannot be had.
    """
    listener = _listen(bind)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
        **options,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
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
