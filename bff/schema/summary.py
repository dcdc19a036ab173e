"""Totals and averages, by month: of an account, or of one file."""

from typing import Self

import strawberry

from bff.context import Info
from bff.schema.fields import field
from bff.schema.money import Money, maybe_money, money
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type
class MonthSummary:
    month: str = strawberry.field(description='"2026-07"')
    transaction_count: int
    credit_count: int
    debit_count: int
    credit_total: Money
    debit_total: Money
    average_credit: Money | None
    average_debit: Money | None
    closing_balance: Money | None = strawberry.field(description="Of the account; null in the summary of a file.")

    @classmethod
    def from_proto(cls, message: pb.MonthSummary, currency_code: str) -> Self:
        closing = message.closing_balance_minor if message.HasField("closing_balance_minor") else None
        return cls(
            month=message.month,
            transaction_count=message.transaction_count,
            credit_count=message.credit_count,
            debit_count=message.debit_count,
            credit_total=money(message.credit_total_minor, currency_code),
            debit_total=money(message.debit_total_minor, currency_code),
            average_credit=maybe_money(_average_credit(message), currency_code),
            average_debit=maybe_money(_average_debit(message), currency_code),
            closing_balance=maybe_money(closing, currency_code),
        )


@strawberry.type
class AccountSummary:
    balance: Money = strawberry.field(description="At the end of the last month.")
    transaction_count: int
    credit_total: Money
    debit_total: Money
    average_credit: Money | None
    average_debit: Money | None
    message: strawberry.Private[pb.Summary]

    @field(description="Contiguous and ascending.")
    def months(self, info: Info) -> list[MonthSummary]:
        info.context.spend_months(len(self.message.months))
        return [MonthSummary.from_proto(month, self.message.currency_code) for month in self.message.months]

    @classmethod
    def from_proto(cls, message: pb.Summary) -> Self:
        code = message.currency_code
        return cls(
            balance=money(message.balance_minor, code),
            transaction_count=message.transaction_count,
            credit_total=money(message.credit_total_minor, code),
            debit_total=money(message.debit_total_minor, code),
            average_credit=maybe_money(_average_credit(message), code),
            average_debit=maybe_money(_average_debit(message), code),
            message=message,
        )


def _average_credit(message: pb.Summary | pb.MonthSummary) -> int | None:
    return message.average_credit_minor if message.HasField("average_credit_minor") else None


def _average_debit(message: pb.Summary | pb.MonthSummary) -> int | None:
    return message.average_debit_minor if message.HasField("average_debit_minor") else None
