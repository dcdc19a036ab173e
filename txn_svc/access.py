"""Who may do what with an account: the only place that compares subjects."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from uuid import UUID

import psycopg
from sqlalchemy import ColumnElement, ScalarSelect, exists, false, func, literal, select, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute

from runtime.audit import record
from runtime.call import Caller
from runtime.database import Database, ReadSession, WriteSession
from runtime.ids import to_id
from runtime.refusals import NotFound, PermissionDenied
from txn_svc.model import Account, AccountAccess, audit_event
from txn_svc.turns import busy

STAFF = frozenset({"support", "admin"})
"""Roles that read everything; each such reading is audited."""

SUPPORT = "SUPPORT"

AccountId = InstrumentedAttribute[UUID] | ColumnElement[UUID]


class Verb(Enum):
    """What is done with an account; the value lists the kinds of access that allow it."""

    READ = ("OWNER", "EDITOR", "VIEWER")
    CHANGE = ("OWNER", "EDITOR")


def may(caller: Caller, verb: Verb, account_id: AccountId) -> ColumnElement[bool]:
    """SQL: whether the caller may do this with the account of that column.

    Services read every account (the interceptor has checked their scope) and change none; staff read every account and
    change only what they hold themselves.
    """
    if caller.kind == "service":
        return true() if verb is Verb.READ else false()
    if verb is Verb.READ and STAFF & caller.roles:
        return true()
    return _held(caller, account_id, verb)


def own(caller: Caller, account_id: AccountId) -> ColumnElement[bool]:
    """SQL: whether the caller has been given access to the account, whatever a role lets him see besides."""
    return _held(caller, account_id, Verb.READ)


def access_of(caller: Caller, account_id: AccountId) -> ColumnElement[str | None]:
    """SQL: the caller's access to an account he may read, SUPPORT for staff; NULL for a service."""
    held = (
        select(AccountAccess.access)
        .where(AccountAccess.account_id == account_id, AccountAccess.subject == caller.subject)
        .scalar_subquery()
    )
    return func.coalesce(held, SUPPORT) if caller.kind == "person" else literal(None)


def owner_of(account_id: AccountId) -> ScalarSelect[str]:
    """SQL: Cognito's `sub` of the account's owner."""
    owners = select(AccountAccess.subject).where(
        AccountAccess.account_id == account_id, AccountAccess.access == "OWNER"
    )
    return owners.order_by(AccountAccess.subject).limit(1).scalar_subquery()


async def require(
    session: ReadSession, caller: Caller, verb: Verb, account_id: UUID, *, missing: NotFound | None = None
) -> Account:
    """The account.

    Raises `missing`, or else NotFound (ACCOUNT_NOT_FOUND), for one that is missing or the caller may not read,
    PermissionDenied (READ_ONLY_ACCESS) for one he may only read.
    """
    query = select(Account, may(caller, verb, Account.id).label("allowed")).where(
        Account.id == account_id, may(caller, Verb.READ, Account.id)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise missing or account_missing()
    if not found.allowed:
        raise PermissionDenied("You may read this account but not change it.", reason="READ_ONLY_ACCESS")
    account: Account = found.Account
    return account


async def lock(session: WriteSession, caller: Caller, account_id: UUID, wait_seconds: float) -> Account:
    """The account to change, locked until the transaction ends.

    Raises as `require`, and Aborted (ACCOUNT_BUSY) where somebody else has it for longer than `wait_seconds`.
    """
    await require(session, caller, Verb.CHANGE, account_id)
    query = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    async with waiting_at_most(session, wait_seconds):
        found = (await session.scalars(query.execution_options(populate_existing=True))).one()
    assert isinstance(found, Account)
    return found


@asynccontextmanager
async def waiting_at_most(session: WriteSession, seconds: float) -> AsyncIterator[None]:
    """Locks asked for inside are waited for so long. Raises Aborted (ACCOUNT_BUSY) where that is not enough."""
    # 0 would be for ever.
    milliseconds = max(1, round(seconds * 1000))
    await session.execute(select(func.set_config("lock_timeout", f"{milliseconds}ms", True)))
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise busy() from None
        raise
    await session.execute(select(func.set_config("lock_timeout", "0", True)))


def require_staff(caller: Caller) -> None:
    """Raises PermissionDenied (STAFF_REQUIRED) for a person without a staff role; services pass, as for `may`."""
    if caller.kind == "person" and not STAFF & caller.roles:
        raise PermissionDenied("Only support and services may do this.", reason="STAFF_REQUIRED")


def account_missing() -> NotFound:
    """The refusal for an account that does not exist, or not for this caller: the two are not told apart."""
    return NotFound("There is no such account.", reason="ACCOUNT_NOT_FOUND")


async def audit_reading(database: Database, action: str, accesses: Mapping[UUID, str | None]) -> None:
    """Records which accounts were read by virtue of a staff role; `accesses` is what `access_of` gave for each."""
    others = [account_id for account_id, access in accesses.items() if access == SUPPORT]
    if not others:
        return
    async with database.write() as session:
        for account_id in others:
            await record(session, audit_event, action, to_id("acct", account_id))


def _held(caller: Caller, account_id: AccountId, verb: Verb) -> ColumnElement[bool]:
    return exists().where(
        AccountAccess.account_id == account_id,
        AccountAccess.subject == caller.subject,
        AccountAccess.access.in_(verb.value),
    )
