"""Reads a statement: a first pass finds out how, the second gives the rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import BinaryIO

from txn_svc.ledger.money import Currency, amount_parser
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.dates import IsoDates, MonthDays, date_in_year
from txn_svc.statement.encoding import examine
from txn_svc.statement.escaping import Unescaped
from txn_svc.statement.exported import read_exported
from txn_svc.statement.findings import findings
from txn_svc.statement.layouts import FORMAT_IDS, STORI, Columns, find_columns
from txn_svc.statement.lines import read_lines
from txn_svc.statement.model import Finding, RejectedRow, Unreadable, ValidRow
from txn_svc.statement.records import Record, read_records
from txn_svc.statement.survey import survey
from txn_svc.statement.values import kept, read_rows
from txn_svc.statement.years import YearPlan, YearWalk


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that can be read. `header` is as it stands in the file.

    `shape` is one text for all headers that name the same columns in the same order, whatever the case and padding, and
    the same for the rejects of such a file.
    """

    header: tuple[str, ...]
    findings: tuple[Finding, ...]
    format_id: str
    shape: str
    _file: BinaryIO = field(repr=False)
    _columns: Columns = field(repr=False)
    _years: YearPlan | None = field(repr=False)
    _currency: Currency = field(repr=False)

    def rows(self) -> Iterator[ValidRow | RejectedRow]:
        """All rows in the order of the file, in constant memory; blank lines are none.

        Each call reads the file from its start, so only one such iteration may be under way.
        """
        records = _records(self._file, self._columns)
        rows = self._read(records)
        return _as_in_the_file(rows, records) if isinstance(records, Unescaped) else rows

    def _read(self, records: Iterable[Record]) -> Iterator[ValidRow | RejectedRow]:
        if self._columns.layout is STORI:
            return read_exported(records, self._columns, self._currency)
        read_date = _date_reader(self._columns, self._years)
        return read_rows(records, self._columns, read_date, amount_parser(self._currency))


def read(file: BinaryIO, *, uploaded_on: date, currency: Currency, format_id: str | None = None) -> Statement:
    """Finds out how to read a seekable file, which stays the caller's to close. Refuses with Unreadable.

    `uploaded_on` decides the years of dates without one, so the same upload always gives the same dates. `format_id` is
    the one layout to read it as, one of FORMAT_IDS (ValueError otherwise); None finds it by the header.
    """
    if format_id is not None and format_id not in FORMAT_IDS:
        raise ValueError(f"{quoted(format_id)} is no format: there are {', '.join(FORMAT_IDS)}.")
    encoding = examine(file)
    columns = _find_columns(file, format_id)
    years = survey(_records(file, columns), columns, amount_parser(currency), uploaded_on)
    return Statement(
        header=columns.header,
        findings=findings(encoding, columns, years, currency),
        format_id=columns.layout.id,
        shape=columns.shape,
        _file=file,
        _columns=columns,
        _years=years,
        _currency=currency,
    )


def _as_in_the_file(rows: Iterator[ValidRow | RejectedRow], unescaped: Unescaped) -> Iterator[ValidRow | RejectedRow]:
    # A row is taken as soon as its record was given, so `original` is that record.
    for row in rows:
        original = unescaped.original
        if original is None:
            yield row
        elif isinstance(row, ValidRow):
            yield row._replace(cells=tuple(original.cells))
        else:
            yield row._replace(cells=kept(original.cells))


def _find_columns(file: BinaryIO, format_id: str | None) -> Columns:
    for line, text in enumerate(read_lines(file), start=1):
        if text and not text.isspace():
            return find_columns(line, text, format_id)
    raise Unreadable("EMPTY", "The file holds nothing but blank lines.")


def _records(file: BinaryIO, columns: Columns) -> Iterable[Record]:
    header = 1
    records = read_records(file, columns.delimiter, columns.widths, columns.layout.row_lines)
    rows = islice(records, header, None)
    return Unescaped(rows, columns.escaped, columns.widths) if columns.escaped else rows


def _date_reader(columns: Columns, years: YearPlan | None) -> Callable[[str], date]:
    if columns.layout.dates_have_years:
        return IsoDates().__getitem__
    month_days, walk = MonthDays(), None if years is None else YearWalk(years)

    def read_date(text: str) -> date:
        month_day = month_days[text]
        # Without a plan there is no row with a month and day.
        assert walk is not None
        return date_in_year(walk.year_of(month_day[0]), month_day)

    return read_date
