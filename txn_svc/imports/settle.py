"""How an import ends, and what it tells the world then."""

from datetime import UTC, datetime

from sqlalchemy import delete

from protos.events.v1 import events_pb2
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from runtime.messages import outbox
from runtime.messages.envelope import event_of
from txn_svc.imports import metrics, store
from txn_svc.model import ImportRow, StatementImport, audit_event
from txn_svc.model import outbox as outbox_rows

WORKING = frozenset({"PLANNING", "COMMITTING"})
_SOURCE = "stori/txn_svc"
_DESTINATION = "events"

SettledEvent = events_pb2.ImportCompleted | events_pb2.ImportFailed


class Refused(Exception):
    """The import cannot be; `code` is the name of an ImportFailureCode, `message` a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def internal() -> Refused:
    return Refused("INTERNAL", "Something went wrong on our side. Nothing was imported; please upload the file again.")


async def fail(database: Database, failed: StatementImport, refused: Refused) -> None:
    """Makes an import that is worked on FAILED, without rows; does nothing where it is settled already."""
    async with database.write() as session:
        found = await store.locked(session, failed.id)
        if found is None or found.state not in WORKING:
            return
        of_import = (ImportRow.account_id == found.account_id, ImportRow.import_id == found.id)
        await session.execute(delete(ImportRow).where(*of_import))
        found.row_count = found.rejected_count = 0
        found.state, found.finish_time = "FAILED", datetime.now(UTC)
        found.failure_code, found.failure = refused.code, refused.message
        event = events_pb2.ImportFailed(
            import_id=to_id("imp", found.id),
            account_id=to_id("acct", found.account_id),
            holder_subject=await store.owner(session, found.account_id),
            failure_code=refused.code,
        )
        await publish(session, found, event)
        await record(session, audit_event, "FailImport", to_id("imp", found.id))
        await store.announce(session, found)
    metrics.settled(found)


async def publish(session: WriteSession, found: StatementImport, message: SettledEvent) -> None:
    """Puts the event into the outbox with the import's next sequence; the caller holds the lock of the import's row."""
    found.event_sequence += 1
    event = event_of(
        message,
        type=f"stori.txn.v1.{message.DESCRIPTOR.name}",
        source=_SOURCE,
        subject=to_id("imp", found.id),
        sequence=found.event_sequence,
    )
    await outbox.put(session, outbox_rows, event, _DESTINATION)
