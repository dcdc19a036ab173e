"""The formats that files are read in."""

from typing import Self

import strawberry

from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="A format that `formatId` takes.")
class StatementFormat:
    id: strawberry.ID
    name: str
    bank: str | None = strawberry.field(description="Null where it is no bank's own.")
    country: str | None = strawberry.field(description="ISO 3166-1 alpha-2; null where it is no country's own.")

    @classmethod
    def from_proto(cls, message: pb.StatementFormat) -> Self:
        return cls(
            id=strawberry.ID(message.id),
            name=message.name,
            bank=message.bank or None,
            country=message.country or None,
        )
