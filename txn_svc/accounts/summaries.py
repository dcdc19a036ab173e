"""Summaries, from the monthly figures alone: their cost does not grow with the number of transactions."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, false, func, select

from runtime.call import Caller
from runtime.database import ReadSession
from runtime.refusals import InvalidArgument
from txn_svc.access import Verb, access_of, may
from txn_svc.ledger.months import EARLIEST_DATE, LATEST_DATE, MonthFigures, fill, month_range
from txn_svc.model import Account, AccountMonth
from txn_svc.summary import month_figures


class Span(NamedTuple):
    """Whole months by their first days, both inclusive; None is the first or the last month known."""

    first: date | None
    last: date | None


class Figures(NamedTuple):
    """What a summary of an account says: contiguous months, and the balance before the first of them."""

    currency_code: str
    access: str | None
    balance_before_minor: int
    months: list[MonthFigures]


async def read(
    session: ReadSession, caller: Caller, account_ids: Collection[UUID], span: Span, *, months_max: int
) -> dict[UUID, Figures]:
    """The figures of those accounts that the caller may read. The session must be a snapshot.

    Raises InvalidArgument (TOO_MANY_MONTHS) where the answer would hold more than `months_max` months.
    """
    accounts = (await session.execute(_accounts(caller, account_ids, span))).all()
    ranges = {row.id: _range(row, span) for row in accounts}
    _require_at_most(months_max, sum(len(months) for months in ranges.values()))
    known = await _known(session, ranges, span)
    return {
        row.id: Figures(row.currency_code, row.access, int(row.balance_before), _filled(known[row.id], ranges[row.id]))
        for row in accounts
    }


def _accounts(caller: Caller, account_ids: Collection[UUID], span: Span) -> Select[*tuple[Any, ...]]:
    earlier = AccountMonth.month < span.first if span.first else false()
    moved = func.sum(AccountMonth.credit_total_minor + AccountMonth.debit_total_minor).filter(earlier)
    return (
        select(
            Account.id,
            Account.currency_code,
            access_of(caller, Account.id).label("access"),
            (Account.initial_balance_minor + func.coalesce(moved, 0)).label("balance_before"),
            func.min(AccountMonth.month).label("first"),
            func.max(AccountMonth.month).label("last"),
        )
        .outerjoin(AccountMonth, AccountMonth.account_id == Account.id)
        .where(Account.id.in_(account_ids), may(caller, Verb.READ, Account.id))
        .group_by(Account.id)
    )


def _range(row: Row[Any], span: Span) -> list[date]:
    first, last = span.first or row.first, span.last or row.last
    return month_range(first, last) if first and last else []


async def _known(session: ReadSession, accounts: Iterable[UUID], span: Span) -> dict[UUID, list[MonthFigures]]:
    query = select(AccountMonth).where(
        AccountMonth.account_id.in_(list(accounts)),
        AccountMonth.month >= (span.first or EARLIEST_DATE),
        AccountMonth.month <= (span.last or LATEST_DATE),
    )
    found: dict[UUID, list[MonthFigures]] = {account_id: [] for account_id in accounts}
    for row in await session.scalars(query):
        found[row.account_id].append(month_figures(row))
    return found


def _filled(known: list[MonthFigures], months: list[date]) -> list[MonthFigures]:
    return fill(known, months[0], months[-1]) if months else []


def _require_at_most(limit: int, count: int) -> None:
    if count > limit:
        raise InvalidArgument(
            f"The answer would hold {count} months; at most {limit} are given at once.",
            reason="TOO_MANY_MONTHS",
            fields={"months": f"must span at most {limit} months over all accounts"},
            metadata={"summary_months": str(limit)},
        )
