"""A question and its answer, whatever is delivered twice or lost, and whoever dies meanwhile."""

from typing import Any

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from tests.service.importing import Uploads, events, get, post, start
from tests.service.messaging import eventually
from tests.service.reviewing import FAILED, NEEDS_ANSWER, answering
from tests.service.txn import Client, Txn
from txn_svc.imports import importer as importer_module
from txn_svc.imports.sweep import Sweep

UNCLEAR = b"date,description,amount\n3/4/2026,Coffee,-3.50\n"


class Killed(BaseException):
    """Stands for a kill: no handler of the product catches it."""


async def test_a_redelivered_announcement_asks_nothing_again(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, import_id = await uploaded(txn_whole)
    announced = await uploads.announcement()
    await uploads.deliver(txn_database, announced)
    found = await get(person, import_id)

    for _ in range(3):
        await uploads.deliver(txn_database, announced)

    assert found is not None
    assert found.state == NEEDS_ANSWER
    assert await get(person, import_id) == found
    assert len(await events(txn_urls, import_id)) == 1


async def test_an_importer_killed_at_a_question_asks_at_the_next_delivery(
    txn_whole: Txn,
    uploads: Uploads,
    txn_database: Database,
    txn_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, import_id = await uploaded(txn_whole)
    announced = await uploads.announcement()

    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(importer_module, "ask_about", killed)
        with pytest.raises(Killed):
            await uploads.importer(txn_database).handle(announced)
    stopped = await get(person, import_id)
    await uploads.deliver(txn_database, announced)

    found = await get(person, import_id)
    assert stopped is not None
    assert found is not None
    assert (stopped.state, found.state) == (txn_pb2.IMPORT_STATE_PLANNING, NEEDS_ANSWER)
    assert len(await events(txn_urls, import_id)) == 1


async def test_an_answer_is_acted_on_at_any_time_and_ended_where_its_message_is_lost(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, import_id = await uploaded(txn_whole)
    await uploads.deliver(txn_database, await uploads.announcement())
    sweep = Sweep(txn_database, uploads.settings.model_copy(update={"orphan_seconds": 0}))
    await sweep.once()
    asked = await get(person, import_id)
    await person.imports.AnswerImport(answering(import_id, ("DATE_ORDER", "DMY")))

    await sweep.once()
    untold = await get(person, import_id)
    async with uploads.relaying(txn_database):
        await eventually(lambda: all_told(txn_urls))
    uploads.aws.client("sqs").purge_queue(QueueUrl=uploads.queue.url)
    await sweep.once()

    ended = await get(person, import_id)
    assert asked is not None
    assert untold is not None
    assert ended is not None
    # A question waits for ever; an answer that the queue has not been told of is nobody's fault but the queue's.
    assert (asked.state, untold.state) == (NEEDS_ANSWER, txn_pb2.IMPORT_STATE_PLANNING)
    assert (ended.state, ended.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_INTERNAL)


async def uploaded(txn: Txn) -> tuple[Client, str]:
    """An unclear file in S3, announced; nobody works on it yet."""
    person = await txn.person()
    started = await start(person, (await person.open_account()).id, UNCLEAR)
    assert await post(started.upload, UNCLEAR) == 204
    return person, started.id


def all_told(urls: DatabaseUrls) -> bool:
    with psycopg.connect(urls.owner) as connection:
        query = "SELECT count(*) FROM outbox WHERE destination = 'imports' AND publish_time IS NULL"
        return connection.execute(query).fetchone() == (0,)
