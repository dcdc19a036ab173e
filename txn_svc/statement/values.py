"""Cells become values: a record becomes a valid row or a reject that says why."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from txn_svc.ledger.money import AmountError
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.dates import PADDING, DateError
from txn_svc.statement.layouts import Columns
from txn_svc.statement.model import (
    MAX_CELLS_KEPT,
    MAX_CHARACTERS_KEPT,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    MAX_LINE_CHARACTERS,
    ReasonCode,
    RejectedRow,
    ValidRow,
)
from txn_svc.statement.records import Record

_FAULTS: Final[dict[str, tuple[ReasonCode, str]]] = {
    "TOO_LONG": ("TOO_LONG", f"The line is longer than {MAX_LINE_CHARACTERS:,} characters."),
    "UNBALANCED_QUOTE": ("UNBALANCED_QUOTE", "A quotation mark opens a cell and is not closed at the cell's end."),
}


def read_rows(
    records: Iterable[Record], columns: Columns, read_date: Callable[[str], date], read_amount: Callable[[str], int]
) -> Iterator[ValidRow | RejectedRow]:
    """One row for each record, in order. `read_date` is called once for every record of the right width."""
    width, date_at, amount_at = columns.width, columns.date, columns.amount
    description_at, external_id_at = columns.description, columns.external_id
    for line, cells, fault in records:
        if fault is not None or len(cells) != width:
            yield without_columns(Record(line, cells, fault), width)
            continue
        description = "" if description_at is None else cells[description_at]
        external_id = None if external_id_at is None else cells[external_id_at]
        try:
            booked_on = read_date(cells[date_at])
            amount_minor = read_amount(cells[amount_at].strip(PADDING))
        except DateError as error:
            yield RejectedRow(line, kept(cells), error.code, str(error), columns.name(date_at))
        except AmountError as error:
            yield RejectedRow(line, kept(cells), "BAD_AMOUNT", str(error), columns.name(amount_at))
        else:
            if len(description) > MAX_DESCRIPTION_CHARACTERS:
                yield _too_long(line, cells, columns, description_at, MAX_DESCRIPTION_CHARACTERS)
            elif external_id is not None and len(external_id) > MAX_EXTERNAL_ID_CHARACTERS:
                yield _too_long(line, cells, columns, external_id_at, MAX_EXTERNAL_ID_CHARACTERS)
            else:
                yield ValidRow(
                    line, tuple(cells), booked_on, None, amount_minor, description, external_id, None, None, None
                )


def without_columns(record: Record, width: int) -> RejectedRow:
    """The reject for a record with a fault, or of another width."""
    if record.fault is not None:
        return RejectedRow(record.line, kept(record.cells), *_FAULTS[record.fault], None)
    reason = f"The row has {len(record.cells)} cells, the header has {width}."
    return RejectedRow(record.line, kept(record.cells), "CELL_COUNT", reason, None)


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


def _too_long(line: int, cells: list[str], columns: Columns, at: int | None, limit: int) -> RejectedRow:
    assert at is not None
    return RejectedRow(line, kept(cells), "TOO_LONG", too_long(cells[at], limit), columns.name(at))
