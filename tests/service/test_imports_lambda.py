"""The importer as a Lambda function: the same core, partial batch responses."""

import asyncio
from typing import Any

import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from tests.service.importing import BRIEF, Uploads, get, post, start
from tests.service.txn import Txn
from txn_svc.imports import lambda_function


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def record(message_id: str, body: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000"},
        "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:imports",
    }


async def test_only_the_bad_one_of_a_batch_comes_again(
    txn_whole: Txn, uploads: Uploads, emulator: Emulator, txn_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    await post(started.upload, BRIEF)
    announced = await uploads.announcement()
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
    batch = {"Records": [record("bad", "no event"), record("good", announced.body), record("test", '{"Records":[]}')]}

    answer = await asyncio.to_thread(lambda_function.handler, batch, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    done = await get(person, started.id)
    assert done is not None
    assert done.state == txn_pb2.IMPORT_STATE_COMPLETED
