"""Transactions as the file that is read as the layout STORI: each as it is, and which of its equals it is."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import NamedTuple

from txn_svc.ledger.money import Currency, format_amount
from txn_svc.statement.escaping import escape
from txn_svc.statement.own import FALSE, STORI, TRUE
from txn_svc.statement.writing import write_rows


class ExportedTransaction(NamedTuple):
    """Of an account; its texts within the bounds of the layout, without CR and NUL. None and "" are written alike."""

    booked_on: date
    value_on: date | None
    amount_minor: int
    description: str
    category: str | None
    note: str | None
    external_id: str | None
    occurrence: int
    has_stable_id: bool = False


def transactions_csv(
    rows: Iterable[ExportedTransaction], currency: Currency, *, has_header: bool = True
) -> Iterator[str]:
    """The file in chunks of whole rows, in the order given; the header is there without any row too.

    Read into an account of that currency, whatever it holds, it gives rows of the same content and occurrence. A file
    can be put together of several calls, all but the first without a header.
    """
    header = [STORI.columns] if has_header else []
    return write_rows(chain(header, (_cells(row, currency) for row in rows)), ",")


def _cells(row: ExportedTransaction, currency: Currency) -> tuple[str, ...]:
    # In the order of STORI.columns.
    return (
        row.booked_on.isoformat(),
        "" if row.value_on is None else row.value_on.isoformat(),
        format_amount(row.amount_minor, currency),
        currency.code,
        escape(row.description),
        escape(row.category or ""),
        escape(row.note or ""),
        escape(row.external_id or ""),
        str(row.occurrence),
        TRUE if row.has_stable_id else FALSE,
    )
