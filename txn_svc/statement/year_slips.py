"""A row that is a year away from the rows around it, which are in the order of their days, and in place with another
year: a slip, and not to be booked."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.model import RejectedRow, Row, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected
from txn_svc.statement.sampling import moved_by

# Nearer than that, a row may stand where it does for another reason.
_FAR_DAYS: Final = 300
# Between rows that are further apart, many days would be in place.
_NEAR_DAYS: Final = 31
_MAX_HELD: Final = 100
# So many show that days have an order.
_LEAST_IN_ORDER: Final = 3
_SEEN: Final = 8


def without_year_slips(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with a reject in place of each slip. The last row is never one: nothing follows that shows it."""
    recent, last, held = deque[int](maxlen=_SEEN), date.min, list[Row]()
    for row in rows:
        if not held and (isinstance(row, RejectedRow) or row.booked_on is last):
            # Most rows are of the day of the one above.
            yield row
            continue
        if isinstance(row, RejectedRow):
            held.append(row)
            if len(held) > _MAX_HELD:
                yield from held
                held = []
            continue
        day = row.booked_on.toordinal()
        if held:
            yield from _judged(held, last.toordinal(), day, reading)
            held = []
        elif abs(day - last.toordinal()) > _FAR_DAYS and _have_order(recent):
            held.append(row)
            continue
        yield row
        recent.append(day)
        last = row.booked_on
    yield from held


def _have_order(recent: Sequence[int]) -> bool:
    """Whether the days go one way."""
    ways = {after > before for before, after in pairwise(recent) if after != before}
    return len(recent) >= _LEAST_IN_ORDER and len(ways) == 1


def _judged(held: Sequence[Row], before: int, after: int, reading: Reading) -> Iterator[Row]:
    """The row that is far from the one before it, with the rejects behind it."""
    slip, *others = held
    assert isinstance(slip, ValidRow)
    is_slip = abs(after - before) <= _NEAR_DAYS and _is_between(slip.booked_on, before, after)
    yield _rejected(slip, reading) if is_slip else slip
    yield from others


def _is_between(day: date, before: int, after: int) -> bool:
    """Whether it is in the year before or after its own."""
    first, last = sorted((before, after))
    moved = (moved_by(day, years) for years in (-1, 1))
    return any(one is not None and first <= one.toordinal() <= last for one in moved)


def _rejected(slip: ValidRow, reading: Reading) -> RejectedRow:
    at = reading.roles.date
    reason = f"{quoted(slip.cells[at])} is a year away from the rows around it, which are in the order of their days."
    return rejected(slip, "BAD_DATE", reason, reading.table.name(at))
