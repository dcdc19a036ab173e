"""Named points: where a process can be held, to see what a death there leaves behind.

A process that is given a socket tells it of every point it reaches, as a line of JSON, {"process", "point", "pid"}, and
goes on when the other side closes the connection. Without one, which is how it is outside of tests of reliability, a
point is a comparison.
"""

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class _Told:
    socket: str = ""
    process: str = ""


_told = _Told()


def configure(process: str, socket: str) -> None:
    """Names this process and the Unix socket that is told; the empty one is none."""
    _told.process, _told.socket = process, socket


async def reach(point: str) -> None:
    """Tells that the work has come to `point`, and is held there as long as who is told wants it."""
    if _told.socket:
        await _tell(point)


async def _tell(point: str) -> None:
    # Nobody listens any more: then nobody is to be waited for.
    with suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(_told.socket)
        try:
            line = {"process": _told.process, "point": point, "pid": os.getpid()}
            writer.write(json.dumps(line).encode() + b"\n")
            await reader.read()
        finally:
            writer.close()
