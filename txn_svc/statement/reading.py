"""How the rows of a file are read, everything decided; and the rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile
from typing import Literal

from txn_svc.ledger.money import MAX_MINOR, MIN_MINOR, AmountError, Currency, DecimalMark
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import OtherCurrencyError, amount_reader, balance_reader, written
from txn_svc.statement.dates import Dates, MonthDays, date_in_year, order_of, readings, require_booked
from txn_svc.statement.escaping import Unescaped
from txn_svc.statement.facts import ChainVotes, amount_places, chain_votes, direction
from txn_svc.statement.format import YEARLESS, BalanceRule, DateOrder, Roles, SignRule
from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import Direction, ReasonCode
from txn_svc.statement.padding import is_dash
from txn_svc.statement.records import Record, read_records
from txn_svc.statement.table import Table
from txn_svc.statement.words import plain, roles_of
from txn_svc.statement.years import YearPlan, YearWalk

Side = Literal["debit", "credit"]


class RowError(ValueError):
    """A row that cannot be read, because of the cell at `at`."""

    def __init__(self, code: ReasonCode, message: str, at: int) -> None:
        super().__init__(message)
        self.code: ReasonCode = code
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`unmarked` is what an amount is beside which no word stands, where words decide; `last_line` the last one that
    is a row, so that what follows may be a footer, None where nothing is one; `account` the only one whose rows are
    read, `has_sections` whether lines among the rows name it, `has_parts` whether they are titles;
    `unknown_statuses` words that do not say whether a row is
    booked; `rejects_standing`: nothing shows that what is called a balance is one; `rejects_foot`: nor that
    `foot_line` is, a last row without a text; `order` that of the days, None where
    they have none, and `oldest_line` the row that is the first in it; `is_owed`: the balances are what a card's
    holder owes; `booked_lines`: the first and last that are booked, where the newest rows have no balance yet;
    `has_unbalanced`: rows without a balance are rejected where the balances go on without them, and with
    `rejects_unbalanced` also where these do not go on with them; `rejects_unmoved`: rows are rejected whose balance is
    that of the row before them; `has_same_ids`: some are the same in all cells, and no others have the same id;
    `header_lines`: where the header is there again; `sum_lines` are what the rows above
    them add up to.
    """

    table: Table
    roles: Roles
    currency: Currency
    date_order: DateOrder
    decimal_mark: DecimalMark
    sign: SignRule | BalanceRule
    uploaded_on: date
    years: YearPlan | None = None
    unmarked: Side | None = None
    debit_minus: bool = False
    credit_minus: bool = False
    fee_minus: bool = False
    last_line: int | None = None
    has_continuations: bool = False
    debit_words: frozenset[str] = frozenset()
    credit_words: frozenset[str] = frozenset()
    pending_words: frozenset[str] = frozenset()
    header_currency: str | None = None
    account: str | None = None
    has_sections: bool = False
    has_parts: bool = False
    unknown_statuses: frozenset[str] = frozenset()
    rejects_standing: bool = False
    rejects_foot: bool = False
    foot_line: int | None = None
    order: Direction | None = None
    oldest_line: int | None = None
    is_owed: bool = False
    has_stable_ids: bool = False
    booked_lines: tuple[int, int] | None = None
    has_unbalanced: bool = False
    rejects_unbalanced: bool = False
    rejects_unmoved: bool = False
    has_same_ids: bool = False
    header_lines: tuple[int, ...] = ()
    sum_lines: frozenset[int] = frozenset()

    @property
    def newest_year(self) -> int:
        return self.uploaded_on.year

    @property
    def is_simple(self) -> bool:
        """Whether a row is no more than a date, an amount with its sign, one description and an id."""
        return (
            self.sign == "SIGNED"
            and self.roles.are_simple
            and self.last_line is None
            and not self.has_continuations
            and self.header_currency in {None, self.currency.code}
        )


def records_of(file: TextBytes, table: Table) -> Iterable[Record]:
    """The records after the header, as they were before they were escaped."""
    found = read_records(file, table.delimiter, table.widths, table.row_lines)
    rows = dropwhile(lambda record: record.line <= table.header_line, found)
    return Unescaped(rows, table.escaped, table.widths) if table.escaped else rows


def date_reader(reading: Reading) -> Callable[[str], date]:
    """Of bookings. To be called once for every row, in their order: years are counted from row to row where there are
    none."""
    order, years = reading.date_order, reading.years
    # A file from where the day begins earlier may be of tomorrow.
    latest = reading.uploaded_on + timedelta(days=1)
    if order not in YEARLESS:
        return Dates(order, reading.newest_year, latest).__getitem__
    month_days, walk = MonthDays(order), None if years is None else YearWalk(years)

    def read_date(text: str) -> date:
        month_day = month_days[text]
        # Without a plan there is no row with a month and day.
        assert walk is not None
        found = date_in_year(walk.year_of(month_day[0]), month_day)
        require_booked(found, latest, text)
        return found

    return read_date


