"""Cells become values: a record becomes a valid row or a reject that says why."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from txn_svc.ledger.money import AmountError
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import OtherCurrencyError, amount_reader, written
from txn_svc.statement.dates import DateError, readings
from txn_svc.statement.escaping import Unescaped
from txn_svc.statement.exported import read_exported
from txn_svc.statement.facts import amount_places, is_total, kind_of
from txn_svc.statement.format import Roles
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import (
    MAX_CATEGORY_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    ReasonCode,
    RejectedRow,
    ValidRow,
)
from txn_svc.statement.reading import AmountReader, Reading, RowError, date_reader, records_of
from txn_svc.statement.records import Record
from txn_svc.statement.rejecting import kept, too_long, without_columns
from txn_svc.statement.words import plain, words


def rows_of_file(file: TextBytes, reading: Reading) -> Iterator[ValidRow | RejectedRow]:
    """All rows of the file, their cells as they stand in it."""
    records = records_of(file, reading.table)
    rows = _read(records, reading)
    return _as_in_the_file(rows, records) if isinstance(records, Unescaped) else rows


def _read(records: Iterable[Record], reading: Reading) -> Iterator[ValidRow | RejectedRow]:
    if reading.table.is_own_export:
        return read_exported(records, reading.table, reading.currency)
    return read_rows(records, reading)


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


def read_rows(records: Iterable[Record], reading: Reading) -> Iterator[ValidRow | RejectedRow]:
    """The rows of the records, in order; a footer, totals and repeated headers are none."""
    return _simple_rows(records, reading) if reading.is_simple else _rows(records, reading)


def _simple_rows(records: Iterable[Record], reading: Reading) -> Iterator[ValidRow | RejectedRow]:
    """One row for each record: `_rows` without what a simple row does not have, in a third of the time."""
    roles, name, width = reading.roles, reading.table.name, reading.table.width
    date_at, amount_at, external_id_at = roles.date, roles.amount, roles.external_id
    assert amount_at is not None
    description_at = roles.description[0] if roles.description else None
    read_date = date_reader(reading.date_order, reading.newest_year, reading.years)
    read_amount = amount_reader(reading.currency, reading.decimal_mark)
    for line, cells, fault in records:
        if fault is not None or len(cells) != width:
            yield without_columns(Record(line, cells, fault), width)
            continue
        description = "" if description_at is None else cells[description_at]
        external_id = None if external_id_at is None else cells[external_id_at]
        try:
            booked_on = read_date(cells[date_at])
            amount_minor = read_amount(cells[amount_at])
        except DateError as error:
            if not is_total(cells):
                yield RejectedRow(line, kept(cells), error.code, str(error), name(date_at))
        except OtherCurrencyError as error:
            yield RejectedRow(line, kept(cells), "OTHER_CURRENCY", str(error), name(amount_at))
        except AmountError as error:
            yield RejectedRow(line, kept(cells), "BAD_AMOUNT", str(error), name(amount_at))
        else:
            if len(description) > MAX_DESCRIPTION_CHARACTERS:
                assert description_at is not None
                reason = too_long(description, MAX_DESCRIPTION_CHARACTERS)
                yield RejectedRow(line, kept(cells), "TOO_LONG", reason, name(description_at))
            elif external_id is not None and len(external_id) > MAX_EXTERNAL_ID_CHARACTERS:
                assert external_id_at is not None
                reason = too_long(external_id, MAX_EXTERNAL_ID_CHARACTERS)
                yield RejectedRow(line, kept(cells), "TOO_LONG", reason, name(external_id_at))
            else:
                yield ValidRow(
                    line, tuple(cells), booked_on, None, amount_minor, description, external_id, None, None, None
                )


def _rows(records: Iterable[Record], reading: Reading) -> Iterator[ValidRow | RejectedRow]:
    roles, width, last_line = reading.roles, reading.table.width, reading.last_line
    header = [name.strip() for name in reading.table.header] if reading.table.has_header else None
    row_of = _RowReader(reading)
    held: ValidRow | RejectedRow | None = None
    for record in records:
        line, cells, fault = record
        is_after = last_line is not None and line > last_line
        if fault is not None or len(cells) != width:
            if fault is None and (is_total(cells) or (is_after and not any(map(readings, cells)))):
                continue
            row: ValidRow | RejectedRow = without_columns(record, width)
        elif header is not None and [cell.strip() for cell in cells] == header:
            continue
        else:
            kind = kind_of(cells, roles)
            if kind == "TOTAL" or (is_after and _is_footer(cells, roles)):
                continue
            if kind == "CONTINUATION" and reading.has_continuations and isinstance(held, ValidRow):
                held = _continued(held, cells, roles.description)
                continue
            row = row_of(line, cells)
        if held is not None:
            yield held
        held = row
    if held is not None:
        yield held


class _RowReader:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._roles, self._name = reading, reading.roles, reading.table.name
        self._read_date = date_reader(reading.date_order, reading.newest_year, reading.years)
        self._read_value_date = _optional(date_reader(reading.date_order, reading.newest_year, reading.years))
        self._read_amount = AmountReader(reading)

    def __call__(self, line: int, cells: list[str]) -> ValidRow | RejectedRow:
        roles = self._roles
        try:
            booked_on = self._date(cells)
            self._check(cells)
            amount_minor = self._read_amount(cells)
            return ValidRow(
                line,
                tuple(cells),
                booked_on,
                None if roles.value_date is None else self._read_value_date(cells[roles.value_date]),
                amount_minor,
                self._description(cells),
                self._text(cells, roles.external_id, MAX_EXTERNAL_ID_CHARACTERS),
                self._text(cells, roles.category, MAX_CATEGORY_CHARACTERS),
                None,
                None,
            )
        except RowError as error:
            return RejectedRow(line, kept(cells), error.code, str(error), self._name(error.at))

    def _date(self, cells: Sequence[str]) -> date:
        try:
            return self._read_date(cells[self._roles.date])
        except DateError as error:
            code: ReasonCode = "PENDING" if error.code == "NO_DATE" and self._is_pending(cells) else error.code
            raise RowError(code, str(error), self._roles.date) from None

    def _check(self, cells: Sequence[str]) -> None:
        roles, currency = self._roles, self._reading.currency
        if roles.status is not None and self._is_pending(cells):
            message = f"{quoted(cells[roles.status])}: the bank has not booked this row."
            raise RowError("PENDING", message, roles.status)
        if roles.currency is not None:
            code = cells[roles.currency].strip().upper()
            if code not in {"", currency.code}:
                message = f"{quoted(code)} is not the currency of this account, {currency.code}."
                raise RowError("OTHER_CURRENCY", message, roles.currency)
        if roles.account is not None and self._reading.account is not None:
            number = cells[roles.account].strip()
            if number not in {"", self._reading.account}:
                message = f"{quoted(number)} is another account than {quoted(self._reading.account)}, which is read."
                raise RowError("OTHER_ACCOUNT", message, roles.account)
        declared = self._reading.header_currency
        if declared not in {None, currency.code}:
            message = f"The column's amounts are in {declared}; this account is in {currency.code}."
            raise RowError("OTHER_CURRENCY", message, roles.amount or 0)

    def _is_pending(self, cells: Sequence[str]) -> bool:
        at = self._roles.status
        return at is not None and plain(cells[at]) in (self._reading.pending_words or words().pending)

    def _description(self, cells: Sequence[str]) -> str:
        places = self._roles.description
        if len(places) == 1:
            text = cells[places[0]]
        else:
            text = " ".join(dict.fromkeys(part for at in places if (part := cells[at].strip())))
        if len(text) > MAX_DESCRIPTION_CHARACTERS:
            raise RowError("TOO_LONG", too_long(text, MAX_DESCRIPTION_CHARACTERS), places[0])
        return text

    def _text(self, cells: Sequence[str], at: int | None, limit: int) -> str | None:
        if at is None:
            return None
        if len(cells[at]) > limit:
            raise RowError("TOO_LONG", too_long(cells[at], limit), at)
        return cells[at] or None


def _optional(read_date: Callable[[str], date]) -> Callable[[str], date | None]:
    """A value date is only beside the point: one that cannot be read is left out."""

    def read(text: str) -> date | None:
        try:
            return read_date(text)
        except DateError:
            return None

    return read


def _continued(row: ValidRow, cells: Sequence[str], places: Sequence[int]) -> ValidRow:
    more = " ".join(part for at in places if (part := cells[at].strip()))
    return row._replace(description=f"{row.description.strip()} {more}"[:MAX_DESCRIPTION_CHARACTERS])


def _is_footer(cells: Sequence[str], roles: Roles) -> bool:
    """Whether nothing of it could be meant as a row: neither a date nor an amount."""
    has_date = any("0" <= character <= "9" for character in cells[roles.date])
    return not has_date and not any(written(cells[at]) for at in amount_places(roles))
