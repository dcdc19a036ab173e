"""An importer of a test's own: a versioned bucket that announces to a queue, and the importer that reads it."""

import asyncio
import json
import urllib.parse
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import psycopg

from local.emulator import REGION, Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.aws import Aws
from runtime.database import Database
from runtime.messages.consumer import Consumer
from runtime.messages.message import Message
from runtime.messages.relay import Relay
from runtime.messages.sqs import SqsPublisher
from tests.service.messaging import TestQueue, eventually, redrive
from tests.service.txn import Client
from txn_svc.imports.due import IMPORTS
from txn_svc.imports.importer import Importer
from txn_svc.imports.worker import ImporterProcessSettings

BRIEF = b"Id,Date,Transaction\n0,7/15,+60.5\n1,7/28,-10.3\n2,8/2,-20.46\n3,8/13,+10\n"
SETTLED = {
    txn_pb2.IMPORT_STATE_COMPLETED,
    txn_pb2.IMPORT_STATE_FAILED,
    txn_pb2.IMPORT_STATE_EXPIRED,
    txn_pb2.IMPORT_STATE_REVERTED,
    txn_pb2.IMPORT_STATE_DISCARDED,
}


@dataclass
class Uploads:
    """The bucket, the queue it announces to, and the importer's settings for both."""

    aws: Aws
    bucket: str
    queue: TestQueue
    dead: TestQueue
    settings: ImporterProcessSettings

    @classmethod
    def create(cls, aws: Aws, emulator: Emulator, urls: DatabaseUrls, **changes: Any) -> "Uploads":
        dead = TestQueue.create(aws)
        queue = TestQueue.create(aws, RedrivePolicy=redrive(dead, 5))
        bucket, s3 = f"uploads-{uuid4()}", aws.client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        announce = {"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [announce]}
        )
        values = {
            "environment": "local",
            "database_url": urls.application,
            "region": REGION,
            "endpoint_url": emulator.url,
            "uploads_bucket": bucket,
            "imports_queue_url": queue.url,
            "consumer_poll_seconds": 1,
            "consumer_retry_first_seconds": 0,
            "busy_retry_seconds": 0,
            "drain_seconds": 5,
            **changes,
        }
        return cls(aws, bucket, queue, dead, ImporterProcessSettings(**values))

    def importer(self, database: Database, **changes: Any) -> Importer:
        return Importer(database, self.aws, self.settings.model_copy(update=changes))

    @asynccontextmanager
    async def running(self, database: Database, **changes: Any) -> AsyncIterator[None]:
        """A consumer with the importer and the relay that tells it of due imports, as in their processes.

        `changes` are of the importer's settings.
        """
        settings = self.settings.model_copy(update=changes)
        consumer = Consumer(self.aws, self.queue.url, self.importer(database, **changes).handle, settings)
        async with self.relaying(database), until_stopped(consumer.run):
            yield

    @asynccontextmanager
    async def relaying(self, database: Database) -> AsyncIterator[None]:
        """The relay that tells the queue of due imports."""
        relay = Relay(database.url, {IMPORTS: SqsPublisher(self.aws, self.queue.url)})
        async with until_stopped(relay.run):
            yield

    async def deliver(self, database: Database, *announced: Message, **changes: Any) -> None:
        """Puts the messages into the queue and runs an importer until nothing waits there and nothing is hidden."""
        await self.queue.send(*(one.body for one in announced))
        async with self.running(database, consumer_poll_seconds=0, **changes):
            await eventually(self.queue.is_empty)

    async def put(self, key: str, content: bytes) -> str:
        """Stores an object; its version."""
        answer = await self.aws.call(self.aws.client("s3").put_object, Bucket=self.bucket, Key=key, Body=content)
        return str(answer["VersionId"])

    async def announcement(self) -> Message:
        """The next message that S3 sent, taken from the queue; its own test message is passed over."""
        while True:
            (raw,) = await self.queue.take(1)
            if "s3:TestEvent" not in raw["Body"]:
                return message(raw["Body"])


@asynccontextmanager
async def until_stopped(run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs a worker inside the block, and lets it end in peace."""
    stopping = asyncio.Event()
    work = asyncio.create_task(run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await work


def message(body: str) -> Message:
    from datetime import UTC, datetime

    return Message(str(uuid4()), body, 1, datetime.now(UTC), {})


def event(bucket: str, key: str, **described: Any) -> str:
    """An S3 event of one created object."""
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-20T12:00:00.000Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": urllib.parse.quote_plus(key, safe="/"), **described}},
    }
    return json.dumps({"Records": [record]})


async def start(client: Client, account_id: str, content: bytes = BRIEF, **changes: Any) -> txn_pb2.Import:
    values = {
        "account_id": account_id,
        "file_name": "brief.csv",
        "size_bytes": len(content),
        "review": txn_pb2.REVIEW_NEVER,
        **changes,
    }
    return (await client.imports.StartImport(txn_pb2.StartImportRequest(**values))).statement_import


async def post(upload: txn_pb2.ImportUpload, content: bytes, **changes: str) -> int:
    """What a browser does with the form; the status S3 answers."""
    fields = {field.name: field.value for field in upload.fields} | changes
    async with httpx2.AsyncClient() as browser:
        answer = await browser.post(upload.url, data=fields, files={"file": ("brief.csv", content)})
    return answer.status_code


async def imported(client: Client, account_id: str, content: bytes = BRIEF) -> txn_pb2.Import:
    """Starts an import, posts the file, and follows it to its end; an importer must be running."""
    started = await start(client, account_id, content)
    assert await post(started.upload, content) == 204
    return await settled(client, started.id)


async def settled(client: Client, import_id: str) -> txn_pb2.Import:
    last = txn_pb2.Import()
    async for change in client.imports.WatchImports(txn_pb2.WatchImportsRequest(import_id=import_id), timeout=30):
        last = change.statement_import
    assert last.state in SETTLED
    return last


async def get(client: Client, import_id: str) -> txn_pb2.Import | None:
    answer = await client.imports.BatchGetImports(txn_pb2.BatchGetImportsRequest(import_ids=[import_id]))
    (result,) = answer.results
    return result.statement_import if result.HasField("statement_import") else None


async def newest(client: Client, account_id: str) -> txn_pb2.Import:
    answer = await client.imports.ListImports(txn_pb2.ListImportsRequest(account_id=account_id, page_size=1))
    return answer.imports[0]


async def account(client: Client, account_id: str) -> txn_pb2.Account:
    request = txn_pb2.GetAccountRequest(account_id=account_id, view=txn_pb2.ACCOUNT_VIEW_FULL)
    return (await client.accounts.GetAccount(request)).account


async def events(urls: DatabaseUrls, import_id: str) -> list[dict[str, Any]]:
    """What the outbox holds about an import, oldest first."""
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        cursor = await connection.execute("SELECT body FROM outbox WHERE subject = %s ORDER BY position", [import_id])
        return [json.loads(body) for (body,) in await cursor.fetchall()]
