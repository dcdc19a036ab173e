"""Who works on what: locks that live exactly as long as the connection of the importer that holds them.

A killed importer's connection ends with it, so its claims need no expiry and no clean-up. The connection is outside of
any transaction while S3 is asked, and the same one stages the rows: who has lost the claim cannot stage either.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 900
LOCK_TIMEOUT_SECONDS = 10
# Enough to number the twins of a million rows without a file on disk.
WORK_MEMORY_MB = 64

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Busy(Exception):
    """Somebody else works on this file, or the holder has as many imports running as one may have."""


@asynccontextmanager
async def claim(database_url: str, file: str, holder: str, running_max: int) -> AsyncIterator[Connection]:
    """Holds `file` and one of the holder's `running_max` places inside the block. Raises Busy at once if it cannot."""
    async with await connect(database_url) as connection:
        if not await _first_free(connection, [f"import file {file}"]):
            raise Busy("file")
        if not await _first_free(connection, _places(holder, running_max)):
            raise Busy("holder")
        yield connection


async def connect(database_url: str) -> Connection:
    """A connection of one's own in autocommit mode, whose death the server notices within a minute."""
    connection: Connection = await psycopg.AsyncConnection.connect(
        database_url,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        options=(
            f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c lock_timeout={LOCK_TIMEOUT_SECONDS}s"
            f" -c work_mem={WORK_MEMORY_MB}MB"
            " -c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c TimeZone=UTC"
        ),
    )
    return connection


def file_of(object_key: str, object_version: str) -> str:
    """What names one stored object, in a claim."""
    return f"{object_version} {object_key}"


@asynccontextmanager
async def if_free(connection: Connection, file: str) -> AsyncIterator[bool]:
    """Whether nobody works on the file; if so, nobody does inside the block either."""
    taken = await _first_free(connection, [f"import file {file}"])
    try:
        yield taken is not None
    finally:
        await _release(connection, taken)


async def has_place(connection: Connection, holder: str, running_max: int) -> bool:
    """Whether the holder has fewer imports running than one may have."""
    taken = await _first_free(connection, _places(holder, running_max))
    await _release(connection, taken)
    return taken is not None


def _places(holder: str, running_max: int) -> list[str]:
    return [f"import place {place} of {holder}" for place in range(running_max)]


async def _first_free(connection: Connection, names: Sequence[str]) -> str | None:
    """The first of the names that nobody else has locked, now locked by this connection."""
    for name in names:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        row = await cursor.fetchone()
        if row is not None and row[0]:
            return name
    return None


async def _release(connection: Connection, name: str | None) -> None:
    if name is not None:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
