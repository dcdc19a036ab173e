"""Rows of a statement as lines of PostgreSQL's COPY text format, in blocks, so that the loop is entered seldom.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

import uuid_utils

from txn_svc.imports.progress import Progress
from txn_svc.ledger.identity import identity_hex
from txn_svc.statement import RejectedRow, ValidRow

COLUMNS = (
    "account_id, import_id, line, cells, outcome, booked_on, value_on, amount_minor, description, external_id, "
    "identity, occurrence, transaction_id, reason_code, reason, column_name, category, note, has_stable_id, "
    "content_identity"
)
BLOCK_ROWS = 2_000
_SPECIAL = re.compile(r"[\\\t\n\r]")
_SPECIAL_IN_ARRAY = re.compile(r'[\\\t\n\r"]')
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def blocks(
    rows: Iterable[ValidRow | RejectedRow], account_id: UUID, import_id: UUID, currency_code: str, progress: Progress
) -> Iterator[bytes]:
    """Lines for `COPY import_row (COLUMNS)`: valid rows as CREATE with a new transaction's id, the others as REJECT.

    Every valid row is the first of its content here, unless it says what it is; who stages the rows numbers the twins.
    """
    start = f"{account_id}\t{import_id}\t"
    lines = (_line(start, row, currency_code) for row in rows)
    while block := list(islice(lines, BLOCK_ROWS)):
        progress.rows_read += len(block)
        # Neither can stand in PostgreSQL's text; a row that holds them is rejected, and shown like this.
        yield "".join(block).replace("\x00", "\ufffd").encode(errors="replace")


def _line(start: str, row: ValidRow | RejectedRow, currency_code: str) -> str:
    if isinstance(row, RejectedRow):
        reason = f"{row.reason_code}\t{_text(row.reason)}\t{_text(row.column)}"
        return f"{start}{row.line}\t{_array(row.cells)}\tREJECT{NULLS}\t{reason}\t\\N\t\\N{_NO_STABLE_ID}\n"
    content = identity_hex(row.booked_on, row.amount_minor, currency_code, row.description)
    stable_id = _NO_STABLE_ID
    if row.has_stable_id:
        stable_id = f"\tt\t{content}"
        content = identity_hex(row.booked_on, row.amount_minor, currency_code, row.description, row.external_id)
    value_on = row.value_on or r"\N"
    texts = f"{_text(row.description)}\t{_text(row.external_id)}"
    return (
        f"{start}{row.line}\t{_array(row.cells)}\tCREATE\t{row.booked_on}\t{value_on}\t{row.amount_minor}\t"
        f"{texts}\t{content}\t{row.occurrence or 1}\t{uuid_utils.uuid7()}\t\\N\t\\N\t\\N\t"
        f"{_text(row.category)}\t{_text(row.note)}{stable_id}\n"
    )


# booked_on, value_on, amount_minor, description, external_id, identity, occurrence, transaction_id
NULLS = r"	\N" * 8
# has_stable_id, content_identity
_NO_STABLE_ID = "\tf\t\\N"


def _text(value: str | None) -> str:
    if value is None:
        return r"\N"
    return value.translate(_ESCAPES) if _SPECIAL.search(value) else value


def _array(cells: tuple[str, ...]) -> str:
    if not cells:
        return "{}"
    if _SPECIAL_IN_ARRAY.search("".join(cells)):
        # First the array's own escapes, then COPY's.
        quoted = (cell.replace("\\", "\\\\").replace('"', '\\"').translate(_ESCAPES) for cell in cells)
        return '{"' + '","'.join(quoted) + '"}'
    return '{"' + '","'.join(cells) + '"}'
