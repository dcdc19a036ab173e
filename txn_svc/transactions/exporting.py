"""An account's transactions as Stori's own file."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Row

from runtime.call import Caller
from runtime.database import Database, ReadSession
from runtime.ids import to_id
from txn_svc.access import Verb, audit_reading, require
from txn_svc.exports import CSV_OF_OURS, Export, chunks_of, spooled
from txn_svc.ledger.money import Currency, currency
from txn_svc.statement.export import ExportedTransaction, transactions_csv
from txn_svc.transactions import store
from txn_svc.transactions.listing import Filter


class TransactionExports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_account(self, caller: Caller, account_id: UUID, wanted: Filter) -> Export:
        """What the filter lets through of one state of the account, oldest first. Raises as `require`."""
        async with self._database.read() as session:
            await require(session, caller, Verb.READ, account_id)
            access = (await store.ledgers(session, caller, [account_id]))[account_id].access
        await audit_reading(self._database, "ExportTransactions", {account_id: access})
        name = f"{to_id('acct', account_id)}.csv"
        return Export(name, CSV_OF_OURS, partial(self._chunks, caller, account_id, wanted))

    async def _chunks(self, caller: Caller, account_id: UUID, wanted: Filter) -> AsyncIterator[bytes]:
        with spooled() as file:
            async with self._database.read(snapshot=True) as session:
                account = await require(session, caller, Verb.READ, account_id)
                await _write(session, file, account_id, wanted, currency(account.currency_code))
            async for data in chunks_of(file):
                yield data


async def _write(session: ReadSession, file: BinaryIO, account_id: UUID, wanted: Filter, unit: Currency) -> None:
    await asyncio.to_thread(_append, file, [], unit, has_header=True)
    async for rows in store.matching_rows(session, account_id, wanted):
        await asyncio.to_thread(_append, file, rows, unit, has_header=False)


def _append(file: BinaryIO, rows: Sequence[Row[Any]], unit: Currency, *, has_header: bool) -> None:
    exported = (
        ExportedTransaction(
            booked_on=row.booked_on,
            value_on=row.value_on,
            amount_minor=row.amount_minor,
            description=row.description,
            category=row.category,
            note=row.note,
            external_id=row.external_id,
            occurrence=row.occurrence,
            has_stable_id=row.has_stable_id,
        )
        for row in rows
    )
    file.writelines(text.encode() for text in transactions_csv(exported, unit, has_header=has_header))
