"""Commit: match the staged rows with the ledger and write the new ones, all in one transaction.

A row is known if the account holds the same content for the same how-manieth time: the second of two equal rows of a
file is new where the ledger holds one of them. A file of which every row is rejected is COMPLETED with nothing created:
it was read, and its rows say what is wrong with each.
"""

from datetime import UTC, datetime

import psycopg
from sqlalchemy import Select, select, text
from sqlalchemy.exc import DBAPIError

from protos.events.v1 import events_pb2
from runtime.audit import record
from runtime.database import Database, WriteSession
from runtime.ids import to_id
from txn_svc.imports import metrics, store
from txn_svc.imports.settle import Refused, publish
from txn_svc.model import Account, StatementImport, audit_event

STATEMENT_TIMEOUT_SECONDS = 600
# The default would sort a large file's rows on disk only to sum them up by month.
WORK_MEMORY_MB = 64
SAME_CONTENT = "A transaction with the same date, amount and description is already in this account."

# A scalar subquery is never made a join: fresh rows have no statistics yet, and a join might be planned row by row.
_MARK_KNOWN = text("""
UPDATE import_row AS r
SET outcome = 'DUPLICATE', reason_code = 'SAME_CONTENT', reason = :reason,
  transaction_id = (SELECT t.id FROM transaction AS t
    WHERE t.account_id = :account_id AND t.identity = r.identity AND t.occurrence = r.occurrence)
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'CREATE'
  AND (SELECT t.id FROM transaction AS t
    WHERE t.account_id = :account_id AND t.identity = r.identity AND t.occurrence = r.occurrence) IS NOT NULL
""")

_CREATE = text("""
INSERT INTO transaction (account_id, id, booked_on, value_on, amount_minor, description, external_id, identity,
  occurrence, import_id, line, create_time)
SELECT account_id, transaction_id, booked_on, value_on, amount_minor, description, external_id, identity, occurrence,
  import_id, line, :now
FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'CREATE'
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

# Fails where a total, or the balance after any month, of the account or of the file does not fit 64 bits.
_REQUIRE_TOTALS = text("""
SELECT CAST(greatest(opening_balance_minor, 0) + sum(credit_total_minor) AS bigint),
  CAST(least(opening_balance_minor, 0) + sum(debit_total_minor) AS bigint)
FROM account_month JOIN account ON account.id = account_id WHERE account_id = :account_id GROUP BY account.id
UNION ALL
SELECT CAST(sum(credit_total_minor) AS bigint), CAST(sum(debit_total_minor) AS bigint)
FROM import_month WHERE account_id = :account_id AND import_id = :import_id
""")


async def commit(database: Database, staged: StatementImport) -> None:
    """Makes a COMMITTING import COMPLETED; does nothing where it is settled already. Raises Refused, undoing all.

    The account is locked before the import, here as everywhere, and until the end: nobody else's rows come between
    the matching and the writing.
    """
    async with database.write() as session:
        await session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'"))
        await session.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY_MB}MB'"))
        account = await session.scalar(_locked(staged))
        found = await store.locked(session, staged.id)
        assert account is not None
        assert found is not None
        if found.state != "COMMITTING":
            return
        if account.close_time is not None:
            raise Refused(
                "INTERNAL", "The account was closed before the file was read. Reopen it and upload the file again."
            )
        await _write(session, found)
        await _complete(session, account, found)
    metrics.settled(found)


def _locked(staged: StatementImport) -> Select[Account]:
    # The weaker lock lets others refer to the account meanwhile: start an import, keep a digest.
    return select(Account).where(Account.id == staged.account_id).with_for_update(key_share=True)


async def _write(session: WriteSession, found: StatementImport) -> None:
    this = {"account_id": found.account_id, "import_id": found.id}
    try:
        found.duplicate_count = await session.changed(_MARK_KNOWN, {**this, "reason": SAME_CONTENT})
        found.imported_count = await session.changed(_CREATE, {**this, "now": datetime.now(UTC)})
        await session.execute(_SUM_MONTHS, this)
        await session.execute(_REQUIRE_TOTALS, this)
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.NumericValueOutOfRange):
            raise Refused("UNREADABLE", "The amounts of this file add up to more than an account can hold.") from None
        raise


async def _complete(session: WriteSession, account: Account, found: StatementImport) -> None:
    found.state, found.finish_time = "COMPLETED", datetime.now(UTC)
    balance = select(Account.balance_minor).where(Account.id == account.id)
    completed = events_pb2.ImportCompleted(
        import_id=to_id("imp", found.id),
        account_id=to_id("acct", account.id),
        holder_subject=await store.owner(session, account.id),
        row_count=found.row_count,
        imported_count=found.imported_count,
        duplicate_count=found.duplicate_count,
        rejected_count=found.rejected_count,
        currency_code=account.currency_code,
        balance_minor=await session.scalar(balance),
    )
    await publish(session, found, completed)
    await record(session, audit_event, "CompleteImport", to_id("imp", found.id))
    await store.announce(session, found)
