"""Reading a statement from text, as the tests of `txn_svc.statement` do it."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest

from txn_svc.ledger.money import currency
from txn_svc.statement import Finding, RejectedRow, Statement, Unreadable, ValidRow, read
from txn_svc.statement.model import KnownRow

UPLOADED_ON = date(2026, 11, 20)

Row = ValidRow | RejectedRow


def read_text(
    text: str | bytes, code: str = "USD", uploaded_on: date = UPLOADED_ON, format_id: str | None = None, **given: Any
) -> Statement:
    """`given` are the other things that `read` may be told."""
    content = text.encode() if isinstance(text, str) else text
    return read(BytesIO(content), uploaded_on=uploaded_on, currency=currency(code), format_id=format_id, **given)


def rows_of(text: str | bytes, code: str = "USD", uploaded_on: date = UPLOADED_ON) -> list[Row]:
    return list(read_text(text, code, uploaded_on).rows())


def valid(row: Row | KnownRow) -> ValidRow:
    assert isinstance(row, ValidRow), row
    return row


def rejected(row: Row) -> RejectedRow:
    assert isinstance(row, RejectedRow), row
    return row


def refusal(text: str | bytes, format_id: str | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        read_text(text, format_id=format_id)
    return refused.value


def finding(statement: Statement, name: str) -> Finding:
    (found,) = (found for found in statement.findings if found.property == name)
    return found
