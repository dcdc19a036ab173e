"""Proof by balances: whether the rows of a file are all that was booked, and where something is missing if not.

The walk takes the rows in the order of the file and keeps the bookings of one day, whatever the length of the file.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from txn_svc.ledger.money import Currency
from txn_svc.statement import proofs
from txn_svc.statement.chains import MAX_DAY_ROWS, Booking, Chain, DayChain, RowChain, openings_by_trail
from txn_svc.statement.model import Direction, Gap, Proof, Total

DIRECTIONS: Final[tuple[Direction, Direction]] = ("ASCENDING", "DESCENDING")
# A day that is alone has to show that its order is no accident.
_ALONE_ROWS: Final = 3


class BalanceWalk:
    """Fed with all rows of a file in its order, it gives their proof."""

    def __init__(self, currency: Currency) -> None:
        self._currency = currency
        self._rows = {direction: RowChain(direction) for direction in DIRECTIONS}
        self._by_trail = {direction: DayChain(direction) for direction in DIRECTIONS}
        # Of a bank that writes one balance for each day, beside all its rows or beside one of them.
        self._by_closing = {direction: DayChain(direction) for direction in DIRECTIONS}
        self._has_closings = True
        self._span = proofs.Span()
        self._day = list[Booking]()
        self._day_count = self._day_total = 0
        self._day_lines = (0, 0)
        self._day_balances = 0
        self._day_closing: int | None = None
        self._rejected_since_balance: int | None = None
        self._rejected_before_day: int | None = None
        self._rejected_in_day: int | None = None

    def add(self, line: int, booked_on: date, amount_minor: int, balance_minor: int | None) -> None:
        """A row that was understood, with its running balance where there is one."""
        if booked_on != self._span.last_on:
            self._end_day()
            self._day_lines = (line, line)
        self._span.add(line, booked_on, amount_minor, balance_minor)
        for chain in self._rows.values():
            chain.add(line, amount_minor, balance_minor, self._rejected_since_balance)
        if balance_minor is not None:
            self._rejected_since_balance = None
            self._has_closings &= not self._day_balances or balance_minor == self._day_closing
            self._day_closing = balance_minor
            self._day_balances += 1
        self._day_lines = (self._day_lines[0], line)
        self._day_total += amount_minor
        self._day_count += 1
        if self._day_count <= MAX_DAY_ROWS:
            self._day.append((amount_minor, balance_minor))

    def reject(self, line: int) -> None:
        """A row that was rejected: it explains what is missing there."""
        self._span.reject(line)
        if self._rejected_since_balance is None:
            self._rejected_since_balance = line
        if self._rejected_in_day is None:
            self._rejected_in_day = line

    def proof(self, opening: Total | None = None, closing: Total | None = None) -> Proof:
        """What the balances of all rows show, and those that stand before and after them."""
        self._end_day()
        found = self._judged()
        if isinstance(found, str):
            return proofs.by_totals(self._span, found, opening, closing, self._currency)
        return proofs.by_chain(self._span, *found, opening, closing, self._currency)

    def _end_day(self) -> None:
        if not self._day_count:
            return
        trail: Collection[int] | None = None
        closing: Collection[int] | None = None
        if self._day_closing is not None:
            has_all = self._day_balances == self._day_count <= MAX_DAY_ROWS
            trail = openings_by_trail(self._day) if has_all else ()
            closing = (self._day_closing - self._day_total,)
        for chains, openings in ((self._by_trail, trail), (self._by_closing, closing)):
            for chain in chains.values():
                chain.add(self._day_lines, self._day_total, openings, self._rejected_before_day)
        if self._day_closing is not None:
            self._rejected_before_day = None
        # One inside of a day explains a gap behind it.
        self._rejected_before_day = self._rejected_before_day or self._rejected_in_day
        self._rejected_in_day = None
        self._day.clear()
        self._day_count = self._day_total = self._day_balances = 0
        self._day_closing = None

    def _judged(self) -> tuple[Chain, tuple[int, int]] | str:
        """The chain that tells most, with its ends; or why none tells."""
        if reason := self._span.why_not():
            return reason
        rows = [self._rows[direction] for direction in self._span.directions]
        whole = [chain for chain in rows if not chain.broken]
        if whole:
            if any(chain.ends != whole[0].ends for chain in whole):
                return "All rows are of one day, and their balances hold in either order."
            return whole[0], whole[0].ends
        return self._by_days(rows)

    def _by_days(self, rows: Sequence[RowChain]) -> tuple[Chain, tuple[int, int]] | str:
        direction = self._span.directions[0]
        by_closing = [self._by_closing[direction]] if self._has_closings else []
        is_alone = self._span.first_on == self._span.last_on and self._span.count < _ALONE_ROWS
        likely: list[tuple[Chain, tuple[int, int]]] = [(chain, chain.ends) for chain in rows if chain.is_likely]
        for days in (self._by_trail[direction], *by_closing):
            ends = days.ends
            if is_alone:
                continue
            if not days.is_whole:
                likely += [(days, ends)] if days.is_likely and ends is not None else []
            elif ends is None:
                return "Inside of the days the rows stand in another order than their balances, and in more than one."
            elif all(chain.broken > 1 for chain in rows):
                return days, ends
            else:
                return _either(next(chain for chain in rows if chain.broken == 1).gaps[0])
        if not likely:
            return "The balances do not follow from the amounts, in neither order of the rows."
        likely.sort(key=lambda one: one[0].broken)
        if len(rows) > 1 and [chain.broken for chain, _ in likely].count(likely[0][0].broken) > 1:
            return "All rows are of one day, and their balances do not tell the order of the rows."
        return likely[0]


def _either(gap: Gap) -> str:
    return (
        f"Lines {gap.after_line} and {gap.before_line} are of one day: either they stand in another order than their "
        "balances, or something is missing between them."
    )
