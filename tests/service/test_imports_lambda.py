"""The importer as a Lambda function: the same core, partial batch responses, an end before Lambda's."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from tests.service.importing import BRIEF, Uploads, get, post, start
from tests.service.txn import Client, Txn
from txn_svc.imports import lambda_function
from txn_svc.imports.importer import RECEIVES_MAX

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
FAILED = txn_pb2.IMPORT_STATE_FAILED


@dataclass(frozen=True)
class Context:
    remaining_millis: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_millis


def record(message_id: str, body: str, receive_count: int = 1) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count), "SentTimestamp": "1790000000000"},
        "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:imports",
    }


@pytest.fixture
def function(
    uploads: Uploads,
    emulator: Emulator,
    txn_urls: DatabaseUrls,
    own_logs: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Handler:
    """The handler in a new execution environment."""
    settings = uploads.settings
    for name, value in {
        "STORI_ENVIRONMENT": "local",
        "STORI_DATABASE_URL": txn_urls.application,
        "STORI_UPLOADS_BUCKET": settings.uploads_bucket,
        "STORI_IMPORTS_QUEUE_URL": settings.imports_queue_url,
        "AWS_REGION": settings.region,
        "AWS_ENDPOINT_URL": emulator.url,
    }.items():
        monkeypatch.setenv(name, value)
    lambda_function._invoke.cache_clear()
    return lambda_function.handler


async def uploaded(txn: Txn, uploads: Uploads) -> tuple[Client, txn_pb2.Import, str]:
    """Somebody, their import, and S3's message of it."""
    person = await txn.person()
    started = await start(person, (await person.open_account()).id)
    await post(started.upload, BRIEF)
    return person, started, (await uploads.announcement()).body


async def test_only_the_bad_one_of_a_batch_comes_again(txn_whole: Txn, uploads: Uploads, function: Handler) -> None:
    person, started, announced = await uploaded(txn_whole, uploads)
    batch = {"Records": [record("bad", "no event"), record("good", announced), record("test", '{"Records":[]}')]}

    answer = await asyncio.to_thread(function, batch, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    done = await get(person, started.id)
    assert done is not None
    assert done.state == txn_pb2.IMPORT_STATE_COMPLETED


async def test_an_import_that_cannot_end_in_time_comes_again_and_fails_after_the_last_time(
    txn_whole: Txn,
    uploads: Uploads,
    function: Handler,
    txn_urls: DatabaseUrls,
    capsys: pytest.CaptureFixture[str],
) -> None:
    person, started, announced = await uploaded(txn_whole, uploads)
    # Long enough that a busy machine comes to the lock, and then, in a quarter of it, ends the import.
    context = Context(11_000)

    async with account_locked(txn_urls, started.account_id):
        first = await asyncio.to_thread(function, {"Records": [record("1", announced)]}, context)
        between = await get(person, started.id)
        last = await asyncio.to_thread(function, {"Records": [record("5", announced, RECEIVES_MAX)]}, context)

    assert first == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert between is not None
    assert between.state == txn_pb2.IMPORT_STATE_COMMITTING
    assert last == {"batchItemFailures": []}
    ended = await get(person, started.id)
    assert ended is not None
    assert (ended.state, ended.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_TOO_LARGE)
    assert ended.failure == (
        "Importing this file takes longer than there is time for. Nothing was imported; upload it in parts."
    )
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    out_of_time = [line for line in said if line["event"] == "import out of time"]
    assert [(line["import_id"], line["level"]) for line in out_of_time] == [(started.id, "error")] * 2


@asynccontextmanager
async def account_locked(urls: DatabaseUrls, account_id: str) -> AsyncIterator[None]:
    """Keeps every commit into the account waiting inside the block, by the lock that a commit takes."""
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        await connection.execute("SELECT 1 FROM account WHERE id = %s FOR NO KEY UPDATE", [from_id("acct", account_id)])
        yield
