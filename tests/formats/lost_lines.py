"""Whether a line that may have been a booking is in no row: neither accepted, nor rejected with a reason."""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import zip_longest

from tests.formats.stated_reading import Row, Stated, plain, stated
from txn_svc.ledger.money import Currency
from txn_svc.statement import RejectedRow, Statement
from txn_svc.statement.words import words


def lost(
    content: bytes, statement: Statement, rows: Sequence[Row], currency: Currency, uploaded_on: dt.date
) -> list[str]:
    """Lines behind the header that are part of no row and look as if they were one: neither totals nor text alone."""
    told = stated(statement, currency, uploaded_on)
    covered = set(range(_first(statement)))
    for row, following in zip_longest(rows, rows[1:]):
        last = row.line + sum(cell.count("\n") for cell in row.cells)
        if following and isinstance(row, RejectedRow) and any(cell.endswith("…") for cell in row.cells):
            # Not all of it is there.
            last = following.line - 1
        covered |= set(range(row.line, last + 1))
    found, held = list[str](), ""
    for line, text in enumerate(_lines(content, statement), start=1):
        held = "" if line in covered else f"{held}\n{text}" if held else text
        if held.count('"') % 2 == 0:
            record = next(csv.reader(held.splitlines(keepends=True), delimiter=statement.delimiter), [])
            found += [f"{line}: {held}"] if _looks_like_a_row(record, told) else []
            held = ""
    return found


def _first(statement: Statement) -> int:
    """The line behind the header, or the first where there is none."""
    [said] = [one for one in statement.findings if one.property == "HEADER"]
    is_header = bool(said.value)
    return said.lines[0] + is_header * (1 + sum(name.count("\n") for name in statement.header))


def _lines(content: bytes, statement: Statement) -> Iterator[str]:
    [encoding] = [one.value for one in statement.findings if one.property == "ENCODING"]
    text = content.decode(encoding, "replace").removeprefix("\ufeff")
    return (line.rstrip("\0") for line in re.split("\r\n|\n|\r", text))


@cache
def _words_of_standing() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words().standing_of_period))})\b")


def _looks_like_a_row(cells: Sequence[str], told: Stated) -> bool:
    line = " ".join(plain(cell) for cell in cells)
    if _words_of_standing().search(line):
        return False
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) <= 2 and filled and plain(filled[0].partition(":")[0]) in words().account:
        # What it says is whose the rows below it are.
        return False
    if [cell.strip() for cell in cells] == [name.strip() for name in told.header]:
        return False
    if len(cells) != len(told.header):
        return bool(re.match(r"\s*[0-9]", told.cell(cells, "date")))
    amounts = [told.cell(cells, role) for role in ("amount", "debit", "credit") if role in told.places]
    return _has_digit(told.cell(cells, "date")) or any(map(_has_digit, amounts))


def _has_digit(text: str) -> bool:
    return bool(re.search("[0-9]", text))
