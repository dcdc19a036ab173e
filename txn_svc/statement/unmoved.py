"""Rows that leave the running balance as it was: a notice, a limit or a hold, which the bank has not booked."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Final

from txn_svc.statement.model import RejectedRow, Row, ValidRow
from txn_svc.statement.reading import AmountReader, Reading
from txn_svc.statement.rejecting import rejected

_NOT_BOOKED: Final = "Its balance is that of the row before it, and the balances go on without its amount."


def without_unmoved(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with a reject in place of each whose balance is that of the older row beside it, and whose amount is
    not zero."""
    balance_of, before = AmountReader(reading).balance, None
    for row, after in pairwise(chain(rows, [None])):
        assert row is not None
        older = after if reading.order == "DESCENDING" else before
        its, olders = (None if one is None else balance_of(one.cells) for one in (row, older))
        is_unmoved = isinstance(row, ValidRow) and row.amount_minor and its is not None and its == olders
        yield _rejected(row, reading) if is_unmoved and isinstance(row, ValidRow) else row
        before = row if its is not None else before


def _rejected(row: ValidRow, reading: Reading) -> RejectedRow:
    assert reading.roles.balance is not None
    return rejected(row, "PENDING", _NOT_BOOKED, reading.table.name(reading.roles.balance))
