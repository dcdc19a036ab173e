"""What the commit of an import would do to its account."""

from collections.abc import Sequence
from typing import Self

import strawberry

from bff.context import Info
from bff.schema.fields import field
from bff.schema.money import Money, money
from bff.schema.summary import MonthSummary
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="What a commit would do, or did. The figures are of the account.")
class ImportPlan:
    digest: str = strawberry.field(description="What importCommit takes: of every row and of what becomes of it.")
    create_count: int
    duplicate_count: int
    reject_count: int
    balance_before: Money
    balance_after: Money
    is_renewed: bool = strawberry.field(
        description="Whether it took the place of one that the ledger had made stale: show it again."
    )
    message: strawberry.Private[pb.ImportPlan]

    @field(description="As a commit leaves them: the first to the last one it changes, contiguous and ascending.")
    def months(self, info: Info) -> list[MonthSummary]:
        return _months(info, self.message.months_after, self.message.currency_code)

    @field(description="The same months as they are without it.")
    def months_before(self, info: Info) -> list[MonthSummary]:
        return _months(info, self.message.months_before, self.message.currency_code)

    @classmethod
    def from_proto(cls, message: pb.ImportPlan) -> Self:
        code = message.currency_code
        return cls(
            digest=message.digest,
            create_count=message.create_count,
            duplicate_count=message.duplicate_count,
            reject_count=message.reject_count,
            balance_before=money(message.balance_before_minor, code),
            balance_after=money(message.balance_after_minor, code),
            is_renewed=message.is_renewed,
            message=message,
        )


def _months(info: Info, messages: Sequence[pb.MonthSummary], currency_code: str) -> list[MonthSummary]:
    info.context.spend_months(len(messages))
    return [MonthSummary.from_proto(month, currency_code) for month in messages]
