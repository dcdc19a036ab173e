"""Rejects, and as much of their cells as is kept."""

from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.lines import first_written_out
from txn_svc.statement.model import (
    MAX_CELLS_KEPT,
    MAX_CHARACTERS_KEPT,
    MAX_LINE_CHARACTERS,
    MAX_REJECTED_ROWS,
    ReasonCode,
    RejectedRow,
    Unreadable,
    ValidRow,
)
from txn_svc.statement.records import Record

_FAULTS: Final[dict[str, tuple[ReasonCode, str]]] = {
    "TOO_LONG": ("TOO_LONG", f"The line is longer than {MAX_LINE_CHARACTERS:,} characters."),
    "UNBALANCED_QUOTE": ("UNBALANCED_QUOTE", "A quotation mark opens a cell and is not closed at the cell's end."),
    "BAD_ENCODING": ("BAD_ENCODING", "The row holds the byte {}, which is no text in the file's encoding."),
}


def without_columns(record: Record, width: int) -> RejectedRow:
    """The reject for a record with a fault, or of another width."""
    if record.fault is not None:
        code, reason = _FAULTS[record.fault]
        if code == "BAD_ENCODING":
            reason = reason.format(first_written_out(record.cells[0]))
        return RejectedRow(record.line, kept(record.cells), code, reason, None)
    reason = f"The row has {len(record.cells)} cells, the header has {width}."
    return RejectedRow(record.line, kept(record.cells), "CELL_COUNT", reason, None)


class RejectLimit:
    """Refuses a file most of whose rows are none, as soon as there are very many of them: it is no statement."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, line: int, row_count: int) -> None:
        """One of so many rows so far. Raises Unreadable(NOT_A_STATEMENT)."""
        self._count += 1
        if self._count > MAX_REJECTED_ROWS and 2 * self._count > row_count:
            raise Unreadable(
                "NOT_A_STATEMENT",
                f"Up to line {line:,}, {self._count:,} of {row_count:,} rows cannot be read: the file is no statement.",
            )

    def passed(self, row: RejectedRow, row_count: int) -> RejectedRow:
        self.add(row.line, row_count)
        return row


def rejected(row: ValidRow, code: ReasonCode, reason: str, column: str) -> RejectedRow:
    """The reject for a row that could be read, and is not to be booked."""
    return RejectedRow(row.line, kept(list(row.cells)), code, reason, column)


def too_long(text: str, limit: int) -> str:
    return f"{quoted(text)} is longer than {limit:,} characters."


def kept(cells: list[str]) -> tuple[str, ...]:
    """The cells as they stand in the file, the longest cut where they are more than a page of rejects may hold."""
    cells = cells[:MAX_CELLS_KEPT]
    left = MAX_CHARACTERS_KEPT
    if sum(map(len, cells)) <= left:
        return tuple(cells)
    # From the shortest on, so that each gets what the ones before it did not need.
    for count, at in enumerate(sorted(range(len(cells)), key=lambda at: len(cells[at]))):
        share = left // (len(cells) - count)
        if len(cells[at]) > share:
            cells[at] = cells[at][: share - 1] + "…"
        left -= len(cells[at])
    return tuple(cells)
