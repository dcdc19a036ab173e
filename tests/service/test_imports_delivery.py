"""Whatever is delivered twice, late, at once, from elsewhere or not at all: each row is in the ledger exactly once."""

import asyncio
import json
import os
import socket
from contextlib import suppress
from socket import TCP_KEEPIDLE, TCP_USER_TIMEOUT
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database, DatabaseSettings, open_database
from runtime.ids import new_id, to_id
from tests.service.importing import BRIEF, Uploads, account, event, events, get, message, newest, post, settled, start
from tests.service.messaging import eventually
from tests.service.reviewing import csv
from tests.service.txn import Client, Txn
from txn_svc.imports import commit as commit_module
from txn_svc.imports import importer as importer_module
from txn_svc.imports.claim import Busy, claim, connect, file_of
from txn_svc.imports.importer import RECEIVES_MAX
from txn_svc.imports.sweep import Sweep

PLANNING, COMMITTING = txn_pb2.IMPORT_STATE_PLANNING, txn_pb2.IMPORT_STATE_COMMITTING
COMPLETED, FAILED = txn_pb2.IMPORT_STATE_COMPLETED, txn_pb2.IMPORT_STATE_FAILED
EXPIRED = txn_pb2.IMPORT_STATE_EXPIRED


async def uploaded(txn: Txn, content: bytes = BRIEF) -> tuple[Client, txn_pb2.Import]:
    """An import whose file is in S3 and announced; nobody works on it yet."""
    person = await txn.person()
    started = await start(person, (await person.open_account()).id, content)
    assert await post(started.upload, content) == 204
    return person, started


async def found(client: Client, import_id: str) -> txn_pb2.Import:
    answer = await get(client, import_id)
    assert answer is not None
    return answer


