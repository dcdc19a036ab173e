"""The plan of an import: what its commit would do, and a digest that changes if and only if that does."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Row, func, select, text

from protos.txn.v1 import txn_pb2
from runtime.database import ReadSession
from txn_svc.ledger.months import MonthFigures, add_months, fill, month_range
from txn_svc.model import Account, AccountMonth, StatementImport
from txn_svc.summary import month_figures, months_to_proto, require_int64

BLOCK_LINES = 1000
# A page of a hundred imports has to fit a gRPC message of 4 MB.
MONTHS_MAX = 120

# One hash for each block of lines, read in the order of the key: neither side ever holds all rows.
_BLOCK_HASHES = text("""
SELECT (
  SELECT sha256(convert_to(string_agg(json_build_array(r.line, r.outcome, r.identity, r.occurrence,
      CASE r.outcome WHEN 'DUPLICATE' THEN r.transaction_id END, r.reason_code, r.reason)::text, chr(10)
      ORDER BY r.line), 'UTF8'))
  FROM (
    SELECT line, identity, occurrence, transaction_id, reason,
      CASE WHEN :shared AND outcome = 'CREATE' THEN 'DUPLICATE' ELSE outcome END AS outcome,
      CASE WHEN :shared AND outcome = 'CREATE' THEN 'SAME_CONTENT' ELSE reason_code END AS reason_code
    FROM import_row
    WHERE account_id = :account_id AND import_id = :reading_id
      AND line >= block * :lines AND line < (block + 1) * :lines
  ) AS r
)
FROM generate_series(0, (SELECT max(line) / :lines FROM import_row
  WHERE account_id = :account_id AND import_id = :reading_id)) AS block
ORDER BY block
""")

_CREATED_MONTHS = text("""
SELECT date_trunc('month', booked_on::timestamp)::date AS month,
  count(*) AS transaction_count,
  count(*) FILTER (WHERE amount_minor > 0) AS credit_count,
  count(*) FILTER (WHERE amount_minor < 0) AS debit_count,
  coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0) AS credit_total_minor,
  coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0) AS debit_total_minor,
  coalesce(sum(amount_minor) FILTER (WHERE booked_on < CAST(:opening_date AS date)), 0) AS earlier_minor
FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'CREATE'
GROUP BY 1 ORDER BY 1
""")

_OUTCOMES = text("""
SELECT count(*) FILTER (WHERE outcome = 'CREATE') AS creates,
  count(*) FILTER (WHERE outcome = 'DUPLICATE') AS duplicates,
  count(*) FILTER (WHERE outcome = 'REJECT') AS rejects
FROM import_row WHERE account_id = :account_id AND import_id = :import_id
""")


async def make_plan(session: ReadSession, account: Account, found: StatementImport) -> txn_pb2.ImportPlan:
    """The plan of the import as its rows are marked, for the account as it was read before they were.

    Raises FailedPrecondition (FIGURES_TOO_LARGE) where a sum does not fit 64 bits.
    """
    created = await _created(session, account, found)
    before = await _months_before(session, account, created)
    earlier = sum(int(row.earlier_minor) for row in created)
    moved = sum(_moved(row) for row in created)
    after = add_months(before, [month_figures(row) for row in created])
    start = await _balance_before(session, account, before)
    created_before = sum(_moved(row) for row in created if before and row.month < before[0].month)
    plan = txn_pb2.ImportPlan(
        digest=await _digest(session, found),
        currency_code=account.currency_code,
        balance_before_minor=account.balance_minor,
        balance_after_minor=require_int64(account.balance_minor + moved - earlier),
        months_before=months_to_proto(before, start),
        months_after=months_to_proto(after, start - earlier + created_before),
    )
    await _count(session, found, plan)
    return plan


def keep(found: StatementImport, plan: txn_pb2.ImportPlan, version: int) -> None:
    """Keeps the plan with the import, and which version of the account it is for."""
    found.plan, found.plan_version = plan.SerializeToString(), version


def plan_of(found: StatementImport) -> txn_pb2.ImportPlan | None:
    """The plan that is kept; None where the import was not planned for review."""
    return None if found.plan is None else txn_pb2.ImportPlan.FromString(found.plan)


async def _count(session: ReadSession, found: StatementImport, plan: txn_pb2.ImportPlan) -> None:
    if found.reading_id != found.id:
        plan.reject_count = found.rejected_count
        plan.duplicate_count = found.row_count - found.rejected_count
        return
    row = (await session.execute(_OUTCOMES, {"account_id": found.account_id, "import_id": found.id})).one()
    plan.create_count, plan.duplicate_count, plan.reject_count = row.creates, row.duplicates, row.rejects


async def _created(session: ReadSession, account: Account, found: StatementImport) -> Sequence[Row[Any]]:
    # An import that shares its rows creates nothing: nothing is staged under its own id.
    this = {"account_id": found.account_id, "import_id": found.id, "opening_date": account.opening_date}
    return (await session.execute(_CREATED_MONTHS, this)).all()


async def _months_before(session: ReadSession, account: Account, created: Sequence[Row[Any]]) -> list[MonthFigures]:
    """The account's months from the first to the last that the import changes, the newest MONTHS_MAX of them."""
    if not created:
        return []
    first, last = month_range(created[0].month, created[-1].month)[-MONTHS_MAX:][0], created[-1].month
    query = select(AccountMonth).where(
        AccountMonth.account_id == account.id, AccountMonth.month >= first, AccountMonth.month <= last
    )
    return fill([month_figures(row) for row in await session.scalars(query)], first, last)


def _moved(row: Row[Any]) -> int:
    return int(row.credit_total_minor + row.debit_total_minor)


async def _balance_before(session: ReadSession, account: Account, months: Sequence[MonthFigures]) -> int:
    """The balance before the first of the months."""
    if not months:
        return account.initial_balance_minor
    earlier = (AccountMonth.account_id == account.id, AccountMonth.month < months[0].month)
    moved = func.sum(AccountMonth.credit_total_minor + AccountMonth.debit_total_minor)
    return account.initial_balance_minor + int(await session.scalar(select(moved).where(*earlier)) or 0)


async def _digest(session: ReadSession, found: StatementImport) -> str:
    this = {"account_id": found.account_id, "reading_id": found.reading_id, "lines": BLOCK_LINES}
    shared = found.reading_id != found.id
    head = orjson.dumps([found.object_version, found.format, found.answers])
    digest = sha256(sha256(head).digest())
    for (block,) in await session.execute(_BLOCK_HASHES, {**this, "shared": shared}):
        digest.update(b"" if block is None else bytes(block))
    return digest.hexdigest()
