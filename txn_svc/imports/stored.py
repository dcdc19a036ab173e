"""Stored objects as an operator looks at them: which of them have an import, and which would start one.

It decides as the importer does (take.py), without doing it.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from protos.txn.v1 import txn_pb2
from runtime.aws import Aws, AwsError
from runtime.database import Database
from runtime.ids import to_id
from runtime.refusals import Unavailable
from txn_svc.imports import store
from txn_svc.imports.objects import DropKey, Ignored, UploadKey, place
from txn_svc.imports.origin import origin_of
from txn_svc.imports.store import Kept
from txn_svc.imports.take import NO_OPEN_ACCOUNT
from txn_svc.model import IMPORT_STATES_DUE

# Forms are signed by the same threads meanwhile.
LOOKS_AT_ONCE = 8

HAVE_IMPORT = frozenset({txn_pb2.STORED_OBJECT_STATE_IMPORTED, txn_pb2.STORED_OBJECT_STATE_UNFINISHED})

Named = UploadKey | DropKey | Ignored
Result = txn_pb2.BatchGetStoredObjectsResult


async def look_at(database: Database, aws: Aws, bucket: str, objects: Sequence[txn_pb2.StoredObject]) -> list[Result]:
    """One result for each, in their order. Raises Unavailable where S3 does not answer."""
    named = [_named(one.key) for one in objects]
    async with database.read() as session:
        imports = await store.kept(
            session,
            {name.import_id for name in named if isinstance(name, UploadKey)},
            {(one.key, one.version_id) for one, name in zip(objects, named, strict=True) if isinstance(name, DropKey)},
        )
    known = [
        imports.get(name.import_id if isinstance(name, UploadKey) else (one.key, one.version_id))
        for one, name in zip(objects, named, strict=True)
    ]
    accounts = await _accounts(aws, bucket, objects, named, known)
    async with database.read() as session:
        is_open = await store.open_accounts(session, {account for account in accounts if isinstance(account, UUID)})
    return [
        _of_import(one, row) if row else _of_account(one, name, account, is_open)
        for one, name, row, account in zip(objects, named, known, accounts, strict=True)
    ]


def _named(key: str) -> Named:
    try:
        return place(key)
    except Ignored as ignored:
        return ignored


async def _accounts(
    aws: Aws, bucket: str, objects: Sequence[txn_pb2.StoredObject], named: Sequence[Named], known: Sequence[Kept | None]
) -> list[UUID | Ignored]:
    """Of each object that has no import the account in which it would start one, or why it would not."""
    turns = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def account(one: txn_pb2.StoredObject, name: Named, row: Kept | None) -> UUID | Ignored:
        if row is not None:
            return row.account_id
        if isinstance(name, UploadKey):
            async with turns:
                return await _said(aws, bucket, one)
        return name.account_id if isinstance(name, DropKey) else name

    try:
        asked = [account(*each) for each in zip(objects, named, known, strict=True)]
        return await asyncio.gather(*asked)
    except AwsError:
        raise Unavailable("S3 does not answer.") from None


async def _said(aws: Aws, bucket: str, one: txn_pb2.StoredObject) -> UUID | Ignored:
    try:
        return (await origin_of(aws, bucket, one.key, one.version_id)).account_id
    except Ignored as ignored:
        return ignored


def _of_import(one: txn_pb2.StoredObject, row: Kept) -> Result:
    is_awaited = row.object_version is None
    is_due = row.object_version == one.version_id and row.state in IMPORT_STATES_DUE
    return Result(
        object=one,
        state=txn_pb2.STORED_OBJECT_STATE_UNFINISHED if is_awaited or is_due else txn_pb2.STORED_OBJECT_STATE_IMPORTED,
        import_id=to_id("imp", row.id),
        account_id=to_id("acct", row.account_id),
    )


def _of_account(one: txn_pb2.StoredObject, name: Named, account: UUID | Ignored, is_open: set[UUID]) -> Result:
    result = Result(object=one, state=txn_pb2.STORED_OBJECT_STATE_MISSING)
    if isinstance(name, UploadKey):
        result.import_id = to_id("imp", name.import_id)
    if isinstance(account, UUID):
        result.account_id = to_id("acct", account)
    if not isinstance(account, UUID) or account not in is_open:
        result.state = txn_pb2.STORED_OBJECT_STATE_IGNORED
        result.reason = str(account) if isinstance(account, Ignored) else NO_OPEN_ACCOUNT
    return result
