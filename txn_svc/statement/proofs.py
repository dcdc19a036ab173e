"""A proof said for a person, with what totals outside of the rows add to it."""

from collections.abc import Sequence
from datetime import date

from txn_svc.ledger.money import MAX_MINOR, MIN_MINOR, Currency, format_amount
from txn_svc.statement.chains import Chain, DayChain
from txn_svc.statement.model import MAX_FINDING_LINES, MAX_GAPS, Direction, Finding, Gap, Proof, Total, Verdict


class Span:
    """The rows of a file as a whole: their days, lines and sum, and whether their balances can tell anything."""

    def __init__(self) -> None:
        self.count = self.total = 0
        self.first_on: date | None = None
        self.last_on: date | None = None
        self.lines = (0, 0)
        self.rejected: tuple[int, int] | None = None
        self._earliest, self._latest = date.max, date.min
        self._rises = self._falls = 0
        self._has_amount = self._varies = False
        self._balance: int | None = None
        self._balances = 0
        self._balances_on: tuple[date, date] | None = None

    @property
    def days(self) -> tuple[date, date] | tuple[None, None]:
        return (self._earliest, self._latest) if self.count else (None, None)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The order of the rows by their dates; both where these do not say."""
        if self._rises == self._falls:
            return ("ASCENDING", "DESCENDING")
        return ("ASCENDING",) if self._rises > self._falls else ("DESCENDING",)

    def add(self, line: int, booked_on: date, amount_minor: int, balance_minor: int | None) -> None:
        if self.last_on is None:
            self.first_on, self.lines = booked_on, (line, line)
        elif booked_on != self.last_on:
            self._rises += booked_on > self.last_on
            self._falls += booked_on < self.last_on
        self.last_on, self.lines = booked_on, (self.lines[0], line)
        self._earliest, self._latest = min(self._earliest, booked_on), max(self._latest, booked_on)
        self.count += 1
        self.total += amount_minor
        self._has_amount |= amount_minor != 0
        if balance_minor is None:
            return
        if self._balances_on is None:
            self._balances_on, self._balance = (booked_on, booked_on), balance_minor
        self._balances_on = (self._balances_on[0], booked_on)
        self._balances += 1
        self._varies |= balance_minor != self._balance

    def reject(self, line: int) -> None:
        self.rejected = (line if self.rejected is None else self.rejected[0], line)

    def rejected_outside(self) -> tuple[int | None, int | None]:
        """The first line that was rejected, where it stands before all rows, and the last, where it stands after."""
        if self.rejected is None or not self.count:
            return None, None
        first, last = self.rejected
        return first if first < self.lines[0] else None, last if last > self.lines[1] else None

    def why_not(self) -> str | None:
        """Why the running balances cannot prove anything, for a person."""
        if not self._balances:
            return "The file has no running balances."
        if self.count == 1:
            return "The file has only one row."
        if self._balances == 1:
            return "Only one row has a balance."
        if not self._varies and self._has_amount:
            return "All balances are the same, whatever the amounts."
        if self._balances_on != (self.first_on, self.last_on):
            return "The first or the last days have no balance."
        return None


def by_chain(
    span: Span,
    chain: Chain,
    ends: tuple[int, int],
    opening: Total | None,
    closing: Total | None,
    currency: Currency,
) -> Proof:
    """The proof that a chain gives, whose ends are the balances before its oldest and after its newest row."""
    beyond = _beyond(span, chain.direction, ends, opening, closing)
    gaps, count = (*chain.gaps, *beyond), chain.broken + len(beyond)
    if any(not MIN_MINOR <= figure <= MAX_MINOR for figure in (*ends, *(gap.missing_minor for gap in gaps))):
        return cannot_tell(span, "The balances are too large.")
    in_days = isinstance(chain, DayChain)
    if count:
        return _proof(span, "GAP", _missing(gaps, count, currency), ends, chain.direction, gaps, count)
    message = f"Balances prove the file complete{' day by day' if in_days else ''}: {_ends(ends, currency)}."
    if in_days:
        message += " Inside of a day the rows stand in another order than their balances."
    outside = [str(line) for line in span.rejected_outside() if line is not None]
    if outside:
        message += f" What was rejected before or after the rows is not proved: line {' and '.join(outside)}."
    return _proof(span, "BALANCES_MATCH", message, ends, chain.direction)


def by_totals(span: Span, reason: str, opening: Total | None, closing: Total | None, currency: Currency) -> Proof:
    """The proof that opening and closing give where no chain does, for this reason."""
    if opening is None or closing is None:
        return cannot_tell(span, reason)
    missing = closing.balance_minor - opening.balance_minor - span.total
    if not MIN_MINOR <= missing <= MAX_MINOR:
        return cannot_tell(span, "The balances are too large.")
    ends = (opening.balance_minor, closing.balance_minor)
    if not missing:
        message = f"Opening and closing balance prove the file complete: {_ends(ends, currency)}."
        return _proof(span, "BALANCES_MATCH", message, ends, None, lines=(opening.line, closing.line))
    message = (
        f"The rows do not lead from the opening balance in line {opening.line} to the closing balance in line "
        f"{closing.line}, {_ends(ends, currency)}: {format_amount(missing, currency)} is missing{_why(span)}."
    )
    gap = Gap(*span.lines, missing, span.rejected[0] if span.rejected else None)
    return _proof(span, "GAP", message, ends, None, (gap,), 1, lines=(opening.line, closing.line))


def cannot_tell(span: Span, reason: str) -> Proof:
    return _proof(span, "CANNOT_TELL", f"Whether rows are missing cannot be told. {reason}", None, None)


def finding(proof: Proof) -> Finding:
    """The proof as a finding of the property BALANCE."""
    return Finding("BALANCE", "EVIDENCE", proof.verdict, proof.message, proof.lines)


def _proof(
    span: Span,
    verdict: Verdict,
    message: str,
    ends: tuple[int, int] | None,
    direction: Direction | None,
    gaps: Sequence[Gap] = (),
    count: int = 0,
    *,
    lines: Sequence[int] = (),
) -> Proof:
    opening, closing = ends or (None, None)
    decisive = lines or [line for gap in gaps for line in (gap.after_line, gap.before_line)]
    if not decisive and verdict == "BALANCES_MATCH":
        decisive = span.lines
    kept = tuple(dict.fromkeys(sorted(decisive)))[:MAX_FINDING_LINES]
    first_on, last_on = span.days
    return Proof(verdict, message, opening, closing, direction, tuple(gaps)[:MAX_GAPS], count, first_on, last_on, kept)


def _beyond(
    span: Span, direction: Direction, ends: tuple[int, int], opening: Total | None, closing: Total | None
) -> list[Gap]:
    """What is missing between the rows and the totals outside of them."""
    order = 1 if direction == "ASCENDING" else -1
    oldest, newest = span.lines[::order]
    before, after = span.rejected_outside()[::order]
    gaps = list[Gap]()
    if opening is not None and opening.balance_minor != ends[0]:
        gaps.append(_between(opening.line, oldest, ends[0] - opening.balance_minor, before))
    if closing is not None and closing.balance_minor != ends[1]:
        gaps.append(_between(closing.line, newest, closing.balance_minor - ends[1], after))
    return gaps


def _between(line: int, other: int, missing_minor: int, rejected_line: int | None) -> Gap:
    return Gap(min(line, other), max(line, other), missing_minor, rejected_line)


def _missing(gaps: Sequence[Gap], count: int, currency: Currency) -> str:
    gap = gaps[0]
    amount = format_amount(gap.missing_minor, currency)
    why = f", where line {gap.rejected_line} was rejected" if gap.rejected_line is not None else ""
    others = count - 1
    more = f" So it is at {others} more place{'' if others == 1 else 's'}." if others else ""
    return f"Between lines {gap.after_line} and {gap.before_line} something is missing: {amount}{why}.{more}"


def _why(span: Span) -> str:
    return f"; line {span.rejected[0]} was rejected" if span.rejected else ""


def _ends(ends: tuple[int, int], currency: Currency) -> str:
    return f"opening {format_amount(ends[0], currency)}, closing {format_amount(ends[1], currency)}"
