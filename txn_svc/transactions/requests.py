"""Requests that change transactions, checked and in their inner form."""

from typing import Any

from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from txn_svc.fields import Fields
from txn_svc.statement.model import MAX_CATEGORY_CHARACTERS, MAX_DESCRIPTION_CHARACTERS, MAX_NOTE_CHARACTERS
from txn_svc.transactions.manual import NewTransaction


def new_transaction(request: txn_pb2.RecordTransactionRequest) -> NewTransaction:
    account_id = from_id("acct", request.account_id, "account_id")
    fields = Fields()
    booked_on = fields.day("booked_on", request.booked_on)
    if not request.booked_on:
        fields.wrong["booked_on"] = "must be a date of the form 2026-07-15"
    if request.currency_code:
        fields.currency("currency_code", request.currency_code)
    description = fields.text("description", request.description, at_most=MAX_DESCRIPTION_CHARACTERS)
    category, note = _category(fields, request.category), _note(fields, request.note)
    fields.refuse()
    assert booked_on is not None
    return NewTransaction(
        account_id, booked_on, request.amount_minor, request.currency_code, description, category or None, note
    )


def annotation(request: txn_pb2.UpdateTransactionsRequest) -> dict[str, Any]:
    """What to write, by column. Raises InvalidArgument where that is nothing."""
    fields, values = Fields(), dict[str, Any]()
    if not request.transaction_ids:
        fields.wrong["transaction_ids"] = "must name one or more"
    if request.HasField("category"):
        values["category"] = _category(fields, request.category) or None
    if request.HasField("note"):
        values["note"] = _note(fields, request.note)
    if not values:
        fields.wrong["category"] = "must be given, or note"
    fields.refuse()
    return values


def _category(fields: Fields, value: str) -> str:
    return fields.text("category", value, at_most=MAX_CATEGORY_CHARACTERS, required=False)


def _note(fields: Fields, value: str) -> str:
    return fields.text("note", value, at_most=MAX_NOTE_CHARACTERS, required=False)
