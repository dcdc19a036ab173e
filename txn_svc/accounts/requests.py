"""Requests about accounts, checked and in their inner form."""

from protos.txn.v1 import txn_pb2
from txn_svc.accounts.mapping import KIND_PREFIX
from txn_svc.accounts.store import NewAccount
from txn_svc.accounts.summaries import Span
from txn_svc.fields import Fields

NAME_CHARACTERS_MAX = 100


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
