"""Rows that are what the rows above them add up to, whatever they are called: sums, and no bookings."""

from collections.abc import Iterable, Sequence
from typing import Final

from txn_svc.statement.model import ValidRow

# One row may be as much as two others by chance; not each of several in turn.
_LEAST_BETWEEN: Final = 3
_LEAST_SUMS: Final = 2
_LEAST_WITH_TEXT: Final = 4
_LEAST_WITHOUT: Final = 2
_MAX_SUMS: Final = 1_000


def sums_among(rows: Iterable[ValidRow], places: Sequence[int]) -> frozenset[int]:
    """The lines of the rows that sum up those since the row before that does, where several do and the last row is one;
    or that of the last row, if it sums up all others. Else none.

    `places` are those of the description: of a last row without one, fewer others suffice.
    """
    sums, net, count, last = _Sums(), 0, 0, None
    for row in rows:
        sums.add(row)
        net, count, last = net + row.amount_minor, count + 1, row
    if last is None:
        return frozenset()
    if _LEAST_SUMS <= len(sums.lines) <= _MAX_SUMS and sums.lines[-1] == last.line:
        return frozenset(sums.lines)
    least = _LEAST_WITH_TEXT if any(last.cells[at].strip() for at in places) else _LEAST_WITHOUT
    is_total = count > least and last.amount_minor == net - last.amount_minor != 0
    return frozenset({last.line}) if is_total else frozenset()


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
        self._between += 1

    def _are(self, amount: int) -> bool:
        is_of_some = self._between >= _LEAST_BETWEEN and amount == self._since
        is_of_all = len(self.lines) >= _LEAST_SUMS and not self._between and amount == self._booked
        return amount != 0 and (is_of_some or is_of_all)
