"""Reads a statement: a first pass finds out how, the second gives the rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import BinaryIO

from txn_svc.ledger.money import Currency, amount_parser
from txn_svc.statement.dates import IsoDates, MonthDays, date_in_year
from txn_svc.statement.encoding import examine
from txn_svc.statement.findings import findings
from txn_svc.statement.layouts import Columns, find_columns
from txn_svc.statement.lines import read_lines
from txn_svc.statement.model import Finding, RejectedRow, Unreadable, ValidRow
from txn_svc.statement.records import Record, read_records
from txn_svc.statement.survey import survey
from txn_svc.statement.values import read_rows
from txn_svc.statement.years import YearPlan, YearWalk


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that can be read. `header` is as it stands in the file."""

    header: tuple[str, ...]
    findings: tuple[Finding, ...]
    _file: BinaryIO = field(repr=False)
    _columns: Columns = field(repr=False)
    _years: YearPlan | None = field(repr=False)
    _currency: Currency = field(repr=False)

    def rows(self) -> Iterator[ValidRow | RejectedRow]:
        """All rows in the order of the file, in constant memory; blank lines are none.

        Each call reads the file from its start, so only one such iteration may be under way.
        """
        read_date = _date_reader(self._years)
        return read_rows(_records(self._file, self._columns), self._columns, read_date, amount_parser(self._currency))


def read(file: BinaryIO, *, uploaded_on: date, currency: Currency) -> Statement:
    """Finds out how to read a seekable file, which stays the caller's to close. Refuses with Unreadable.

    `uploaded_on` decides the years of dates without one, so the same upload always gives the same dates.
    """
    encoding = examine(file)
    columns = _find_columns(file)
    years = survey(_records(file, columns), columns, amount_parser(currency), uploaded_on)
    return Statement(columns.header, findings(encoding, columns, years), file, columns, years, currency)


def _find_columns(file: BinaryIO) -> Columns:
    for line, text in enumerate(read_lines(file), start=1):
        if text and not text.isspace():
            return find_columns(line, text)
    raise Unreadable("EMPTY", "The file holds nothing but blank lines.")


def _records(file: BinaryIO, columns: Columns) -> Iterator[Record]:
    header = 1
    return islice(read_records(file, columns.delimiter, columns.width), header, None)


def _date_reader(years: YearPlan | None) -> Callable[[str], date]:
    if years is None:
        return IsoDates().__getitem__
    month_days, walk = MonthDays(), YearWalk(years)

    def read_date(text: str) -> date:
        month_day = month_days[text]
        return date_in_year(walk.year_of(month_day[0]), month_day)

    return read_date
