"""Downloads put together in one file, each with its header: where their days overlap, rows stand there twice."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from txn_svc.statement.model import RejectedRow, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected

Row = ValidRow | RejectedRow

_MAX_REMEMBERED: Final = 100_000


def without_repeated(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with a reject in place of each that stands above a repeated header too, once for each time there.

    The pages of one download have a header each as well: there days go on, and equal rows without an id are several
    bookings.
    """
    headers, above, here = deque(reading.header_lines), _Rows(), _Rows()
    for row in rows:
        if headers and row.line > headers[0]:
            while headers and row.line > headers[0]:
                headers.popleft()
            above.add_below(here)
            here = _Rows()
        if isinstance(row, RejectedRow):
            yield row
            continue
        here.add(row)
        is_of_page = not row.external_id and above.lead_on_to(here)
        same = None if is_of_page else above.taken(row)
        yield row if same is None else _rejected(row, same, reading)


@dataclass(slots=True)
class _Rows:
    """Those above a header or below it: the lines of equal ones; the first and the last day of those below the last
    header."""

    lines: defaultdict[int, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    count: int = 0
    first: date = date.min
    last: date = date.min

    def add(self, row: ValidRow) -> None:
        if not self.count:
            self.first = row.booked_on
        self.last = row.booked_on
        self.count += 1
        if self.count <= _MAX_REMEMBERED:
            self.lines[hash(row.cells)].append(row.line)

    def add_below(self, others: "_Rows") -> None:
        if self.count <= _MAX_REMEMBERED:
            for key, lines in others.lines.items():
                self.lines[key].extend(lines)
        self.count += others.count
        self.first, self.last = others.first, others.last

    def lead_on_to(self, after: "_Rows") -> bool:
        """Whether the days of the others begin where these end, in the same order."""
        step, order = after.first - self.last, self.last - self.first
        return not step or (step.days > 0) == (order.days >= 0)

    def taken(self, row: ValidRow) -> int | None:
        """The line of one that is equal, which is taken away."""
        lines = self.lines.get(hash(row.cells))
        return lines.popleft() if lines else None


def _rejected(row: ValidRow, line: int, reading: Reading) -> RejectedRow:
    reason = f"The same row stands in line {line:,}, above a header that is there again: downloads seem to overlap."
    return rejected(row, "BAD_DATE", reason, reading.table.name(reading.roles.date))
