"""Rows that are what the rows above them add up to, whatever they are called: sums and balances, and no bookings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from txn_svc.statement.model import ValidRow

# One row may be as much as two others by chance; not each of several in turn.
_LEAST_BETWEEN: Final = 3
_LEAST_SUMS: Final = 2
_LEAST_LED_ON: Final = 2
_LEAST_WITH_TEXT: Final = 4
_LEAST_WITHOUT: Final = 2
# In minor units: less is often as much as something else.
_LEAST_AMOUNT: Final = 100
_MAX_SUMS: Final = 1_000
_MAX_TEXTS: Final = 1_000


def sums_among(rows: Iterable[ValidRow], places: Sequence[int], *, only_several: bool = False) -> frozenset[int]:
    """The lines of the rows that sum up those since the row before that does, where several do and the last row is one;
    or of those of one text whose amounts lead from each to the next; or that of the last row, if it sums up all others.
    Else none. `only_several`: the first of the three, which is no chance even where amounts are few.

    `places` are those of the description: of a last row without one, fewer others suffice.
    """
    sums, balances, net, count, last = _Sums(), _Balances(places[:1]), 0, 0, None
    for row in rows:
        sums.add(row)
        balances.add(row, net)
        net, count, last = net + row.amount_minor, count + 1, row
    if last is None:
        return frozenset()
    if _LEAST_SUMS <= len(sums.lines) <= _MAX_SUMS and sums.lines[-1] == last.line:
        return frozenset(sums.lines)
    if only_several:
        return frozenset()
    if lines := balances.lines:
        return lines
    least = _LEAST_WITH_TEXT if any(last.cells[at].strip() for at in places) else _LEAST_WITHOUT
    is_total = count > least and last.amount_minor == net - last.amount_minor and _may_be_sum(last.amount_minor)
    return frozenset({last.line}) if is_total else frozenset()


def _may_be_sum(amount: int) -> bool:
    return abs(amount) >= _LEAST_AMOUNT


class _Sums:
    """Of the rows since the last sum, and of all that are none."""

    def __init__(self) -> None:
        self.lines = list[int]()
        self._since = self._between = self._booked = 0

    def add(self, row: ValidRow) -> None:
        if len(self.lines) <= _MAX_SUMS and self._are(row.amount_minor):
            self.lines.append(row.line)
            self._since = self._between = 0
            return
        self._since += row.amount_minor
        self._booked += row.amount_minor
        self._between += row.amount_minor != 0

    def _are(self, amount: int) -> bool:
        is_of_some = self._between >= _LEAST_BETWEEN and amount == self._since
        is_of_all = len(self.lines) >= _LEAST_SUMS and not self._between and amount == self._booked
        return _may_be_sum(amount) and (is_of_some or is_of_all)


@dataclass(slots=True)
class _OfText:
    """The rows of one text: their sum, the amount of the last and what all others came to then; how often the others
    lead from one to the next, in either order, and whether they once did not."""

    own: int = 0
    amount: int = 0
    others: int = 0
    up: int = 0
    down: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, row: ValidRow, net: int) -> None:
        others, amount = net - self.own, row.amount_minor
        if self.lines and others != self.others and _may_be_sum(amount):
            self.up += 1 if amount - self.amount == others - self.others else -_MAX_SUMS
            self.down += 1 if self.amount - amount == others - self.others else -_MAX_SUMS
        self.own, self.amount, self.others = self.own + amount, amount, others
        if len(self.lines) <= _MAX_SUMS:
            self.lines.append(row.line)


class _Balances:
    """Of the first texts, those whose amounts are balances of the rows between them."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places, self._texts = places, dict[str, _OfText]()

    def add(self, row: ValidRow, net: int) -> None:
        """`net`: of all rows above it."""
        text = " ".join(row.cells[at].strip() for at in self._places)
        if text in self._texts or len(self._texts) < _MAX_TEXTS:
            self._texts.setdefault(text, _OfText()).add(row, net)

    @property
    def lines(self) -> frozenset[int]:
        found = (one.lines for one in self._texts.values() if max(one.up, one.down) >= _LEAST_LED_ON)
        return frozenset(line for lines in found if len(lines) <= _MAX_SUMS for line in lines)
