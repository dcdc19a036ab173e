"""An import whose message is lost is ended by the sweep; one that only waits for its turn is not."""

from contextlib import suppress

import psycopg
import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import from_id
from tests.service.importer_process import importer_process
from tests.service.importing import BRIEF, Uploads, account, get, imported, post, settled, start
from tests.service.messaging import eventually
from tests.service.outcomes import assert_nothing_half_done, found
from tests.service.reviewing import planned
from tests.service.txn import Txn
from txn_svc.imports import importer as importer_module
from txn_svc.imports.claim import claim
from txn_svc.imports.settings import ImporterSettings
from txn_svc.imports.sweep import Sweep

COMMITTING, PLANNING = txn_pb2.IMPORT_STATE_COMMITTING, txn_pb2.IMPORT_STATE_PLANNING
FAILED, INTERNAL = txn_pb2.IMPORT_STATE_FAILED, txn_pb2.IMPORT_FAILURE_CODE_INTERNAL
QUEUE_VISIBILITY_SECONDS = 60  # deploy/app.yaml: ImportsVisibilitySeconds


async def test_a_revert_that_nobody_works_on_is_taken_back(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    async with uploads.running(txn_database):
        done = await imported(person, opened.id)
    before = await account(person, opened.id)
    await person.imports.RevertImport(txn_pb2.RevertImportRequest(import_id=done.id))
    sweep = Sweep(txn_database, uploads.settings.model_copy(update={"orphan_seconds": 0}))

    await sweep.once()
    untold = await found(person, done.id)
    async with uploads.relaying(txn_database):
        await eventually(lambda: all_told(txn_urls))
    uploads.aws.client("sqs").purge_queue(QueueUrl=uploads.queue.url)
    await sweep.once()
    given_up = await found(person, done.id)

    # As long as the queue has not even been told, it is nobody's fault but the queue's.
    assert untold.state == txn_pb2.IMPORT_STATE_REVERTING
    assert given_up.state == txn_pb2.IMPORT_STATE_COMPLETED
    assert await account(person, opened.id) == before


async def test_rows_of_a_discarded_import_go_though_its_message_is_lost(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, txn_urls: DatabaseUrls
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    async with uploads.running(txn_database):
        ready = await planned(person, opened.id)
    await person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=ready.id))
    this = from_id("imp", ready.id)

    def staged() -> int:
        with psycopg.connect(txn_urls.owner) as connection:
            query = "SELECT count(*) FROM import_row WHERE import_id = %s"
            return int((connection.execute(query, [this]).fetchone() or (0,))[0])

    before = staged()
    await Sweep(txn_database, uploads.settings).once()

    assert (before, staged()) == (4, 0)
    async with uploads.relaying(txn_database):
        await eventually(lambda: all_told(txn_urls))
    uploads.aws.client("sqs").purge_queue(QueueUrl=uploads.queue.url)


def all_told(urls: DatabaseUrls) -> bool:
    with psycopg.connect(urls.owner) as connection:
        query = "SELECT count(*) FROM outbox WHERE destination = 'imports' AND publish_time IS NULL"
        return connection.execute(query).fetchone() == (0,)


async def test_an_import_whose_importer_and_message_are_gone_is_ended_without_rows(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    before, started = await account(person, opened.id), await start(person, opened.id)

    async def is_staged() -> bool:
        seen = await get(person, started.id)
        return seen is not None and seen.state == COMMITTING

    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as holder:
        await holder.execute("LOCK TABLE transaction IN SHARE MODE")
        with importer_process(uploads, txn_urls, emulator):
            await post(started.upload, BRIEF)
            await eventually(is_staged)
        uploads.aws.client("sqs").purge_queue(QueueUrl=uploads.queue.url)

    with importer_process(uploads, txn_urls, emulator, orphan_seconds="1", sweep_interval_seconds="0.3") as next_one:
        done = await settled(person, started.id)
        orphaned = next_one.logged("import orphaned", import_id=started.id)
        again = await imported(person, opened.id)

    assert (done.state, done.failure_code, len(orphaned)) == (FAILED, INTERNAL, 1)
    assert done.failure.startswith("Something went wrong on our side. Nothing was imported;")
    await assert_nothing_half_done(person, txn_urls, done)
    assert before.balance_minor == 0
    assert again.imported_count == 4


async def test_an_import_that_waits_for_its_holders_other_files_is_no_orphan(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def killed(*_: object) -> None:
        raise Killed

    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    assert await post(started.upload, BRIEF) == 204
    announced = await uploads.announcement()
    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(importer_module, "stage", killed)
        await uploads.importer(txn_database).handle(announced)
    sweep = Sweep(txn_database, uploads.settings.model_copy(update={"orphan_seconds": 0}))

    async with (
        claim(txn_database.url, "one file", person.subject, 2),
        claim(txn_database.url, "two file", person.subject, 2),
    ):
        await sweep.once()
        waiting = await found(person, started.id)
    await sweep.once()

    assert waiting.state == PLANNING
    assert (await found(person, started.id)).failure_code == INTERNAL


def test_an_orphan_is_one_after_twice_the_queues_visibility() -> None:
    assert ImporterSettings.model_fields["orphan_seconds"].default == 2 * QUEUE_VISIBILITY_SECONDS
