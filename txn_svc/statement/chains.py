"""Balances that follow from each other: row by row, or day by day where a bank sorts the rows of one day otherwise.

Read in its order, a chain has one constant: the balance at its top. Each row's balance gives it again, so a row that is
missing is where the constant changes, and by how much.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from txn_svc.statement.model import MAX_GAPS, Direction, Gap

# A day of more rows is not chained in another order than the file's.
MAX_DAY_ROWS: Final = 1_000

Booking = tuple[int, int | None]
"""An amount and the balance that stands beside it, if any."""


class Chain:
    """What both kinds have: counts of links that hold and that do not, the latter with their places."""

    def __init__(self, direction: Direction) -> None:
        self.direction: Direction = direction
        self.held = self.broken = self.explained = 0
        self.gaps: list[Gap] = []
        self._sign = 1 if direction == "ASCENDING" else -1
        self._total = 0

    @property
    def is_likely(self) -> bool:
        """Whether the links that hold are no accident; one that a rejected row breaks says nothing against it."""
        return self.held >= max(1, self.broken - self.explained)

    def _ends(self, first: int, last: int) -> tuple[int, int]:
        """Opening and closing of a chain with these constants, once all rows were added."""
        if self.direction == "ASCENDING":
            return first, last + self._total
        return last - self._total, first

    def _break(self, after_line: int, before_line: int, change: int, rejected_line: int | None) -> None:
        self.broken += 1
        self.explained += rejected_line is not None
        if len(self.gaps) < MAX_GAPS:
            self.gaps.append(Gap(after_line, before_line, self._sign * change, rejected_line))


class RowChain(Chain):
    """Each balance against the one before it, in one of the two row orders."""

    def __init__(self, direction: Direction) -> None:
        super().__init__(direction)
        self._first = self._last = 0
        self._line: int | None = None

    @property
    def ends(self) -> tuple[int, int]:
        return self._ends(self._first, self._last)

    def add(self, line: int, amount: int, balance: int | None, rejected_line: int | None) -> None:
        """`rejected_line`: of a row that was rejected since the last balance."""
        before, self._total = self._total, self._total + amount
        if balance is None:
            return
        constant = balance - self._total if self._sign == 1 else balance + before
        if self._line is None:
            self._first = constant
        elif constant == self._last:
            self.held += 1
        else:
            self._break(self._line, line, constant - self._last, rejected_line)
        self._line, self._last = line, constant


class DayChain(Chain):
    """The balance after each day against that of the day before, whatever the order of rows inside of a day.

    A day in no order at all is proved by the days around it; the first and the last day are not.
    """

    def __init__(self, direction: Direction) -> None:
        super().__init__(direction)
        self._first = self._last = frozenset[int]()
        self._line = 0
        self._begins_open = self._is_open = self._has_choice = self._has_disorder = False

    @property
    def is_whole(self) -> bool:
        return not (self.broken or self._is_unsettled)

    @property
    def ends(self) -> tuple[int, int] | None:
        """None where the days leave more than one possible."""
        if self._is_unsettled or len(self._first) != 1 or len(self._last) != 1:
            return None
        return self._ends(min(self._first), min(self._last))

    @property
    def _is_unsettled(self) -> bool:
        """The edges are open, or the days around a gap or a day in no order do not say by themselves what they were."""
        return self._begins_open or self._is_open or (self._has_choice and (self._has_disorder or self.broken > 0))

    def add(
        self, lines: tuple[int, int], total: int, openings: Collection[int] | None, rejected_line: int | None
    ) -> None:
        """A day's first and last line, the sum of its amounts, and `openings_of` its bookings.

        `rejected_line`: of a row that was rejected since the last day with a balance.
        """
        before, self._total = self._total, self._total + total
        if openings is None:
            return
        shift = -before if self._sign == 1 else total + before
        constants = frozenset(opening + shift for opening in openings)
        self._has_choice |= len(constants) > 1
        self._has_disorder |= not constants
        if not self._last:
            self._begins_open |= not constants
            self._first = constants
        elif common := self._last & constants:
            self.held += 1
            constants = common
            self._first = self._first if self.broken else common
        elif len(self._last) == len(constants) == 1:
            self._break(self._line, lines[0], min(constants) - min(self._last), rejected_line)
        elif constants:
            self._begins_open = True
        self._is_open = not constants
        if constants:
            self._last, self._line = constants, lines[1]


def openings_by_trail(bookings: Sequence[Booking]) -> Collection[int]:
    """Balances with which a day may have begun in whose rows each has a balance; none where its rows have no order.

    In some order each row must begin with the balance that another ended with: its rows are the edges of a trail
    (Euler) from the first balance to the last.
    """
    return _beginnings([(balance - amount, balance) for amount, balance in bookings if balance is not None])


def _beginnings(edges: Sequence[tuple[int, int]]) -> set[int]:
    """The nodes at which a trail over all edges may begin."""
    beyond = defaultdict[int, int](int)
    for tail, head in edges:
        beyond[tail] += 1
        beyond[head] -= 1
    uneven = {node: surplus for node, surplus in beyond.items() if surplus}
    if not _is_connected(edges):
        return set()
    if not uneven:
        return set(beyond)
    return {node for node, surplus in uneven.items() if surplus == 1} if sorted(uneven.values()) == [-1, 1] else set()


def _is_connected(edges: Sequence[tuple[int, int]]) -> bool:
    beside = defaultdict[int, list[int]](list)
    for tail, head in edges:
        beside[tail].append(head)
        beside[head].append(tail)
    waiting = [edges[0][0]]
    reached = set(waiting)
    while waiting:
        for node in beside[waiting.pop()]:
            if node not in reached:
                reached.add(node)
                waiting.append(node)
    return len(reached) == len(beside)
