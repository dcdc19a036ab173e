"""How far an import has come, written beside the work: on another connection, at most twice a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass

import structlog
from sqlalchemy import update

from runtime.database import Database
from runtime.refusals import Refusal
from txn_svc.imports import store
from txn_svc.model import StatementImport

INTERVAL_SECONDS = 0.5

log = structlog.get_logger()


@dataclass
class Progress:
    """Counters which the working thread only ever raises."""

    bytes_read: int = 0
    rows_read: int = 0
    rows_written: int = 0

    def read(self, bytes_read: int) -> None:
        self.bytes_read = bytes_read


@asynccontextmanager
async def reported(database: Database, found: StatementImport) -> AsyncIterator[Progress]:
    """Counters whose changes are written to the import's row, and told to its watchers, as long as the block runs."""
    progress = Progress()
    reporting = asyncio.create_task(_report(database, found, progress))
    try:
        yield progress
    finally:
        reporting.cancel()
        await asyncio.wait([reporting])


async def _report(database: Database, found: StatementImport, progress: Progress) -> None:
    written = astuple(progress)
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        if written != (written := astuple(progress)):
            try:
                await _write(database, found, progress)
            except Refusal as refusal:
                # The work itself meets the same fault if it matters.
                log.warning("progress not written", reason=refusal.reason)


async def _write(database: Database, found: StatementImport, progress: Progress) -> None:
    figures = {
        "bytes_read": progress.bytes_read,
        "rows_read": progress.rows_read,
        "rows_written": progress.rows_written,
    }
    this = (StatementImport.account_id == found.account_id, StatementImport.id == found.id)
    async with database.write() as session:
        if await session.changed(
            update(StatementImport).where(*this, StatementImport.state == "PLANNING").values(figures)
        ):
            await store.announce(session, found)
