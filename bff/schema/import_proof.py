"""What the balances of a file prove, and propose."""

from typing import Self

import strawberry

from bff.schema.money import Money, money
from bff.schema.scalars import Date
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="Between two lines of a file, bookings of this amount together are missing.")
class ImportGap:
    after_line: int
    before_line: int
    missing: Money = strawberry.field(description="Positive is money that came in.")
    rejected_line: int | None = strawberry.field(description="A row between them that was rejected.")

    @classmethod
    def from_proto(cls, message: pb.ImportGap, currency_code: str) -> Self:
        return cls(
            after_line=message.after_line,
            before_line=message.before_line,
            missing=money(message.missing_minor, currency_code),
            rejected_line=message.rejected_line if message.HasField("rejected_line") else None,
        )


@strawberry.type(description="An opening with which the account would agree with the file: what accountUpdate takes.")
class OpeningProposal:
    balance: Money = strawberry.field(description="At the beginning of that day.")
    date: Date

    @classmethod
    def from_proto(cls, message: pb.OpeningProposal, currency_code: str) -> Self:
        return cls(balance=money(message.balance_minor, currency_code), date=Date(message.date))
