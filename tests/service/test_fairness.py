"""One holder's files and limits are that holder's own: nobody else waits for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from runtime.refusals import ResourceExhausted
from tests.service.importer_process import ImporterProcess, importer_process
from tests.service.importing import BRIEF, Uploads, account, imported, post, settled, start
from tests.service.messaging import eventually
from tests.service.outcomes import found
from tests.service.txn import Client, Txn

RUNNING = {txn_pb2.IMPORT_STATE_PLANNING, txn_pb2.IMPORT_STATE_COMMITTING}
COMPLETED = txn_pb2.IMPORT_STATE_COMPLETED
RUNNING_MAX, WAITING_MAX, ACCOUNTS_MAX = 2, 20, 100


@pytest.fixture(scope="module", autouse=True)
def importer(uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator) -> Iterator[ImporterProcess]:
    with importer_process(uploads, txn_urls, emulator, busy_retry_seconds="1") as running:
        yield running


@asynccontextmanager
async def held(urls: DatabaseUrls, account_ids: Sequence[str]) -> AsyncIterator[None]:
    """No import into these accounts can commit inside the block."""
    ids = [from_id("acct", one) for one in account_ids]
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        await connection.execute("SELECT FROM account WHERE id = ANY(%s) FOR NO KEY UPDATE", [ids])
        yield


async def brought(person: Client, account_id: str) -> str:
    started = await start(person, account_id)
    assert await post(started.upload, BRIEF) == 204
    return started.id


async def running_of(person: Client, import_ids: Sequence[str]) -> int:
    return sum([(await found(person, one)).state in RUNNING for one in import_ids])


async def test_two_files_of_a_holder_run_the_others_wait_and_another_holders_passes(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls
) -> None:
    busy, other = await txn_whole.person(), await txn_whole.person()
    theirs, others = await busy.open_account(), await other.open_account()

    async with held(txn_urls, [theirs.id]):
        waiting = [await brought(busy, theirs.id) for _ in range(6)]

        async def are_running() -> bool:
            return await running_of(busy, waiting) == RUNNING_MAX

        await eventually(are_running)
        for number in range(30):
            await uploads.put(f"drops/{theirs.id}/{number}.csv", BRIEF)
        passed = await asyncio.wait_for(imported(other, others.id), 10)
        still_running = await running_of(busy, waiting)

    assert (passed.state, passed.imported_count) == (COMPLETED, 4)
    assert still_running == RUNNING_MAX
    assert [(await settled(busy, one)).state for one in waiting] == [COMPLETED] * 6

    async def are_all_done() -> bool:
        request = txn_pb2.ListImportsRequest(account_id=theirs.id, states=[COMPLETED], with_total_count=True)
        return (await busy.imports.ListImports(request)).total_count == 36

    await eventually(are_all_done, 60)
    assert (await account(busy, theirs.id)).balance_minor == 3974
    assert uploads.dead.is_empty()


async def test_more_holders_at_work_than_a_usual_pool_has_connections_do_not_stop_the_next(
    txn_whole: Txn, txn_urls: DatabaseUrls, importer: ImporterProcess
) -> None:
    busy = [await txn_whole.person() for _ in range(8)]
    theirs = [await person.open_account() for person in busy]
    next_one = await txn_whole.person()
    opened = await next_one.open_account()
    failed = await importer.metric("stori_messages_handled_total", outcome="failed")

    async with held(txn_urls, [one.id for one in theirs]):
        waiting = [
            [await brought(person, one.id) for _ in range(RUNNING_MAX)]
            for person, one in zip(busy, theirs, strict=True)
        ]

        async def are_running() -> bool:
            pairs = zip(busy, waiting, strict=True)
            return all([await running_of(person, files) == RUNNING_MAX for person, files in pairs])

        await eventually(are_running)
        passed = await asyncio.wait_for(imported(next_one, opened.id), 10)

    assert (passed.state, passed.imported_count) == (COMPLETED, 4)
    assert await importer.metric("stori_messages_handled_total", outcome="failed") == failed
    for person, files in zip(busy, waiting, strict=True):
        assert sorted([(await settled(person, one)).imported_count for one in files]) == [0, 4]


async def test_the_next_import_of_an_account_is_started_while_one_commits(
    txn_whole: Txn, txn_urls: DatabaseUrls
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as connection:
        await connection.execute("LOCK TABLE transaction IN SHARE MODE")
        first = await brought(person, opened.id)

        async def is_writing() -> bool:
            query = "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database"
            query += " WHERE d.datname = current_database() AND relation = 'transaction'::regclass AND NOT granted"
            return await (await connection.execute(query)).fetchone() == (1,)

        await eventually(is_writing)
        second = await asyncio.wait_for(brought(person, opened.id), 2)
        running = await running_of(person, [first])

    assert running == 1
    assert sorted([(await settled(person, one)).imported_count for one in (first, second)]) == [0, 4]


async def test_the_limit_of_waiting_imports_is_named_and_is_each_holders_own(txn_whole: Txn) -> None:
    person, other = await txn_whole.person(), await txn_whole.person()
    opened = await person.open_account()
    started = [await start(person, opened.id) for _ in range(WAITING_MAX)]

    with pytest.raises(ResourceExhausted) as refused:
        await start(person, opened.id)

    assert refused.value.message == (
        f"{WAITING_MAX} of your imports await their file, answer or review, the most that may; finish those first."
    )
    assert (refused.value.reason, refused.value.metadata) == (
        "TOO_MANY_WAITING_IMPORTS",
        {"waiting_imports_max": str(WAITING_MAX)},
    )
    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(with_total_count=True))
    assert listed.total_count == WAITING_MAX
    assert (await imported(other, (await other.open_account()).id)).state == COMPLETED
    await post(started[0].upload, BRIEF)
    await settled(person, started[0].id)
    assert (await start(person, opened.id)).id


async def test_the_limit_of_accounts_is_named_and_is_each_holders_own(txn_whole: Txn) -> None:
    person, other = await txn_whole.person(), await txn_whole.person()
    for _ in range(ACCOUNTS_MAX):
        await person.open_account()

    with pytest.raises(ResourceExhausted) as refused:
        await person.open_account()

    assert refused.value.message == f"You have {ACCOUNTS_MAX} accounts, the most that one holder may have."
    assert (refused.value.reason, refused.value.metadata) == (
        "TOO_MANY_ACCOUNTS",
        {"accounts_per_holder": str(ACCOUNTS_MAX)},
    )
    assert (await other.open_account()).id
