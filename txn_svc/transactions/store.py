"""Transactions as rows: pages by key, totals, and single ones."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Uuid, and_, column, func, literal, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from runtime.call import Caller
from runtime.database import ReadSession
from txn_svc.access import Verb, access_of, may, own
from txn_svc.model import Account, Transaction
from txn_svc.transactions.filters import matching
from txn_svc.transactions.listing import Filter, Key, Listing

ROWS_AT_ONCE = 1000
_COLUMNS = (
    Transaction.account_id,
    Transaction.id,
    Transaction.booked_on,
    Transaction.value_on,
    Transaction.amount_minor,
    Transaction.description,
    Transaction.category,
    Transaction.note,
    Transaction.external_id,
    Transaction.import_id,
    Transaction.line,
    Transaction.create_time,
)


class Ledger(NamedTuple):
    """An account whose transactions the caller may read; `amount_minor` is the sum of them all."""

    account_id: UUID
    currency_code: str
    access: str | None
    transaction_count: int
    amount_minor: int


class Total(NamedTuple):
    transaction_count: int
    amount_minor: int


async def ledgers(session: ReadSession, caller: Caller, account_ids: Collection[UUID]) -> dict[UUID, Ledger]:
    """Those of the accounts that the caller may read."""
    return await _ledgers(session, caller, and_(Account.id.in_(account_ids), may(caller, Verb.READ, Account.id)))


async def own_ledgers(session: ReadSession, caller: Caller) -> dict[UUID, Ledger]:
    return await _ledgers(session, caller, own(caller, Account.id))


async def page(
    session: ReadSession, account_ids: Iterable[UUID], listing: Listing, start: Key | None
) -> list[Row[Any]]:
    """One page over all of the accounts, and one row more where another follows; in the order it is read in."""
    query = _first_of_each(account_ids, listing, start).limit(listing.size + 1)
    return list(await session.execute(query))


async def first_pages(
    session: ReadSession, account_ids: Sequence[UUID], listing: Listing
) -> dict[UUID, list[Row[Any]]]:
    """The first page of each account, each like one of `page`."""
    pages: dict[UUID, list[Row[Any]]] = {account_id: [] for account_id in account_ids}
    for row in await session.execute(_first_of_each(account_ids, listing, None)):
        pages[row.account_id].append(row)
    return pages


async def totals(session: ReadSession, accounts: Collection[Ledger], listing: Listing) -> dict[UUID, Total]:
    """Count and sum of all that the filter lets through, by account."""
    if listing.filter.is_empty:
        return {one.account_id: Total(one.transaction_count, one.amount_minor) for one in accounts}
    found = {one.account_id: Total(0, 0) for one in accounts}
    query = (
        select(
            Transaction.account_id,
            func.count().label("transaction_count"),
            func.sum(Transaction.amount_minor).label("amount"),
        )
        .where(Transaction.account_id.in_(list(found)), *matching(listing.filter))
        .group_by(Transaction.account_id)
    )
    for row in await session.execute(query):
        found[row.account_id] = Total(row.transaction_count, int(row.amount))
    return found


async def find(session: ReadSession, caller: Caller, transaction_ids: Collection[UUID]) -> list[Row[Any]]:
    """Those of the transactions that the caller may read, with their currency_code and the caller's access."""
    query = (
        select(*_COLUMNS, Account.currency_code, access_of(caller, Transaction.account_id).label("access"))
        .join(Account, Account.id == Transaction.account_id)
        .where(Transaction.id.in_(transaction_ids), may(caller, Verb.READ, Transaction.account_id))
    )
    return list(await session.execute(query))


async def matching_rows(session: ReadSession, account_id: UUID, wanted: Filter) -> AsyncIterator[Sequence[Row[Any]]]:
    """All that the filter lets through, oldest first, ROWS_AT_ONCE at a time."""
    query = (
        select(*_COLUMNS, Transaction.occurrence, Transaction.has_stable_id)
        .where(Transaction.account_id == account_id, *matching(wanted))
        .order_by(Transaction.booked_on, Transaction.id)
    )
    rows = await session.stream(query)
    async for some in rows.partitions(ROWS_AT_ONCE):
        yield some


async def _ledgers(session: ReadSession, caller: Caller, which: ColumnElement[bool]) -> dict[UUID, Ledger]:
    moved = Account.balance_minor - Account.initial_balance_minor
    access = access_of(caller, Account.id)
    query = select(Account.id, Account.currency_code, access, Account.transaction_count, moved).where(which)
    return {row.id: Ledger._make(row) for row in await session.execute(query)}


def _first_of_each(account_ids: Iterable[UUID], listing: Listing, start: Key | None) -> Select[*tuple[Any, ...]]:
    """The first rows of each account, by its own index: the cost does not grow with what the accounts hold."""
    ids = literal(list(account_ids), ARRAY(Uuid))
    wanted = func.unnest(ids).table_valued(column("account_id", Uuid), name="wanted").render_derived()
    key = Transaction.amount_minor if listing.by_amount else Transaction.booked_on
    beyond = true() if start is None else _beyond(tuple_(key, Transaction.id), listing, start)
    found = (
        select(*_COLUMNS)
        .where(Transaction.account_id == wanted.c.account_id, beyond, *matching(listing.filter))
        .order_by(*_in_order(listing, key, Transaction.id))
        .limit(listing.size + 1)
        .lateral("found")
    )
    order = _in_order(listing, found.c[key.key], found.c.id)
    return select(found).select_from(wanted).join(found, true()).order_by(*order)


def _beyond(key: ColumnElement[Any], listing: Listing, start: Key) -> ColumnElement[bool]:
    bound = tuple_(literal(start.value), literal(start.id))
    return key < bound if listing.reads_descending else key > bound


def _in_order(listing: Listing, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[ColumnElement[Any]]:
    return [one.desc() if listing.reads_descending else one.asc() for one in columns]
