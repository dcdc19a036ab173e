"""Commas that divide a text or an amount in two, in a file whose cells are separated by commas."""

import re
from collections.abc import Sequence
from typing import Final

from txn_svc.statement.model import Unreadable
from txn_svc.statement.records import Record
from txn_svc.statement.words import roles_of

_WHOLE: Final = re.compile(r"[-+−(]?\s?[^\w\s]?\s?[0-9]{1,3}(?:[. '’]?[0-9]{3})*")
_FRACTION: Final = re.compile(r"[0-9]{2}-?\)?")
_MARKED: Final = re.compile(r"[0-9]\.[0-9]{1,2}\D*")


def require_none(header: Sequence[str], rows: Sequence[Record]) -> None:
    """`header`: the names, none where the file has none; `rows`: the first ones, all of as many cells.

    Refuses with Unreadable UNKNOWN_LAYOUT.
    """
    names = len(header)
    for row in rows:
        if names and any(cell.strip() for cell in row.cells[names:]):
            raise _refused(
                f"Line {row.line} has {len(row.cells)} cells, and the header has {names} names", "a text or an amount"
            )
    if rows and (at := _divided(header, rows)) is not None:
        whole, fraction = rows[0].cells[at : at + 2]
        shown = f"“{whole.strip()},{fraction.strip()}”"
        raise _refused(f"In line {rows[0].line} the decimal comma of {shown} separates cells", "an amount")


def _divided(header: Sequence[str], rows: Sequence[Record]) -> int | None:
    """The column whose cells are whole numbers, two digits standing in the next, which means nothing by its name."""
    if any(_MARKED.fullmatch(cell.strip()) for row in rows for cell in row.cells):
        return None
    for at in range(len(rows[0].cells) - 1):
        is_named = at + 1 < len(header) and bool(roles_of(header[at + 1]))
        pairs = [(row.cells[at].strip(), row.cells[at + 1].strip()) for row in rows]
        if not is_named and all(_WHOLE.fullmatch(one) and _FRACTION.fullmatch(two) for one, two in pairs):
            return at
    return None


def _refused(what: str, where: str) -> Unreadable:
    return Unreadable(
        "UNKNOWN_LAYOUT",
        f"{what}: commas separate the cells, and one stands in {where} without quotes. "
        "Save the file with quotes, or with semicolons between the cells.",
    )
