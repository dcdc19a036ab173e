"""A row whose year is far from those of the rows around it, which are near each other: a slip, and not to be booked."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.model import RejectedRow, Row, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected

# An account that nobody used for so long has more than one row of before.
_FAR_YEARS: Final = 5
# So many rows are against the first or the last, which has rows on one side only.
_AGAINST_END: Final = 3
_MAX_HELD: Final = 100


def may_have_odd_years(reading: Reading) -> bool:
    """Whether nobody but the dates tells: beside running balances a bank has written them, and who mends rejects has
    looked at them. What Stori wrote itself has the days that it has."""
    return reading.roles.balance is None and not (reading.table.is_own_export or reading.table.has_rejects)


def without_odd_years(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with a reject in place of each one whose year stands alone."""
    # How many near each other were given, and the year of the last; what waits is one far from it, or the first of all.
    count, year, held = 0, 0, list[Row]()
    for row in rows:
        if not held:
            if isinstance(row, RejectedRow):
                yield row
                continue
            if (its := row.booked_on.year) == year or _are_near(its, year):
                count, year = count + 1, its
                yield row
                continue
        held.append(row)
        valid = _valid(held)
        is_told, odd = _odd(valid, year if count else None)
        if not is_told and len(held) <= _MAX_HELD:
            continue
        yield from _without(odd, held, reading)
        rest = [row for row in valid if row is not odd]
        count, year, held = _run(rest) + (count if odd is not None else 0), rest[-1].booked_on.year, []
    alone = _valid(held)
    yield from _without(alone[0] if len(alone) == 1 and count >= _AGAINST_END else None, held, reading)


def _valid(rows: Iterable[Row]) -> list[ValidRow]:
    return [row for row in rows if isinstance(row, ValidRow)]


def _odd(rows: Sequence[ValidRow], year: int | None) -> tuple[bool, ValidRow | None]:
    """Whether these are enough to tell, and which of them is the odd one. `year` is that of the rows before them."""
    years = [row.booked_on.year for row in rows]
    if year is not None:
        return len(rows) > 1, rows[0] if years[1:] and _are_near(years[1], year) else None
    if not years[1:] or _are_near(years[0], years[1]):
        return len(rows) > 1, None
    if years[2:] and not _are_near(years[1], years[2]):
        return True, rows[1] if _are_near(years[0], years[2]) else None
    return len(rows) > _AGAINST_END, rows[0] if years[3:] and _are_near(years[2], years[3]) else None


def _run(rows: Sequence[ValidRow]) -> int:
    """How many at the end are near each other."""
    years = [row.booked_on.year for row in rows][::-1]
    return 1 + sum(1 for _ in takewhile(lambda two: _are_near(*two), pairwise(years)))


def _are_near(one: int, other: int) -> bool:
    return -_FAR_YEARS < one - other < _FAR_YEARS


def _without(odd: ValidRow | None, rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    return (row if odd is None or row is not odd else _rejected(odd, reading) for row in rows)


def _rejected(odd: ValidRow, reading: Reading) -> RejectedRow:
    at = reading.roles.date
    reason = f"{quoted(odd.cells[at])} is years away from the rows around it, which are near each other."
    return rejected(odd, "BAD_DATE", reason, reading.table.name(at))
