"""The admin port of every process: /livez, /readyz and /metrics. It shows no personal data and needs no token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.http import serve_http

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 2.0

log = structlog.get_logger()


@asynccontextmanager
async def serve_admin(bind: str, checks: Mapping[str, Check], is_ready: Callable[[], bool]) -> AsyncIterator[int]:
    """Serves the admin port inside the block and gives its number. A check that raises makes the process not ready."""

    async def livez(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        failing = [name for name, check in checks.items() if not await _passes(name, check)]
        if not is_ready():
            failing.append("started")
        return JSONResponse({"status": "failing" if failing else "ok", "failing": failing}, 503 if failing else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    # A series of its own for the age of each other one: nobody reads them.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    routes = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    async with serve_http(Starlette(routes=routes), bind, proxy_headers=False) as port:
        yield port


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 -- whatever a dependency raises, the answer is "not ready"
        log.debug("not ready", check=name, exception=type(error).__name__)
        return False
    return True
