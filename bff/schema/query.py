"""The root of every read."""

from collections.abc import Awaitable, Callable

import strawberry

from bff.context import Info
from bff.schema.enums import Access
from bff.schema.fields import field
from bff.schema.imports import Import
from bff.schema.node import Node, kind_of
from bff.schema.transaction import Transaction
from bff.schema.user import User
from bff.schema.viewer import Viewer, find_account


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: Info) -> Viewer:
        return Viewer(id=strawberry.ID(info.context.viewer_id), access=Access.OWNER)

    @field(description="Null for what is missing, somebody else's, or no id at all.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 -- the argument's name in the API
        find = _FINDERS.get(kind_of(id) or "")
        return await find(info, id) if find else None


async def _transaction(info: Info, node_id: str) -> Node | None:
    found = await info.context.loaders.transactions.load(node_id)
    return Transaction.from_proto(found) if found else None


async def _import(info: Info, node_id: str) -> Node | None:
    found = await info.context.loaders.imports.load(node_id)
    return Import.from_proto(found) if found else None


async def _user(info: Info, node_id: str) -> Node | None:
    found = await info.context.loaders.users.load(node_id)
    return User.from_proto(found, info.context.caller) if found else None


_FINDERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    "acct": find_account,
    "txn": _transaction,
    "imp": _import,
    "user": _user,
}
