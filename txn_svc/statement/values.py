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
        if fault is not None:
            yield RejectedRow(line, _kept(cells), *_FAULTS[fault], None)
            continue
        if len(cells) != width:
            reason = f"The row has {len(cells)} cells, the header has {width}."
            yield RejectedRow(line, _kept(cells), "CELL_COUNT", reason, None)
            continue
        description = "" if description_at is None else cells[description_at]
        external_id = None if external_id_at is None else cells[external_id_at]
        try:
            booked_on = read_date(cells[date_at])
            amount_minor = read_amount(cells[amount_at].strip(PADDING))
        except DateError as error:
            yield RejectedRow(line, _kept(cells), error.code, str(error), columns.name(date_at))
        except AmountError as error:
            yield RejectedRow(line, _kept(cells), "BAD_AMOUNT", str(error), columns.name(amount_at))
        else:
            if len(description) > MAX_DESCRIPTION_CHARACTERS:
                yield _too_long(line, cells, columns, description_at, MAX_DESCRIPTION_CHARACTERS)
            elif external_id is not None and len(external_id) > MAX_EXTERNAL_ID_CHARACTERS:
                yield _too_long(line, cells, columns, external_id_at, MAX_EXTERNAL_ID_CHARACTERS)
            else:
                yield ValidRow(line, tuple(cells), booked_on, None, amount_minor, description, external_id)


def _too_long(line: int, cells: list[str], columns: Columns, at: int | None, limit: int) -> RejectedRow:
    assert at is not None
    reason = f"{quoted(cells[at])} is longer than {limit} characters."
    return RejectedRow(line, _kept(cells), "TOO_LONG", reason, columns.name(at))


def _kept(cells: list[str]) -> tuple[str, ...]:
    """The cells as they stand in the file, cut where they are more than a hundred rejects of one page may hold."""
    left, kept = MAX_CHARACTERS_KEPT, []
    for cell in cells[:MAX_CELLS_KEPT]:
        kept.append(cell[:left])
        left -= len(kept[-1])
    return tuple(kept)
