"""Accounts as rows: opening one, reading many."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, select, update

from runtime.call import Caller
from runtime.database import ReadSession, WriteSession
from runtime.refusals import ResourceExhausted
from txn_svc.access import STAFF, Verb, access_of, may, own, owner_of
from txn_svc.model import Account, AccountAccess, AccountDigest
from txn_svc.totals import require_totals, too_large_refused


class NewAccount(NamedTuple):
    name: str
    kind: str
    currency_code: str
    opening_balance_minor: int
    opening_date: date | None


class Seen(NamedTuple):
    """An account as one caller sees it; `digest` is the kept one, None where the ledger has changed since."""

    account: Account
    access: str | None
    owner_subject: str | None
    digest: str | None


async def open_account(session: WriteSession, subject: str, account_id: UUID, wanted: NewAccount) -> Account:
    """Inserts the account and its owner's access."""
    opened = await session.scalar(insert(Account).values(id=account_id, **wanted._asdict()).returning(Account))
    await session.execute(insert(AccountAccess).values(account_id=account_id, subject=subject, access="OWNER"))
    assert isinstance(opened, Account)
    return opened


async def update_account(session: WriteSession, account: Account, values: Mapping[str, Any]) -> bool:
    """Writes what differs, whether anything did. The caller holds the lock of the account.

    A trigger computes the balances anew where the opening balance or its date changes. Raises FailedPrecondition
    (FIGURES_TOO_LARGE) where the balance would not fit 64 bits.
    """
    changed = {name: value for name, value in values.items() if getattr(account, name) != value}
    if not changed:
        return False
    change = update(Account).where(Account.id == account.id).values(changed)
    with too_large_refused():
        await session.execute(change.execution_options(synchronize_session=False))
    await require_totals(session, account.id)
    return True


async def require_room(session: WriteSession, subject: str, limit: int) -> None:
    """Raises ResourceExhausted (TOO_MANY_ACCOUNTS) where the holder has `limit` accounts; until commit no
    other one is opened."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"accounts\x1f{subject}", 0))))
    owned = and_(AccountAccess.subject == subject, AccountAccess.access == "OWNER")
    if await session.scalar(select(func.count()).select_from(AccountAccess).where(owned)) >= limit:
        raise ResourceExhausted(
            f"You have {limit} accounts, the most that one holder may have.",
            reason="TOO_MANY_ACCOUNTS",
            metadata={"accounts_per_holder": str(limit)},
        )


async def find(session: ReadSession, caller: Caller, account_ids: Collection[UUID]) -> dict[UUID, Seen]:
    """Those of the accounts that the caller may read."""
    query = _seen(caller).where(Account.id.in_(account_ids), may(caller, Verb.READ, Account.id))
    return {row[0].id: Seen._make(row) for row in await session.execute(query)}


async def page(session: ReadSession, caller: Caller, after: UUID | None, size: int) -> list[Seen]:
    """The caller's own accounts, oldest first (ids are in the order of their time)."""
    query = _seen(caller).where(own(caller, Account.id), _after(after)).order_by(Account.id).limit(size)
    return [Seen._make(row) for row in await session.execute(query)]


def _seen(caller: Caller) -> Select[Account, str | None, str | None, str]:
    tells_owner = caller.kind == "service" or STAFF & caller.roles
    owner = owner_of(Account.id) if tells_owner else literal(None)
    kept = and_(AccountDigest.account_id == Account.id, AccountDigest.version == Account.version)
    return select(Account, access_of(caller, Account.id), owner, AccountDigest.digest).outerjoin(AccountDigest, kept)


def _after(account_id: UUID | None) -> ColumnElement[bool]:
    return literal(True) if account_id is None else Account.id > account_id
