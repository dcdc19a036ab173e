"""The outbox: an event is written in the transaction that makes it true, so it leaves if and only if that commits."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    insert,
    text,
)

from runtime import ids
from runtime.database import WriteSession
from runtime.messages.envelope import PREFIX, Event

CHANNEL = "outbox"
# Ten of them fit a PublishBatch request of SNS or SQS (256 KiB), whatever they hold.
BODY_MAX_BYTES = 24 * 1024

# The order is that of an index, so a read takes as long with a hundred thousand waiting events as with ten.
_WAITING = """
SELECT position, event_id, subject, type, body FROM outbox
WHERE destination = %(destination)s AND publish_time IS NULL AND subject <> ALL(%(without)s::text[])
ORDER BY position LIMIT %(most)s
"""
_MARK = "UPDATE outbox SET publish_time = now() WHERE position = ANY(%s)"
_PRUNE = """
DELETE FROM outbox WHERE position IN (
  SELECT position FROM outbox WHERE publish_time < now() - %s::interval ORDER BY publish_time LIMIT %s)
"""
_BACKLOG = """
SELECT destination, count(*), extract(epoch FROM now() - min(create_time))::float8
FROM outbox WHERE publish_time IS NULL GROUP BY destination
"""


@dataclass(frozen=True)
class Outgoing:
    """A waiting row of the outbox."""

    position: int
    event_id: UUID
    subject: str
    type: str
    body: str = field(repr=False)


def outbox_table(metadata: MetaData) -> Table:
    """The table `outbox`. The application's role needs SELECT, INSERT, DELETE and UPDATE (publish_time) on it.

    `position` orders the events of one subject, because the subject's row is locked while they are written;
    across subjects it says nothing.
    """
    table = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("destination", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("publish_time", DateTime(timezone=True)),
    )
    columns = table.c
    Index("outbox_waiting", columns.destination, columns.position, postgresql_where=columns.publish_time.is_(None))
    Index("outbox_published", columns.publish_time, postgresql_where=columns.publish_time.is_not(None))
    return table


async def put(session: WriteSession, table: Table, event: Event, destination: str) -> None:
    """Writes `event` for `destination` and wakes the relay at commit. The caller holds the lock of the subject's row.

    Raises ValueError if the event is longer than BODY_MAX_BYTES.
    """
    body = event.to_json()
    if len(body.encode()) > BODY_MAX_BYTES:
        raise ValueError(f"The event {ids.to_id(PREFIX, event.id)} is longer than {BODY_MAX_BYTES} bytes.")
    await session.execute(
        insert(table).values(
            event_id=event.id,
            destination=destination,
            subject=event.subject,
            sequence=event.sequence,
            type=event.type,
            body=body,
        )
    )
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def waiting(
    connection: AsyncConnection[Any], destination: str, *, without: Collection[str] = (), most: int
) -> list[Outgoing]:
    """The first waiting events in the order of their positions, those of the subjects `without` left out."""
    async with connection.cursor(row_factory=class_row(Outgoing)) as cursor:
        await cursor.execute(_WAITING, {"destination": destination, "without": list(without), "most": most})
        return await cursor.fetchall()


async def mark_published(connection: AsyncConnection[Any], positions: Collection[int]) -> None:
    await connection.execute(_MARK, (list(positions),))


async def prune(connection: AsyncConnection[Any], *, retention: timedelta, most: int) -> int:
    """Deletes at most `most` events published longer ago than `retention`; how many it deleted."""
    return (await connection.execute(_PRUNE, (retention, most))).rowcount


async def backlog(connection: AsyncConnection[Any]) -> dict[str, tuple[int, float]]:
    """By destination, how many events wait and the age of the oldest in seconds."""
    cursor = await connection.execute(_BACKLOG)
    return {destination: (count, seconds) for destination, count, seconds in await cursor.fetchall()}
