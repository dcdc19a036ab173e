"""The anchor: an opening balance with a date, from which the balance before the first transaction is computed."""

from uuid import UUID

from sqlalchemy import select

from runtime.audit import record
from runtime.database import WriteSession
from runtime.ids import to_id
from txn_svc.model import Account, audit_event


async def audit_anchor(session: WriteSession, account_id: UUID, initial_balance_minor: int) -> None:
    """Audits that the account's initial balance is not any more what it was when this transaction locked it."""
    query = select(Account.initial_balance_minor).where(Account.id == account_id)
    if await session.scalar(query) != initial_balance_minor:
        await record(session, audit_event, "ComputeInitialBalance", to_id("acct", account_id))
