"""Transactions as a person changes them: recorded by hand, categorised, annotated, deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, insert, select, text, tuple_, update

from runtime import call
from runtime.audit import record
from runtime.database import ReadSession, WriteSession
from runtime.ids import new_id, to_id
from runtime.refusals import FailedPrecondition, NotFound, PermissionDenied
from txn_svc.access import Verb, lock, may
from txn_svc.anchor import audit_anchor
from txn_svc.claimed import retell_one
from txn_svc.ledger.identity import identity
from txn_svc.model import Account, Transaction, audit_event
from txn_svc.totals import require_totals, too_large_refused
from txn_svc.transactions import store

# The first number that no transaction of this content has: a bank's row of it will then be the same transaction.
_FREE_OCCURRENCE = text("""
SELECT min(n) FROM (
  SELECT 1 AS n UNION ALL
  SELECT occurrence + 1 FROM transaction WHERE account_id = :account_id AND identity = :identity
) AS following
WHERE NOT EXISTS (SELECT FROM transaction
  WHERE account_id = :account_id AND identity = :identity AND occurrence = n)
""")

# What an import also claims passes to the oldest of them.
_PASS_ON = text("""
UPDATE transaction AS t SET import_id = claim.import_id, line = claim.line
FROM (
  SELECT i.id AS import_id, r.line
  FROM import_row AS r JOIN import AS i ON i.account_id = r.account_id AND i.reading_id = r.import_id
  WHERE r.account_id = :account_id AND r.transaction_id = :id AND r.outcome <> 'REJECT'
    AND i.state IN ('COMPLETED', 'REVERTING')
  ORDER BY i.finish_time, i.id, r.line LIMIT 1
) AS claim
WHERE t.account_id = :account_id AND t.id = :id
""")
_DELETE = text("DELETE FROM transaction WHERE account_id = :account_id AND id = :id")


class NewTransaction(NamedTuple):
    account_id: UUID
    booked_on: date
    amount_minor: int
    currency_code: str
    description: str
    category: str | None
    note: str


async def record_by_hand(session: WriteSession, wanted: NewTransaction, wait_seconds: float) -> UUID:
    """Adds a transaction and gives its id.

    Raises as `lock`, FailedPrecondition (ACCOUNT_CLOSED, OTHER_CURRENCY, FIGURES_TOO_LARGE).
    """
    account = await lock(session, call.person(), wanted.account_id, wait_seconds)
    if account.close_time is not None:
        raise FailedPrecondition("This account is closed.", reason="ACCOUNT_CLOSED")
    if wanted.currency_code not in {"", account.currency_code}:
        raise FailedPrecondition(f"This account is in {account.currency_code}.", reason="OTHER_CURRENCY")
    content = identity(wanted.booked_on, wanted.amount_minor, account.currency_code, wanted.description)
    occurrence = await session.scalar(_FREE_OCCURRENCE, {"account_id": account.id, "identity": content})
    transaction_id = new_id()
    values = {
        "account_id": account.id,
        "id": transaction_id,
        "booked_on": wanted.booked_on,
        "amount_minor": wanted.amount_minor,
        "description": wanted.description,
        "category": wanted.category,
        "note": wanted.note,
        "identity": content,
        "occurrence": occurrence,
    }
    with too_large_refused():
        await session.execute(insert(Transaction).values(values))
    await require_totals(session, account.id)
    await _audit(session, "RecordTransaction", account, transaction_id)
    return transaction_id


async def annotate(session: WriteSession, transaction_ids: Sequence[UUID], values: Mapping[str, Any]) -> list[Row[Any]]:
    """Writes the values to all of the transactions and gives them in the order of the ids.

    Raises NotFound (TRANSACTION_NOT_FOUND) where one is missing, PermissionDenied (READ_ONLY_ACCESS).
    """
    found = await _changeable(session, transaction_ids)
    keys = [(row.account_id, row.id) for row in found]
    this = tuple_(Transaction.account_id, Transaction.id).in_(keys)
    # Always in the same order, so that two who change the same ones wait for each other and not in a circle.
    await session.execute(select(Transaction.id).where(this).order_by(Transaction.id).with_for_update(key_share=True))
    change = update(Transaction).where(this).values(values).execution_options(synchronize_session=False)
    if values and await session.changed(change) != len(keys):
        raise transaction_missing()
    for row in found:
        await record(session, audit_event, "UpdateTransactions", to_id("txn", row.id))
    by_id = {row.id: row for row in await store.find(session, call.caller(), transaction_ids)}
    if by_id.keys() != set(transaction_ids):
        raise transaction_missing()
    return [by_id[transaction_id] for transaction_id in transaction_ids]


async def account_of(session: ReadSession, transaction_id: UUID) -> UUID:
    """The account of a transaction that the caller may change. Raises as `annotate`."""
    (found,) = await _changeable(session, [transaction_id])
    account_id: UUID = found.account_id
    return account_id


async def delete_by_hand(session: WriteSession, account_id: UUID, transaction_id: UUID, wait_seconds: float) -> None:
    """Takes the record made by hand back.

    Raises NotFound, FailedPrecondition (NOT_MANUAL, FIGURES_TOO_LARGE), or as `lock`.
    """
    account = await lock(session, call.person(), account_id, wait_seconds)
    this = {"account_id": account.id, "id": transaction_id}
    query = select(Transaction.import_id).where(Transaction.account_id == account.id, Transaction.id == transaction_id)
    owner = (await session.execute(query)).one_or_none()
    if owner is None:
        raise transaction_missing()
    if owner.import_id is not None:
        raise FailedPrecondition(
            "This transaction came with a statement; undo that import, or leave it out of the next.",
            reason="NOT_MANUAL",
        )
    if await session.changed(_PASS_ON, this):
        await retell_one(session, this)
    else:
        with too_large_refused():
            await session.execute(_DELETE, this)
    await _audit(session, "DeleteTransaction", account, transaction_id)


def transaction_missing() -> NotFound:
    """The refusal for a transaction that does not exist, or not for this caller: the two are not told apart."""
    return NotFound("There is no such transaction.", reason="TRANSACTION_NOT_FOUND")


async def _changeable(session: ReadSession, transaction_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Where they are, of each. Raises NotFound where one is missing, PermissionDenied where one may only be read."""
    caller = call.person()
    allowed = may(caller, Verb.CHANGE, Transaction.account_id).label("allowed")
    query = select(Transaction.account_id, Transaction.id, allowed).where(
        Transaction.id.in_(transaction_ids), may(caller, Verb.READ, Transaction.account_id)
    )
    found = (await session.execute(query)).all()
    if len(found) < len(set(transaction_ids)):
        raise transaction_missing()
    if not all(row.allowed for row in found):
        raise PermissionDenied("You may read this account but not change it.", reason="READ_ONLY_ACCESS")
    return found


async def _audit(session: WriteSession, action: str, before: Account, transaction_id: UUID) -> None:
    await record(session, audit_event, action, to_id("txn", transaction_id))
    await audit_anchor(session, before.id, before.initial_balance_minor)
