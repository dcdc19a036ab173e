"""WatchImports: the current state, what changes, and an end."""

import asyncio
from contextlib import ExitStack

import psycopg
import pytest

from local.postgres import Postgres
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.refusals import ResourceExhausted, Unavailable
from tests.service.importing import BRIEF, Uploads, imported, post, settled, start
from tests.service.messaging import eventually
from tests.service.txn import Client, Txn
from txn_svc.imports.watch import Watch

AWAITING, COMPLETED = txn_pb2.IMPORT_STATE_AWAITING_UPLOAD, txn_pb2.IMPORT_STATE_COMPLETED


class Stream:
    """An open WatchImports call."""

    def __init__(self, client: Client, import_id: str = "") -> None:
        self._call = client.imports.WatchImports(txn_pb2.WatchImportsRequest(import_id=import_id), timeout=30)
        self._changes = aiter(self._call)

    async def next(self) -> txn_pb2.Import:
        return (await anext(self._changes)).statement_import

    async def until(self, import_id: str, state: txn_pb2.ImportState.ValueType) -> list[txn_pb2.Import]:
        """All messages up to the one that shows the import in the state."""
        seen = [await self.next()]
        while (seen[-1].id, seen[-1].state) != (import_id, state):
            seen.append(await self.next())
        return seen

    def close(self) -> None:
        self._call.cancel()


async def test_a_stream_of_one_import_starts_with_its_state_and_ends_when_it_is_settled(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    stream = Stream(person, started.id)
    first = await stream.next()
    await post(started.upload, BRIEF)

    await uploads.deliver(txn_database, await uploads.announcement())

    seen = await stream.until(started.id, COMPLETED)
    assert (first.state, first.HasField("upload")) == (AWAITING, True)
    assert (seen[-1].imported_count, seen[-1].summary.transaction_count) == (4, 4)
    with pytest.raises(StopAsyncIteration):
        await stream.next()


async def test_a_settled_import_is_told_once(txn_whole: Txn, uploads: Uploads, txn_database: Database) -> None:
    person = await txn_whole.person()
    async with uploads.running(txn_database):
        done = await imported(person, (await person.open_account()).id)

    assert await settled(person, done.id) == done


async def test_a_stream_of_all_follows_imports_that_start_later_and_only_ones_own(
    txn_whole: Txn, uploads: Uploads, txn_database: Database
) -> None:
    person, stranger = await txn_whole.person(), await txn_whole.person()
    earlier = await start(person, (await person.open_account()).id)
    stream = Stream(person)
    first = await stream.next()

    foreign = await start(stranger, (await stranger.open_account()).id)
    later = await start(person, (await person.open_account()).id)
    seen = await stream.until(later.id, AWAITING)
    stream.close()

    assert first.id == earlier.id
    assert foreign.id not in {one.id for one in seen}


async def test_an_import_is_told_at_most_twice_a_second(txn_whole: Txn, txn_database: Database) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    stream = Stream(person, started.id)
    await stream.next()

    async def change() -> None:
        this = [f"imports/{started.id}"]
        async with await psycopg.AsyncConnection.connect(txn_database.url, autocommit=True) as connection:
            for rows_read in range(200):
                await connection.execute("UPDATE import SET rows_read = %s WHERE object_key = %s", [rows_read, *this])
                await connection.execute(
                    "SELECT pg_notify('import_changed', json_build_array(id, NULL)::text) FROM import "
                    "WHERE object_key = %s",
                    this,
                )
                await asyncio.sleep(0.006)

    begun = asyncio.get_running_loop().time()
    changing = asyncio.create_task(change())
    count, last = 0, 0
    while last < 199:
        count, last = count + 1, (await stream.next()).progress.rows_read
    elapsed = asyncio.get_running_loop().time() - begun
    await changing
    stream.close()

    assert count <= 2 + 2 * elapsed


async def test_a_stream_survives_a_lost_listening_connection(
    txn_whole: Txn, uploads: Uploads, txn_database: Database, postgres: Postgres
) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    stream = Stream(person, started.id)
    await stream.next()
    await post(started.upload, BRIEF)
    announced = await uploads.announcement()

    with psycopg.connect(postgres.url(), autocommit=True) as superuser:
        killed = superuser.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE query = 'LISTEN import_changed'"
        ).fetchone()
    await uploads.deliver(txn_database, announced)

    assert killed is not None
    assert killed[0] >= 1
    await stream.until(started.id, COMPLETED)


async def test_the_number_of_watchers_is_bounded(txn_database: Database) -> None:
    watch = Watch(txn_database, watchers_max=2)

    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(watch.watching("somebody"))
        with pytest.raises(ResourceExhausted) as refused, watch.watching("somebody"):
            pass
    with watch.watching("somebody"):
        pass

    assert refused.value.reason == "TOO_MANY_WATCHERS"


async def test_streams_end_when_the_server_drains(txn_database: Database) -> None:
    watch, stopping = Watch(txn_database, watchers_max=2), asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    with watch.watching("somebody") as watcher:
        await eventually(lambda: watcher.everything)
        await watcher.news()

        stopping.set()

        await running
        with pytest.raises(Unavailable):
            await watcher.news()


async def test_a_watcher_that_left_is_forgotten(txn_whole: Txn, watch: Watch) -> None:
    person = await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    before = len(watch._watchers)
    stream = Stream(person, started.id)
    await stream.next()

    stream.close()

    await eventually(lambda: len(watch._watchers) == before)
