"""What undoing an import would do to its account."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from bff.context import Info
from bff.schema.fields import field
from bff.schema.money import Money, money
from protos.txn.v1 import txn_pb2 as pb

if TYPE_CHECKING:
    from bff.schema.imports import Import


@strawberry.type(description="What keeps transactions that an undo would otherwise take away.")
class RevertKeeper:
    file_name: str | None = strawberry.field(description="Null for records made by hand.")
    count: int
    import_id: strawberry.Private[str]

    @field(name="import", description="Null for records made by hand.")
    async def statement_import(self, info: Info) -> Annotated["Import", strawberry.lazy("bff.schema.imports")] | None:
        from bff.schema.imports import find_import

        return await find_import(info, self.import_id)

    @classmethod
    def from_proto(cls, message: pb.RevertKeeper) -> Self:
        return cls(file_name=message.file_name or None, count=message.count, import_id=message.import_id)


@strawberry.type(description="What importRevert would do.")
class RevertPreview:
    digest: str = strawberry.field(description="What importRevert takes: of all that this says.")
    remove_count: int = strawberry.field(description="Transactions that go.")
    keep_count: int = strawberry.field(description="Those that stay, because something else claims them too.")
    edited_count: int = strawberry.field(
        description="Of those that go, how many have a category or a note; these come back with the same row."
    )
    balance_before: Money
    balance_after: Money
    keepers: list[RevertKeeper] = strawberry.field(description="What keeps the ones that stay, most first; at most 20.")

    @classmethod
    def from_proto(cls, message: pb.RevertPreview) -> Self:
        code = message.currency_code
        return cls(
            digest=message.digest,
            remove_count=message.remove_count,
            keep_count=message.keep_count,
            edited_count=message.edited_count,
            balance_before=money(message.balance_before_minor, code),
            balance_after=money(message.balance_after_minor, code),
            keepers=[RevertKeeper.from_proto(keeper) for keeper in message.keepers],
        )
