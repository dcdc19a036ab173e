"""Rows that stand in a file twice: because the bank's id is the same, or because downloads whose days overlap were put
together in it, each with its header."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from txn_svc.statement.model import RejectedRow, Row, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected

# Rows of one download that are held until it is known which of them the others have; more are not compared.
_MAX_HELD: Final = 10_000
_MAX_REMEMBERED: Final = 100_000
# One may be equal by chance.
_LEAST_EQUAL: Final = 2


def without_same_ids(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with a reject in place of each that is one above in all cells, where no id is that of two rows."""
    seen = dict[int, int]()
    for row in rows:
        if isinstance(row, ValidRow) and row.external_id and (line := seen.get(hash(row.cells))) is not None:
            reason = f"The same row, with the same id, stands in line {line:,}."
            yield rejected(row, "BAD_DATE", reason, reading.table.name(reading.roles.date))
            continue
        if isinstance(row, ValidRow) and len(seen) < _MAX_REMEMBERED:
            seen[hash(row.cells)] = row.line
        yield row


def without_overlap(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with rejects in place of those below a repeated header that stand above it too, once for each time
    there, if none is new on the days between the first and the last above it.

    The pages of one download have a header each as well, and there days go on.
    """
    headers, above, held = deque(reading.header_lines), _Above(), list[Row]()
    for row in rows:
        if headers and row.line > headers[0]:
            while headers and row.line > headers[0]:
                headers.popleft()
            yield from above.judged(held, reading)
            held = []
        if len(held) == _MAX_HELD:
            yield from above.judged(held, reading, is_whole=False)
            held = []
        held.append(row)
    yield from above.judged(held, reading)


class _Above:
    """The rows above a header: the lines of equal ones, and the first and the last of their days."""

    def __init__(self) -> None:
        self._lines = defaultdict[int, deque[int]](deque)
        self._first, self._last = date.max, date.min
        self._is_compared = True

    def judged(self, rows: Sequence[Row], reading: Reading, *, is_whole: bool = True) -> Iterator[Row]:
        """The rows of one download, which then are above as well."""
        valid = [row for row in rows if isinstance(row, ValidRow)]
        self._is_compared = self._is_compared and is_whole
        twice = self._taken(valid) if self._is_compared else {}
        for row in rows:
            yield _rejected(row, twice[row.line], reading) if isinstance(row, ValidRow) and row.line in twice else row
        for row in valid if sum(map(len, self._lines.values())) < _MAX_REMEMBERED else ():
            self._lines[hash(row.cells)].append(row.line)
            self._first, self._last = min(self._first, row.booked_on), max(self._last, row.booked_on)

    def _taken(self, rows: Sequence[ValidRow]) -> dict[int, int]:
        """Of each row that stands above, the line where; none, if others are new on the same days."""
        counts, twice = Counter[int](), dict[int, int]()
        for row in rows:
            lines, key = self._lines.get(hash(row.cells), ()), hash(row.cells)
            if counts[key] < len(lines):
                twice[row.line] = lines[counts[key]]
                counts[key] += 1
            elif self._first < row.booked_on < self._last:
                return {}
        return twice if len(twice) >= _LEAST_EQUAL else {}


def _rejected(row: ValidRow, line: int, reading: Reading) -> RejectedRow:
    reason = f"The same row stands in line {line:,}, above a header that is there again: downloads seem to overlap."
    return rejected(row, "BAD_DATE", reason, reading.table.name(reading.roles.date))
