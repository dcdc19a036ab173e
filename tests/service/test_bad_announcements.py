"""Forms, keys, events and receives that go wrong, with the importer process at work: nothing half done or lost."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime.database import Database
from runtime.ids import new_id, to_id
from tests.service.importer_process import ImporterProcess, importer_process
from tests.service.importing import BRIEF, Uploads, account, event, imported, post, settled, start
from tests.service.messaging import eventually
from tests.service.outcomes import assert_nothing_half_done, dropped, found, import_of, stored
from tests.service.tokens import Issuer
from tests.service.txn import Txn, ledger_servicers, serving_txn
from txn_svc.app import SERVICES
from txn_svc.imports.servicer import ImportServicer
from txn_svc.imports.watch import Watch
from txn_svc.settings import LedgerSettings

AWAITING, EXPIRED = txn_pb2.IMPORT_STATE_AWAITING_UPLOAD, txn_pb2.IMPORT_STATE_EXPIRED
COMPLETED, FAILED = txn_pb2.IMPORT_STATE_COMPLETED, txn_pb2.IMPORT_STATE_FAILED


@pytest.fixture(scope="module", autouse=True)
def importer(uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator) -> Iterator[ImporterProcess]:
    with importer_process(uploads, txn_urls, emulator, sweep_interval_seconds="0.3") as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_dead(uploads: Uploads) -> Iterator[None]:
    """Whatever a person uploads, no message of it is left for an operator."""
    yield
    assert uploads.dead.is_empty()


@pytest.fixture(scope="module")
async def hasty(txn_database: Database, issuer: Issuer, uploads: Uploads, watch: Watch) -> AsyncIterator[Txn]:
    """A txn_svc whose forms are over after a second."""
    settings = uploads.settings.model_copy(update={"upload_form_seconds": 1})
    ledger = ledger_servicers(txn_database, LedgerSettings(environment="local"))

    def register(server: Any) -> None:
        ledger(server)
        servicer = ImportServicer(txn_database, uploads.aws, settings, watch)
        txn_pb2_grpc.add_ImportServiceServicer_to_server(servicer, server)

    async with serving_txn(issuer, register, SERVICES) as running:
        yield running


@contextmanager
def stopped(importer: ImporterProcess) -> Iterator[None]:
    """The importer gets no processor time inside the block."""
    os.kill(importer.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(importer.process.pid, signal.SIGCONT)


@contextmanager
def silent(uploads: Uploads) -> Iterator[None]:
    """The bucket announces nothing inside the block."""
    s3, bucket = uploads.aws.client("s3"), uploads.bucket
    announced = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        again = {"QueueConfigurations": announced}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=again)


@asynccontextmanager
async def without_right_to_insert_transactions(urls: DatabaseUrls) -> AsyncIterator[None]:
    role = psycopg.conninfo.conninfo_to_dict(urls.application)["user"]
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute(f"REVOKE INSERT ON transaction FROM {role}")
        try:
            yield
        finally:
            await owner.execute(f"GRANT INSERT ON transaction TO {role}")


async def test_a_post_with_a_changed_key_is_refused_by_s3_and_the_form_still_works(
    txn_whole: Txn, uploads: Uploads
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    started, other = await start(person, opened.id), to_id("imp", new_id())

    status = await post(started.upload, BRIEF, key=f"imports/{other}")

    assert status == 403
    assert await stored(uploads, f"imports/{other}") is await stored(uploads, f"imports/{started.id}") is None
    assert (await found(person, started.id)).state == AWAITING
    assert await post(started.upload, BRIEF) == 204
    assert (await settled(person, started.id)).imported_count == 4


async def test_a_second_post_to_the_same_key_changes_nothing(
    txn_whole: Txn, uploads: Uploads, importer: ImporterProcess
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    started = await start(person, opened.id)
    await post(started.upload, BRIEF)
    first = await settled(person, started.id)
    before = await account(person, opened.id)

    status = await post(started.upload, BRIEF.replace(b"60.5", b"99.9"))

    assert status == 204
    reason = "another version of this import's file came first"
    await eventually(lambda: bool(importer.logged("object ignored", reason=reason)))
    assert await account(person, opened.id) == before
    assert await found(person, started.id) == first


async def test_an_expired_form_is_refused_by_s3_and_its_import_is_expired(
    hasty: Txn, uploads: Uploads, importer: ImporterProcess
) -> None:
    person = await hasty.person()
    opened = await person.open_account()
    before, expired = (
        await account(person, opened.id),
        await importer.metric("stori_imports_settled_total", state="EXPIRED"),
    )
    started = await start(person, opened.id)
    await asyncio.sleep(max(0.0, (started.upload.expire_time.ToDatetime(UTC) - datetime.now(UTC)).total_seconds()) + 1)

    status = await post(started.upload, BRIEF)

    assert status == 403
    assert await stored(uploads, f"imports/{started.id}") is None
    seen = await found(person, started.id)
    assert (seen.state, seen.HasField("upload"), seen.HasField("finish_time")) == (EXPIRED, False, True)
    assert await account(person, opened.id) == before
    assert await importer.metric("stori_imports_settled_total", state="EXPIRED") == expired + 1


@pytest.mark.parametrize("name", ["a b+c é.csv", "%2e%2e.csv", "..csv", "=1+1.csv", "x" * 982 + ".CSV"])
async def test_a_drop_is_found_whatever_its_name(txn_whole: Txn, uploads: Uploads, name: str) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await dropped(person, uploads, opened.id, name, BRIEF)

    assert (done.state, done.imported_count, done.file_name) == (COMPLETED, 4, name[:255])


STRANGE = [
    "drops/{new}/a.csv",
    "drops/{acct}/a.txt",
    "drops/{acct}/x/a.csv",
    "drops/{acct}",
    "imports/{new}",
    "imports/%2e%2e/x",
    "imports/../{new}",
]


@pytest.mark.parametrize("key", STRANGE)
async def test_a_file_for_nobody_is_logged_counted_and_not_tried_again(
    txn_whole: Txn, uploads: Uploads, importer: ImporterProcess, key: str
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    before, logged = await account(person, opened.id), len(importer.logged("object ignored"))
    ignored = await importer.metric("stori_import_objects_total", outcome="ignored")
    new = to_id("acct" if key.startswith("drops") else "imp", new_id())

    await uploads.put(key.format(new=new, acct=opened.id), BRIEF)

    await eventually(lambda: len(importer.logged("object ignored")) > logged)
    await eventually(uploads.queue.is_empty)
    assert await importer.metric("stori_import_objects_total", outcome="ignored") == ignored + 1
    assert await account(person, opened.id) == before
    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=opened.id))
    assert list(listed.imports) == []


@pytest.mark.parametrize(
    "body", ['{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}', '{"Records":[]}'], ids=["test", "0 records"]
)
async def test_an_event_about_nothing_is_acknowledged(uploads: Uploads, importer: ImporterProcess, body: str) -> None:
    done = await importer.metric("stori_messages_handled_total", outcome="done")

    await uploads.queue.send(body)

    await eventually(uploads.queue.is_empty)
    assert await importer.metric("stori_messages_handled_total", outcome="done") == done + 1
    assert await importer.metric("stori_messages_handled_total", outcome="failed") == 0


async def test_ten_records_of_one_message_are_ten_imports(
    txn_whole: Txn, uploads: Uploads, importer: ImporterProcess
) -> None:
    person = await txn_whole.person()
    opened = [await person.open_account() for _ in range(10)]
    completed = await importer.metric("stori_import_objects_total", outcome="completed")
    with silent(uploads):
        keys = [f"drops/{one.id}/a.csv" for one in opened]
        events = [event(uploads.bucket, key, versionId=await uploads.put(key, BRIEF), size=len(BRIEF)) for key in keys]

    await uploads.queue.send(
        json.dumps({"Records": [record for one in events for record in json.loads(one)["Records"]]})
    )

    for one in opened:
        done = await settled(person, await import_of(person, one.id))
        assert (done.state, done.imported_count) == (COMPLETED, 4)
        assert (await account(person, one.id)).balance_minor == 3974
    assert await importer.metric("stori_import_objects_total", outcome="completed") == completed + 10


async def test_a_file_deleted_before_it_is_read_fails_its_import(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, importer: ImporterProcess
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    before, started = await account(person, opened.id), await start(person, opened.id)
    with stopped(importer):
        await post(started.upload, BRIEF)
        this = {"Bucket": uploads.bucket, "Key": f"imports/{started.id}"}
        s3 = uploads.aws.client("s3")
        version = s3.head_object(**this)["VersionId"]
        s3.delete_object(**this, VersionId=version)

    done = await settled(person, started.id)

    assert (done.state, done.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_OBJECT_GONE)
    assert done.failure == "The file was removed before it could be read. Upload it again."
    assert await account(person, opened.id) == before
    await assert_nothing_half_done(person, txn_urls, done)


async def test_at_the_fifth_receive_the_worker_itself_ends_the_import(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, importer: ImporterProcess
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    before = await account(person, opened.id)
    async with without_right_to_insert_transactions(txn_urls):
        done = await imported(person, opened.id)

    assert (done.state, done.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_INTERNAL)
    assert done.failure == ("Something went wrong on our side. Nothing was imported; please upload the file again.")
    assert await account(person, opened.id) == before
    await assert_nothing_half_done(person, txn_urls, done)
    await eventually(uploads.queue.is_empty)
    await eventually(lambda: bool(importer.logged("import given up", import_id=done.id)))
    # The sweep that looks at the import between two receives has the message put back as one that was never received.
    message_id = importer.logged("import given up", import_id=done.id)[0]["message_id"]
    failed = importer.logged("message failed", message_id=message_id)
    assert [line["receive_count"] for line in failed] == [1, 2, 3, 4]
    assert (await imported(person, opened.id)).imported_count == 4
