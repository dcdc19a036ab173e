"""Revert: a REVERTING import becomes REVERTED, and a repeat takes back what the reading before it had created."""

from protos.events.v1 import events_pb2
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from txn_svc.anchor import audit_anchor
from txn_svc.imports import metrics, store
from txn_svc.imports.settle import discard, publish
from txn_svc.imports.undo import undo
from txn_svc.model import IMPORT_STATES_LIVE, IMPORT_STATES_WAITING, StatementImport, audit_event


async def revert(database: Database, reverting: StatementImport) -> None:
    """Makes a REVERTING import REVERTED; does nothing where it is not REVERTING any more."""
    async with database.write() as session:
        await store.allow_long_work(session)
        await store.lock_accounts(session, [reverting.account_id])
        found = await store.locked(session, reverting.id)
        assert found is not None
        if found.state != "REVERTING":
            return
        await _take_back(session, found)
    metrics.settled(found)


async def take_back_repeated(session: WriteSession, found: StatementImport) -> StatementImport | None:
    """Takes back what the import that `found` repeats had created, or planned, where it still stands.

    The import where it is REVERTED by that. The caller holds the locks of both accounts.
    """
    if found.repeats_id is None:
        return None
    repeated = await store.locked(session, found.repeats_id)
    assert repeated is not None
    # One that is COMMITTING nobody works on: whoever does would hold the claim of the file that both are of.
    if repeated.state in {*IMPORT_STATES_WAITING, "COMMITTING"}:
        await discard(session, repeated)
    elif repeated.state in IMPORT_STATES_LIVE:
        await _take_back(session, repeated)
        return repeated
    return None


async def _take_back(session: WriteSession, found: StatementImport) -> None:
    initial_balance_minor = (await store.account(session, found.account_id)).initial_balance_minor
    undone = await undo(session, found)
    found.state = "REVERTED"
    account = await store.account(session, found.account_id)
    reverted = events_pb2.ImportReverted(
        import_id=to_id("imp", found.id),
        account_id=to_id("acct", account.id),
        holder_subject=await store.owner(session, account.id),
        removed_count=undone.removed,
        kept_count=undone.kept,
        currency_code=account.currency_code,
        balance_minor=account.balance_minor,
    )
    await publish(session, found, reverted)
    await record(session, audit_event, "CompleteRevert", to_id("imp", found.id))
    await audit_anchor(session, account.id, initial_balance_minor)
    await store.announce(session, found)