async def audited(urls: DatabaseUrls, import_id: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        cursor = await connection.execute("SELECT action FROM audit_event WHERE resource = %s ORDER BY id", [import_id])
        return [action for (action,) in await cursor.fetchall()]


def times_put_back() -> float:
    return REGISTRY.get_sample_value("stori_import_objects_total", {"outcome": "put_back"}) or 0.0


class Killed(BaseException):
    """Stands for a kill: no handler of the product catches it."""


async def test_ten_deliveries_have_one_effect(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    for _ in range(10):
        await uploads.deliver(txn_database, announced)

    done = await found(person, started.id)
    assert (done.state, done.imported_count) == (COMPLETED, 4)
    assert (await account(person, started.account_id)).balance_minor == 3974
    assert len(await events(txn_urls, started.id)) == 1
    assert await audited(txn_urls, started.id) == ["StartImport", "TakeImport", "CompleteImport"]


async def test_two_importers_at_once_have_one_effect(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    async with uploads.running(txn_database, consumer_poll_seconds=0):
        await uploads.deliver(txn_database, *[announced] * 10)

    done = await found(person, started.id)
    assert (done.state, done.imported_count, done.row_count) == (COMPLETED, 4, 4)
    assert (await account(person, started.account_id)).balance_minor == 3974
    assert len(await events(txn_urls, started.id)) == 1


async def test_two_imports_of_one_account_at_once_create_each_row_once(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    starts = [await start(person, opened.id) for _ in range(2)]
    announced = []
    for started in starts:
        await post(started.upload, BRIEF)
        announced.append(await uploads.announcement())

    await uploads.deliver(txn_database, *announced)

    done = [await found(person, started.id) for started in starts]
    assert sorted(one.imported_count for one in done) == [0, 4]
    assert (await account(person, opened.id)).balance_minor == 3974


async def test_an_account_is_read_and_given_more_files_while_one_is_committed(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    write, committing, finish = commit_module._write, asyncio.Event(), asyncio.Event()

    async def slow_write(*arguments: Any) -> None:
        committing.set()
        await finish.wait()
        await write(*arguments)

    monkeypatch.setattr(commit_module, "_write", slow_write)
    handling = asyncio.create_task(uploads.deliver(txn_database, announced))
    await committing.wait()
    try:
        async with asyncio.timeout(5):
            seen = await account(person, started.account_id)
            another = await start(person, started.account_id)
    finally:
        finish.set()
        await handling

    assert (seen.balance_minor, another.state) == (0, txn_pb2.IMPORT_STATE_AWAITING_UPLOAD)
    assert (await account(person, started.account_id)).balance_minor == 3974


async def test_an_import_waits_for_a_connection_longer_than_a_call_would(txn_whole: Txn, uploads: Uploads) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    call_waits = DatabaseSettings.model_fields["database_pool_timeout_seconds"].default

    async with open_database(uploads.settings.model_copy(update={"database_pool_size": 1})) as database:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
            handling = asyncio.create_task(uploads.deliver(database, announced))
            await asyncio.sleep(call_waits + 0.2)
        await handling

    assert (await found(person, started.id)).state == COMPLETED


@pytest.mark.parametrize("step", ["fetch", "stage", "commit"])
async def test_an_importer_killed_before_a_step_is_continued_by_the_next_delivery(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(importer_module, step, killed)
        with pytest.raises(Killed):
            await uploads.importer(txn_database).handle(announced)
    stopped = await found(person, started.id)
    await uploads.deliver(txn_database, announced)

    assert stopped.state == (COMMITTING if step == "commit" else PLANNING)
    done = await found(person, started.id)
    assert (done.state, done.imported_count) == (COMPLETED, 4)


async def test_the_same_message_an_hour_later_gives_the_same_dates(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole, b"Id,Date,Transaction\n0,12/31,+1\n")
    body = json.loads((await uploads.announcement()).body)
    body["Records"][0]["eventTime"] = "2026-01-05T00:00:00.000Z"

    await uploads.deliver(txn_database, message(json.dumps(body)))

    rows = await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=started.id))
    assert [row.booked_on for row in rows.rows] == ["2025-12-31"]


async def test_a_second_post_to_the_same_key_changes_nothing(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole)
    first = await uploads.announcement()
    assert await post(started.upload, BRIEF.replace(b"60.5", b"99.9")) == 204
    second = await uploads.announcement()

    await uploads.deliver(txn_database, first)
    await uploads.deliver(txn_database, second)

    assert (await account(person, started.account_id)).balance_minor == 3974
    assert (await found(person, started.id)).imported_count == 4


async def test_a_post_between_announcement_and_reading_is_not_what_is_read(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole)
    first = await uploads.announcement()
    await post(started.upload, BRIEF.replace(b"60.5", b"99.9"))
    await uploads.announcement()

    await uploads.deliver(txn_database, first)

    assert (await account(person, started.account_id)).balance_minor == 3974


async def test_s3_refuses_another_key(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)

    status = await post(started.upload, BRIEF, key=f"imports/{to_id('imp', new_id())}")

    assert status == 403


async def test_s3_refuses_a_file_over_the_limit(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)

    status = await post(started.upload, b"x" * (started.upload.max_size_bytes + 1))

    assert status == 400


async def test_a_drop_over_the_limit_is_too_large(txn_whole: Txn, uploads: Uploads, txn_database: Database) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await uploads.put(f"drops/{opened.id}/big.csv", BRIEF)

    await uploads.deliver(txn_database, await uploads.announcement(), import_max_bytes=10)

    failed = await newest(person, opened.id)
    assert (failed.state, failed.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_TOO_LARGE)
    assert "10 bytes" in failed.failure


async def test_a_file_whose_announced_size_lies_is_not_read_beyond_the_limit(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await uploads.put(f"drops/{opened.id}/big.csv", BRIEF)
    body = json.loads((await uploads.announcement()).body)
    body["Records"][0]["s3"]["object"]["size"] = 1

    await uploads.deliver(txn_database, message(json.dumps(body)), import_max_bytes=10)

    assert (await newest(person, opened.id)).failure_code == txn_pb2.IMPORT_FAILURE_CODE_TOO_LARGE


async def test_an_object_that_is_gone_fails_the_import(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    described = json.loads(announced.body)["Records"][0]["s3"]["object"]
    await uploads.aws.call(
        uploads.aws.client("s3").delete_object,
        Bucket=uploads.bucket,
        Key=described["key"],
        VersionId=described["versionId"],
    )

    await uploads.deliver(txn_database, announced)

    failed = await found(person, started.id)
    assert (failed.state, failed.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_OBJECT_GONE)
    assert len(await events(txn_urls, started.id)) == 1


async def test_an_event_without_a_version_is_pinned_by_its_etag(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole)
    body = json.loads((await uploads.announcement()).body)
    del body["Records"][0]["s3"]["object"]["versionId"]

    await uploads.deliver(txn_database, message(json.dumps(body)))

    assert (await found(person, started.id)).state == COMPLETED


async def test_what_is_no_imports_business_is_acknowledged(uploads: Uploads, txn_database: Database) -> None:
    imp, acct = to_id("imp", new_id()), to_id("acct", new_id())
    removed = json.loads(event(uploads.bucket, f"imports/{imp}"))
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"

    bodies = (
        '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}',
        '{"Records": []}',
        '{"Records": [{}]}',
        json.dumps(removed),
        event("another-bucket", f"imports/{imp}", versionId="v"),
        event(uploads.bucket, f"imports/{imp}", versionId="v"),
        event(uploads.bucket, f"drops/{acct}/a.csv", versionId="v"),
        event(uploads.bucket, "imports/../../etc/passwd"),
        event(uploads.bucket, f"drops/{acct}/../{acct}/a.csv"),
        event(uploads.bucket, "elsewhere/" + "é" * 500),
    )
    await uploads.deliver(txn_database, *map(message, bodies))

    assert uploads.dead.is_empty()


@pytest.mark.parametrize("body", [" ", "no json", "[]", '{"Records": 1}', '{"Records": [1]}'])
async def test_what_is_no_s3_event_is_left_to_the_dead_letter_queue(
    uploads: Uploads, txn_database: Database, body: str
) -> None:
    await uploads.deliver(txn_database, message(body))

    [left] = await uploads.dead.take(1)
    assert left["Body"] == body


async def test_one_bad_record_does_not_stop_the_others(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole)
    body = json.loads((await uploads.announcement()).body)
    body["Records"] = [{}, *json.loads(event(uploads.bucket, "imports/junk"))["Records"], *body["Records"]]

    await uploads.deliver(txn_database, message(json.dumps(body)))

    assert (await found(person, started.id)).state == COMPLETED


async def test_the_last_delivery_gives_up_and_says_so(
    txn_whole: Txn,
    uploads: Uploads,
    txn_database: Database,
    txn_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    states = []

    async def broken(*_: Any) -> None:
        states.append((await found(person, started.id)).state)
        raise RuntimeError

    monkeypatch.setattr(importer_module, "commit", broken)
    await uploads.deliver(txn_database, announced)

    assert states == [COMMITTING] * RECEIVES_MAX
    assert uploads.dead.is_empty()

    failed = await found(person, started.id)
    assert (failed.state, failed.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_INTERNAL)
    assert [one["type"] for one in await events(txn_urls, started.id)] == ["stori.txn.v1.ImportFailed"]
    assert (await account(person, started.account_id)).balance_minor == 0


async def test_a_holders_third_file_waits_and_anothers_does_not(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    other, others = await uploaded(txn_whole)
    anothers = await uploads.announcement()

    async with uploads.running(txn_database, consumer_poll_seconds=0):
        async with (
            claim(txn_database.url, "one file", person.subject, 2),
            claim(txn_database.url, "two file", person.subject, 2),
        ):
            await uploads.queue.send(announced.body, anothers.body)
            passed = await settled(other, others.id)
            often = times_put_back() + RECEIVES_MAX
            await eventually(lambda: times_put_back() > often)
            waiting = await found(person, started.id)
        await eventually(uploads.queue.is_empty)

    assert waiting.state == txn_pb2.IMPORT_STATE_AWAITING_UPLOAD
    assert passed.state == COMPLETED
    assert uploads.dead.is_empty()
    assert (await found(person, started.id)).state == COMPLETED


async def test_a_form_expires_and_a_file_that_came_in_time_still_counts(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as connection:
        await connection.execute("UPDATE import SET expire_time = now() WHERE state = 'AWAITING_UPLOAD'")

    seen = await found(person, started.id)
    await Sweep(txn_database, uploads.settings).once()
    swept = await found(person, started.id)
    await uploads.deliver(txn_database, announced)

    assert (seen.state, seen.HasField("upload")) == (EXPIRED, False)
    assert (swept.state, swept.HasField("finish_time")) == (EXPIRED, True)
    assert "ExpireImport" in await audited(txn_urls, started.id)
    assert (await found(person, started.id)).state == COMPLETED


async def test_an_import_nobody_works_on_is_given_up_and_one_at_work_is_not(
    txn_whole: Txn,
    uploads: Uploads,
    txn_database: Database,
    txn_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(importer_module, "stage", killed)
        with pytest.raises(Killed):
            await uploads.importer(txn_database).handle(announced)
    described = json.loads(announced.body)["Records"][0]["s3"]["object"]
    patient = Sweep(txn_database, uploads.settings)
    hasty = Sweep(txn_database, uploads.settings.model_copy(update={"orphan_seconds": 0}))

    await patient.once()
    waiting = await found(person, started.id)
    async with claim(txn_database.url, file_of(described["key"], described["versionId"]), person.subject, 2):
        await hasty.once()
        working = await found(person, started.id)
    await hasty.once()

    assert (waiting.state, working.state) == (PLANNING, PLANNING)
    given_up = await found(person, started.id)
    assert (given_up.state, given_up.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_INTERNAL)
    assert len(await events(txn_urls, started.id)) == 1


async def test_an_import_that_waits_for_its_holders_other_files_is_not_given_up(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()

    async def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(importer_module, "stage", killed)
        with pytest.raises(Killed):
            await uploads.importer(txn_database).handle(announced)
    hasty = Sweep(txn_database, uploads.settings.model_copy(update={"orphan_seconds": 0}))

    async with (
        claim(txn_database.url, "one file", person.subject, 2),
        claim(txn_database.url, "two file", person.subject, 2),
    ):
        await hasty.once()

    assert (await found(person, started.id)).state == PLANNING
    await uploads.deliver(txn_database, announced)
    assert (await found(person, started.id)).state == COMPLETED


async def test_an_import_into_an_account_closed_meanwhile_fails(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person, started = await uploaded(txn_whole)
    announced = await uploads.announcement()
    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as connection:
        await connection.execute(
            "UPDATE account SET close_time = now() WHERE id = (SELECT account_id FROM import WHERE object_key = %s)",
            [f"imports/{started.id}"],
        )

    await uploads.deliver(txn_database, announced)

    failed = await found(person, started.id)
    assert failed.state == FAILED
    assert "closed" in failed.failure


async def test_a_claim_ends_with_its_connection(txn_database: Database) -> None:
    async with await connect(txn_database.url) as killer:
        with suppress(psycopg.OperationalError):
            async with claim(txn_database.url, "a file", "somebody", 1) as connection:
                with pytest.raises(Busy):
                    await claim(txn_database.url, "a file", "another", 1).__aenter__()
                with pytest.raises(Busy):
                    await claim(txn_database.url, "another file", "somebody", 1).__aenter__()
                await killer.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
                async with claim(txn_database.url, "a file", "somebody", 1):
                    taken_over = True

    assert taken_over


async def test_a_claim_whose_server_has_vanished_is_noticed(txn_database: Database) -> None:
    async with await connect(txn_database.url) as connection:
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            options = [wire.getsockopt(socket.IPPROTO_TCP, name) for name in (TCP_KEEPIDLE, TCP_USER_TIMEOUT)]
        served = await (await connection.execute("SHOW tcp_keepalives_idle")).fetchone()

    assert (options, served) == ([10, 15_000], ("10",))


async def test_the_same_file_books_a_row_once_its_day_has_come(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person = await txn_whole.person()
    account_id = (await person.open_account()).id
    content = csv("2026-11-19,Tea,-2.00", "2026-11-25,Rent,-900.00")

    async def uploaded_on(day: str) -> txn_pb2.Import:
        started = await start(person, account_id, content)
        assert await post(started.upload, content) == 204
        announced = json.loads((await uploads.announcement()).body)
        announced["Records"][0]["eventTime"] = f"{day}T12:00:00.000Z"
        await uploads.deliver(txn_database, message(json.dumps(announced)))
        return await found(person, started.id)

    before = await uploaded_on("2026-11-20")
    balance = (await account(person, account_id)).balance_minor
    after = await uploaded_on("2026-11-25")

    assert (before.imported_count, before.rejected_count, balance) == (1, 1, -200)
    assert (after.imported_count, after.duplicate_count, after.rejected_count) == (1, 1, 0)
    assert (await account(person, account_id)).balance_minor == -90200
