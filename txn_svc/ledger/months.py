"""Months and the figures of one month or of many."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from txn_svc.ledger.money import average_minor
from txn_svc.ledger.quoting import quoted

# Dates outside are mistakes, and a contiguous list of months stays short: at most 3,600.
EARLIEST_DATE: Final = date(1900, 1, 1)
LATEST_DATE: Final = date(2199, 12, 31)

_MONTHS_PER_YEAR: Final = 12
_MONTH: Final = re.compile("([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures in minor units; debits are negative. A zero amount is a transaction, but neither a credit nor a debit."""

    transaction_count: int
    credit_count: int
    debit_count: int
    credit_total_minor: int
    debit_total_minor: int

    @property
    def average_credit_minor(self) -> int | None:
        return average_minor(self.credit_total_minor, self.credit_count)

    @property
    def average_debit_minor(self) -> int | None:
        return average_minor(self.debit_total_minor, self.debit_count)


@dataclass(frozen=True, slots=True)
class MonthFigures(Totals):
    """Those of the month whose first day is `month`."""

    month: date


def month_of(day: date) -> date:
    return day.replace(day=1)


def parse_month(text: str) -> date:
    """The first day of a month written as 2026-07. Refuses other text, and years outside 1900–2199, with ValueError."""
    found = _MONTH.fullmatch(text)
    if found is None or not EARLIEST_DATE.year <= int(found[1]) <= LATEST_DATE.year:
        raise ValueError(f"{quoted(text)} is not a month such as 2026-07.")
    return date(int(found[1]), int(found[2]), 1)


def format_month(month: date) -> str:
    return month.isoformat()[:7]


def month_range(first: date, last: date) -> list[date]:
    """The first days of all months from `first` to `last`, both inclusive; empty where `last` comes before."""
    start, end = (day.year * _MONTHS_PER_YEAR + day.month - 1 for day in (first, last))
    return [date(index // _MONTHS_PER_YEAR, index % _MONTHS_PER_YEAR + 1, 1) for index in range(start, end + 1)]


def fill(months: Iterable[MonthFigures], first: date, last: date) -> list[MonthFigures]:
    """The months from `first` to `last`, contiguous and ascending; those without figures are zero."""
    known = {figures.month: figures for figures in months}
    return [known.get(month) or MonthFigures(0, 0, 0, 0, 0, month) for month in month_range(first, last)]


def add_months(months: Iterable[MonthFigures], more: Iterable[MonthFigures]) -> list[MonthFigures]:
    """Each of `months` with the figures that `more` has for it added; what `more` has for others is left out."""
    added = {figures.month: figures for figures in more}
    return [_sum(figures, added[figures.month]) if figures.month in added else figures for figures in months]


def _sum(one: MonthFigures, other: MonthFigures) -> MonthFigures:
    return MonthFigures(
        transaction_count=one.transaction_count + other.transaction_count,
        credit_count=one.credit_count + other.credit_count,
        debit_count=one.debit_count + other.debit_count,
        credit_total_minor=one.credit_total_minor + other.credit_total_minor,
        debit_total_minor=one.debit_total_minor + other.debit_total_minor,
        month=one.month,
    )


def totals(months: Iterable[MonthFigures]) -> Totals:
    known = list(months)
    return Totals(
        transaction_count=sum(figures.transaction_count for figures in known),
        credit_count=sum(figures.credit_count for figures in known),
        debit_count=sum(figures.debit_count for figures in known),
        credit_total_minor=sum(figures.credit_total_minor for figures in known),
        debit_total_minor=sum(figures.debit_total_minor for figures in known),
    )
