"""Rows of Stori's own export become what they were written from."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from txn_svc.ledger.money import AmountError, Currency, amount_parser
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.dates import DateError, Dates
from txn_svc.statement.model import (
    MAX_CATEGORY_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    ReasonCode,
    RejectedRow,
    ValidRow,
)
from txn_svc.statement.own import FALSE, TRUE
from txn_svc.statement.padding import PADDING
from txn_svc.statement.records import Record
from txn_svc.statement.rejecting import RejectLimit, kept, too_long, without_columns
from txn_svc.statement.table import Table, own_places

MAX_OCCURRENCE: Final = 2**31 - 1

_COUNT: Final = re.compile("[1-9][0-9]{0,9}")


class _CellError(ValueError):
    def __init__(self, code: ReasonCode, message: str) -> None:
        super().__init__(message)
        self.code: ReasonCode = code


def read_exported(records: Iterable[Record], table: Table, currency: Currency) -> Iterator[ValidRow | RejectedRow]:
    """One row for each record, in order. Whether two rows are the same occurrence of one content is not looked at."""
    width, index = table.width, own_places(table)
    date_at, value_on_at, amount_at = index["booked_on"], index["value_on"], index["amount"]
    currency_at, occurrence_at, description_at = index["currency"], index["occurrence"], index["description"]
    category_at, note_at, external_id_at = index["category"], index["note"], index["external_id"]
    has_stable_id_at = index.get("has_stable_id")
    read_date, read_amount = Dates("YMD", None).__getitem__, amount_parser(currency)
    limit = RejectLimit()
    for count, record in enumerate(records, start=1):
        line, cells, fault = record
        if fault is not None or len(cells) != width:
            yield limit.passed(without_columns(record, width), count)
            continue
        try:
            booked_on = read_date(cells[at := date_at])
            _check_currency(cells[at := currency_at], currency)
            amount_minor = read_amount(cells[at := amount_at].strip(PADDING))
            value_on = _optional_date(cells[at := value_on_at], read_date)
            occurrence = _occurrence(cells[at := occurrence_at])
            description = _bounded(cells[at := description_at], MAX_DESCRIPTION_CHARACTERS)
            category = _bounded(cells[at := category_at], MAX_CATEGORY_CHARACTERS)
            note = _bounded(cells[at := note_at], MAX_NOTE_CHARACTERS)
            external_id = _bounded(cells[at := external_id_at], MAX_EXTERNAL_ID_CHARACTERS)
            is_stable = has_stable_id_at is not None and _truth(cells[at := has_stable_id_at])
        except (DateError, _CellError) as error:
            yield limit.passed(RejectedRow(line, kept(cells), error.code, str(error), table.name(at)), count)
        except AmountError as error:
            yield limit.passed(RejectedRow(line, kept(cells), "BAD_AMOUNT", str(error), table.name(at)), count)
        else:
            yield ValidRow(
                line,
                tuple(cells),
                booked_on,
                value_on,
                amount_minor,
                description,
                external_id or None,
                category or None,
                note or None,
                occurrence,
                is_stable and bool(external_id),
            )


def _check_currency(text: str, currency: Currency) -> None:
    if text.strip(PADDING) == currency.code:
        return
    if not text.strip():
        raise _CellError("OTHER_CURRENCY", f"There is no currency; the account's is {currency.code}.")
    raise _CellError("OTHER_CURRENCY", f"The currency is {quoted(text)}, the account's is {currency.code}.")


def _optional_date(text: str, read_date: Callable[[str], date]) -> date | None:
    return read_date(text) if text.strip(PADDING) else None


def _occurrence(text: str) -> int:
    text = text.strip(PADDING)
    if _COUNT.fullmatch(text) and (occurrence := int(text)) <= MAX_OCCURRENCE:
        return occurrence
    # No reason is about counts: this one says that the cell is not written as the layout has it.
    raise _CellError(
        "BAD_ENCODING",
        f"{quoted(text)} does not count equal transactions: 1 is the first, 2 the second, up to {MAX_OCCURRENCE:,}.",
    )


def _truth(text: str) -> bool:
    word = text.strip(PADDING).casefold()
    if word not in {TRUE, FALSE, ""}:
        raise _CellError("BAD_ENCODING", f"{quoted(text)} is neither {TRUE} nor {FALSE}.")
    return word == TRUE


def _bounded(text: str, limit: int) -> str:
    if len(text) > limit:
        raise _CellError("TOO_LONG", too_long(text, limit))
    return text
