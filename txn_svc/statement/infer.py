"""From the facts of a file to how it is read: declared, answered, decided by rows, remembered, assumed, or asked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Final, cast

from txn_svc.ledger.money import Currency, DecimalMark
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import MARKS
from txn_svc.statement.facts import ChainVotes, Facts
from txn_svc.statement.format import (
    BALANCE_RULES,
    DATE_ORDERS,
    YEARLESS,
    BalanceRule,
    DateOrder,
    Roles,
    SignRule,
)
from txn_svc.statement.indicators import Indicator, indicator_of
from txn_svc.statement.model import MAX_FINDING_LINES, Basis, Finding, Property
from txn_svc.statement.reading import Side
from txn_svc.statement.table import Table
from txn_svc.statement.votes import Tally, Verdict
from txn_svc.statement.years import YearPlan

ORDERS: Final[tuple[DateOrder, ...]] = ("DMY", "MDY", "YMD", "MD", "DM")
_YEAR: Final = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")

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
    `is_format_asked`: the format was named, and not only recognised by the header.
    """

    uploaded_on: date
    currency: Currency
    file_name: str = ""
    is_credit: bool = False
    is_format_asked: bool = False
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


def date_order(  # noqa: PLR0911 -- one for each ground
    facts: Facts, declared: DateOrder | None, given: Given, lines: tuple[int, ...]
) -> Settled:
    if declared is not None:
        return declared_order(declared, lines)
    verdict = facts.dates.verdict(ORDERS)
    if (answer := given.answers.get("DATE_ORDER")) in DATE_ORDERS:
        return _date_finding("ANSWERED", answer, ANSWERED, ())
    if verdict is None:
        # No row can be read: every row says so itself.
        return _date_finding("ASSUMPTION", "YMD", "No row has a date.", ())
    if not verdict.rivals:
        return _date_finding("EVIDENCE", verdict.value, _date_evidence(verdict), verdict.lines)
    if not facts.undecided_dates.count:
        message = "No date can be read as another day: months have names, or are the day's number."
        return _date_finding("EVIDENCE", verdict.value, message, verdict.lines)
    values = (verdict.value, *verdict.rivals)
    if (before := given.remembered.get("DATE_ORDER")) in values:
        return _date_finding("REMEMBERED", before, REMEMBERED, ())
    if "DMY" in values and facts.dotted.count and not facts.slashed.count:
        message = "No row decides; dates with dots are taken as day first, as every bank writes them."
        return _date_finding("ASSUMPTION", "DMY", message, verdict.lines)
    message = f"No row decides whether dates are {' or '.join(ORDER_NAMES[one] for one in values)}."
    return Open("DATE_ORDER", message, values, tuple(facts.undecided_dates.lines))


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


def sign(  # noqa: PLR0911 -- one for each ground
    facts: Facts,
    roles: Roles,
    chain: ChainVotes,
    indicators: Mapping[Indicator, int],
    oldest: tuple[int, Side | None] | None,
    declared: SignRule | None,
    given: Given,
    table: Table,
) -> Settled:
    """`chain`: how many neighbours the balances fit with each sign, where there are balances; `indicators` the same of
    columns that may say which amounts are debits; `oldest`: the line of the oldest row, and what the balance before all
    rows makes it, where balances may give each amount a sign of its own."""
    header = (table.line,)
    if declared is not None:
        said = declared_sign(declared, header)
        return replace(said, message=_split_sentence(facts)) if declared == "SPLIT" else said
    if roles.amount is None:
        return Finding("SIGN", "EVIDENCE", "SPLIT", _split_sentence(facts), header)
    if (answer := _sign_said(given.answers, table)) is not None:
        return Finding("SIGN", "ANSWERED", answer, ANSWERED)
    if oldest is not None and (rule := given.answers.get("SIGN")) in BALANCE_RULES:
        return Finding("SIGN", "ANSWERED", str(rule), ANSWERED)
    if facts.negative.count:
        return _signed(facts, chain, given)
    if facts.debits.count or facts.credits.count:
        lines = _merged(facts.debits, facts.credits)
        return Finding(
            "SIGN", "EVIDENCE", "INDICATOR", f"{SIGN_SENTENCES['INDICATOR']} {_unmarked(facts)}".strip(), lines
        )
    if not facts.positive.count:
        return Finding("SIGN", "ASSUMPTION", "SIGNED", "No row has an amount other than zero.")
    return _unsigned(facts, chain, indicators, oldest, given, table)


