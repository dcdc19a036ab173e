"""Cells become values: a record becomes a valid row or a reject that says why."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import islice
from typing import cast

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.by_balance import by_balance
from txn_svc.statement.dates import DateError, Dates, MonthDays, date_in_year, readings
from txn_svc.statement.escaping import Unescaped
from txn_svc.statement.exported import read_exported
from txn_svc.statement.facts import ChainVotes, Line, amount_places, chain_votes, is_total, kind_of
from txn_svc.statement.format import BALANCE_RULES, YEARLESS, Roles
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import (
    MAX_CATEGORY_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    ReasonCode,
    RejectedRow,
    Row,
    ValidRow,
)
from txn_svc.statement.odd_years import may_have_odd_years, without_odd_years
from txn_svc.statement.overlapping import without_overlap, without_same_ids
from txn_svc.statement.parts import may_be_part, without_parts
from txn_svc.statement.purchases import other_currency, purchase_sentence
from txn_svc.statement.reading import AmountReader, Reading, RowError, date_reader, records_of
from txn_svc.statement.records import Record
from txn_svc.statement.rejecting import kept, rejected, too_long, without_columns
from txn_svc.statement.sections import Sections
from txn_svc.statement.simple_rows import simple_rows
from txn_svc.statement.standing import Listed, More, Part, Standing, lead_on, without_standing
from txn_svc.statement.subtotals import sums_among
from txn_svc.statement.unbalanced import without_unbalanced
from txn_svc.statement.unbooked import UNBOOKED_BELOW, Remarks, is_part, part_sentence, pending_sentence, says_pending
from txn_svc.statement.unmoved import without_unmoved
from txn_svc.statement.words import plain, status_of, words
from txn_svc.statement.year_slips import without_year_slips


def rows_of_file(file: TextBytes, reading: Reading) -> Iterator[Row]:
    """All rows of the file, their cells as they stand in it."""
    parts = without_standing(_parts(file, reading), reading)
    rows = _joined(parts) if reading.has_continuations else cast("Iterator[Row]", parts)
    if reading.header_lines and not reading.has_sections:
        rows = without_overlap(rows, reading)
    if reading.has_same_ids:
        rows = without_same_ids(rows, reading)
    if reading.rejects_unmoved:
        rows = without_unmoved(rows, reading)
    if reading.sign in BALANCE_RULES:
        rows = by_balance(rows, reading)
    elif reading.has_unbalanced:
        rows = without_unbalanced(rows, reading)
    if not may_have_odd_years(reading):
        return rows
    return without_odd_years(without_year_slips(rows, reading), reading)


def chain_of_rows(file: TextBytes, reading: Reading) -> ChainVotes:
    """What the running balances say of the rows that are booked."""
    rows, balance_of = rows_of_file(file, reading), AmountReader(reading).balance
    chained = ((row.amount_minor, balance_of(row.cells)) for row in rows if isinstance(row, ValidRow))
    return chain_votes((None if balance is None else (amount, balance) for amount, balance in chained), reading.order)


def standing_leads_on(file: TextBytes, reading: Reading) -> bool:
    """Whether what is called a balance or a total among the rows is shown to be one, where it has no balance beside."""
    return lead_on(_parts(file, reading), reading)


def sum_lines(file: TextBytes, reading: Reading, most: int | None = None) -> frozenset[int]:
    """The lines of rows that are what those above them add up to; in a file that is read fast only several
    sums, and none in one of more than `most` rows."""
    parts: Iterable[Part] = _parts(file, reading)
    if most is not None:
        parts = list(islice(parts, most + 1))
        if len(parts) > most:
            return frozenset()
    rows = (part for part in parts if isinstance(part, ValidRow))
    return sums_among(rows, reading.roles.description, only_several=most is not None)


def _parts(file: TextBytes, reading: Reading) -> Iterator[Part]:
    records = records_of(file, reading.table)
    parts = _read(records, reading)
    rows = without_parts(_as_in_the_file(parts, records) if isinstance(records, Unescaped) else parts, reading)
    return map(_with_stable_id, rows) if reading.has_stable_ids else rows


def _read(records: Iterable[Record], reading: Reading) -> Iterator[Part | Listed]:
    """The rows of the records, in order; a footer, totals and repeated headers are none."""
    if reading.table.is_own_export:
        return read_exported(records, reading.table, reading.currency)
    return simple_rows(records, reading) if reading.is_simple else _rows(records, reading)


def _with_stable_id(part: Part) -> Part:
    if isinstance(part, Standing):
        return part._replace(row=_stable(part.row))
    return _stable(part) if isinstance(part, ValidRow) else part


def _stable(row: ValidRow) -> ValidRow:
    external_id = (row.external_id or "").strip()
    return row._replace(external_id=external_id, has_stable_id=True) if external_id else row


def _as_in_the_file(parts: Iterator[Part | Listed], unescaped: Unescaped) -> Iterator[Part | Listed]:
    # A row is taken as soon as its record was given, so `original` is that record.
    for part in parts:
        original = unescaped.original
        if original is None or isinstance(part, More):
            yield part
        elif isinstance(part, Standing):
            unbooked = part.unbooked and part.unbooked._replace(cells=kept(original.cells))
            yield Standing(part.row._replace(cells=tuple(original.cells)), unbooked)
        elif isinstance(part, Listed):
            yield Listed(part.row._replace(cells=tuple(original.cells)))
        elif isinstance(part, ValidRow):
            yield part._replace(cells=tuple(original.cells))
        else:
            yield part._replace(cells=kept(original.cells))


def _joined(parts: Iterable[Row | More]) -> Iterator[Row]:
    """Each row with the text that goes on after it."""
    held: Row | None = None
    for part in parts:
        if isinstance(part, More):
            assert isinstance(held, ValidRow)
            text = f"{held.description.strip()} {part.text}"
            held = held._replace(description=text[:MAX_DESCRIPTION_CHARACTERS])
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held


def _rows(records: Iterable[Record], reading: Reading) -> Iterator[Part | Listed]:
    roles, width, last_line = reading.roles, reading.table.width, reading.last_line
    sections = Sections(reading.table.before, reading.table.names)
    row_of = _RowReader(reading, sections)
    is_after_row = False
    for record in records:
        line, cells, fault = record
        is_after = last_line is not None and line > last_line
        if fault is not None or len(cells) != width:
            if fault is None and sections.see(cells, is_sum=is_total(cells)):
                is_after_row = False
                continue
            if fault is None and (is_total(cells) or (is_after and not _may_be_cut_off(cells, roles))):
                continue
            row: Part | Listed = without_columns(record, width)
        elif sections.is_header(cells):
            continue
        else:
            kind = kind_of(cells, roles)
            if _begins_part(sections, cells, kind, roles):
                is_after_row = False
                continue
            if kind == "TOTAL" or (is_after and _is_footer(cells, roles)):
                continue
            if kind == "CONTINUATION" and reading.has_continuations and is_after_row:
                yield More(" ".join(part for at in roles.description if (part := cells[at].strip())))
                continue
            row = row_of(line, cells)
            if isinstance(row, ValidRow):
                is_standing = kind == "STANDING" or line == reading.foot_line or line in reading.sum_lines
                row = Standing(row) if is_standing else row_of.marked(row)
        yield row
        is_after_row = isinstance(row, ValidRow | Listed)


def _begins_part(sections: Sections, cells: Sequence[str], kind: Line, roles: Roles) -> bool:
    """Whether it says in known words what the rows below it are. Of other lines than rows, they may be names."""
    if kind == "ROW" and not sections.is_other_table:
        sections.row()
    if kind in {"ROW", "STANDING"}:
        return False
    if sections.see(cells, is_sum=kind == "TOTAL"):
        return True
    if kind == "NO_ROW":
        sections.see_names(cells, (roles.date, *amount_places(roles)))
    return False


class _RowReader:
    def __init__(self, reading: Reading, sections: Sections) -> None:
        self._reading, self._roles, self._name = reading, reading.roles, reading.table.name
        self._sections = sections
        self._pending_words = reading.pending_words or words().pending | words().failed | words().pending_days
        self._read_date = date_reader(reading)
        self._read_value_date = _value_date_reader(reading)
        self._read_amount = AmountReader(reading)
        self._remarks = Remarks(reading.table.header, reading.roles)

    def __call__(self, line: int, cells: list[str]) -> ValidRow | RejectedRow:
        roles = self._roles
        try:
            booked_on = self._date(cells)
            self._check(line, cells)
            amount_minor = self._amount(cells)
            return ValidRow(
                line,
                tuple(cells),
                booked_on,
                None if roles.value_date is None else self._read_value_date(cells[roles.value_date], booked_on),
                amount_minor,
                self._description(cells),
                self._text(cells, roles.external_id, MAX_EXTERNAL_ID_CHARACTERS),
                self._text(cells, roles.category, MAX_CATEGORY_CHARACTERS),
                None,
                None,
            )
        except RowError as error:
            return RejectedRow(line, kept(cells), error.code, str(error), self._name(error.at))

    def _amount(self, cells: Sequence[str]) -> int:
        """Of a row without a running balance, which would show that it is booked, only if no text says otherwise."""
        has_balance = self._read_amount.balance(cells) is not None
        try:
            amount_minor = self._read_amount(cells)
        except RowError:
            if not has_balance:
                self._check_texts(cells, 0)
            raise
        if not has_balance:
            self._check_texts(cells, amount_minor)
        return amount_minor

    def _date(self, cells: Sequence[str]) -> date:
        try:
            return self._read_date(cells[self._roles.date])
        except DateError as error:
            code: ReasonCode = "PENDING" if error.code == "NO_DATE" and self._is_pending(cells) else error.code
            raise RowError(code, str(error), self._roles.date) from None

    def _check(self, line: int, cells: Sequence[str]) -> None:
        roles, currency = self._roles, self._reading.currency
        if self._sections.is_other_table:
            message = "A line above names other columns than the header: this is a row of another table."
            raise RowError("OTHER_ACCOUNT", message, roles.date)
        self._check_status(cells)
        booked = self._reading.booked_lines
        if booked is not None and not booked[0] <= line <= booked[1]:
            assert roles.balance is not None
            message = "The newest rows have no balance, and all others have one: the bank has not booked them yet."
            raise RowError("PENDING", message, roles.balance)
        if roles.currency is not None:
            code = cells[roles.currency].strip().upper()
            if code not in {"", currency.code}:
                message = f"{quoted(code)} is not the currency of this account, {currency.code}."
                raise RowError("OTHER_CURRENCY", message, roles.currency)
        if self._reading.account is not None and (number := self._account(cells)) not in {"", self._reading.account}:
            message = f"{quoted(number)} is another account than {quoted(self._reading.account)}, which is read."
            if self._reading.has_parts:
                message = f"This row is one of {quoted(number)}, and those of {quoted(self._reading.account)} are read."
            raise RowError("OTHER_ACCOUNT", message, roles.date if roles.account is None else roles.account)
        declared = self._reading.header_currency
        if declared not in {None, currency.code}:
            message = f"The column's amounts are in {declared}; this account is in {currency.code}."
            raise RowError("OTHER_CURRENCY", message, roles.amount or 0)

    def _account(self, cells: Sequence[str]) -> str:
        if self._reading.has_parts:
            return self._sections.part
        if self._reading.has_sections:
            return self._sections.account
        return "" if self._roles.account is None else cells[self._roles.account].strip()

    def _check_status(self, cells: Sequence[str]) -> None:
        at = self._roles.status
        if self._is_pending(cells):
            assert at is not None
            raise _not_booked(cells, at)
        if self._sections.is_pending:
            raise RowError("PENDING", UNBOOKED_BELOW, self._roles.date)
        if at is not None and self._reading.unknown_statuses and status_of(cells[at]) in self._reading.unknown_statuses:
            message = f"{quoted(cells[at])} does not say that the bank has booked this row."
            raise RowError("PENDING", message, at)

    def marked(self, row: ValidRow) -> Part | Listed:
        """What its texts may say of it: beside a balance that shows whether it is booked, or below the row above."""
        if self._roles.balance is None:
            return Listed(row) if may_be_part(row.description) else row
        try:
            self._check_texts(row.cells, row.amount_minor)
        except RowError as error:
            return Standing(row, rejected(row, error.code, str(error), self._name(error.at)))
        return row

    def _check_texts(self, cells: Sequence[str], amount_minor: int) -> None:
        if (remark := self._remarks.unbooked_at(cells)) is not None:
            raise _not_booked(cells, remark)
        for at in self._roles.description[:1]:
            if says_pending(cells[at], amount_minor):
                raise RowError("PENDING", pending_sentence(cells[at]), at)
            if is_part(cells[at]):
                raise RowError("BAD_AMOUNT", part_sentence(cells[at]), at)
            if (code := other_currency(cells[at], amount_minor, self._reading.currency)) is not None:
                raise RowError("OTHER_CURRENCY", purchase_sentence(cells[at], code, self._reading.currency), at)

    def _is_pending(self, cells: Sequence[str]) -> bool:
        at = self._roles.status
        return at is not None and plain(cells[at]) in self._pending_words

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


def _not_booked(cells: Sequence[str], at: int) -> RowError:
    return RowError("PENDING", f"{quoted(cells[at])}: the bank has not booked this row.", at)


def _value_date_reader(reading: Reading) -> Callable[[str, date], date | None]:
    """By its text and the day of the booking, to which one without a year is nearest.

    A value date is only beside the point: one that cannot be read is left out.
    """
    if reading.date_order in YEARLESS:
        month_days = MonthDays(reading.date_order)
        return lambda text, booked_on: _nearest(month_days, text, booked_on)
    read_date = Dates(reading.date_order, reading.newest_year)

    def read(text: str, _: date) -> date | None:
        try:
            return read_date[text]
        except DateError:
            return None

    return read


def _nearest(month_days: MonthDays, text: str, day: date) -> date | None:
    found = list[date]()
    for year in (day.year - 1, day.year, day.year + 1):
        # 2/29 is a day of one year in four.
        with suppress(DateError):
            found.append(date_in_year(year, month_days[text]))
    return min(found, key=lambda one: abs(one - day), default=None)


def _may_be_cut_off(cells: Sequence[str], roles: Roles) -> bool:
    """Whether a line of fewer or more cells after all rows is the beginning of one, as where a download broke off."""
    begins = len(cells) > roles.date and cells[roles.date].strip()[:1].isdecimal()
    return begins or any(map(readings, cells))


def _is_footer(cells: Sequence[str], roles: Roles) -> bool:
    """Whether nothing of it could be meant as a row: no digit stands where dates and amounts do."""
    return not any(map(_has_digit, (cells[at] for at in (roles.date, *amount_places(roles)))))


def _has_digit(text: str) -> bool:
    return any("0" <= character <= "9" for character in text)
