"""txn.v1.TransactionService: checks the request, opens the one transaction of the call, makes the answer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime import call
from runtime.database import Database, WriteSession
from runtime.ids import from_id
from runtime.refusals import InvalidArgument
from txn_svc.access import account_missing, audit_reading
from txn_svc.fields import batch_ids
from txn_svc.idempotency import once
from txn_svc.settings import LedgerSettings
from txn_svc.transactions import manual, store
from txn_svc.transactions.exporting import TransactionExports
from txn_svc.transactions.listing import Listing, filter_of, listing_of, start_of
from txn_svc.transactions.mapping import transaction_to_proto
from txn_svc.transactions.pages import page_to_proto
from txn_svc.transactions.requests import annotation, new_transaction
from txn_svc.transactions.store import Ledger
from txn_svc.turns import Turns


class TransactionServicer(txn_pb2_grpc.TransactionServiceServicer):
    def __init__(self, database: Database, settings: LedgerSettings) -> None:
        self._database = database
        self._settings = settings
        self._exports = TransactionExports(database)
        self._turns = Turns(settings.account_wait_seconds)

    async def BatchGetTransactions(
        self, request: txn_pb2.BatchGetTransactionsRequest, context: Any
    ) -> txn_pb2.BatchGetTransactionsResponse:
        transaction_ids = batch_ids("txn", "transaction_ids", request.transaction_ids)
        async with self._database.read() as session:
            rows = await store.find(session, call.caller(), transaction_ids)
        await audit_reading(self._database, "BatchGetTransactions", {row.account_id: row.access for row in rows})
        found = {row.id: transaction_to_proto(row, row.currency_code) for row in rows}
        results = [
            txn_pb2.BatchGetTransactionsResult(transaction_id=text, transaction=found.get(transaction_id))
            for text, transaction_id in zip(request.transaction_ids, transaction_ids, strict=True)
        ]
        return txn_pb2.BatchGetTransactionsResponse(results=results)

    async def ListTransactions(
        self, request: txn_pb2.ListTransactionsRequest, context: Any
    ) -> txn_pb2.ListTransactionsResponse:
        account_ids = batch_ids("acct", "account_ids", request.account_ids)
        listing = listing_of(request)
        start = start_of(listing, account_ids, request.page_token)
        caller = call.caller()
        async with self._database.read(snapshot=True) as session:
            named = store.ledgers(session, caller, account_ids) if account_ids else store.own_ledgers(session, caller)
            ledgers = await named
            if not ledgers.keys() >= set(account_ids):
                raise account_missing()
            rows = await store.page(session, ledgers, listing, start)
            totals = await store.totals(session, ledgers.values(), listing) if request.with_totals else None
        await self._audit("ListTransactions", ledgers)
        return page_to_proto(listing, account_ids, ledgers, rows, totals)

    async def BatchListTransactions(
        self, request: txn_pb2.BatchListTransactionsRequest, context: Any
    ) -> txn_pb2.BatchListTransactionsResponse:
        account_ids = batch_ids("acct", "account_ids", request.account_ids, twice=False)
        listing = listing_of(request)
        self._require_bounded(len(account_ids), listing)
        async with self._database.read(snapshot=True) as session:
            ledgers = await store.ledgers(session, call.caller(), account_ids)
            pages = await store.first_pages(session, list(ledgers), listing)
            totals = await store.totals(session, ledgers.values(), listing) if request.with_totals else None
        await self._audit("BatchListTransactions", ledgers)
        results = [
            txn_pb2.BatchListTransactionsResult(
                account_id=text, page=_page_of(ledgers.get(account_id), listing, pages, totals)
            )
            for text, account_id in zip(request.account_ids, account_ids, strict=True)
        ]
        return txn_pb2.BatchListTransactionsResponse(results=results)

    async def RecordTransaction(
        self, request: txn_pb2.RecordTransactionRequest, context: Any
    ) -> txn_pb2.RecordTransactionResponse:
        call.person()
        wanted = new_transaction(request)

        async with self._turns.of(call.caller().subject, wanted.account_id) as wait_seconds:

            async def work(session: WriteSession) -> txn_pb2.RecordTransactionResponse:
                recorded = await manual.record_by_hand(session, wanted, wait_seconds)
                (row,) = await store.find(session, call.caller(), [recorded])
                return txn_pb2.RecordTransactionResponse(transaction=transaction_to_proto(row, row.currency_code))

            return await once(
                self._database,
                "RecordTransaction",
                request.idempotency_key,
                request,
                txn_pb2.RecordTransactionResponse,
                work,
            )

    async def UpdateTransactions(
        self, request: txn_pb2.UpdateTransactionsRequest, context: Any
    ) -> txn_pb2.UpdateTransactionsResponse:
        call.person()
        transaction_ids = batch_ids("txn", "transaction_ids", request.transaction_ids, twice=False)
        values = annotation(request)
        async with self._database.write() as session:
            rows = await manual.annotate(session, transaction_ids, values)
        return txn_pb2.UpdateTransactionsResponse(
            transactions=[transaction_to_proto(row, row.currency_code) for row in rows]
        )

    async def DeleteTransaction(
        self, request: txn_pb2.DeleteTransactionRequest, context: Any
    ) -> txn_pb2.DeleteTransactionResponse:
        call.person()
        transaction_id = from_id("txn", request.transaction_id, "transaction_id")
        async with self._database.read() as reading:
            account_id = await manual.account_of(reading, transaction_id)
        async with (
            self._turns.of(call.caller().subject, account_id) as wait_seconds,
            self._database.write() as session,
        ):
            await manual.delete_by_hand(session, account_id, transaction_id, wait_seconds)
            rows = await store.find(session, call.caller(), [transaction_id])
        return txn_pb2.DeleteTransactionResponse(
            transaction=transaction_to_proto(rows[0], rows[0].currency_code) if rows else None
        )

    async def ExportTransactions(
        self, request: txn_pb2.ExportTransactionsRequest, context: Any
    ) -> AsyncIterator[txn_pb2.ExportTransactionsResponse]:
        account_id = from_id("acct", request.account_id, "account_id")
        export = await self._exports.of_account(call.caller(), account_id, filter_of(request.filter))
        async for data in export.chunks():
            yield txn_pb2.ExportTransactionsResponse(data=data)

    async def _audit(self, action: str, ledgers: Mapping[UUID, Ledger]) -> None:
        await audit_reading(self._database, action, {key: one.access for key, one in ledgers.items()})

    def _require_bounded(self, accounts: int, listing: Listing) -> None:
        most = self._settings.batch_transactions
        if accounts * listing.size > most:
            what = f"must be at most {most // accounts} for {accounts} accounts"
            raise InvalidArgument(
                f"page_size {what}.",
                reason="BATCH_TOO_LARGE",
                fields={"page_size": what},
                metadata={"batch_transactions": str(most)},
            )


def _page_of(
    ledger: Ledger | None,
    listing: Listing,
    pages: Mapping[UUID, Sequence[Row[Any]]],
    totals: Mapping[UUID, store.Total] | None,
) -> txn_pb2.ListTransactionsResponse | None:
    if ledger is None:
        return None
    key = ledger.account_id
    return page_to_proto(listing, [key], {key: ledger}, pages[key], None if totals is None else {key: totals[key]})
