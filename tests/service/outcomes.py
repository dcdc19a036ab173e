"""What a test of imports looks at afterwards: figures, stored objects, and that nothing is half done."""

import asyncio

import psycopg

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from tests.service.importing import Uploads, account, get, newest, settled
from tests.service.messaging import eventually
from tests.service.txn import Client


async def found(client: Client, import_id: str) -> txn_pb2.Import:
    answer = await get(client, import_id)
    assert answer is not None
    return answer


async def figures(client: Client, account_id: str) -> tuple[int, str]:
    seen = await account(client, account_id)
    return seen.balance_minor, seen.ledger_digest


async def dropped(client: Client, uploads: Uploads, account_id: str, name: str, content: bytes) -> txn_pb2.Import:
    await uploads.put(f"drops/{account_id}/{name}", content)
    return await settled(client, await import_of(client, account_id))


async def import_of(client: Client, account_id: str) -> str:
    async def is_there() -> bool:
        answer = await client.imports.ListImports(txn_pb2.ListImportsRequest(account_id=account_id))
        return bool(answer.imports)

    await eventually(is_there)
    return (await newest(client, account_id)).id


async def stored(uploads: Uploads, key: str) -> bytes | None:
    s3 = uploads.aws.client("s3")
    try:
        answer = await uploads.aws.call(s3.get_object, Bucket=uploads.bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return None
    content: bytes = await asyncio.to_thread(answer["Body"].read)
    return content


async def assert_nothing_half_done(client: Client, urls: DatabaseUrls, failed: txn_pb2.Import) -> None:
    assert (failed.row_count, failed.imported_count, failed.duplicate_count, failed.rejected_count) == (0, 0, 0, 0)
    assert failed.HasField("finish_time")
    assert not failed.summary.transaction_count
    this = from_id("imp", failed.id)
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        for table in ("import_row", "import_month", "transaction"):
            cursor = await connection.execute(f"SELECT count(*) FROM {table} WHERE import_id = %s", [this])
            assert await cursor.fetchone() == (0,)
