"""Requests about accounts, checked and in their inner form."""

from typing import Any, NamedTuple
from uuid import UUID

from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from txn_svc.accounts.mapping import KIND_PREFIX
from txn_svc.accounts.store import NewAccount
from txn_svc.accounts.summaries import Span
from txn_svc.fields import Fields

NAME_CHARACTERS_MAX = 100
CHANGEABLE = frozenset({"name", "opening_balance_minor", "opening_date"})


class AccountChange(NamedTuple):
    """`values` by column; an opening_date of None takes the date away."""

    account_id: UUID
    values: dict[str, Any]


def new_account(request: txn_pb2.OpenAccountRequest) -> NewAccount:
    fields = Fields()
    name = fields.text("name", request.name, at_most=NAME_CHARACTERS_MAX)
    kind = fields.choice("kind", txn_pb2.AccountKind, request.kind)
    fields.currency("currency_code", request.currency_code)
    opening_date = fields.day("opening_date", request.opening_date)
    fields.refuse()
    return NewAccount(
        name=name,
        kind=kind.removeprefix(KIND_PREFIX),
        currency_code=request.currency_code,
        opening_balance_minor=request.opening_balance_minor,
        opening_date=opening_date,
    )


def account_change(request: txn_pb2.UpdateAccountRequest) -> AccountChange:
    """Raises InvalidArgument where a field is wrong, or the mask names none, or one that cannot be changed."""
    account_id = from_id("acct", request.account.id, "account.id")
    fields, paths, values = Fields(), set(request.update_mask.paths), dict[str, Any]()
    if not paths or not paths <= CHANGEABLE:
        fields.wrong["update_mask"] = f"must name one or more of {', '.join(sorted(CHANGEABLE))}"
    if "name" in paths:
        values["name"] = fields.text("account.name", request.account.name, at_most=NAME_CHARACTERS_MAX)
    if "opening_balance_minor" in paths:
        values["opening_balance_minor"] = request.account.opening_balance_minor
    if "opening_date" in paths:
        values["opening_date"] = fields.day("account.opening_date", request.account.opening_date)
    fields.refuse()
    return AccountChange(account_id, values)


def is_full(view: txn_pb2.AccountView.ValueType) -> bool:
    fields = Fields()
    fields.choice("view", txn_pb2.AccountView, view, required=False)
    fields.refuse()
    return view == txn_pb2.ACCOUNT_VIEW_FULL


def span_of(months: txn_pb2.MonthRange) -> Span:
    fields = Fields()
    span = Span(
        fields.month("months.from_month", months.from_month), fields.month("months.until_month", months.until_month)
    )
    if span.first and span.last and span.first > span.last:
        fields.wrong["months.until_month"] = "must not be before from_month"
    fields.refuse()
    return span