def _unsigned(
    facts: Facts,
    chain: ChainVotes,
    indicators: Mapping[Indicator, int],
    oldest: tuple[int, Side | None] | None,
    given: Given,
    table: Table,
) -> Settled:
    """Of amounts that have neither a minus nor a known word beside them."""
    lines = tuple(facts.positive.lines)
    ways = {one.value(table.header): one.label(table.header) for one in indicators}
    held = dict(zip(ways, indicators.values(), strict=True)) | {"CREDITS": chain.signed, "DEBITS": chain.inverted}
    if oldest is not None and chain.are_decided_by(chain.either) and chain.either > max(held.values()):
        return _by_balance(*oldest, lines)
    said = ways | {rule: SIGN_SENTENCES[rule].rstrip(".") for rule in _ONE_SIDED}
    if len(fitting := [value for value, count in held.items() if chain.are_decided_by(count)]) == 1:
        value = fitting[0]
        return Finding("SIGN", "EVIDENCE", value, f"{said[value]}. The balances show it.", lines)
    if (before := _sign_said(given.remembered, table)) is not None:
        return Finding("SIGN", "REMEMBERED", before, REMEMBERED)
    message = "No amount has a sign, and no word or column that Stori knows says which are debits."
    values = (*ways, *(_ONE_SIDED if given.is_credit else _ONE_SIDED[::-1]))
    return Open("SIGN", message, values, lines, tuple(said[value] for value in values))


def _by_balance(oldest_line: int, side: Side | None, lines: tuple[int, ...]) -> Settled:
    if side is not None:
        rule: BalanceRule = "BALANCE_DEBIT" if side == "debit" else "BALANCE_CREDIT"
        return Finding("SIGN", "EVIDENCE", rule, SIGN_SENTENCES[rule], lines)
    message = (
        "No amount has a sign. The balances show which are debits, but for the oldest row, "
        f"in line {oldest_line}: nothing says what was there before it."
    )
    return Open("SIGN", message, BALANCE_RULES, (oldest_line,))


def _sign_said(by: Mapping[Property, str], table: Table) -> str | None:
    said = by.get("SIGN", "")
    is_known = said in {"SIGNED", "INVERTED", "DEBITS", "CREDITS"} or indicator_of(said, table.header) is not None
    return said if is_known else None


def _signed(facts: Facts, chain: ChainVotes, given: Given) -> Settled:
    lines = tuple(facts.negative.lines)
    if chain.inverted > chain.signed:
        return Finding("SIGN", "EVIDENCE", "INVERTED", f"{SIGN_SENTENCES['INVERTED']} The balances show it.", lines)
    # People pay more often than they are paid: where it seems to be otherwise, a minus may mean the opposite.
    if chain.signed or not (given.is_credit or facts.positive.count >= facts.negative.count):
        return Finding("SIGN", "EVIDENCE", "SIGNED", SIGN_SENTENCES["SIGNED"], lines)
    if (before := given.remembered.get("SIGN")) in {"SIGNED", "INVERTED"}:
        return Finding("SIGN", "REMEMBERED", before, REMEMBERED)
    message = "Nothing says whether a minus is what you paid, or what was paid back to you as on a card's statement."
    return Open("SIGN", message, ("SIGNED", "INVERTED"), lines)


_ONE_SIDED: Final[tuple[SignRule, ...]] = ("DEBITS", "CREDITS")
SIGN_SENTENCES: Final[Mapping[SignRule | BalanceRule, str]] = {
    "SIGNED": "Amounts with a minus are debits, the others are credits.",
    "INVERTED": "Amounts with a minus are credits, the others are debits.",
    "SPLIT": "Debits and credits have a column each.",
    "INDICATOR": "A word says which amounts are debits.",
    "DEBITS": "All amounts are debits.",
    "CREDITS": "All amounts are credits.",
    "BALANCE_DEBIT": "The balance beside an amount shows whether it is a debit. The oldest row is one.",
    "BALANCE_CREDIT": "The balance beside an amount shows whether it is a debit. The oldest row is a credit.",
}


