"""What time alone decides: forms that are over, and imports that nobody works on any more."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from runtime import call
from runtime.audit import record
from runtime.database import Database
from runtime.ids import to_id
from runtime.messages.backoff import pause
from runtime.refusals import Refusal
from txn_svc.imports import metrics, store
from txn_svc.imports.claim import connect, file_of, if_free
from txn_svc.imports.settings import ImporterSettings
from txn_svc.imports.settle import clear, fail, internal
from txn_svc.imports.take import as_call
from txn_svc.model import StatementImport, audit_event

BATCH_MAX = 500
CLEAR_MAX = 20

log = structlog.get_logger()


class Sweep:
    """Expires forms and fails orphans, a bounded number at a time.

    An orphan is an import whose message was lost, at the latest in the dead-letter queue. It is only called one after
    this process has itself seen nobody work on it for `orphan_seconds`, though its holder had a place free: after an
    outage of all importers the messages come first, and behind a holder's large files his other ones wait.
    """

    def __init__(self, database: Database, settings: ImporterSettings) -> None:
        self._database, self._settings = database, settings
        self._idle_since: dict[UUID, float] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        while not await pause(stopping, self._settings.sweep_interval_seconds):
            try:
                await self.once()
            except (Refusal, psycopg.Error, DBAPIError) as error:
                log.warning("sweep not done", error=type(error).__name__)

    async def once(self) -> None:
        await self._expire()
        await self._clear()
        await self._give_up()

    async def _expire(self) -> None:
        async with self._database.write() as session:
            over = await store.expire(session, BATCH_MAX)
            for expired in over:
                with call.bind(as_call(expired)):
                    await record(session, audit_event, "ExpireImport", to_id("imp", expired.id))
        for expired in over:
            metrics.settled(expired)

    async def _clear(self) -> None:
        """Removes what the messages of DISCARDED imports should have; a worker that does the same waits for us."""
        async with self._database.read() as session:
            uncleared = await store.uncleared(session, CLEAR_MAX)
        for discarded in uncleared:
            await clear(self._database, discarded)

    async def _give_up(self) -> None:
        async with self._database.read() as session:
            metrics.show_open(await store.open_by_state(session))
            unfinished = await store.unfinished(session, BATCH_MAX)
        self._idle_since = await self._idle(unfinished)

    async def _idle(self, unfinished: Sequence[StatementImport]) -> dict[UUID, float]:
        """Since when each import is seen idle; fails those that have been for too long."""
        if not unfinished:
            return {}
        idle: dict[UUID, float] = {}
        async with await connect(self._database.url) as connection:
            for found in unfinished:
                file = file_of(found.object_key, found.object_version or "")
                async with if_free(connection, file, found.subject, self._settings.running_imports_max) as is_free:
                    if is_free:
                        idle[found.id] = self._idle_since.get(found.id, time.monotonic())
                        await self._fail_orphan(found, idle[found.id])
        return idle

    async def _fail_orphan(self, found: StatementImport, idle_since: float) -> None:
        if time.monotonic() - idle_since < self._settings.orphan_seconds:
            return
        with call.bind(as_call(found)):
            log.error("import orphaned", import_id=to_id("imp", found.id))
            try:
                await fail(self._database, found, internal())
            except (Refusal, DBAPIError) as error:
                # The others are none the worse for it; this one's turn comes again.
                log.warning("orphan not ended", import_id=to_id("imp", found.id), error=type(error).__name__)
