"""Ledger digests: computed from the rows of one snapshot, kept for the version they belong to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, literal, select
from sqlalchemy.dialects.postgresql import insert

from runtime.database import Database, ReadSession
from txn_svc.accounts.store import Seen
from txn_svc.ledger.digest import Digest, DigestRow
from txn_svc.model import Account, AccountDigest, Transaction

ATTEMPTS = 2
AT_ONCE = 2
COMPUTE_SECONDS = 600.0
_ROWS_AT_ONCE = 1000


class Digests:
    """Digests as they are read with their accounts.

    One that has to be computed is kept, and goes on being computed when its caller leaves: of a large account the
    next one who asks finds it done.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._computing: dict[UUID, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    async def read(self, find: Callable[[ReadSession], Awaitable[list[Seen]]]) -> list[Seen]:
        """What `find` gives, in one snapshot, each with its digest."""
        for _ in range(ATTEMPTS):
            async with self._database.read(snapshot=True) as session:
                seen = await find(session)
            missing = [one.account.id for one in seen if one.digest is None]
            if not missing:
                return seen
            await asyncio.gather(*(asyncio.shield(self._computed(account_id)) for account_id in missing))
        # It changes faster than it can be kept.
        async with self._database.read(snapshot=True) as session:
            return [
                one if one.digest else one._replace(digest=await _compute(session, one.account))
                for one in await find(session)
            ]

    def _computed(self, account_id: UUID) -> "asyncio.Task[None]":
        task = self._computing.get(account_id)
        if task is None:
            task = asyncio.create_task(self._compute_and_keep(account_id))
            self._computing[account_id] = task
            task.add_done_callback(lambda _: self._computing.pop(account_id, None))
        return task

    async def _compute_and_keep(self, account_id: UUID) -> None:
        async with self._places, asyncio.timeout(COMPUTE_SECONDS):
            async with self._database.read(snapshot=True) as session:
                account = await session.scalar(select(Account).where(Account.id == account_id))
                digest = await _compute(session, account)
            await self._keep(account, digest)

    async def _keep(self, account: Account, digest: str) -> None:
        """Keeps it unless a newer version's is kept already."""
        values = {"account_id": account.id, "version": account.version, "digest": digest}
        statement = insert(AccountDigest).values(values)
        new = statement.excluded
        async with self._database.write() as session:
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=[AccountDigest.account_id],
                    set_={"version": new.version, "digest": new.digest},
                    where=AccountDigest.version < new.version,
                )
            )


async def ledger_rows(session: ReadSession, account: Account) -> AsyncIterator[Row[Any]]:
    """The account's transactions in the order a digest takes them: the fields of a DigestRow, then id and identity."""
    currency_code, amount = literal(account.currency_code), Transaction.amount_minor
    query = (
        select(
            Transaction.booked_on,
            amount,
            currency_code.label("currency_code"),
            Transaction.description,
            case((Transaction.has_stable_id, Transaction.external_id)).label("stable_id"),
            Transaction.occurrence,
            Transaction.id,
            Transaction.identity,
        )
        .where(Transaction.account_id == account.id)
        .order_by(Transaction.booked_on, amount)
    )
    rows = await session.stream(query)
    async for some in rows.partitions(_ROWS_AT_ONCE):
        for row in some:
            yield row


def digest_row(row: Row[Any]) -> DigestRow:
    return DigestRow._make(row[: len(DigestRow._fields)])


async def _compute(session: ReadSession, account: Account) -> str:
    digest = Digest()
    async for row in ledger_rows(session, account):
        digest.add(digest_row(row))
    return digest.hexdigest()