class AmountReader:
    """The effect of a row on the holder's wealth, in minor units."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._roles = reading, reading.roles
        has_words = reading.sign not in {"SIGNED", "INVERTED"}
        self._read = amount_reader(reading.currency, reading.decimal_mark, with_words=has_words)
        self._read_balance = balance_reader(reading.currency, reading.decimal_mark)
        self._beside_only_side = _beside_only_side(reading)

    def __call__(self, cells: Sequence[str]) -> int:
        """Raises RowError."""
        minor = self._amount(cells)
        return minor if self._roles.fee is None else self._without_fee(minor, cells, self._roles.fee)

    def _amount(self, cells: Sequence[str]) -> int:
        if self._reading.sign == "SPLIT":
            return self._split(cells)
        at = self._roles.amount
        assert at is not None
        minor = self._cell(cells, at)
        match self._reading.sign:
            case "INVERTED":
                return -minor
            case "DEBITS":
                return -abs(minor)
            case "SIGNED":
                return minor
            case "INDICATOR":
                return self._directed(cells, at, minor)
            case _:
                return abs(minor)

    def balance(self, cells: Sequence[str]) -> int | None:
        """The running balance beside a row as wide as the table; None where there is none."""
        at = self._roles.balance
        if at is None or len(cells) != self._reading.table.width:
            return None
        try:
            balance = self._read_balance(cells[at])
        except AmountError:
            return None
        return -balance if self._reading.is_owed else balance

    def _cell(self, cells: Sequence[str], at: int) -> int:
        try:
            return self._read(cells[at])
        except OtherCurrencyError as error:
            raise RowError("OTHER_CURRENCY", str(error), at) from None
        except AmountError as error:
            raise RowError("BAD_AMOUNT", str(error), at) from None

    def _directed(self, cells: Sequence[str], at: int, minor: int) -> int:
        found = self._direction(cells, at)
        if found is None:
            where = self._roles.indicator
            said = quoted(cells[at] if where is None else cells[where])
            raise RowError("BAD_AMOUNT", f"{said} says neither debit nor credit.", at if where is None else where)
        # A minus takes back what the word says, unless all of them have one.
        is_debit = found == "debit"
        return -minor if is_debit != (self._reading.debit_minus if is_debit else self._reading.credit_minus) else minor

    def _direction(self, cells: Sequence[str], at: int) -> str | None:
        if self._roles.indicator is None:
            amount = written(cells[at])
            return (None if amount is None else amount.word) or self._reading.unmarked
        text = cells[self._roles.indicator]
        word = plain(text)
        if word in self._reading.debit_words:
            return "debit"
        if word in self._reading.credit_words:
            return "credit"
        declared = self._reading.debit_words or self._reading.credit_words
        return None if declared else direction(text) or self._reading.unmarked

    def _split(self, cells: Sequence[str]) -> int:
        reading, roles = self._reading, self._roles
        debit, credit = self._side(cells, roles.debit), self._side(cells, roles.credit)
        if debit is None and credit is None:
            at = amount_places(roles)[0]
            raise RowError("BAD_AMOUNT", "There is neither a debit nor a credit.", at)
        if debit and credit:
            assert roles.credit is not None
            raise RowError("BAD_AMOUNT", "There are a debit and a credit in one row.", roles.credit)
        paid = (debit or 0) * (1 if reading.debit_minus else -1)
        minor = paid + (credit or 0) * (-1 if reading.credit_minus else 1)
        self._check_only_side(minor, cells)
        return minor

    def _check_only_side(self, minor: int, cells: Sequence[str]) -> None:
        """Refuses an amount in the only column of its side beside which a word says that it is on the other one."""
        side: Side = "debit" if minor < 0 else "credit"
        if not self._beside_only_side or getattr(self._roles, side) is None:
            return
        for at in self._beside_only_side:
            if (said := direction(cells[at])) not in {None, side}:
                message = f"{quoted(cells[at])} says that it is a {said}, and its column is one of {side}s."
                raise RowError("BAD_AMOUNT", message, at)

    def _without_fee(self, minor: int, cells: Sequence[str], at: int) -> int:
        fee = self._side(cells, at) or 0
        left = minor + fee if self._reading.fee_minus else minor - fee
        if not MIN_MINOR <= left <= MAX_MINOR:
            raise RowError("BAD_AMOUNT", "With its fee the amount is too large.", at)
        return left

    def _side(self, cells: Sequence[str], at: int | None) -> int | None:
        if at is None or not cells[at].strip():
            return None
        return None if is_dash(cells[at].strip()) else self._cell(cells, at)


def _beside_only_side(reading: Reading) -> tuple[int, ...]:
    """The columns whose name says that a word in them tells debits from credits, of the only side that has one."""
    roles = reading.roles
    if reading.sign != "SPLIT" or None not in (roles.debit, roles.credit):
        return ()
    names = enumerate(reading.table.header)
    return tuple(at for at, name in names if "indicator" in roles_of(name) and at not in amount_places(roles))


def chain_of(file: TextBytes, reading: Reading) -> ChainVotes:
    """What the running balances say of the amounts as they are read; nothing where there is no column of them."""
    if reading.roles.balance is None:
        return ChainVotes()
    return chain_votes(_chained(records_of(file, reading.table), reading), reading.order)


def order_of_days(file: TextBytes, reading: Reading) -> Direction | None:
    """Of the rows of a file; None where they have none."""
    at, order = reading.roles.date, reading.date_order
    width = reading.table.width
    texts = (cells[at] for _, cells, fault in records_of(file, reading.table) if fault is None and len(cells) == width)
    return order_of(read[order] for text in texts if order in (read := readings(text)))


def _chained(records: Iterable[Record], reading: Reading) -> Iterator[tuple[int, int] | None]:
    """(amount, balance) of each row, None where one of them is missing or cannot be read."""
    amount, width = AmountReader(reading), reading.table.width
    for _, cells, fault in records:
        if fault is not None or len(cells) != width:
            continue
        balance = amount.balance(cells)
        try:
            yield None if balance is None else (amount(cells), balance)
        except RowError:
            yield None
