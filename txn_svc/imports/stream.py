"""One WatchImports stream: the current state, then what changes, no import more often than the interval allows."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from cachetools import LRUCache

from protos.txn.v1 import txn_pb2
from runtime.call import Caller
from runtime.database import Database
from runtime.refusals import Unauthenticated
from txn_svc.imports import reading
from txn_svc.imports.mapping import import_to_proto
from txn_svc.imports.reading import Seen, import_missing
from txn_svc.imports.watch import Watcher
from txn_svc.model import IMPORT_STATES_OPEN

INTERVAL_SECONDS = 0.5
# What a stream of all imports starts with, and how many it remembers having told.
FIRST_MAX = 50
REMEMBERED_MAX = 1_000


class Stream:
    """What `caller` is told: of one import until it is settled, or of all in accounts of his own until he leaves.

    Raises NotFound where he may not read the import, Unauthenticated when his token expires.
    """

    def __init__(self, database: Database, watcher: Watcher, caller: Caller, import_id: UUID | None) -> None:
        self._database, self._watcher, self._caller, self._import_id = database, watcher, caller, import_id
        self._told: LRUCache[UUID, bytes] = LRUCache(REMEMBERED_MAX)

    async def changes(self) -> AsyncIterator[tuple[Seen, txn_pb2.Import]]:
        while True:
            everything, changed = await self._news()
            pause = asyncio.create_task(asyncio.sleep(INTERVAL_SECONDS))
            try:
                for seen, message in await self._read(everything, changed):
                    if self._is_new(message, seen):
                        yield seen, message
                    if self._import_id is not None and seen.state not in IMPORT_STATES_OPEN:
                        return
                await pause
            finally:
                pause.cancel()

    async def _news(self) -> tuple[bool, set[UUID]]:
        try:
            return await asyncio.wait_for(self._watcher.news(), max(0.0, self._caller.expires_at - time.time()))
        except TimeoutError:
            raise Unauthenticated("A valid access token is required.") from None

    async def _read(self, everything: bool, changed: set[UUID]) -> list[tuple[Seen, txn_pb2.Import]]:
        async with self._database.read(snapshot=True) as session:
            if self._import_id is not None:
                found: Sequence[Seen] = list((await reading.find(session, self._caller, [self._import_id])).values())
            elif everything:
                where = reading.listed(self._caller, None, ())
                found = (await reading.page(session, self._caller, where, None, FIRST_MAX))[::-1]
            else:
                found = await reading.find_own(session, self._caller, changed)
            months = await reading.months(session, found)
        if self._import_id is not None and not found:
            raise import_missing()
        return [(seen, import_to_proto(seen, months.get(seen.found.id))) for seen in found]

    def _is_new(self, message: txn_pb2.Import, seen: Seen) -> bool:
        raw = message.SerializeToString(deterministic=True)
        if self._told.get(seen.found.id) == raw:
            return False
        self._told[seen.found.id] = raw
        return True
