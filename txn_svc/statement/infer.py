"""From the facts of a file to how it is read: declared, answered, decided by rows, remembered, assumed, or asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Final, cast

from txn_svc.ledger.money import Currency, DecimalMark
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import MARKS
from txn_svc.statement.facts import Facts
from txn_svc.statement.format import (
    DATE_ORDERS,
    YEARLESS,
    DateOrder,
)
from txn_svc.statement.model import Basis, Finding, Property
from txn_svc.statement.periods import named
from txn_svc.statement.sections import UNNAMED
from txn_svc.statement.table import Table
from txn_svc.statement.votes import Verdict
from txn_svc.statement.years import YearPlan

ORDERS: Final[tuple[DateOrder, ...]] = ("DMY", "MDY", "YMD", "MD", "DM")

ALL_HERE_LABEL: Final = "All rows are of this account"
ALL_HERE: Final = "HERE"
"""The answer that all rows are of this account, whatever number they name."""
SEVERAL: Final = 2

ANSWERED: Final = "You answered so."
REMEMBERED: Final = "As in your last file with this header."
# The others stand beside the sentence.
LINES_SAID: Final = 3
ORDER_NAMES: Final[Mapping[DateOrder, str]] = {
    "DMY": "day, month, year",
    "MDY": "month, day, year",
    "YMD": "year, month, day",
    "MD": "month/day, without a year",
    "DM": "day/month, without a year",
}
MARK_NAMES: Final[Mapping[DecimalMark, str]] = {".": "a decimal point", ",": "a decimal comma"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known besides the bytes.

    `answers`: values that the holder has chosen. `remembered`: values of earlier files with this header. `ledger`:
    findings of what the account holds. `is_credit`: the account is a card's, whose files often have positive debits.
    `is_format_asked`: the format was named, and not only recognised by the header. `is_shown`: only the reading is
    wanted, to show rows of an option, and no questions.
    """

    uploaded_on: date
    currency: Currency
    file_name: str = ""
    is_credit: bool = False
    is_format_asked: bool = False
    is_shown: bool = False
    answers: Mapping[Property, str] = field(default_factory=dict)
    remembered: Mapping[Property, str] = field(default_factory=dict)
    ledger: Mapping[Property, Finding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Open:
    """What nothing decides: the values that are possible, the first of them being taken meanwhile.

    `labels` say for a person what the values of this file mean.
    """

    property: Property
    message: str
    values: tuple[str, ...]
    lines: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


Settled = Finding | Open


def value_of(settled: Settled) -> str:
    """The value found, or that which is taken meanwhile."""
    return settled.value if isinstance(settled, Finding) else settled.values[0]


def date_order(  # noqa: PLR0911 -- one for each ground
    facts: Facts, declared: DateOrder | None, given: Given, lines: tuple[int, ...]
) -> Settled:
    if declared is not None:
        return declared_order(declared, lines)
    orders = facts.two_digit_years.narrowed(ORDERS, given.uploaded_on.year)
    verdict = facts.dates.verdict(orders)
    if (answer := given.answers.get("DATE_ORDER")) in DATE_ORDERS:
        return _date_finding("ANSWERED", answer, ANSWERED, ())
    if verdict is None:
        # No row can be read: every row says so itself.
        return _date_finding("ASSUMPTION", "YMD", "No row has a date.", ())
    if not verdict.rivals:
        return _date_finding("EVIDENCE", verdict.value, _date_evidence(verdict), verdict.lines)
    values = (verdict.value, *verdict.rivals)
    is_year_open = "YMD" in values and not facts.two_digit_years.is_empty
    if not facts.undecided_dates.count and not is_year_open:
        message = "No date can be read as another day: months have names, or are the day's number."
        return _date_finding("EVIDENCE", verdict.value, message, verdict.lines)
    if (before := given.remembered.get("DATE_ORDER")) in values:
        return _date_finding("REMEMBERED", before, REMEMBERED, ())
    if "DMY" in values and not is_year_open and facts.dotted.count and not facts.slashed.count:
        message = "No row decides; dates with dots are taken as day first, as every bank writes them."
        return _date_finding("ASSUMPTION", "DMY", message, verdict.lines)
    message = f"No row decides whether dates are {' or '.join(ORDER_NAMES[one] for one in values)}."
    return Open("DATE_ORDER", message, values, tuple(facts.undecided_dates.lines) or verdict.lines)


def decimal_mark(  # noqa: PLR0911 -- one for each ground
    facts: Facts, declared: DecimalMark | None, given: Given, lines: tuple[int, ...]
) -> Settled:
    if declared is not None:
        return declared_mark(declared, lines)
    if (answer := given.answers.get("DECIMAL_MARK")) in MARKS:
        return Finding("DECIMAL_MARK", "ANSWERED", answer, ANSWERED)
    verdict = facts.marks.verdict(MARKS)
    if verdict is None:
        return Finding("DECIMAL_MARK", "ASSUMPTION", ".", "No row has an amount.")
    if not verdict.rivals:
        message = f"Amounts have {MARK_NAMES[verdict.value]}: {_lines(verdict.lines)} cannot be read otherwise."
        return Finding("DECIMAL_MARK", "EVIDENCE", verdict.value, message, verdict.lines)
    if (before := given.remembered.get("DECIMAL_MARK")) in MARKS:
        return Finding("DECIMAL_MARK", "REMEMBERED", before, REMEMBERED)
    if not facts.undecided_marks.count:
        return Finding("DECIMAL_MARK", "ASSUMPTION", verdict.value, "No amount has a mark, so none is read otherwise.")
    shown = tuple(facts.undecided_marks.lines)
    message = (
        f"No row decides whether the mark in amounts such as that in line {shown[0]} separates thousands or decimals."
    )
    return Open("DECIMAL_MARK", message, MARKS, shown)


def year_plan(facts: Facts, order: DateOrder, table: Table, given: Given) -> tuple[YearPlan, Finding] | None:
    """None where the dates have years, or there are none."""
    if order not in YEARLESS:
        return None
    assumed = facts.years[order].plan(given.uploaded_on)
    return None if assumed is None else with_year(assumed, table, given)


def with_year(assumed: YearPlan, table: Table, given: Given) -> tuple[YearPlan, Finding]:
    """The plan of the year rule, or that which something else decides."""
    said = assumed.finding()
    for year, basis, message, lines in _years_said(assumed.newest[0], table, given):
        plan = assumed.ending_in(year)
        if basis == "ANSWERED" or plan.is_possible():
            return plan, replace(said, basis=basis, value=plan.value, message=f"{message} {plan.turns()}", lines=lines)
    return assumed, said


def _years_said(newest_month: int, table: Table, given: Given) -> Iterable[tuple[int, Basis, str, tuple[int, ...]]]:
    if (answer := given.answers.get("YEAR", "")).isdecimal():
        yield int(answer), "ANSWERED", ANSWERED, ()
    before = named(((record.line, cell) for record in table.before for cell in record.cells), given.uploaded_on.year)
    if before is not None and (year := before.year_of(newest_month)) is not None:
        said = f"The dates have no year; line {before.line}, before the header, names {before.shown}."
        yield year, "EVIDENCE", said, (before.line,)
    stem = PurePosixPath(given.file_name).stem.replace("_", " ")
    of_name = named([(0, stem)], given.uploaded_on.year)
    if of_name is not None and (year := of_name.year_of(newest_month)) is not None:
        said = f"The dates have no year; the file's name {quoted(given.file_name)} names {of_name.shown}."
        yield year, "EVIDENCE", said, ()
    if (known := given.ledger.get("YEAR")) is not None and known.value.isdecimal():
        yield int(known.value), known.basis, known.message, known.lines


def account(facts: Facts, given: Given) -> Settled | None:
    """Of rows that name several accounts, the one that is read; None where they do not."""
    if len(facts.accounts) < SEVERAL:
        return None
    values = (*facts.accounts, ALL_HERE)
    if (answer := given.answers.get("ACCOUNT")) in values:
        return Finding("ACCOUNT", "ANSWERED", str(answer), ANSWERED)
    known = given.ledger.get("ACCOUNT")
    if known is not None and known.value in facts.accounts:
        return known
    lines = sorted(tally.lines[0] for tally in facts.accounts.values())
    message = "The rows name several accounts, and nothing says which of them is this one."
    labels = tuple[str, ...]()
    if facts.has_parts:
        message = "Titles divide the rows, and nothing says that the rows below all of them are booked in this account."
        labels = (*map(_part_label, facts.accounts), ALL_HERE_LABEL)
    return Open("ACCOUNT", message, values, tuple(lines), labels)


def _part_label(title: str) -> str:
    return "Only the rows above the first title" if title == UNNAMED else f"Only the rows below {quoted(title)}"


def declared_order(order: DateOrder, lines: tuple[int, ...]) -> Finding:
    return Finding("DATE_ORDER", "DECLARED", order, f"The dates of this format are {ORDER_NAMES[order]}.", lines)


def declared_mark(mark: DecimalMark, lines: tuple[int, ...]) -> Finding:
    return Finding("DECIMAL_MARK", "DECLARED", mark, f"The amounts of this format have {MARK_NAMES[mark]}.", lines)


def _date_finding(basis: Basis, value: str | None, message: str, lines: tuple[int, ...]) -> Finding:
    order = cast("DateOrder", value)
    return Finding("DATE_ORDER", basis, order, message, lines)


def _date_evidence(verdict: Verdict[DateOrder]) -> str:
    order = ORDER_NAMES[verdict.value]
    return f"Dates are {order}: {_lines(verdict.lines)} cannot be read otherwise."


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:LINES_SAID]))
    return f"line {shown}" if len(lines) == 1 else f"lines {shown}{' and others' if lines[LINES_SAID:] else ''}"
