"""Transactions as messages."""

from typing import Any

from sqlalchemy import Row

from protos.txn.v1 import txn_pb2
from runtime.ids import to_id


def transaction_to_proto(row: Row[Any], currency_code: str) -> txn_pb2.Transaction:
    message = txn_pb2.Transaction(
        id=to_id("txn", row.id),
        account_id=to_id("acct", row.account_id),
        booked_on=row.booked_on.isoformat(),
        value_on=row.value_on.isoformat() if row.value_on else "",
        amount_minor=row.amount_minor,
        currency_code=currency_code,
        description=row.description,
        category=row.category or "",
        note=row.note,
        external_id=row.external_id or "",
        import_id=to_id("imp", row.import_id) if row.import_id else "",
        line=row.line or 0,
    )
    message.create_time.FromDatetime(row.create_time)
    return message
