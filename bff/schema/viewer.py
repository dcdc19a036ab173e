"""Everything a signed-in person can see."""

import strawberry

from bff.context import Context, Info
from bff.lookahead import selects
from bff.schema.account import DEFAULT_TRANSACTIONS, Account, order_of
from bff.schema.enums import Access, TransactionOrder
from bff.schema.fields import field
from bff.schema.filters import TransactionFilter, common_decimals
from bff.schema.imports import DEFAULT_IMPORTS, ImportConnection, ImportFilter, list_imports
from bff.schema.money import decimals_in
from bff.schema.node import kind_of
from bff.schema.paging import forward_page, page
from bff.schema.statement_format import StatementFormat
from bff.schema.transaction import TransactionConnection
from bff.schema.user import User
from protos.txn.v1 import txn_pb2 as pb


@strawberry.type(description="Everything a signed-in person can see.")
class Viewer:
    id: strawberry.ID
    access: Access

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        return User.from_proto(await info.context.me(), info.context.caller)

    @field(description="Oldest first.")
    async def accounts(self, info: Info) -> list[Account] | None:
        view = pb.ACCOUNT_VIEW_FULL if selects(info, "ledgerDigest") else pb.ACCOUNT_VIEW_BASIC
        return [Account.from_proto(account) for account in await info.context.accounts(view)]

    @strawberry.field
    async def account(self, info: Info, id: strawberry.ID) -> Account | None:  # noqa: A002 -- the argument's name
        return await find_account(info, id)

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
        asked = page(first, after, last, before, DEFAULT_TRANSACTIONS)
        request = pb.ListTransactionsRequest(
            account_ids=(filter.account_ids or []) if filter else [],
            filter=await _narrowed(info.context, filter),
            order=order_of(order_by),
            page_size=asked.size,
            page_token=asked.cursor,
            backward=asked.backward,
            with_totals=selects(info, "totalCount", "total"),
        )
        answer = await info.context.clients.transactions.ListTransactions(request)
        return TransactionConnection.from_proto(answer, asked)

    @field(description="Newest first.")
    async def imports(
        self,
        info: Info,
        first: int | None = DEFAULT_IMPORTS,
        after: str | None = None,
        filter: ImportFilter | None = None,  # noqa: A002 -- the argument's name in the API
    ) -> ImportConnection | None:
        return await list_imports(info, forward_page(first, after, DEFAULT_IMPORTS), "", filter)

    @field(description="What `formatId` takes, by id.")
    async def statement_formats(self, info: Info) -> list[StatementFormat] | None:
        async with info.context.turns:
            answer = await info.context.clients.imports.ListStatementFormats(pb.ListStatementFormatsRequest())
        return [StatementFormat.from_proto(one) for one in answer.formats]


async def find_account(info: Info, account_id: str) -> Account | None:
    """None for a missing one, somebody else's, or what is no account's id at all."""
    if kind_of(account_id) != "acct":
        return None
    loaders = info.context.loaders
    loader = loaders.full_accounts if selects(info, "ledgerDigest") else loaders.accounts
    found = await loader.load(account_id)
    return Account.from_proto(found) if found else None


async def _narrowed(context: Context, narrowing: TransactionFilter | None) -> pb.TransactionFilter:
    if narrowing is None:
        return pb.TransactionFilter()
    decimals: set[int] = set()
    if narrowing.has_amounts:
        accounts = await context.accounts(pb.ACCOUNT_VIEW_BASIC)
        chosen: set[str] = set(narrowing.account_ids or ())
        decimals = {decimals_in(account.currency_code) for account in accounts if not chosen or account.id in chosen}
    return narrowing.to_proto(common_decimals(decimals))
