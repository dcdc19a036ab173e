"""Verification: an account recomputed from its transactions one by one, against the figures that triggers keep."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from runtime.database import ReadSession
from txn_svc.accounts.digests import ledger_rows
from txn_svc.accounts.store import Seen
from txn_svc.ledger.digest import Digest
from txn_svc.ledger.months import format_month, month_of
from txn_svc.model import AccountMonth


@dataclass
class Month:
    """The figures of one month; what is not there is all zeros."""

    transaction_count: int = 0
    credit_count: int = 0
    debit_count: int = 0
    credit_total_minor: int = 0
    debit_total_minor: int = 0

    def add(self, amount_minor: int) -> None:
        self.transaction_count += 1
        self.credit_count += amount_minor > 0
        self.debit_count += amount_minor < 0
        self.credit_total_minor += max(amount_minor, 0)
        self.debit_total_minor += min(amount_minor, 0)


class Difference(NamedTuple):
    """A figure that is kept, and what the transactions give for it."""

    figure: str
    kept: str
    computed: str


class Verified(NamedTuple):
    transaction_count: int
    ledger_digest: str
    differences: list[Difference]


async def verify(session: ReadSession, seen: Seen) -> Verified:
    """Recomputes count, balance, months and digest of an account. The session must be the snapshot it was read in."""
    count, balance, digest = 0, seen.account.opening_balance_minor, Digest()
    months: dict[date, Month] = defaultdict(Month)
    async for row in ledger_rows(session, seen.account):
        count += 1
        balance += row.amount_minor
        months[month_of(row.booked_on)].add(row.amount_minor)
        digest.add(row)
    figures = {
        "balance_minor": (seen.account.balance_minor, balance),
        "transaction_count": (seen.account.transaction_count, count),
        # Where none is kept for this version there is nothing that could differ.
        "ledger_digest": (seen.digest or digest.hexdigest(), digest.hexdigest()),
    }
    wrong = [
        Difference(name, str(kept), str(computed)) for name, (kept, computed) in figures.items() if kept != computed
    ]
    wrong += _months_that_differ(await _kept_months(session, seen), months)
    return Verified(count, digest.hexdigest(), wrong)


async def _kept_months(session: ReadSession, seen: Seen) -> dict[date, Month]:
    rows = await session.scalars(select(AccountMonth).where(AccountMonth.account_id == seen.account.id))
    return {row.month: Month(**{name: getattr(row, name) for name in asdict(Month())}) for row in rows}


def _months_that_differ(kept: dict[date, Month], computed: dict[date, Month]) -> Iterator[Difference]:
    for month in sorted(kept.keys() | computed.keys()):
        ours, theirs = asdict(kept.get(month, Month())), asdict(computed.get(month, Month()))
        for name, value in ours.items():
            if value != theirs[name]:
                yield Difference(f"{format_month(month)} {name}", str(value), str(theirs[name]))
