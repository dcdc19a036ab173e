"""What a mail is about, asked of the services that own it.

An event only says which import it was and, of an undo, what that did.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from notifier.clients import Clients
from protos.txn.v1 import txn_pb2 as txn
from protos.user.v1 import user_pb2 as user
from runtime.refusals import FailedPrecondition, NotFound

REJECTS_SHOWN = 3


@dataclass(frozen=True)
class Undo:
    """What the undo of an import did at its time: only its event knows, the ledger may have changed since."""

    time: Timestamp
    removed_count: int
    kept_count: int


@dataclass(frozen=True)
class Facts:
    """An import as it is now, its account with the figures of now, its holder, and the first of its rejected rows.

    `undo` is there where the mail is about it, `is_question` tells whether it is about what the import asks.
    """

    statement_import: txn.Import
    account: txn.Account
    summary: txn.Summary
    holder: user.User
    rejects: Sequence[txn.ImportRow]
    undo: Undo | None = None
    is_question: bool = False


class FactSource(Protocol):
    async def of_import(self, import_id: str, account_id: str, states: Collection[txn.ImportState.ValueType]) -> Facts:
        """Raises NotFound where one of them is missing, FailedPrecondition where the import is in none of `states`.

        `account_id` is what the event says; ValueError where it is not the import's.
        """


class RpcFacts:
    """Facts by gRPC."""

    def __init__(self, clients: Clients) -> None:
        self._users, self._accounts, self._imports = clients.users, clients.accounts, clients.imports

    async def of_import(self, import_id: str, account_id: str, states: Collection[txn.ImportState.ValueType]) -> Facts:
        account, summary = await asyncio.gather(self._account(account_id), self._summary(account_id))
        # The owner is whoever the ledger says now, not what a message claims.
        found, holder = await asyncio.gather(self._import(import_id, states), self._holder(account.owner_subject))
        if found.account_id != account_id:
            raise ValueError("The event's account is not that of its import.")
        if found.state == txn.IMPORT_STATE_REVERTED:
            # Undone meanwhile, maybe: the figures may be those before. In any other state they are of that state.
            summary = await self._summary(account_id)
        return Facts(found, account, summary, holder, await self._rejects(found))

    async def _import(self, import_id: str, states: Collection[txn.ImportState.ValueType]) -> txn.Import:
        answer = await self._imports.BatchGetImports(txn.BatchGetImportsRequest(import_ids=[import_id]))
        if not answer.results or not answer.results[0].HasField("statement_import"):
            raise NotFound("There is no such import.", reason="IMPORT_NOT_FOUND")
        found = answer.results[0].statement_import
        if found.state not in states:
            raise FailedPrecondition("The import is not where the event says.", reason="IMPORT_NOT_SETTLED")
        return found

    async def _account(self, account_id: str) -> txn.Account:
        request = txn.GetAccountRequest(account_id=account_id, view=txn.ACCOUNT_VIEW_BASIC)
        return (await self._accounts.GetAccount(request)).account

    async def _summary(self, account_id: str) -> txn.Summary:
        return (await self._accounts.GetSummary(txn.GetSummaryRequest(account_id=account_id))).summary

    async def _holder(self, subject: str) -> user.User:
        answer = await self._users.BatchGetUsers(user.BatchGetUsersRequest(subjects=[subject]))
        if not answer.results or not answer.results[0].HasField("user"):
            raise NotFound("The account's owner is not registered.", reason="HOLDER_NOT_FOUND")
        return answer.results[0].user

    async def _rejects(self, found: txn.Import) -> Sequence[txn.ImportRow]:
        if not found.rejected_count:
            return []
        request = txn.ListImportRowsRequest(import_id=found.id, outcome=txn.ROW_OUTCOME_REJECT, page_size=REJECTS_SHOWN)
        return (await self._imports.ListImportRows(request)).rows
