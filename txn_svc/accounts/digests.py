"""Ledger digests: computed from the rows of one snapshot, kept for the version they belong to."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, literal, null, select
from sqlalchemy.dialects.postgresql import insert

from runtime.database import Database, ReadSession
from txn_svc.accounts.store import Seen
from txn_svc.ledger.digest import Digest, DigestRow
from txn_svc.model import Account, AccountDigest, Transaction

_ROWS_AT_ONCE = 1000


async def complete(session: ReadSession, accounts: Iterable[Seen]) -> dict[UUID, str]:
    """The digest of each account, by id. The session must be the snapshot that the accounts were read in."""
    return {seen.account.id: seen.digest or await _compute(session, seen.account) for seen in accounts}


async def keep(database: Database, accounts: Iterable[Seen], digests: dict[UUID, str]) -> None:
    """Keeps those that had to be computed, unless a newer version's is kept already."""
    rows = [
        {"account_id": seen.account.id, "version": seen.account.version, "digest": digests[seen.account.id]}
        for seen in sorted(accounts, key=lambda seen: seen.account.id)
        if seen.digest is None and seen.account.id in digests
    ]
    if not rows:
        return
    statement = insert(AccountDigest).values(rows)
    new = statement.excluded
    async with database.write() as session:
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
    # No format known yet declares its ids stable, so none is part of a transaction's identity.
    query = (
        select(
            Transaction.booked_on,
            amount,
            currency_code.label("currency_code"),
            Transaction.description,
            null().label("stable_id"),
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
