"""Rejected rows as a file to mend and to drop again: the columns that they came in, their line and why."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from txn_svc.statement.escaping import escape, escape_number, unescape
from txn_svc.statement.own import STORI_LINE, STORI_REASON
from txn_svc.statement.table import Table, any_table
from txn_svc.statement.writing import write_rows

# Of a row that was not split into cells.
_WHOLE_LINE: Final = frozenset({"UNBALANCED_QUOTE", "TOO_LONG", "BAD_ENCODING"})


class Reject(NamedTuple):
    """`line`, `cells` and `reason` as in RejectedRow; the code is any that there is."""

    line: int
    cells: Sequence[str]
    reason_code: str
    reason: str


def rejects_csv(
    header: Sequence[str], delimiter: str, rows: Iterable[Reject], *, has_header: bool = True
) -> Iterator[str]:
    """The file in chunks of whole rows, in the order given, for the header and delimiter of the file they stood in.

    Read unchanged it gives the same rejects: each cell as it was read the first time, and a row of a wrong number of
    cells still has one. A line that was not split into cells, such as one of an unbalanced quote, stands in the first
    column with its beginning, and is rejected for its date then. That is so for the rejects of a file of rejects too,
    and for those of Stori's own export: what is escaped there is not escaped twice.

    A file can be put together of several calls, all but the first without a header in it.
    """
    table = any_table(header, delimiter)
    names = [table.name(at) for at in table.own]
    first = [[*names, STORI_LINE, STORI_REASON]] if has_header else []
    return write_rows(chain(first, map(_Writer(table).cells, rows)), delimiter)


class _Writer:
    """What decides how a row is written, decided once for a file."""

    def __init__(self, table: Table) -> None:
        self._own = table.own
        self._width = table.width
        self._has_rejects = table.has_rejects
        self._escaped = frozenset(table.escaped)
        self._numbers = table.numbers

    def cells(self, row: Reject) -> list[str]:
        if len(row.cells) == 1 and row.reason_code in _WHOLE_LINE:
            own = [escape(self._beyond(row.cells[0])), *[""] * (len(self._own) - 1)]
            return [*own, str(row.line), escape(row.reason)]
        own = [self._cell(row.cells, at) for at in self._own]
        surplus = [escape(self._beyond(cell)) for cell in row.cells[self._width :]]
        if row.reason_code == "CELL_COUNT" and not surplus:
            # Filled up it could be read, as a row that nobody wrote: one cell too many says that it still is to mend.
            surplus = [""]
        return [*own, str(row.line), escape(row.reason), *surplus]

    def _cell(self, cells: Sequence[str], at: int) -> str:
        if at >= len(cells):
            return ""
        cell = unescape(cells[at]) if at in self._escaped else cells[at]
        return escape_number(cell) if at in self._numbers else escape(cell)

    def _beyond(self, cell: str) -> str:
        """What stands in no column: it was escaped only in a file of rejects, where everything was."""
        return unescape(cell) if self._has_rejects else cell
