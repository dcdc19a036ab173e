"""txn.v1.AccountService: checks the request, opens the one transaction of the call, makes the answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime import call
from runtime.audit import record
from runtime.database import Database, ReadSession, WriteSession
from runtime.ids import from_id, new_id, to_id
from runtime.pages import Position, list_of, page_size, page_token, position_of
from txn_svc.access import account_missing, audit_reading, lock
from txn_svc.accounts import coverage, store, summaries
from txn_svc.accounts.digests import Digests
from txn_svc.accounts.mapping import account_to_proto, coverage_to_proto
from txn_svc.accounts.requests import account_change, is_full, new_account, span_of
from txn_svc.accounts.store import NewAccount, Seen
from txn_svc.accounts.verification import verify
from txn_svc.anchor import audit_anchor
from txn_svc.fields import batch_ids
from txn_svc.idempotency import once
from txn_svc.model import Account, audit_event
from txn_svc.settings import LedgerSettings
from txn_svc.summary import summary_to_proto
from txn_svc.turns import Turns

_LISTED = list_of("accounts")


class AccountServicer(txn_pb2_grpc.AccountServiceServicer):
    def __init__(self, database: Database, settings: LedgerSettings) -> None:
        self._database = database
        self._settings = settings
        self._digests = Digests(database)
        self._turns = Turns(settings.account_wait_seconds)

    async def OpenAccount(self, request: txn_pb2.OpenAccountRequest, context: Any) -> txn_pb2.OpenAccountResponse:
        call.person()
        wanted = new_account(request)

        async def work(session: WriteSession) -> txn_pb2.OpenAccountResponse:
            return txn_pb2.OpenAccountResponse(account=await self._open(session, wanted))

        return await once(
            self._database, "OpenAccount", request.idempotency_key, request, txn_pb2.OpenAccountResponse, work
        )

    async def GetAccount(self, request: txn_pb2.GetAccountRequest, context: Any) -> txn_pb2.GetAccountResponse:
        account_id = from_id("acct", request.account_id, "account_id")
        found = await self._read("GetAccount", [account_id], full=is_full(request.view))
        if account_id not in found:
            raise account_missing()
        return txn_pb2.GetAccountResponse(account=found[account_id])

    async def BatchGetAccounts(
        self, request: txn_pb2.BatchGetAccountsRequest, context: Any
    ) -> txn_pb2.BatchGetAccountsResponse:
        account_ids = batch_ids("acct", "account_ids", request.account_ids)
        found = await self._read("BatchGetAccounts", account_ids, full=is_full(request.view))
        results = [
            txn_pb2.BatchGetAccountsResult(account_id=text, account=found.get(account_id))
            for text, account_id in zip(request.account_ids, account_ids, strict=True)
        ]
        return txn_pb2.BatchGetAccountsResponse(results=results)

    async def ListAccounts(self, request: txn_pb2.ListAccountsRequest, context: Any) -> txn_pb2.ListAccountsResponse:
        size, full = page_size(request.page_size), is_full(request.view)
        after = position_of(_LISTED, request.page_token)

        async def find(session: ReadSession) -> list[Seen]:
            return await store.page(session, call.caller(), after.id if after else None, size + 1)

        seen = await self._seen(find, full=full)
        page, more = seen[:size], len(seen) > size
        return txn_pb2.ListAccountsResponse(
            accounts=[account_to_proto(one, full=full) for one in page],
            next_page_token=page_token(_LISTED, Position(0, page[-1].account.id)) if more else "",
        )

    async def GetSummary(self, request: txn_pb2.GetSummaryRequest, context: Any) -> txn_pb2.GetSummaryResponse:
        account_id = from_id("acct", request.account_id, "account_id")
        found = await self._summarise("GetSummary", [account_id], request.months)
        if account_id not in found:
            raise account_missing()
        return txn_pb2.GetSummaryResponse(summary=found[account_id])

    async def VerifyAccount(self, request: txn_pb2.VerifyAccountRequest, context: Any) -> txn_pb2.VerifyAccountResponse:
        account_id = from_id("acct", request.account_id, "account_id")
        async with self._database.read(snapshot=True) as session:
            seen = (await store.find(session, call.caller(), [account_id])).get(account_id)
            if seen is None:
                raise account_missing()
            verified = await verify(session, seen)
        await audit_reading(self._database, "VerifyAccount", {account_id: seen.access})
        return txn_pb2.VerifyAccountResponse(
            transaction_count=verified.transaction_count,
            ledger_digest=verified.ledger_digest,
            differences=[txn_pb2.VerifyDifference(**one._asdict()) for one in verified.differences],
        )

    async def ListCoverage(self, request: txn_pb2.ListCoverageRequest, context: Any) -> txn_pb2.ListCoverageResponse:
        account_id = from_id("acct", request.account_id, "account_id")
        found = await self._cover("ListCoverage", [account_id])
        if account_id not in found:
            raise account_missing()
        return found[account_id]

    async def BatchListCoverage(
        self, request: txn_pb2.BatchListCoverageRequest, context: Any
    ) -> txn_pb2.BatchListCoverageResponse:
        account_ids = batch_ids("acct", "account_ids", request.account_ids)
        found = await self._cover("BatchListCoverage", account_ids)
        results = [
            txn_pb2.BatchListCoverageResult(account_id=text, coverage=found.get(account_id))
            for text, account_id in zip(request.account_ids, account_ids, strict=True)
        ]
        return txn_pb2.BatchListCoverageResponse(results=results)

    async def UpdateAccount(self, request: txn_pb2.UpdateAccountRequest, context: Any) -> txn_pb2.UpdateAccountResponse:
        call.person()
        wanted = account_change(request)
        account = await self._change("UpdateAccount", wanted.account_id, wanted.values)
        return txn_pb2.UpdateAccountResponse(account=account)

    async def CloseAccount(self, request: txn_pb2.CloseAccountRequest, context: Any) -> txn_pb2.CloseAccountResponse:
        call.person()
        account_id = from_id("acct", request.account_id, "account_id")
        return txn_pb2.CloseAccountResponse(account=await self._set_closed("CloseAccount", account_id, closed=True))

    async def ReopenAccount(self, request: txn_pb2.ReopenAccountRequest, context: Any) -> txn_pb2.ReopenAccountResponse:
        call.person()
        account_id = from_id("acct", request.account_id, "account_id")
        return txn_pb2.ReopenAccountResponse(account=await self._set_closed("ReopenAccount", account_id, closed=False))

    async def BatchGetSummaries(
        self, request: txn_pb2.BatchGetSummariesRequest, context: Any
    ) -> txn_pb2.BatchGetSummariesResponse:
        account_ids = batch_ids("acct", "account_ids", request.account_ids)
        found = await self._summarise("BatchGetSummaries", account_ids, request.months)
        results = [
            txn_pb2.BatchGetSummariesResult(account_id=text, summary=found.get(account_id))
            for text, account_id in zip(request.account_ids, account_ids, strict=True)
        ]
        return txn_pb2.BatchGetSummariesResponse(results=results)

    async def _open(self, session: WriteSession, wanted: NewAccount) -> txn_pb2.Account:
        subject = call.caller().subject
        await store.require_room(session, subject, self._settings.accounts_per_holder)
        opened = await store.open_account(session, subject, new_id(), wanted)
        await record(session, audit_event, "OpenAccount", to_id("acct", opened.id))
        return account_to_proto(Seen(opened, "OWNER", None, None))

    async def _set_closed(self, action: str, account_id: UUID, *, closed: bool) -> txn_pb2.Account:
        async with self._locked(account_id) as (session, account):
            if closed != (account.close_time is not None):
                await store.update_account(session, account, {"close_time": datetime.now(UTC) if closed else None})
                await record(session, audit_event, action, to_id("acct", account_id))
        return await self._now(account_id)

    async def _change(self, action: str, account_id: UUID, values: Mapping[str, Any]) -> txn_pb2.Account:
        async with self._locked(account_id) as (session, account):
            if await store.update_account(session, account, values):
                await record(session, audit_event, action, to_id("acct", account_id))
                await audit_anchor(session, account_id, account.initial_balance_minor)
        return await self._now(account_id)

    @asynccontextmanager
    async def _locked(self, account_id: UUID) -> AsyncIterator[tuple[WriteSession, Account]]:
        caller = call.caller()
        async with self._turns.of(caller.subject, account_id) as wait_seconds, self._database.write() as session:
            yield session, await lock(session, caller, account_id, wait_seconds)

    async def _now(self, account_id: UUID) -> txn_pb2.Account:
        async with self._database.read() as session:
            return account_to_proto((await store.find(session, call.caller(), [account_id]))[account_id])

    async def _read(self, action: str, account_ids: Collection[UUID], *, full: bool) -> dict[UUID, txn_pb2.Account]:
        async def find(session: ReadSession) -> list[Seen]:
            return list((await store.find(session, call.caller(), account_ids)).values())

        seen = await self._seen(find, full=full)
        await audit_reading(self._database, action, {one.account.id: one.access for one in seen})
        return {one.account.id: account_to_proto(one, full=full) for one in seen}

    async def _seen(self, find: Callable[[ReadSession], Awaitable[list[Seen]]], *, full: bool) -> list[Seen]:
        if full:
            return await self._digests.read(find)
        async with self._database.read(snapshot=True) as session:
            return await find(session)

    async def _summarise(
        self, action: str, account_ids: Collection[UUID], months: txn_pb2.MonthRange
    ) -> dict[UUID, txn_pb2.Summary]:
        span, most = span_of(months), self._settings.summary_months
        async with self._database.read(snapshot=True) as session:
            found = await summaries.read(session, call.caller(), account_ids, span, months_max=most)
        await audit_reading(self._database, action, {key: figures.access for key, figures in found.items()})
        return {
            key: summary_to_proto(figures.currency_code, figures.months, figures.balance_before_minor)
            for key, figures in found.items()
        }

    async def _cover(self, action: str, account_ids: Collection[UUID]) -> dict[UUID, txn_pb2.ListCoverageResponse]:
        async with self._database.read() as session:
            found = await coverage.read(session, call.caller(), account_ids)
        await audit_reading(self._database, action, {key: covered.access for key, covered in found.items()})
        return {key: coverage_to_proto(covered.periods) for key, covered in found.items()}
