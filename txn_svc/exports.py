"""A file made for somebody else: written whole before the first byte of it leaves, so that it is of one moment."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

MEMORY_MAX_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16
CSV_OF_OURS = "text/csv; charset=utf-8"
# Whoever sent it in knows its encoding.
CSV = "text/csv"


@dataclass(frozen=True)
class Export:
    """What may be read, as was checked; `chunks` makes the file and gives at most CHUNK_BYTES at a time."""

    file_name: str
    media_type: str
    chunks: Callable[[], AsyncIterator[bytes]]


@contextmanager
def spooled() -> Iterator[BinaryIO]:
    """A temporary file, in memory while it is small, that is gone after the block."""
    with SpooledTemporaryFile(MEMORY_MAX_BYTES) as file:
        yield cast("BinaryIO", file)


async def chunks_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """The file from its beginning."""
    file.seek(0)
    while data := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield data
