"""The relay: takes committed events out of one database's outbox and hands them to their destinations.

One relay per database is active: it holds a session advisory lock. Others stand by and take over when its connection
ends. It reads, publishes, then marks as published on the very connection that holds the lock, so a death between
publishing and marking publishes again, with the same event id; nothing is lost and nothing is skipped.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Protocol

import structlog
from prometheus_client import Counter as Count
from prometheus_client import Gauge
from psycopg import AsyncConnection, Error

from runtime import points
from runtime.aws import error_code
from runtime.database import CLIENT_LIVENESS, SERVER_LIVENESS
from runtime.messages import outbox
from runtime.messages.backoff import Backoff, pause
from runtime.messages.outbox import Outgoing
from runtime.refusals import Unavailable

LOCK_KEY = int.from_bytes(b"outbox")
STANDBY_POLL_SECONDS = 1.0
FALLBACK_POLL_SECONDS = 5.0
READ_MAX = 100
BATCH_MAX = 10
PUBLISH_DEADLINE_SECONDS = 15.0
REFUSED_MAX = 1000
PUBLISH_BACKOFF = Backoff(0.2, 30.0)
CONNECT_BACKOFF = Backoff(0.2, 10.0)
STABLE_SECONDS = 30.0
MEASURE_SECONDS = 5.0
PRUNE_SECONDS = 600.0
PRUNE_MAX = 5000
RETENTION = timedelta(days=7)

# A relay whose machine vanished must not keep the lock.
_CONNECTION: dict[str, Any] = {
    **CLIENT_LIVENESS,
    "autocommit": True,
    "application_name": "stori-relay",
    "connect_timeout": 5,
    "options": f"-c statement_timeout=15s {SERVER_LIVENESS}",
}

_PENDING = Gauge("stori_outbox_pending", "Events that wait to leave.", ["destination"])
_OLDEST = Gauge("stori_outbox_oldest_seconds", "Age of the oldest event that waits to leave.", ["destination"])
_PUBLISHED = Count("stori_outbox_published_total", "Events their destination accepted.", ["destination"])
_REFUSED = Count("stori_outbox_refused_total", "Attempts that failed, by event.", ["destination"])

log = structlog.get_logger()


class Publisher(Protocol):
    """A destination. `publish` gives the positions that were accepted, or raises when it could not ask."""

    async def publish(self, events: Sequence[Outgoing]) -> Collection[int]: ...


class Relay:
    """The relay of the database at `database_url` (libpq); `publishers` by the destination written in the outbox."""

    def __init__(self, database_url: str, publishers: Mapping[str, Publisher]) -> None:
        self._database_url = database_url
        self._lanes = [_Lane(destination, publisher) for destination, publisher in publishers.items()]
        self._connected = False

    async def check(self) -> None:
        """Raises Unavailable while the database cannot be reached. A relay that stands by is ready."""
        if not self._connected:
            raise Unavailable("The outbox's database cannot be reached.")

    async def run(self, stopping: asyncio.Event) -> None:
        """Relays until `stopping`; then lets each destination finish and mark what it is publishing."""
        failures = 0
        while not stopping.is_set():
            started = time.monotonic()
            try:
                await self._hold(stopping)
            except* (Error, OSError) as group:
                failures = 1 if time.monotonic() - started > STABLE_SECONDS else failures + 1
                log.warning("lost the outbox's database", error=type(group.exceptions[0]).__name__)
            self._connected = False
            _PENDING.clear()
            _OLDEST.clear()
            if failures:
                await pause(stopping, CONNECT_BACKOFF.seconds(failures))

    async def _hold(self, stopping: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(await self._connect())
            self._connected = True
            if not await _lead(connection, stopping):
                return
            listener = await stack.enter_async_context(await self._connect())
            await listener.execute(f"LISTEN {outbox.CHANNEL}")
            log.info("relaying", destinations=[lane.destination for lane in self._lanes])
            await self._relay(connection, listener, stopping)

    async def _relay(
        self, connection: AsyncConnection[Any], listener: AsyncConnection[Any], stopping: asyncio.Event
    ) -> None:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(listener))
            # Never cancelled: PostgreSQL might apply the cancellation to the next statement of the same connection.
            group.create_task(self._keep_house(connection, stopping))
            for lane in self._lanes:
                group.create_task(lane.run(connection, stopping))
            await stopping.wait()
            self._wake()
            listening.cancel()

    async def _connect(self) -> AsyncConnection[Any]:
        return await AsyncConnection.connect(self._database_url, **_CONNECTION)

    async def _listen(self, listener: AsyncConnection[Any]) -> None:
        async for _ in listener.notifies():
            self._wake()

    def _wake(self) -> None:
        for lane in self._lanes:
            lane.wake.set()

    async def _keep_house(self, connection: AsyncConnection[Any], stopping: asyncio.Event) -> None:
        next_prune = 0.0
        while not stopping.is_set():
            await self._measure(connection)
            if time.monotonic() >= next_prune:
                pruned = await outbox.prune(connection, retention=RETENTION, most=PRUNE_MAX)
                next_prune = time.monotonic() + (PRUNE_SECONDS if pruned < PRUNE_MAX else 0.0)
            await pause(stopping, MEASURE_SECONDS)

    async def _measure(self, connection: AsyncConnection[Any]) -> None:
        empty = {lane.destination: (0, 0.0) for lane in self._lanes}
        for destination, (count, seconds) in (empty | await outbox.backlog(connection)).items():
            _PENDING.labels(destination).set(count)
            _OLDEST.labels(destination).set(seconds)


class _Lane:
    """One destination: its own pace, its own failures."""

    def __init__(self, destination: str, publisher: Publisher) -> None:
        self.destination = destination
        self.wake = asyncio.Event()
        self._publisher = publisher
        self._refused: dict[str, tuple[int, float]] = {}  # subject → attempts, when to try again

    async def run(self, connection: AsyncConnection[Any], stopping: asyncio.Event) -> None:
        self._refused.clear()
        failures = 0
        while not stopping.is_set():
            self.wake.clear()
            events = await outbox.waiting(connection, self.destination, without=self._resting(), most=READ_MAX)
            if not events:
                await self._idle()
                continue
            failures = 0 if await self._relay(connection, events, stopping) else failures + 1
            if failures:
                await pause(stopping, PUBLISH_BACKOFF.seconds(failures))

    async def _relay(
        self, connection: AsyncConnection[Any], events: Sequence[Outgoing], stopping: asyncio.Event
    ) -> bool:
        """Publishes and marks, one event of each subject at a time; False if the destination is to be left alone."""
        held: set[str] = set()
        for layer in _layers(events):
            free = [event for event in layer if event.subject not in held]
            await points.reach("outbox.claimed")
            batches = [free[start : start + BATCH_MAX] for start in range(0, len(free), BATCH_MAX)]
            answers = await asyncio.gather(*(self._attempt(batch) for batch in batches))
            accepted = {position for answer in answers if answer is not None for position in answer}
            await points.reach("outbox.published")
            await outbox.mark_published(connection, accepted)
            await points.reach("outbox.marked")
            _PUBLISHED.labels(self.destination).inc(len(accepted))
            _REFUSED.labels(self.destination).inc(len(free) - len(accepted))
            for batch, answer in zip(batches, answers, strict=True):
                if answer is not None:
                    held |= self._refusals(batch, answer)
            if None in answers or len(self._refused) >= REFUSED_MAX:
                return False
            if stopping.is_set():
                break
        return True

    async def _attempt(self, batch: Sequence[Outgoing]) -> Collection[int] | None:
        try:
            async with asyncio.timeout(PUBLISH_DEADLINE_SECONDS):
                return await self._publisher.publish(batch)
        except Exception as error:  # noqa: BLE001 – whatever it is, it must not stop the other destinations
            log.warning("publishing failed", destination=self.destination, error=error_code(error))
            return None

    def _refusals(self, batch: Sequence[Outgoing], accepted: Collection[int]) -> set[str]:
        """The subjects whose event was refused; each rests for a while that grows with its refusals in a row."""
        refused = set()
        for event in batch:
            attempts, _ = self._refused.pop(event.subject, (0, 0.0))
            if event.position not in accepted:
                refused.add(event.subject)
                if len(self._refused) < REFUSED_MAX:
                    again = time.monotonic() + PUBLISH_BACKOFF.seconds(attempts + 1)
                    self._refused[event.subject] = (attempts + 1, again)
        return refused

    def _resting(self) -> list[str]:
        now = time.monotonic()
        return [subject for subject, (_, again) in self._refused.items() if again > now]

    async def _idle(self) -> None:
        # What is due and was not found waiting is gone from the outbox.
        now = time.monotonic()
        self._refused = {subject: entry for subject, entry in self._refused.items() if entry[1] > now}
        soonest = min((again - now for _, again in self._refused.values()), default=FALLBACK_POLL_SECONDS)
        await pause(self.wake, min(soonest, FALLBACK_POLL_SECONDS))


def _layers(events: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """The first event of every subject, then the second of every subject, and so on."""
    layers: list[list[Outgoing]] = []
    seen: Counter[str] = Counter()
    for event in events:
        if seen[event.subject] == len(layers):
            layers.append([])
        layers[seen[event.subject]].append(event)
        seen[event.subject] += 1
    return layers


async def _lead(connection: AsyncConnection[Any], stopping: asyncio.Event) -> bool:
    """Waits for the lock; False if `stopping` came first.

    It asks again and again instead of waiting in pg_advisory_lock: that statement would hold a snapshot for as long as
    it waits, and CREATE INDEX CONCURRENTLY waits for snapshots.
    """
    while not stopping.is_set():
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
        row = await cursor.fetchone()
        if row is not None and row[0]:
            return True
        await pause(stopping, STANDBY_POLL_SECONDS)
    return False
