"""/downloads/{ticket}: a file for a browser's link. The ticket is the permission; it works once and is never logged."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from bff.admission import Admission
from bff.clients import Clients
from bff.errors import HttpRefusal
from protos.txn.v1 import txn_pb2 as pb
from runtime.printable import is_printable
from runtime.refusals import (
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    NotFound,
    ResourceExhausted,
    Unavailable,
)

if TYPE_CHECKING:
    import grpc

    Stream = grpc.aio.UnaryStreamCall[pb.DownloadRequest, pb.DownloadResponse]

DOWNLOAD_PATH: Final = "/downloads/{ticket}"
# For the service to give a chunk, the first of which waits until the file is made, and for the client to take it.
MAX_STALL_SECONDS: Final = 60.0

_TICKET = re.compile(r"[A-Za-z0-9_-]{43}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; ?[a-z0-9-]+=[A-Za-z0-9.-]+)*")
_UNKNOWN_TYPE: Final = "application/octet-stream"


def download_path(ticket: str) -> str:
    return DOWNLOAD_PATH.format(ticket=ticket)


class DownloadEndpoint:
    """Passes on what txn_svc streams; its first message decides the status."""

    def __init__(self, admission: Admission, clients: Clients) -> None:
        self._admission = admission
        self._clients = clients

    async def __call__(self, request: Request) -> Response:
        await self._admission.anybody(request)
        if request.method != "GET":  # a HEAD too would use the ticket up
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "Use GET.", {"allow": "GET"})
        ticket = request.path_params["ticket"]
        if not _TICKET.fullmatch(ticket):
            raise HttpRefusal(404, "DOWNLOAD_GONE", "There is no such download.")
        stream = self._clients.downloads.Download(pb.DownloadRequest(ticket=ticket))
        first = None
        try:
            first = await _first(stream, request)
            return _Passed(first, stream) if first else _Unheard()
        except (FailedPrecondition, NotFound) as refusal:
            status = 404 if isinstance(refusal, NotFound) else 409
            raise HttpRefusal(status, refusal.reason, refusal.message) from None
        except (DeadlineExceeded, ResourceExhausted, Unavailable):
            message = "This part is not available right now. Try again in a moment."
            raise HttpRefusal(503, "UNAVAILABLE", message, {"retry-after": "1"}) from None
        finally:
            if first is None:
                stream.cancel()


async def _first(stream: "Stream", request: Request) -> pb.DownloadResponse | None:
    """None where the client does not wait for it. Raises DeadlineExceeded, and Refusals of the service."""
    coming = asyncio.ensure_future(anext(aiter(stream), None))
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((coming, leaving), timeout=MAX_STALL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            if leaving.done():
                return None
            raise DeadlineExceeded("There was no first message.")
        first = coming.result()
    finally:
        coming.cancel()
        leaving.cancel()
    if first is None:
        raise Internal("A download had no first message.")
    return first


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Unheard(Response):
    """For a client that has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


class _Passed(StreamingResponse):
    """The chunks as they come, never the whole file. A client that goes away, or takes no more, ends the call."""

    def __init__(self, first: pb.DownloadResponse, stream: "Stream") -> None:
        known = _MEDIA_TYPE.fullmatch(first.media_type)
        headers = {
            "content-disposition": content_disposition(first.file_name),
            # Not as `media_type`: Starlette would add a charset, and nobody knows that of an original file.
            "content-type": first.media_type if known else _UNKNOWN_TYPE,
        }
        super().__init__(_chunks(first, stream), headers=headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(MAX_STALL_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            self._stream.cancel()


async def _chunks(first: pb.DownloadResponse, stream: "Stream") -> AsyncIterator[bytes]:
    messages = aiter(stream)
    message: pb.DownloadResponse | None = first
    while message is not None:
        if message.data:
            yield message.data
        async with asyncio.timeout(MAX_STALL_SECONDS):
            message = await anext(messages, None)


def content_disposition(file_name: str) -> str:
    """`attachment` with a name (RFC 6266): a plain one for everybody, and the real one (RFC 8187) where they differ."""
    real = "".join(c if is_printable(c) and c not in "/\\" else "_" for c in file_name) or "download"
    plain = "".join(c if c.isascii() and c not in '"%' else "_" for c in real)
    extended = "" if plain == real else f"; filename*=UTF-8''{quote(real, safe='')}"
    return f'attachment; filename="{plain}"{extended}'
