"""The rows of an import's file, each with what became of it."""

from typing import Self

import strawberry

from bff.context import Info
from bff.schema.enums import RowOutcome, RowReason
from bff.schema.fields import field
from bff.schema.money import Money, maybe_money
from bff.schema.paging import Page, PageInfo
from bff.schema.scalars import Date, date_of
from bff.schema.transaction import Transaction
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type
class ImportRow:
    line: int = strawberry.field(description="1 is the file's first line.")
    cells: list[str] = strawberry.field(description="As they stood in the file.")
    outcome: RowOutcome
    booked_on: Date | None
    amount: Money | None
    description: str | None
    column: str | None = strawberry.field(description="The header of the cell a reject is about.")
    occurrence: int | None = strawberry.field(
        description="The how-manieth of its content it is: the row of this file, or as Stori's own export says."
    )
    occurrences_here: int | None = strawberry.field(
        description="Of all rows of this content in the file, how many were in the account already."
    )
    occurrences_in_file: int | None = strawberry.field(description="How many rows of this content the file has.")
    reason_code: RowReason | None
    reason: str | None
    transaction_id: strawberry.Private[str]

    @field(description="The transaction it created, or is a duplicate of.")
    async def transaction(self, info: Info) -> Transaction | None:
        found = await info.context.loaders.transactions.load(self.transaction_id) if self.transaction_id else None
        return Transaction.from_proto(found) if found else None

    @classmethod
    def from_proto(cls, message: pb.ImportRow) -> Self:
        amount = message.amount_minor if message.HasField("amount_minor") else None
        return cls(
            line=message.line,
            cells=list(message.cells),
            outcome=RowOutcome(message.outcome),
            booked_on=date_of(message.booked_on),
            amount=maybe_money(amount, message.currency_code),
            description=message.description or None,
            column=message.column or None,
            occurrence=message.occurrence or None,
            occurrences_here=message.occurrences_here if message.occurrences_in_file else None,
            occurrences_in_file=message.occurrences_in_file or None,
            reason_code=RowReason(message.reason_code) if message.reason_code else None,
            reason=message.reason or None,
            transaction_id=message.transaction_id,
        )


@strawberry.type
class ImportRowEdge:
    cursor: str
    node: ImportRow


@strawberry.type
class ImportRowConnection:
    nodes: list[ImportRow]
    page_info: PageInfo
    total_count: int | None
    cursors: strawberry.Private[list[str]]

    @strawberry.field
    def edges(self) -> list[ImportRowEdge]:
        return [ImportRowEdge(cursor=cursor, node=node) for cursor, node in zip(self.cursors, self.nodes, strict=True)]

    @classmethod
    def from_proto(cls, message: pb.ListImportRowsResponse, page: Page) -> Self:
        cursors = list(message.page_tokens)
        return cls(
            nodes=[ImportRow.from_proto(row) for row in message.rows],
            page_info=page.info(cursors, more=bool(message.next_page_token)),
            total_count=message.total_count,
            cursors=cursors,
        )
