"""Commit: match the staged rows with the ledger and write the new ones, all in one transaction.

What was planned for review is committed exactly as planned, or not at all. A file of which every row is rejected is
COMPLETED with nothing created: it was read, and its rows say what is wrong with each.
"""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, select, text

from protos.events.v1 import events_pb2
from runtime import points
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from txn_svc.anchor import audit_anchor
from txn_svc.imports import metrics, store
from txn_svc.imports.examine import Asked, ask_instead, examine
from txn_svc.imports.matching import match
from txn_svc.imports.plan import plan_of
from txn_svc.imports.revert import take_back_repeated
from txn_svc.imports.review import is_as_planned
from txn_svc.imports.settle import Refused, publish, too_much_refused
from txn_svc.model import Account, StatementImport, audit_event
from txn_svc.totals import require_totals

_CREATE = text("""
INSERT INTO transaction (account_id, id, booked_on, value_on, amount_minor, description, category, note, external_id,
  has_stable_id, content_identity, identity, occurrence, import_id, line, create_time)
SELECT account_id, transaction_id, booked_on, value_on, amount_minor, description, category, coalesce(note, ''),
  external_id, has_stable_id, content_identity, identity, occurrence, import_id, line, :now
FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'CREATE'
""")

# Category and note of a row that was undone come back with it. The few that are kept are looked up, not the many rows.
_ANNOTATE = text("""
WITH back AS (
  DELETE FROM kept_annotation AS kept
  WHERE kept.account_id = :account_id
    AND (SELECT t.import_id FROM transaction AS t WHERE t.account_id = kept.account_id
      AND t.identity = kept.identity AND t.occurrence = kept.occurrence) = :import_id
  RETURNING kept.*
)
UPDATE transaction AS t
SET category = coalesce(back.category, t.category), note = coalesce(nullif(back.note, ''), t.note)
FROM back
WHERE t.account_id = back.account_id AND t.identity = back.identity AND t.occurrence = back.occurrence
""")

# An import that shares its rows is the file that staged them.
_COPY_MONTHS = text("""
INSERT INTO import_month (account_id, import_id, month, transaction_count, credit_count, debit_count,
  credit_total_minor, debit_total_minor)
SELECT account_id, :import_id, month, transaction_count, credit_count, debit_count,
  credit_total_minor, debit_total_minor
FROM import_month WHERE account_id = :account_id AND import_id = :reading_id
""")

_SUM_MONTHS = text("""
INSERT INTO import_month (account_id, import_id, month, transaction_count, credit_count, debit_count,
  credit_total_minor, debit_total_minor)
SELECT :account_id, :import_id, date_trunc('month', booked_on::timestamp)::date,
  count(*),
  count(*) FILTER (WHERE amount_minor > 0),
  count(*) FILTER (WHERE amount_minor < 0),
  coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
  coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)
FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome IN ('CREATE', 'DUPLICATE')
GROUP BY 3
""")

# Fails where a total of the file does not fit 64 bits.
_REQUIRE_TOTALS = text("""
SELECT CAST(sum(credit_total_minor) AS bigint), CAST(sum(debit_total_minor) AS bigint)
FROM import_month WHERE account_id = :account_id AND import_id = :import_id
""")


Outcome = Literal["completed", "renewed", "asked"]


async def commit(database: Database, staged: StatementImport) -> Outcome:
    """Makes a COMMITTING import COMPLETED; does nothing where it is in another state. Raises Refused, undoing all.

    "renewed" where the ledger has changed its plan meanwhile: the import is READY again, with the new plan. "asked"
    where the ledger leaves something open. The account is locked until the end: nobody else's rows come between the
    matching and the writing.
    """
    try:
        return await _commit_or_ask(database, staged)
    except Asked as asked:
        await ask_instead(database, staged, asked)
        return "asked"


async def _commit_or_ask(database: Database, staged: StatementImport) -> Outcome:
    async with database.write() as session:
        await store.allow_long_work(session)
        await store.lock_accounts_of(session, staged)
        found = await store.locked(session, staged.id)
        assert found is not None
        if found.state != "COMMITTING":
            return "completed"
        with too_much_refused():
            # What was planned for review has been taken back with the plan.
            reverted = await take_back_repeated(session, found) if found.plan is None else None
            outcome = await _commit(session, found)
        await points.reach("import.committing")
    await points.reach("import.committed")
    metrics.settled(reverted)
    metrics.settled(found if outcome == "completed" else None)
    return outcome


async def _commit(session: WriteSession, found: StatementImport) -> Outcome:
    account = await store.account(session, found.account_id)
    if account.close_time is not None:
        raise Refused(
            "INTERNAL", "The account was closed before the file was read. Reopen it and upload the file again."
        )
    if found.plan is None:
        await match(session, found, again=False)
        if (question := await examine(session, account, found)) is not None:
            raise Asked(question)
    elif not await is_as_planned(session, account, found):
        if found.state == "NEEDS_ANSWER":
            return "asked"
        found.state = "READY"
        await record(session, audit_event, "RenewPlan", to_id("imp", found.id))
        await store.announce(session, found)
        return "renewed"
    await _write(session, found)
    await _complete(session, account, found)
    return "completed"


async def _write(session: WriteSession, found: StatementImport) -> None:
    this = {"account_id": found.account_id, "import_id": found.id}
    found.imported_count = await session.changed(_CREATE, {**this, "now": datetime.now(UTC)})
    plan = plan_of(found)
    found.rejected_count = found.rejected_count if plan is None else plan.reject_count
    found.duplicate_count = found.row_count - found.imported_count - found.rejected_count
    await session.execute(_ANNOTATE, this)
    if found.reading_id == found.id:
        await session.execute(_SUM_MONTHS, this)
    else:
        await session.execute(_COPY_MONTHS, {**this, "reading_id": found.reading_id})
    await session.execute(_REQUIRE_TOTALS, this)
    await require_totals(session, found.account_id)


async def _complete(session: WriteSession, before: Account, found: StatementImport) -> None:
    initial_balance_minor = before.initial_balance_minor
    account = await store.account(session, found.account_id)
    # The database's clock, under the account's lock: it tells which of two claims is the older.
    found.state, found.finish_time = "COMPLETED", await session.scalar(select(func.clock_timestamp()))
    completed = events_pb2.ImportCompleted(
        import_id=to_id("imp", found.id),
        account_id=to_id("acct", account.id),
        holder_subject=await store.owner(session, account.id),
        row_count=found.row_count,
        imported_count=found.imported_count,
        duplicate_count=found.duplicate_count,
        rejected_count=found.rejected_count,
        currency_code=account.currency_code,
        balance_minor=account.balance_minor,
    )
    await publish(session, found, completed)
    await record(session, audit_event, "CompleteImport", to_id("imp", found.id))
    await audit_anchor(session, account.id, initial_balance_minor)
    await store.announce(session, found)