def debits_have_minus(facts: Facts) -> bool:
    return facts.minus_in_debits > facts.plus_in_debits


def credits_have_minus(facts: Facts) -> bool:
    return facts.minus_in_credits > facts.plus_in_credits


def _split_sentence(facts: Facts) -> str:
    debits = " Debits are written with a minus." if debits_have_minus(facts) else ""
    credits_ = " Credits are written with a minus." if credits_have_minus(facts) else ""
    return f"{SIGN_SENTENCES['SPLIT']}{debits}{credits_}"


def unmarked(facts: Facts, roles: Roles) -> Side | None:
    """What an amount without a word is where only the others have one."""
    if roles.indicator is not None and facts.debits.count and facts.credits.count:
        return None
    if facts.credits.count and not facts.debits.count:
        return "debit"
    return "credit" if facts.debits.count and not facts.credits.count else None


def year_plan(facts: Facts, order: DateOrder, table: Table, given: Given) -> tuple[YearPlan, Finding] | None:
    """None where the dates have years, or there are none."""
    if order not in YEARLESS:
        return None
    assumed = facts.years[order].plan(given.uploaded_on)
    return None if assumed is None else with_year(assumed, table, given)


def with_year(assumed: YearPlan, table: Table, given: Given) -> tuple[YearPlan, Finding]:
    """The plan of the year rule, or that which something else decides."""
    said = assumed.finding()
    for year, basis, message, lines in _years_said(table, given):
        plan = assumed.ending_in(year)
        if basis == "ANSWERED" or plan.is_possible():
            return plan, replace(said, basis=basis, value=plan.value, message=f"{message} {plan.turns()}", lines=lines)
    return assumed, said


def _years_said(table: Table, given: Given) -> Iterable[tuple[int, Basis, str, tuple[int, ...]]]:
    if (answer := given.answers.get("YEAR", "")).isdecimal():
        yield int(answer), "ANSWERED", ANSWERED, ()
    found = {int(year): record.line for record in table.before for cell in record.cells for year in _YEAR.findall(cell)}
    if found:
        year = max(found)
        yield (
            year,
            "EVIDENCE",
            f"The dates have no year; line {found[year]}, before the header, names {year}.",
            (found[year],),
        )
    named = [int(year) for year in _YEAR.findall(PurePosixPath(given.file_name).stem.replace("_", " "))]
    if named:
        yield (
            max(named),
            "EVIDENCE",
            f"The dates have no year; the file's name {quoted(given.file_name)} names {max(named)}.",
            (),
        )
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
    return Open("ACCOUNT", message, values, tuple(lines))


def declared_order(order: DateOrder, lines: tuple[int, ...]) -> Finding:
    return Finding("DATE_ORDER", "DECLARED", order, f"The dates of this format are {ORDER_NAMES[order]}.", lines)


def declared_mark(mark: DecimalMark, lines: tuple[int, ...]) -> Finding:
    return Finding("DECIMAL_MARK", "DECLARED", mark, f"The amounts of this format have {MARK_NAMES[mark]}.", lines)


def declared_sign(sign: SignRule, lines: tuple[int, ...]) -> Finding:
    return Finding("SIGN", "DECLARED", sign, SIGN_SENTENCES[sign], lines)


def _date_finding(basis: Basis, value: str | None, message: str, lines: tuple[int, ...]) -> Finding:
    order = cast("DateOrder", value)
    return Finding("DATE_ORDER", basis, order, message, lines)


def _date_evidence(verdict: Verdict[DateOrder]) -> str:
    order = ORDER_NAMES[verdict.value]
    return f"Dates are {order}: {_lines(verdict.lines)} cannot be read otherwise."


def _unmarked(facts: Facts) -> str:
    if facts.debits.count and facts.credits.count:
        return ""
    marked, others = ("credits", "debits") if facts.credits.count else ("debits", "credits")
    return f"Only {marked} are marked, so the others are {others}."


def _merged(*tallies: Tally) -> tuple[int, ...]:
    return tuple(sorted(line for tally in tallies for line in tally.lines)[:MAX_FINDING_LINES])


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:LINES_SAID]))
    return f"line {shown}" if len(lines) == 1 else f"lines {shown}{' and others' if lines[LINES_SAID:] else ''}"
