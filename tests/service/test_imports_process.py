"""The importer as a process: ready, drained, and killed in the middle of its work."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from local.emulator import Emulator
from local.postgres import Postgres
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from tests.service.importing import Uploads, account, get, post, settled, start
from tests.service.messaging import eventually
from tests.service.reviewing import COMPLETED, DISCARDED, REVERTED, brought, csv, differences, planned, resting
from tests.service.txn import Client, Txn

ROOT = Path(__file__).parent.parent.parent
ROWS = 30_000
TEA = "2026-08-02,Tea,-2.00"


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
        "STORI_DRAIN_SECONDS": "25",
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

    await kill_while_it_waits_for(held, uploads, txn_urls, postgres, emulator)
    with importer(uploads, txn_urls, emulator):
        done = await settled(person, started.id)

    assert (done.state, done.imported_count, done.row_count) == (txn_pb2.IMPORT_STATE_COMPLETED, ROWS, ROWS)
    assert (await account(person, started.account_id)).balance_minor == ROWS * 100


async def kill_while_it_waits_for(
    table: str, uploads: Uploads, urls: DatabaseUrls, postgres: Postgres, emulator: Emulator
) -> None:
    """Runs an importer, and kills it when it is about to write to the table."""
    async with await psycopg.AsyncConnection.connect(urls.owner) as holder:
        await holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        with importer(uploads, urls, emulator) as killed, psycopg.connect(postgres.url()) as superuser:
            waits = "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE NOT granted"
            waits += " AND relation IS NOT NULL AND datname = %s)"
            name = psycopg.conninfo.conninfo_to_dict(urls.owner)["dbname"]

            def is_waiting() -> bool:
                found = superuser.execute(waits, [name]).fetchone()
                return bool(found and found[0])

            await eventually(is_waiting)
            killed.send_signal(signal.SIGKILL)
            killed.wait()


Ask = Callable[[], Awaitable[str]]
"""Asks the services for something the worker will do; the import's id."""


async def a_commit(client: Client, account_id: str, _: str) -> Ask:
    found = await planned(client, account_id, csv(TEA))
    request = txn_pb2.CommitImportRequest(import_id=found.id, plan_digest=found.plan.digest)

    async def ask() -> str:
        return (await client.imports.CommitImport(request)).statement_import.id

    return ask


async def a_revert(client: Client, account_id: str, _: str) -> Ask:
    request = txn_pb2.RevertImportRequest(import_id=(await brought(client, account_id, csv(TEA))).id)

    async def ask() -> str:
        return (await client.imports.RevertImport(request)).statement_import.id

    return ask


async def a_repeat(client: Client, account_id: str, other_id: str) -> Ask:
    done = await brought(client, account_id, csv(TEA))
    request = txn_pb2.RepeatImportRequest(import_id=done.id, account_id=other_id, review=txn_pb2.REVIEW_NEVER)

    async def ask() -> str:
        return (await client.imports.RepeatImport(request)).statement_import.id

    return ask


@pytest.mark.parametrize(
    ("prepare", "state", "balances"),
    [
        (a_commit, COMPLETED, (-550, 0)),
        (a_revert, REVERTED, (-350, 0)),
        (a_repeat, COMPLETED, (-350, -200)),
    ],
    ids=["commit", "revert", "repeat"],
)
async def test_what_was_asked_of_an_importer_that_is_killed_at_it_is_done_by_the_next(
    txn_whole: Txn,
    uploads: Uploads,
    txn_urls: DatabaseUrls,
    txn_database: Database,
    postgres: Postgres,
    emulator: Emulator,
    prepare: Callable[[Client, str, str], Awaitable[Ask]],
    state: txn_pb2.ImportState.ValueType,
    balances: tuple[int, int],
) -> None:
    person = await txn_whole.person()
    one, other = [(await person.open_account(name=name)).id for name in ("One", "Other")]
    async with uploads.running(txn_database):
        await brought(person, one, csv("2026-07-01,Coffee,-3.50"))
        ask = await prepare(person, one, other)

    import_id = await ask()
    async with uploads.relaying(txn_database):
        await kill_while_it_waits_for("transaction", uploads, txn_urls, postgres, emulator)
        before = (await account(person, one)).balance_minor + (await account(person, other)).balance_minor
        with importer(uploads, txn_urls, emulator):
            done = await resting(person, import_id)

    assert before in {-350, -550}
    assert done.state == state, done.failure
    assert ((await account(person, one)).balance_minor, (await account(person, other)).balance_minor) == balances
    assert await differences(person, one) == await differences(person, other) == []


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
        code = stopped.wait(30)

    found = await get(person, started.id)
    assert code == 0
    assert found is not None
    assert (found.state, found.imported_count) == (txn_pb2.IMPORT_STATE_COMPLETED, ROWS)


async def test_a_repeat_takes_back_what_was_asked_to_be_committed_meanwhile(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person = await txn_whole.person()
    wrong, right = [(await person.open_account(name=name)).id for name in ("Wrong", "Right")]
    async with uploads.running(txn_database):
        found = await planned(person, wrong, csv(TEA))
    repeated = txn_pb2.RepeatImportRequest(import_id=found.id, account_id=right, review=txn_pb2.REVIEW_NEVER)
    again = (await person.imports.RepeatImport(repeated)).statement_import
    await person.imports.CommitImport(txn_pb2.CommitImportRequest(import_id=found.id, plan_digest=found.plan.digest))

    async with uploads.running(txn_database):
        done = await resting(person, again.id)
        first = await resting(person, found.id)

    # Whichever of the two the worker comes to first, one of them is booked.
    assert (done.state, first.state) in {(COMPLETED, DISCARDED), (COMPLETED, REVERTED)}
    assert ((await account(person, wrong)).balance_minor, (await account(person, right)).balance_minor) == (0, -200)
