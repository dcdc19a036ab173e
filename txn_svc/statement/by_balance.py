"""Amounts without a sign, with balances beside them: a balance is less than the one before it after a debit."""

from collections.abc import Iterable, Iterator
from itertools import chain as joined
from itertools import pairwise
from typing import Final

from txn_svc.statement.lines import TextBytes
from txn_svc.statement.model import RejectedRow, Row, Total
from txn_svc.statement.reading import AmountReader, Reading, RowError, Side, records_of
from txn_svc.statement.rejecting import rejected

_UNTOLD: Final = "The balances do not differ by this amount here, so nothing says whether it is a debit or a credit."


def oldest_side(file: TextBytes, reading: Reading, opening: Total | None) -> Side | None:
    """What the oldest row is, by the balance before all rows; None where that does not tell."""
    line = reading.oldest_line
    cells = next(record.cells for record in records_of(file, reading.table) if record.line == line)
    amounts = AmountReader(reading)
    try:
        amount, after = abs(amounts(cells)), amounts.balance(cells)
    except RowError:
        return None
    if not amount:
        return "credit"
    if opening is None or after is None or abs(after - opening.balance_minor) != amount:
        return None
    return "credit" if after > opening.balance_minor else "debit"


def by_balance(rows: Iterator[Row], reading: Reading) -> Iterator[Row]:
    """Each row as a debit or a credit; rejected where its balance does not tell which."""
    before: Iterable[tuple[Row | None, Row | None]]
    if reading.order == "ASCENDING":
        before = pairwise(joined([None], rows))
    else:
        before = ((older, row) for row, older in pairwise(joined(rows, [None])))
    directed = _Directed(reading)
    return (directed(row, older) for older, row in before if row is not None)


class _Directed:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._amounts = reading, AmountReader(reading)

    def __call__(self, row: Row, older: Row | None) -> Row:
        if isinstance(row, RejectedRow):
            return row
        before, after = self._balance(older), self._balance(row)
        if before is None and row.line == self._reading.oldest_line:
            is_debit = self._reading.sign in {"BALANCE_DEBIT", "OWED_DEBIT"}
            return row._replace(amount_minor=-row.amount_minor if is_debit else row.amount_minor)
        if before is None or after is None or abs(after - before) != row.amount_minor:
            at = self._reading.roles.amount
            assert at is not None
            return rejected(row, "BAD_AMOUNT", _UNTOLD, self._reading.table.name(at))
        return row._replace(amount_minor=after - before)

    def _balance(self, row: Row | None) -> int | None:
        return None if row is None else self._amounts.balance(row.cells)
