"""An account, and what hangs on it."""

from typing import Self

import strawberry

from bff.context import Info
from bff.loaders import PageKey, SummaryKey
from bff.lookahead import selects
from bff.schema.coverage import CoveragePeriod
from bff.schema.enums import Access, AccountKind, TransactionOrder
from bff.schema.fields import field
from bff.schema.filters import TransactionFilter
from bff.schema.imports import DEFAULT_IMPORTS, ImportConnection, ImportFilter, list_imports
from bff.schema.money import Money, decimals_in, money
from bff.schema.node import Node
from bff.schema.paging import forward_page, page
from bff.schema.scalars import Date, DateTime, date_of, time_of
from bff.schema.summary import AccountSummary
from bff.schema.transaction import TransactionConnection
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import InvalidArgument, NotFound

DEFAULT_TRANSACTIONS = 20


@strawberry.type
class Account(Node):
    name: str
    kind: AccountKind
    currency_code: str
    access: Access
    is_closed: bool
    balance: Money
    opening_balance: Money = strawberry.field(
        description="As the holder said it: before the first transaction, or at the beginning of openingDate."
    )
    opening_date: Date | None = strawberry.field(
        description="Null where the opening balance is that before the first transaction."
    )
    initial_balance: Money = strawberry.field(
        description="The balance before the first transaction: with an openingDate computed from it, whenever older "
        "transactions come or go. The balance is this and the sum of all transactions."
    )
    create_time: DateTime
    known_digest: strawberry.Private[str]

    @field(description="Changes if and only if the ledger does; equal before an import and after its undo.")
    async def ledger_digest(self, info: Info) -> str:
        if self.known_digest:
            return self.known_digest
        found = await info.context.loaders.full_accounts.load(self.id)
        if found is None:
            raise _missing()
        return str(found.ledger_digest)

    @strawberry.field
    async def transactions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: TransactionFilter | None = None,  # noqa: A002 -- the argument's name in the API
        order_by: TransactionOrder | None = None,
    ) -> TransactionConnection | None:
        if filter is not None and filter.account_ids is not None:
            raise InvalidArgument("`accountIds` narrows the viewer's transactions only.", reason="INVALID_FILTER")
        asked = page(first, after, last, before, DEFAULT_TRANSACTIONS)
        narrowed = filter.to_proto(decimals_in(self.currency_code)) if filter else pb.TransactionFilter()
        key = PageKey(
            self.id,
            narrowed.SerializeToString(deterministic=True),
            order_of(order_by),
            asked.size,
            asked.backward,
            selects(info, "totalCount", "total"),
        )
        if asked.cursor:
            return TransactionConnection.from_proto(await _page_from(info, key, asked.cursor), asked)
        found = await info.context.loaders.pages.load(key)
        if found is None:
            raise _missing()
        return TransactionConnection.from_proto(found, asked)

    @field(description="Whole months, as 2026-07; balance is that at the end of toMonth.")
    async def summary(
        self, info: Info, from_month: str | None = None, to_month: str | None = None
    ) -> AccountSummary | None:
        key = SummaryKey(self.id, from_month or "", to_month or "")
        found = await info.context.loaders.summaries.load(key)
        if found is None:
            raise _missing()
        return AccountSummary.from_proto(found)

    @field(description="Which days imports cover, ascending, and whether balances prove them complete.")
    async def coverage(self, info: Info) -> list[CoveragePeriod] | None:
        found = await info.context.loaders.coverages.load(self.id)
        if found is None:
            raise _missing()
        info.context.spend_periods(len(found.periods))
        return [CoveragePeriod.from_proto(period) for period in found.periods]

    @strawberry.field
    async def imports(
        self,
        info: Info,
        first: int | None = DEFAULT_IMPORTS,
        after: str | None = None,
        filter: ImportFilter | None = None,  # noqa: A002 -- the argument's name in the API
    ) -> ImportConnection | None:
        return await list_imports(info, forward_page(first, after, DEFAULT_IMPORTS), self.id, filter)

    @classmethod
    def from_proto(cls, message: pb.Account) -> Self:
        code = message.currency_code
        return cls(
            id=strawberry.ID(message.id),
            name=message.name,
            kind=AccountKind(message.kind),
            currency_code=code,
            access=Access(message.access),
            is_closed=message.HasField("close_time"),
            balance=money(message.balance_minor, code),
            opening_balance=money(message.opening_balance_minor, code),
            opening_date=date_of(message.opening_date),
            initial_balance=money(message.initial_balance_minor, code),
            create_time=time_of(message.create_time),
            known_digest=message.ledger_digest,
        )


def order_of(order_by: TransactionOrder | None) -> pb.TransactionOrder.ValueType:
    return pb.TransactionOrder.ValueType(order_by.value) if order_by else pb.TRANSACTION_ORDER_BOOKED_DESC


async def _page_from(info: Info, key: PageKey, cursor: str) -> pb.ListTransactionsResponse:
    """A later page: its cursor belongs to one account, so there is nothing to batch."""
    request = pb.ListTransactionsRequest(
        account_ids=[key.account_id],
        filter=pb.TransactionFilter.FromString(key.filter),
        order=key.order,
        page_size=key.size,
        page_token=cursor,
        backward=key.backward,
        with_totals=key.with_totals,
    )
    async with info.context.turns:
        return await info.context.clients.transactions.ListTransactions(request)


def _missing() -> NotFound:
    return NotFound("There is no such account.")
