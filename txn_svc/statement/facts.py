"""What all rows of a file say together about how they are to be read: one pass over it, in constant memory."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from txn_svc.ledger.money import Currency, DecimalMark
from txn_svc.statement.amounts import is_some, marks, written
from txn_svc.statement.dates import readings
from txn_svc.statement.format import DateOrder, Roles
from txn_svc.statement.mixed_dates import MixedDates
from txn_svc.statement.model import Direction
from txn_svc.statement.records import Record
from txn_svc.statement.rejecting import RejectLimit
from txn_svc.statement.sections import Sections
from txn_svc.statement.telling import MAX_CACHED_TEXTS, may_tell
from txn_svc.statement.two_digit_years import TwoDigitYears
from txn_svc.statement.votes import DECIDED_BY, Tally, Votes
from txn_svc.statement.words import (
    begins_with,
    is_of_period,
    is_only,
    plain,
    status_of,
    words,
)
from txn_svc.statement.years import YearSurvey

MAX_ACCOUNTS: Final = 10
# More lines of text alone are no titles.
MAX_PARTS: Final = 5
MAX_TOTALS: Final = 10
MAX_STANDING_CHARACTERS: Final = 60
MAX_STATUSES: Final = 20
# A file of more is one of pages.
MAX_HEADERS: Final = 100
MAX_IDS: Final = 100_000
MAX_ID_CHARACTERS: Final = 100
# So many ids for one that is there twice.
_LEAST_SINGLE: Final = 3

# So many rows have a balance for one that has none, where a bank writes one beside each row and not for each day.
_LEAST_SHARE_WITH: Final = 4

_LETTER: Final = re.compile(r"[^\W\d_]")
_FRACTION: Final = re.compile(r"[.,]([0-9]+)$")

Line = Literal["ROW", "STANDING", "CONTINUATION", "TOTAL", "NO_ROW"]


@dataclass(slots=True)
class Spelled:
    """A word of a status: how it is written first, and where it stands."""

    shown: str
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class BalancedRows:
    """Those with a running balance: the first and last line, how many, and how many without one before, behind and in
    all; `unmoved` are those with the same one as the row above."""

    first: int = 0
    last: int = 0
    count: int = 0
    before: int = 0
    behind: int = 0
    without: int = 0
    unmoved: int = 0
    _balance: str = ""

    def add(self, line: int, balance: str) -> None:
        if written(balance) is not None:
            self.unmoved += balance == self._balance
            self._balance = balance
            self.first, self.last = self.first or line, line
            self.count += 1
            self.behind = 0
            return
        self.without += 1
        self.behind += 1
        self.before += not self.first

    @property
    def has_some_without_between(self) -> bool:
        return self.without > self.before + self.behind

    @property
    def has_few_without(self) -> bool:
        return 0 < _LEAST_SHARE_WITH * self.without <= self.count

    def newest_without(self, order: Direction | None) -> bool:
        """Whether the newest rows, and no others, have none."""
        newest = {"DESCENDING": self.before, "ASCENDING": self.behind}.get(order or "", 0)
        return newest == self.without > 0 and self.count > self.without


@dataclass(slots=True)
class Ids:
    """Of the rows with an id, as far as they are remembered: how many have the id of another one, and whether such are
    the same in all cells."""

    rows: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    differ: bool = False

    def add(self, external_id: str, cells: Sequence[str]) -> None:
        if external_id in self.rows:
            self.repeated += 1
            self.differ = self.differ or self.rows[external_id] != hash(tuple(cells))
        elif external_id and len(self.rows) < MAX_IDS:
            self.rows[external_id] = hash(tuple(cells))

    @property
    def are_same(self) -> bool:
        """Whether each is that of one row, and some of these stand there twice."""
        return 0 < _LEAST_SINGLE * self.repeated <= len(self.rows) and not self.differ


@dataclass(slots=True)
class Facts:
    """Counts and first lines.

    `negative` and `positive` are of amounts with and without a minus, `minus_in_sides` of such as have one in a column
    of debits or credits; `debits`, `credits` of those beside which a word or a column says so, `unknown_words` of those
    beside which there is another; `letters` are the words that are one. `fees`: other than zero. `dotted`: dates
    written with dots. `standing`: rows that are called a balance or a total. `statuses`: the first words of that
    column, as compared. `has_sections`: the accounts are those that lines among the rows name; `has_parts`: they are
    titles of which nobody knows what they say; `has_titles`: some say whose the rows are, or whether they are booked.
    `other_rows`: below another header. `header_lines`: where the header is there again. `textless`: rows without a
    description.
    """

    dates: Votes[DateOrder] = field(default_factory=Votes)
    marks: Votes[DecimalMark] = field(default_factory=Votes)
    undecided_marks: Tally = field(default_factory=Tally)
    undecided_dates: Tally = field(default_factory=Tally)
    two_digit_years: TwoDigitYears = field(default_factory=TwoDigitYears)
    dotted: Tally = field(default_factory=Tally)
    slashed: Tally = field(default_factory=Tally)
    negative: Tally = field(default_factory=Tally)
    positive: Tally = field(default_factory=Tally)
    debits: Tally = field(default_factory=Tally)
    credits: Tally = field(default_factory=Tally)
    unknown_words: Tally = field(default_factory=Tally)
    letters: set[str] = field(default_factory=set)
    minus_in_debits: int = 0
    plus_in_debits: int = 0
    minus_in_credits: int = 0
    plus_in_credits: int = 0
    minus_in_sides: Tally = field(default_factory=Tally)
    fees: Tally = field(default_factory=Tally)
    minus_in_fees: int = 0
    totals: list[Record] = field(default_factory=list)
    last_totals: deque[Record] = field(default_factory=lambda: deque(maxlen=MAX_TOTALS))
    first_line: int = 0
    last_line: int = 0
    continuations: Tally = field(default_factory=Tally)
    currencies: set[str] = field(default_factory=set)
    accounts: dict[str, Tally] = field(default_factory=dict)
    statuses: dict[str, Spelled] = field(default_factory=dict)
    standing: Tally = field(default_factory=Tally)
    has_sections: bool = False
    has_parts: bool = False
    other_rows: int = 0
    balanced: BalancedRows = field(default_factory=BalancedRows)
    textless: Tally = field(default_factory=Tally)
    mixed_dates: MixedDates = field(default_factory=MixedDates)
    has_titles: bool = False
    ids: Ids = field(default_factory=Ids)
    header_lines: list[int] = field(default_factory=list)
    years: dict[DateOrder, YearSurvey] = field(default_factory=lambda: {"MD": YearSurvey(), "DM": YearSurvey()})


def facts(
    records: Iterable[Record],
    width: int,
    roles: Roles,
    currency: Currency,
    before: Iterable[Record] = (),
    header: Sequence[str] = (),
) -> Facts:
    """`before`: the lines before the header, whose names are `header`. Refuses with Unreadable NOT_A_STATEMENT where
    rows are few among many lines that are none."""
    found, others, sections = Facts(), RejectLimit(), Sections(before, header)
    of_sections, of_parts = dict[str, Tally](), dict[str, Tally]()
    found.has_titles = sections.is_pending
    is_after_row = False
    for count, record in enumerate(records, start=1):
        kind = "NO_ROW" if record.fault or len(record.cells) != width else kind_of(record.cells, roles)
        if kind == "ROW" and not sections.is_other_table:
            found.first_line = found.first_line or record.line
            found.last_line = record.line
            sections.row()
            _add_row(found, record, roles, currency)
            _add_account(of_sections, record.line, sections.account)
            _add_account(of_parts, record.line, sections.part)
            is_after_row = True
            continue
        if kind == "ROW":
            # Years are counted from row to row.
            found.other_rows += 1
            _add_date(found, record.line, record.cells[roles.date])
        others.add(record.line, count)
        if record.fault:
            continue
        is_sum = is_total(record.cells)
        if is_sum and (kind != "STANDING" or _is_end(record.cells, roles)):
            (found.totals if len(found.totals) < MAX_TOTALS else found.last_totals).append(record)
        if kind != "STANDING" and sections.see(record.cells, is_sum=is_sum):
            found.has_titles, is_after_row = True, False
        elif len(record.cells) == width and kind != "ROW":
            _see_names(found, sections, record, kind, roles)
            _add_other(found, record, kind, roles, is_after_row=is_after_row)
            is_after_row = kind == "CONTINUATION"
    if not found.accounts:
        _add_sections(found, of_sections, of_parts)
    return found


def _see_names(found: Facts, sections: Sections, record: Record, kind: Line, roles: Roles) -> None:
    if kind != "NO_ROW":
        return
    if not sections.is_header(record.cells):
        sections.see_names(record.cells, (roles.date, *amount_places(roles)))
    elif len(found.header_lines) < MAX_HEADERS:
        found.header_lines.append(record.line)


def _add_sections(found: Facts, of_sections: dict[str, Tally], of_parts: dict[str, Tally]) -> None:
    if len(of_sections) > 1:
        found.accounts, found.has_sections = of_sections, True
    elif 1 < len(of_parts) <= MAX_PARTS:
        found.accounts, found.has_sections, found.has_parts = of_parts, True, True


def _add_other(found: Facts, record: Record, kind: Line, roles: Roles, *, is_after_row: bool) -> None:
    if kind == "STANDING":
        found.standing.add(record.line)
    if kind == "CONTINUATION" and is_after_row:
        found.continuations.add(record.line)
    elif kind != "TOTAL" and readings(record.cells[roles.date]):
        _add_date(found, record.line, record.cells[roles.date])
    elif any(written(record.cells[at]) for at in amount_places(roles)):
        found.mixed_dates.add(record.line, record.cells[roles.date])


def _is_end(cells: Sequence[str], roles: Roles) -> bool:
    """Whether what is called a balance is one before or after all rows: beside running balances, only the same figure
    as its own one."""
    return roles.balance is None or cells[roles.balance].strip() in {cells[at].strip() for at in amount_places(roles)}


def amount_places(roles: Roles) -> tuple[int, ...]:
    return tuple(at for at in (roles.amount, roles.debit, roles.credit) if at is not None)


def kind_of(cells: Sequence[str], roles: Roles) -> Line:
    """ROW has a date and an amount; STANDING too, and is called a balance or a total; a CONTINUATION has only text, for
    the row before it; TOTAL a word for one."""
    has_date = bool(readings(cells[roles.date]))
    amounts = [cells[at].strip() for at in amount_places(roles)]
    has_amount = any(written(text) for text in amounts)
    if has_date and has_amount:
        return "STANDING" if all(map(is_called_standing, described(cells, roles))) else "ROW"
    if is_total(cells):
        return "TOTAL"
    if not cells[roles.date].strip() and not any(amounts) and any(cells[at].strip() for at in roles.description):
        return "CONTINUATION"
    return "NO_ROW"


def described(cells: Sequence[str], roles: Roles) -> list[str]:
    """The texts of the description, or else the first of the row; one at least."""
    texts = [cells[at] for at in roles.description if _LETTER.search(cells[at])]
    return texts or [first_text(cells)]


def is_called_standing(text: str) -> bool:
    """Whether it is a word for a balance or a total, with no more than its day behind it or its period beside it."""
    if not may_tell(text) or len(text) > MAX_STANDING_CHARACTERS:
        return False
    said = plain(text)
    return is_only(said, words().of_standing) or is_of_period(said, words().standing_of_period)


def is_total(cells: Sequence[str]) -> bool:
    """Whether its first text is a word for a total, or for the balance before or after all rows."""
    return _is_word_for_total(first_text(cells))


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_word_for_total(text: str) -> bool:
    known, text = words(), plain(text)
    # "Total" alone: with more behind it, it may be a shop's name.
    return text in known.total or begins_with(text, known.opening) or begins_with(text, known.closing)


def first_text(cells: Sequence[str]) -> str:
    """The first cell with letters that is no date; empty where there is none."""
    for cell in cells:
        if _LETTER.search(cell) and not readings(cell):
            return cell
    return ""


def _add_row(found: Facts, record: Record, roles: Roles, currency: Currency) -> None:
    line, cells = record.line, record.cells
    _add_date(found, line, cells[roles.date])
    found.mixed_dates.add(line, cells[roles.date])
    if roles.value_date is not None:
        found.dates.add(line, readings(cells[roles.value_date]))
    for at in (*amount_places(roles), *(() if roles.balance is None else (roles.balance,))):
        _add_mark(found, line, cells[at], currency)
    _add_sign(found, line, cells, roles)
    if roles.balance is not None:
        found.balanced.add(line, cells[roles.balance].strip())
    if roles.currency is not None:
        found.currencies.add(cells[roles.currency].strip())
    if roles.account is not None and (number := cells[roles.account].strip()):
        _add_account(found.accounts, line, number)
    if not any(cells[at].strip() for at in roles.description):
        found.textless.add(line)
    if roles.external_id is not None:
        found.ids.add(cells[roles.external_id].strip()[:MAX_ID_CHARACTERS], cells)
    if roles.status is not None:
        _add_status(found, line, cells[roles.status])


def _add_status(found: Facts, line: int, cell: str) -> None:
    word = status_of(cell)
    if word in found.statuses or len(found.statuses) < MAX_STATUSES:
        found.statuses.setdefault(word, Spelled(cell.strip())).tally.add(line)


def _add_account(accounts: dict[str, Tally], line: int, number: str) -> None:
    if number in accounts or len(accounts) < MAX_ACCOUNTS:
        accounts.setdefault(number, Tally()).add(line)


def _add_date(found: Facts, line: int, text: str) -> None:
    fitting = readings(text)
    found.dates.add(line, fitting)
    found.two_digit_years.add(fitting)
    # Whether a year stands first is decided by all dates together.
    if len({parts for order, parts in fitting.items() if order != "YMD"}) > 1:
        found.undecided_dates.add(line)
    for order, survey in found.years.items():
        if order in fitting:
            _, month, day = fitting[order]
            survey.add(line, (month, day))
    (found.dotted if "." in text else found.slashed).add(line)


def _add_mark(found: Facts, line: int, text: str, currency: Currency) -> None:
    fitting = marks(text)
    if len(fitting) > 1 and (mark := _FRACTION.search(text.strip())):
        if not currency.decimals:
            # What stands behind the mark can be no fraction of this currency.
            fitting = frozenset({"," if mark[0][0] == "." else "."})
        else:
            found.undecided_marks.add(line)
    found.marks.add(line, fitting)


def _add_sign(found: Facts, line: int, cells: Sequence[str], roles: Roles) -> None:
    for side, at in (("debit", roles.debit), ("credit", roles.credit)):
        if at is not None and (figure := written(cells[at])) and (figure.sign < 0 or is_some(cells[at])):
            _add_side(found, side, has_minus=figure.sign < 0)
            if figure.sign < 0:
                found.minus_in_sides.add(line)
    if roles.fee is not None and is_some(cells[roles.fee]) and (fee := written(cells[roles.fee])):
        found.fees.add(line)
        found.minus_in_fees += fee.sign < 0
    if roles.amount is None or (amount := written(cells[roles.amount])) is None or not is_some(cells[roles.amount]):
        return
    (found.negative if amount.sign < 0 else found.positive).add(line)
    word = amount.word if roles.indicator is None else direction(cells[roles.indicator])
    if roles.indicator is not None:
        _add_word(found, line, cells[roles.indicator].strip(), word)
    if word is not None:
        (found.debits if word == "debit" else found.credits).add(line)
        _add_side(found, word, has_minus=amount.sign < 0)


def _add_side(found: Facts, side: str, *, has_minus: bool) -> None:
    if side == "debit":
        found.minus_in_debits += has_minus
        found.plus_in_debits += not has_minus
    else:
        found.minus_in_credits += has_minus
        found.plus_in_credits += not has_minus


def _add_word(found: Facts, line: int, text: str, word: str | None) -> None:
    if text and word is None:
        found.unknown_words.add(line)
    elif len(text) == 1 and text.isalpha():
        found.letters.add(text.casefold())


def direction(text: str) -> str | None:
    word = plain(text)
    return "debit" if word in words().debit else "credit" if word in words().credit else None


class ChainVotes(NamedTuple):
    """Of `pairs` of neighbours, how many balances follow from the amounts: with their signs, with the opposite ones,
    with any."""

    signed: int = 0
    inverted: int = 0
    either: int = 0
    pairs: int = 0

    def are_decided_by(self, held: int) -> bool:
        """Whether so many are as good as all: a file may have lost a row."""
        return held > 0 and held >= DECIDED_BY * (self.pairs - held)


def chain_votes(values: Iterable[tuple[int, int] | None], order: Direction | None) -> ChainVotes:
    """Of (amount, balance) in minor units, None where one is missing, in the order of their days.

    In the other order balances before the rows follow from the opposite amounts. Only where days show no order, the
    better of both counts.
    """
    pairs, ascending, descending = 0, [0, 0, 0], [0, 0, 0]
    for (one, before), (two, after) in _pairs(values):
        pairs += bool(one and two)
        _count(ascending, two, after - before)
        _count(descending, one, before - after)
    counts = {"ASCENDING": ascending, "DESCENDING": descending}
    signed, inverted, either = counts[order] if order else map(max, ascending, descending)
    return ChainVotes(signed, inverted, either, pairs)


def _count(held: list[int], amount: int, change: int) -> None:
    held[0] += change == amount != 0
    held[1] += change == -amount != 0
    held[2] += abs(change) == abs(amount) != 0


def _pairs(values: Iterable[tuple[int, int] | None]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    last = None
    for value in values:
        if last is not None and value is not None:
            yield last, value
        last = value
