"""Rows without a running balance among rows that have one: rejected where the balances around them go on without them.

So a bank writes the parts of one booking, what it has reserved, and so reads a row that has lost a cell.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from txn_svc.statement.model import ReasonCode, RejectedRow, Row, ValidRow
from txn_svc.statement.reading import AmountReader, Reading
from txn_svc.statement.rejecting import rejected

# More rows in a row without a balance are not looked at: banks that write one for each day have fewer.
MAX_HELD: Final = 1_000

_NOT_BOOKED: Final = (
    "It has no balance, and those before and after it go on without its amount: it is not booked, or is a part of "
    "another row."
)
_DISPROVED: Final = (
    "It has no balance, and those before and after it do not go on with its amount: it may have lost a cell."
)


def without_unbalanced(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows; those that balances disprove are rejected."""
    judge, before, held = _Judge(reading), None, list[Row]()
    for row in rows:
        if judge.balance(row) is None:
            held.append(row)
            if len(held) > MAX_HELD:
                yield from held
                before, held = None, []
            continue
        assert isinstance(row, ValidRow)
        yield from judge.judged(before, held, row) if before is not None else judge.at_end(held)
        yield row
        before, held = row, []
    yield from judge.at_end(held)


class _Judge:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._amounts = reading, AmountReader(reading)

    def balance(self, row: Row) -> int | None:
        return None if isinstance(row, RejectedRow) else self._amounts.balance(row.cells)

    def judged(self, before: ValidRow, held: Sequence[Row], after: ValidRow) -> Iterator[Row]:
        """The rows between two that have a balance. Beside one that was rejected already nothing is known."""
        booked = [row.amount_minor for row in held if isinstance(row, ValidRow)]
        changes = self._changes(before, after)
        if len(booked) < len(held) or sum(booked) in changes:
            yield from held
        elif 0 in changes:
            yield from self._all_rejected(held, "PENDING", _NOT_BOOKED)
        elif self._reading.rejects_unbalanced:
            yield from self._all_rejected(held, "BAD_AMOUNT", _DISPROVED)
        else:
            yield from held

    def at_end(self, held: Sequence[Row]) -> Iterator[Row]:
        """Those before or after all rows with a balance: where such as these are not booked between them, nor here."""
        yield from held if self._reading.rejects_unbalanced else self._all_rejected(held, "PENDING", _NOT_BOOKED)

    def _changes(self, before: ValidRow, after: ValidRow) -> set[int]:
        """What the balances of the two say that was booked between them, in the order of days or in either."""
        one, two = self.balance(before), self.balance(after)
        assert one is not None
        assert two is not None
        up, down = two - one - after.amount_minor, one - two - before.amount_minor
        return {"ASCENDING": {up}, "DESCENDING": {down}}.get(self._reading.order or "", {up, down})

    def _all_rejected(self, rows: Sequence[Row], code: ReasonCode, reason: str) -> Iterator[Row]:
        return (row if isinstance(row, RejectedRow) else self._rejected(row, code, reason) for row in rows)

    def _rejected(self, row: ValidRow, code: ReasonCode, reason: str) -> RejectedRow:
        at = self._reading.roles.balance
        assert at is not None
        return rejected(row, code, reason, self._reading.table.name(at))
