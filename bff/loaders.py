"""Batching, for the length of one request: what many fields ask for one by one is fetched in one call."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from strawberry.dataloader import DataLoader

from bff.clients import Clients
from protos.txn.v1 import txn_pb2 as pb
from protos.user.v1 import user_pb2

MAX_BATCH: Final = 100  # what a batch RPC takes

K = TypeVar("K")
V = TypeVar("V")
G = TypeVar("G")


@dataclass(frozen=True)
class SummaryKey:
    account_id: str
    from_month: str
    until_month: str


@dataclass(frozen=True)
class PageKey:
    """The first (or, backward, the last) page of an account's transactions. `filter` is a serialized message."""

    account_id: str
    filter: bytes
    order: pb.TransactionOrder.ValueType
    size: int
    backward: bool
    with_totals: bool


class Loaders:
    """One set per request, so that nobody is ever answered from another's. A missing object loads as None."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self.accounts: DataLoader[str, pb.Account | None] = _loader(self._accounts)
        self.full_accounts: DataLoader[str, pb.Account | None] = _loader(self._full_accounts)
        self.summaries: DataLoader[SummaryKey, pb.Summary | None] = _loader(self._summaries)
        self.coverages: DataLoader[str, pb.ListCoverageResponse | None] = _loader(self._coverages)
        self.pages: DataLoader[PageKey, pb.ListTransactionsResponse | None] = _loader(self._pages)
        self.transactions: DataLoader[str, pb.Transaction | None] = _loader(self._transactions)
        self.imports: DataLoader[str, pb.Import | None] = _loader(self._imports)
        self.users: DataLoader[str, user_pb2.User | None] = _loader(self._users)

    async def _accounts(self, ids: list[str]) -> list[pb.Account | None]:
        return await self._accounts_in(ids, pb.ACCOUNT_VIEW_BASIC)

    async def _full_accounts(self, ids: list[str]) -> list[pb.Account | None]:
        return await self._accounts_in(ids, pb.ACCOUNT_VIEW_FULL)

    async def _accounts_in(self, ids: list[str], view: pb.AccountView.ValueType) -> list[pb.Account | None]:
        answer = await self._clients.accounts.BatchGetAccounts(pb.BatchGetAccountsRequest(account_ids=ids, view=view))
        return [result.account if result.HasField("account") else None for result in answer.results]

    async def _summaries(self, keys: list[SummaryKey]) -> list[pb.Summary | BaseException | None]:
        return await _by_group(keys, lambda key: (key.from_month, key.until_month), self._summaries_of)

    async def _summaries_of(self, months: tuple[str, str], keys: list[SummaryKey]) -> list[pb.Summary | None]:
        request = pb.BatchGetSummariesRequest(
            account_ids=[key.account_id for key in keys],
            months=pb.MonthRange(from_month=months[0], until_month=months[1]),
        )
        answer = await self._clients.accounts.BatchGetSummaries(request)
        return [result.summary if result.HasField("summary") else None for result in answer.results]

    async def _coverages(self, ids: list[str]) -> list[pb.ListCoverageResponse | None]:
        answer = await self._clients.accounts.BatchListCoverage(pb.BatchListCoverageRequest(account_ids=ids))
        return [result.coverage if result.HasField("coverage") else None for result in answer.results]

    async def _pages(self, keys: list[PageKey]) -> list[pb.ListTransactionsResponse | BaseException | None]:
        return await _by_group(keys, lambda key: replace(key, account_id=""), self._pages_of)

    async def _pages_of(self, same: PageKey, keys: list[PageKey]) -> list[pb.ListTransactionsResponse | None]:
        request = pb.BatchListTransactionsRequest(
            account_ids=[key.account_id for key in keys],
            filter=pb.TransactionFilter.FromString(same.filter),
            order=same.order,
            page_size=same.size,
            backward=same.backward,
            with_totals=same.with_totals,
        )
        answer = await self._clients.transactions.BatchListTransactions(request)
        return [result.page if result.HasField("page") else None for result in answer.results]

    async def _transactions(self, ids: list[str]) -> list[pb.Transaction | None]:
        request = pb.BatchGetTransactionsRequest(transaction_ids=ids)
        answer = await self._clients.transactions.BatchGetTransactions(request)
        return [result.transaction if result.HasField("transaction") else None for result in answer.results]

    async def _imports(self, ids: list[str]) -> list[pb.Import | None]:
        answer = await self._clients.imports.BatchGetImports(pb.BatchGetImportsRequest(import_ids=ids))
        return [result.statement_import if result.HasField("statement_import") else None for result in answer.results]

    async def _users(self, ids: list[str]) -> list[user_pb2.User | None]:
        answer = await self._clients.users.BatchGetUsers(user_pb2.BatchGetUsersRequest(user_ids=ids))
        return [result.user if result.HasField("user") else None for result in answer.results]


def _loader(load: Callable[[list[K]], Awaitable[list[Any]]]) -> DataLoader[K, Any]:
    return DataLoader(load_fn=load, max_batch_size=MAX_BATCH)


async def _by_group(
    keys: list[K], by: Callable[[K], G], load: Callable[[G, list[K]], Awaitable[list[V]]]
) -> list[V | BaseException]:
    """One call for the keys that may share one. Where a call fails, only its own keys do."""
    groups: defaultdict[G, list[K]] = defaultdict(list)
    for key in keys:
        groups[by(key)].append(key)
    answers = await asyncio.gather(*(load(*group) for group in groups.items()), return_exceptions=True)
    found: dict[K, V | BaseException] = {}
    for group, answer in zip(groups.values(), answers, strict=True):
        values = [answer] * len(group) if isinstance(answer, BaseException) else answer
        found.update(zip(group, values, strict=True))
    return [found[key] for key in keys]
