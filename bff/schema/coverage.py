"""Which days the imports of an account cover."""

from typing import Self

import strawberry

from bff.schema.enums import Proof
from bff.schema.scalars import Date
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="Days that imports cover, both inclusive: of these the account has what the files had.")
class CoveragePeriod:
    from_: Date = strawberry.field(name="from")
    to: Date
    proof: Proof

    @classmethod
    def from_proto(cls, message: pb.CoveragePeriod) -> Self:
        return cls(from_=Date(message.from_date), to=Date(message.to_date), proof=Proof(message.proof))
