"""Balances that stand outside of the rows, before or after them, beside a word for what they are."""

from collections.abc import Iterable, Sequence

from txn_svc.ledger.money import AmountError
from txn_svc.statement.amounts import balance_reader, written
from txn_svc.statement.dates import readings
from txn_svc.statement.facts import first_text
from txn_svc.statement.model import Total
from txn_svc.statement.reading import Reading
from txn_svc.statement.records import Record
from txn_svc.statement.words import begins_with, plain, words


def totals(records: Iterable[Record], reading: Reading) -> tuple[Total | None, Total | None]:
    """The opening and the closing balance; None where there is none, or where several say different things."""
    found: dict[str, set[Total]] = {"opening": set(), "closing": set()}
    for record in records:
        name = _name(record.cells)
        balance = None if name is None else _balance(record.cells, reading)
        if name is not None and balance is not None:
            found[name].add(Total(balance, record.line))
    return _one(found["opening"]), _one(found["closing"])


def _name(cells: Sequence[str]) -> str | None:
    """What the first text of a line says it is."""
    known, text = words(), plain(first_text(cells).partition(":")[0])
    if begins_with(text, known.opening):
        return "opening"
    return "closing" if begins_with(text, known.closing) else None


def _balance(cells: Sequence[str], reading: Reading) -> int | None:
    """The last amount of the line: a balance stands at the right of what led to it."""
    read = balance_reader(reading.currency, reading.decimal_mark)
    texts = [part for cell in cells for part in (cell, cell.partition(":")[2]) if part.strip()]
    # In a line without quotes the comma of "Balance: 2,500.00" is one of the amount.
    texts.append(reading.table.delimiter.join(cells).partition(":")[2].strip(f" {reading.table.delimiter}"))
    for text in reversed(texts):
        if written(text) and not readings(text):
            try:
                return read(text)
            except AmountError:
                return None
    return None


def _one(found: set[Total]) -> Total | None:
    balances = {total.balance_minor for total in found}
    return min(found, key=lambda total: total.line) if len(balances) == 1 else None
