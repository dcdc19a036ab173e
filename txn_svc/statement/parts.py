"""Rows that list the parts of the row above them, as their texts say and their amounts show."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.facts import amount_places
from txn_svc.statement.model import RejectedRow, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected
from txn_svc.statement.telling import may_tell
from txn_svc.statement.words import begins_with, said, words

Row = ValidRow | RejectedRow

_LEAST_PARTS: Final = 2
_MAX_HELD: Final = 100
_FIRST: Final = "1/"
_NUMBERED: Final = re.compile("(?<![0-9/])([0-9]{1,2})/([0-9]{1,2})(?![0-9/])")


def without_parts(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """The rows, with rejects in place of such as are numbered as parts, or begin with a word for them, if together they
    are the row above the first of them."""
    whole, held = None, list[ValidRow]()
    for row in rows:
        if isinstance(row, ValidRow) and _may_be_part(row.description, len(held)):
            held.append(row)
            continue
        if held:
            yield from _judged(whole, held, reading)
            held = []
        yield row
        whole = row
    yield from _judged(whole, held, reading)


def _may_be_part(text: str, held: int) -> bool:
    """Whether it says so, after so many that do."""
    if not (held or _FIRST in text or may_tell(text)) or held == _MAX_HELD:
        return False
    is_numbered = any(int(one) == held + 1 <= int(of) for one, of in _NUMBERED.findall(text))
    return is_numbered or begins_with(said(text), words().of_parts)


def _judged(whole: Row | None, held: Sequence[ValidRow], reading: Reading) -> Iterator[Row]:
    total = sum(row.amount_minor for row in held)
    are_parts = len(held) >= _LEAST_PARTS and isinstance(whole, ValidRow) and whole.amount_minor == total
    return (_rejected(row, reading) if are_parts else row for row in held)


def _rejected(row: ValidRow, reading: Reading) -> RejectedRow:
    said_ = quoted(row.description.strip())
    reason = f"{said_} is a part of the row above it, as those beside it: together they have its amount."
    return rejected(row, "BAD_AMOUNT", reason, reading.table.name(amount_places(reading.roles)[0]))
