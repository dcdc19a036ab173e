"""A booked amount."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from bff.context import Info
from bff.schema.fields import field
from bff.schema.money import Money, maybe_money, money
from bff.schema.node import Node
from bff.schema.paging import Page, PageInfo
from bff.schema.scalars import Date, date_of
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import NotFound

if TYPE_CHECKING:
    from bff.schema.account import Account
    from bff.schema.imports import Import


@strawberry.type
class Transaction(Node):
    booked_on: Date
    value_on: Date | None
    amount: Money
    description: str
    category: str | None
    note: str | None
    external_id: str | None = strawberry.field(
        description="The bank's own id, as it stood in the file; it identifies nothing unless the format says so."
    )
    line: int | None = strawberry.field(description="The line of the import's file; null for a manual record.")
    is_manual: bool
    account_id: strawberry.Private[str]
    import_id: strawberry.Private[str]

    @strawberry.field
    async def account(self, info: Info) -> Annotated["Account", strawberry.lazy("bff.schema.account")]:
        from bff.schema.account import Account

        found = await info.context.loaders.accounts.load(self.account_id)
        if found is None:
            raise NotFound("There is no such account.")
        return Account.from_proto(found)

    @field(name="import")
    async def statement_import(self, info: Info) -> Annotated["Import", strawberry.lazy("bff.schema.imports")] | None:
        from bff.schema.imports import Import

        found = await info.context.loaders.imports.load(self.import_id) if self.import_id else None
        return Import.from_proto(found) if found else None

    @classmethod
    def from_proto(cls, message: pb.Transaction) -> Self:
        return cls(
            id=strawberry.ID(message.id),
            booked_on=Date(message.booked_on),
            value_on=date_of(message.value_on),
            amount=money(message.amount_minor, message.currency_code),
            description=message.description,
            category=message.category or None,
            note=message.note,
            external_id=message.external_id or None,
            line=message.line or None,
            is_manual=not message.import_id,
            account_id=message.account_id,
            import_id=message.import_id,
        )


@strawberry.type
class TransactionEdge:
    cursor: str
    node: Transaction


@strawberry.type
class TransactionConnection:
    nodes: list[Transaction]
    page_info: PageInfo
    total_count: int | None
    total: Money | None = strawberry.field(description="Null where currencies mix.")
    cursors: strawberry.Private[list[str]]

    @strawberry.field
    def edges(self) -> list[TransactionEdge]:
        return [
            TransactionEdge(cursor=cursor, node=node) for cursor, node in zip(self.cursors, self.nodes, strict=True)
        ]

    @classmethod
    def from_proto(cls, message: pb.ListTransactionsResponse, page: Page) -> Self:
        cursors = list(message.page_tokens)
        total = message.total_minor if message.HasField("total_minor") else None
        return cls(
            nodes=[Transaction.from_proto(transaction) for transaction in message.transactions],
            page_info=page.info(cursors, more=bool(message.next_page_token)),
            total_count=message.total_count if message.HasField("total_count") else None,
            total=maybe_money(total, message.total_currency_code),
            cursors=cursors,
        )
