"""Who works on what: locks that live exactly as long as the connection of the importer that holds them.

A killed importer's connection ends with it, so its claims need no expiry and no clean-up. The connection is outside of
any transaction while S3 is asked, and the same one stages the rows: who has lost the claim cannot stage either.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from runtime.database import CLIENT_LIVENESS, SERVER_LIVENESS

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
        await _hold(connection, file, holder, running_max)
        yield connection


async def connect(database_url: str) -> Connection:
    """A connection of one's own in autocommit mode, whose death both ends notice within half a minute."""
    connection: Connection = await psycopg.AsyncConnection.connect(
        database_url,
        autocommit=True,
        **CLIENT_LIVENESS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        options=(
            f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c lock_timeout={LOCK_TIMEOUT_SECONDS}s"
            f" -c work_mem={WORK_MEMORY_MB}MB -c TimeZone=UTC {SERVER_LIVENESS}"
        ),
    )
    return connection


def file_of(object_key: str, object_version: str) -> str:
    """What names one stored object, in a claim."""
    return f"{object_version} {object_key}"


@asynccontextmanager
async def if_free(connection: Connection, file: str, holder: str, running_max: int) -> AsyncIterator[bool]:
    """Whether the file could be claimed; if so, nobody else can claim it inside the block."""
    try:
        is_free = False
        with suppress(Busy):
            await _hold(connection, file, holder, running_max)
            is_free = True
        yield is_free
    finally:
        await connection.execute("SELECT pg_advisory_unlock_all()")


async def _hold(connection: Connection, file: str, holder: str, running_max: int) -> None:
    if not await _first_free(connection, [f"import file {file}"]):
        raise Busy("file")
    if not await _first_free(connection, [f"import place {place} of {holder}" for place in range(running_max)]):
        raise Busy("holder")


async def _first_free(connection: Connection, names: Sequence[str]) -> bool:
    for name in names:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        row = await cursor.fetchone()
        if row is not None and row[0]:
            return True
    return False
