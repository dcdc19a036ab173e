"""The importer as a process: ready, drained, and killed in the middle of its work."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from local.emulator import Emulator
from local.postgres import Postgres
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from tests.service.importing import Uploads, account, get, post, settled, start
from tests.service.messaging import eventually
from tests.service.txn import Client, Txn

ROOT = Path(__file__).parent.parent.parent
ROWS = 30_000


@contextmanager
def importer(uploads: Uploads, urls: DatabaseUrls, emulator: Emulator) -> Iterator[subprocess.Popen[bytes]]:
    settings = uploads.settings
    environment = {
        **os.environ,
        "STORI_ENVIRONMENT": "local",
        "STORI_ADMIN_BIND": "127.0.0.1:0",
        "STORI_DATABASE_URL": urls.application,
        "STORI_UPLOADS_BUCKET": settings.uploads_bucket,
        "STORI_IMPORTS_QUEUE_URL": settings.imports_queue_url,
        "STORI_CONSUMER_POLL_SECONDS": "1",
        "STORI_CONSUMER_VISIBILITY_SECONDS": "3",
        "STORI_DRAIN_SECONDS": "5",
        "AWS_REGION": settings.region,
        "AWS_ENDPOINT_URL": emulator.url,
    }
    command = [sys.executable, "-m", "txn_svc", "importer"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def big_upload(txn: Txn) -> tuple[Client, txn_pb2.Import]:
    content = "date,description,amount\n" + "".join(f"2026-07-01,Row {row},1.00\n" for row in range(ROWS))
    person = await txn.person()
    started = await start(person, (await person.open_account()).id, content.encode())
    assert await post(started.upload, content.encode()) == 204
    return person, started


@pytest.mark.parametrize("held", ["import_row", "transaction"], ids=["while-staging", "while-committing"])
async def test_an_importer_killed_at_work_is_continued_by_the_next(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, postgres: Postgres, emulator: Emulator, held: str
) -> None:
    person, started = await big_upload(txn_whole)

    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as holder:
        await holder.execute(f"LOCK TABLE {held} IN SHARE MODE")
        with importer(uploads, txn_urls, emulator) as killed, psycopg.connect(postgres.url()) as superuser:
            waits = "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE NOT granted"
            waits += " AND relation IS NOT NULL AND datname = %s)"
            name = psycopg.conninfo.conninfo_to_dict(txn_urls.owner)["dbname"]

            def is_waiting() -> bool:
                found = superuser.execute(waits, [name]).fetchone()
                return bool(found and found[0])

            await eventually(is_waiting)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
    with importer(uploads, txn_urls, emulator):
        done = await settled(person, started.id)

    assert (done.state, done.imported_count, done.row_count) == (txn_pb2.IMPORT_STATE_COMPLETED, ROWS, ROWS)
    assert (await account(person, started.account_id)).balance_minor == ROWS * 100


async def test_a_stopped_importer_ends_with_success_and_leaves_nothing_half(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator
) -> None:
    person, started = await big_upload(txn_whole)
    with importer(uploads, txn_urls, emulator) as stopped:

        async def is_taken() -> bool:
            found = await get(person, started.id)
            return found is not None and found.state != txn_pb2.IMPORT_STATE_AWAITING_UPLOAD

        await eventually(is_taken)
        stopped.send_signal(signal.SIGTERM)
        code = stopped.wait(15)

    found = await get(person, started.id)
    assert code == 0
    assert found is not None
    assert (found.state, found.imported_count) == (txn_pb2.IMPORT_STATE_COMPLETED, ROWS)
