"""Verification: an account recomputed from its transactions one by one, against the figures that triggers keep."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from runtime.database import ReadSession
from runtime.ids import to_id
from txn_svc.accounts.claims import claims_that_differ
from txn_svc.accounts.digests import digest_row, ledger_rows
from txn_svc.accounts.store import Seen
from txn_svc.ledger.digest import Digest
from txn_svc.ledger.identity import identity
from txn_svc.ledger.months import format_month, month_of
from txn_svc.model import AccountMonth

DIFFERENCES_MAX = 100


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
    """Recomputes an account's figures, digest and claims, transaction by transaction.

    The session must be the snapshot the account was read in. At most DIFFERENCES_MAX are named.
    """
    account, anchor = seen.account, seen.account.opening_date
    count, moved, earlier, digest = 0, 0, 0, Digest()
    months: dict[date, Month] = defaultdict(Month)
    wrong = list[Difference]()
    async for row in ledger_rows(session, account):
        count += 1
        moved += row.amount_minor
        earlier += row.amount_minor if anchor and row.booked_on < anchor else 0
        months[month_of(row.booked_on)].add(row.amount_minor)
        digest.add(digest_row(row))
        content = identity(row.booked_on, row.amount_minor, row.currency_code, row.description, row.stable_id)
        if content != row.identity and len(wrong) < DIFFERENCES_MAX:
            wrong.append(Difference(f"{to_id('txn', row.id)} identity", str(row.identity), str(content)))
    initial = account.opening_balance_minor - earlier
    figures = {
        "balance_minor": (account.balance_minor, initial + moved),
        "initial_balance_minor": (account.initial_balance_minor, initial),
        "transaction_count": (account.transaction_count, count),
        # Where none is kept for this version there is nothing that could differ.
        "ledger_digest": (seen.digest or digest.hexdigest(), digest.hexdigest()),
    }
    wrong += [
        Difference(name, str(kept), str(computed)) for name, (kept, computed) in figures.items() if kept != computed
    ]
    wrong += _months_that_differ(await _kept_months(session, seen), months)
    wrong += [Difference(*one) async for one in claims_that_differ(session, account.id, DIFFERENCES_MAX)]
    return Verified(count, digest.hexdigest(), wrong[:DIFFERENCES_MAX])


async def _kept_months(session: ReadSession, seen: Seen) -> dict[date, Month]:
    rows = await session.scalars(select(AccountMonth).where(AccountMonth.account_id == seen.account.id))
    return {row.month: Month(**{name: getattr(row, name) for name in asdict(Month())}) for row in rows}


def _months_that_differ(kept: dict[date, Month], computed: dict[date, Month]) -> Iterator[Difference]:
    for month in sorted(kept.keys() | computed.keys()):
        ours, theirs = asdict(kept.get(month, Month())), asdict(computed.get(month, Month()))
        for name, value in ours.items():
            if value != theirs[name]:
                yield Difference(f"{format_month(month)} {name}", str(value), str(theirs[name]))
