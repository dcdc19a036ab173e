"""Who wants to hear of which import: one LISTEN connection for all watchers of the process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import orjson
import psycopg
import structlog

from runtime.database import Database
from runtime.messages.backoff import Backoff, pause
from runtime.refusals import ResourceExhausted, Unavailable
from txn_svc.imports.claim import connect
from txn_svc.imports.store import CHANNEL

RECONNECT = Backoff(0.2, 5.0)
PENDING_MAX = 1_000

log = structlog.get_logger()


class Watcher:
    """What one stream has not been told yet. `everything` asks it to look at all it watches: some news may be lost."""

    def __init__(self) -> None:
        self.pending: set[UUID] = set()
        self.everything = True
        self.closed = False
        self._news = asyncio.Event()

    async def news(self) -> tuple[bool, set[UUID]]:
        """Waits for what changed: whether everything may have, and otherwise which imports.

        Raises Unavailable once the server drains.
        """
        await self._news.wait()
        self._news.clear()
        if self.closed:
            raise Unavailable("The server is about to stop; watch again.", reason="SERVER_STOPPING")
        everything, pending = self.everything, self.pending
        self.everything, self.pending = False, set()
        return everything, pending

    def tell(self, import_id: UUID) -> None:
        self.pending.add(import_id)
        self.everything |= len(self.pending) > PENDING_MAX
        self.wake()

    def tell_everything(self) -> None:
        self.everything = True
        self.wake()

    def wake(self) -> None:
        if self.everything:
            self.pending.clear()
        self._news.set()


class Watch:
    """Passes notifications on to the watchers of an import, or of a subject's imports."""

    def __init__(self, database: Database, watchers_max: int) -> None:
        self._url, self._watchers_max = database.url, watchers_max
        self._by_topic: dict[UUID | str, set[Watcher]] = {}
        self._watchers: set[Watcher] = set()
        self._closed = False

    @contextmanager
    def watching(self, topic: UUID | str) -> Iterator[Watcher]:
        """A watcher of one import's id, or of all imports in the accounts of a subject.

        Raises ResourceExhausted (TOO_MANY_WATCHERS) where the process serves as many as it may.
        """
        if len(self._watchers) >= self._watchers_max:
            raise ResourceExhausted("Too many streams are open; try again later.", reason="TOO_MANY_WATCHERS")
        watcher = Watcher()
        watcher.closed = self._closed
        watcher.wake()
        self._watchers.add(watcher)
        self._by_topic.setdefault(topic, set()).add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._by_topic[topic].discard(watcher)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    async def run(self, stopping: asyncio.Event) -> None:
        """Listens until `stopping`, over any number of lost connections, then ends all streams."""
        listening = asyncio.create_task(self._listen_always(stopping))
        try:
            await stopping.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            self._closed = True
            for watcher in self._watchers:
                watcher.closed = True
                watcher.wake()

    async def _listen_always(self, stopping: asyncio.Event) -> None:
        failures = 0
        while not stopping.is_set():
            try:
                async with await connect(self._url) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    failures = 0
                    for watcher in self._watchers:
                        watcher.tell_everything()
                    async for notification in connection.notifies():
                        self._pass_on(notification.payload)
            except psycopg.Error as error:
                failures += 1
                log.warning("listening interrupted", error=type(error).__name__)
                await pause(stopping, RECONNECT.seconds(failures))

    def _pass_on(self, payload: str) -> None:
        import_id, subjects = orjson.loads(payload)
        for topic in (UUID(import_id), *(subjects or ())):
            for watcher in self._by_topic.get(topic, ()):
                watcher.tell(UUID(import_id))
