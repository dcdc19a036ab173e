"""How an import ends without being committed, and how it tells the world."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import delete

from protos.events.v1 import events_pb2
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from runtime.messages import outbox
from runtime.messages.envelope import event_of
from runtime.refusals import FailedPrecondition
from txn_svc.imports import metrics, store
from txn_svc.imports.due import SOURCE, due
from txn_svc.model import IMPORT_STATES_DUE, ImportRow, StatementImport, audit_event
from txn_svc.model import outbox as outbox_rows
from txn_svc.totals import too_large_refused

EVENTS = "events"
"""The destination in the outbox that stands for the events topic."""

ImportEvent = (
    events_pb2.ImportCompleted | events_pb2.ImportFailed | events_pb2.ImportReverted | events_pb2.ImportNeedsAnswer
)


class Refused(Exception):
    """The import cannot be; `code` is the name of an ImportFailureCode, `message` a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@contextmanager
def too_much_refused() -> Iterator[None]:
    """Turns sums that do not fit 64 bits into Refused."""
    try:
        with too_large_refused():
            yield
    except FailedPrecondition as refusal:
        if refusal.reason != "FIGURES_TOO_LARGE":
            raise
        sentence = "The amounts of this file add up to more than an account can hold."
        raise Refused("UNREADABLE", sentence) from None


def internal() -> Refused:
    return Refused("INTERNAL", "Something went wrong on our side. Nothing was imported; please upload the file again.")


def too_long() -> Refused:
    return Refused(
        "TOO_LARGE",
        "Importing this file takes longer than there is time for. Nothing was imported; upload it in parts.",
    )


async def fail(database: Database, failed: StatementImport, refused: Refused) -> None:
    """Makes an import that is worked on FAILED, without rows; does nothing where it is settled already.

    One that could not be reverted is COMPLETED, as it was.
    """
    async with database.write() as session:
        await store.allow_long_work(session)
        found = await store.locked(session, failed.id)
        if found is None or found.state not in IMPORT_STATES_DUE:
            return
        if found.state == "REVERTING":
            await _keep(session, found)
            return
        await forget_rows(session, found)
        found.row_count = found.rejected_count = 0
        found.plan = found.from_date = found.to_date = None
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


async def discard(session: WriteSession, found: StatementImport) -> None:
    """Makes an import DISCARDED; the caller holds the lock of its row. Its rows are the worker's to remove."""
    found.state, found.finish_time, found.questions = "DISCARDED", datetime.now(UTC), []
    # What asks has no plan, but ends as what has: the worker removes what rows there are, and counts it.
    found.plan_version = found.plan_version or 0
    await due(session, found)
    await store.announce(session, found)


async def clear(database: Database, discarded: StatementImport) -> None:
    """Removes the rows of a DISCARDED import, and counts it as ended; does nothing where they are gone."""
    async with database.write() as session:
        await store.allow_long_work(session)
        found = await store.locked(session, discarded.id)
        if found is None or found.state != "DISCARDED" or found.plan_version is None:
            return
        await forget_rows(session, found)
        found.plan_version = None
    metrics.settled(found)


async def forget_rows(session: WriteSession, found: StatementImport) -> None:
    """Removes the rows that were staged for this import and that no other one shares, since it was never live."""
    await session.execute(
        delete(ImportRow).where(ImportRow.account_id == found.account_id, ImportRow.import_id == found.id)
    )


async def _keep(session: WriteSession, found: StatementImport) -> None:
    found.state = "COMPLETED"
    await record(session, audit_event, "FailRevert", to_id("imp", found.id))
    await store.announce(session, found)


async def publish(session: WriteSession, found: StatementImport, message: ImportEvent) -> None:
    """Puts the event into the outbox with the import's next sequence; the caller holds the lock of the import's row."""
    found.event_sequence += 1
    event = event_of(
        message,
        type=f"stori.txn.v1.{message.DESCRIPTOR.name}",
        source=SOURCE,
        subject=to_id("imp", found.id),
        sequence=found.event_sequence,
    )
    await outbox.put(session, outbox_rows, event, EVENTS)
