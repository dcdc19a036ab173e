import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import MetaData, text

from local.emulator import Emulator
from local.ports import free_port
from local.postgres import Postgres
from protos.events.v1 import events_pb2
from runtime.aws import Aws
from runtime.database import Database, DatabaseSettings
from runtime.messages import outbox, relay
from runtime.messages.backoff import Backoff
from runtime.messages.envelope import Event, event_of
from runtime.messages.outbox import Outgoing
from runtime.messages.relay import Publisher, Relay
from runtime.messages.sns import SnsPublisher
from runtime.refusals import Unavailable
from tests.service.messaging import TestQueue, create_outbox, create_topic, eventually, open_aws

TABLE = outbox.outbox_table(MetaData())


class Recorder:
    """A destination that keeps what it accepted, and refuses what `refuses` says."""

    def __init__(self, refuses: Callable[[Outgoing], bool] = lambda _: False) -> None:
        self.accepted: list[Outgoing] = []
        self.offered: list[Outgoing] = []
        self._refuses = refuses

    async def publish(self, events: Sequence[Outgoing]) -> set[int]:
        self.offered.extend(events)
        accepted = [event for event in events if not self._refuses(event)]
        self.accepted.extend(accepted)
        return {event.position for event in accepted}

    def subjects(self) -> list[str]:
        return [event.subject for event in self.accepted]


class Followed:
    """A destination behind which something happens: after it accepted, before the relay hears of it."""

    def __init__(self, publisher: Publisher, after: Callable[[], Awaitable[None]]) -> None:
        self._publisher, self._after = publisher, after

    async def publish(self, events: Sequence[Outgoing]) -> Any:
        accepted = await self._publisher.publish(events)
        await self._after()
        return accepted


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        aws = open_aws(emulator)
        yield aws
        aws.close()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(database_url=await asyncio.to_thread(create_outbox, postgres)))
    yield database
    await database.close()


def event(subject: str, sequence: int = 1) -> Event:
    message = events_pb2.ImportCompleted(import_id=subject)
    return event_of(message, type="stori.txn.v1.ImportCompleted", source="test", subject=subject, sequence=sequence)


async def put(database: Database, *events: Event, destination: str = "events") -> None:
    async with database.write() as session:
        for one in events:
            await outbox.put(session, TABLE, one, destination)


@asynccontextmanager
async def relaying(database: Database, publishers: Mapping[str, Publisher]) -> AsyncIterator[Relay]:
    running, stopping = Relay(database.url, publishers), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(running.run(stopping))
        try:
            yield running
        finally:
            stopping.set()


async def waiting(database: Database) -> int:
    async with database.read() as session:
        return int(await session.scalar(text("SELECT count(*) FROM outbox WHERE publish_time IS NULL")))


async def all_published(database: Database, but: int = 0) -> None:
    async def no_more_wait() -> bool:
        return await waiting(database) == but

    await eventually(no_more_wait)


async def holder(database: Database) -> int | None:
    """The backend that holds the relay's lock."""
    async with database.read() as session:
        statement = text(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return await session.scalar(statement)  # type: ignore[no-any-return]


async def test_a_committed_event_arrives_once_and_a_rolled_back_one_never(aws: Aws, database: Database) -> None:
    topic_arn, queue = create_topic(aws), TestQueue.create(aws)
    queue.subscribe(topic_arn)
    lost, kept, last = event("imp_lost"), event("imp_kept"), event("imp_last")

    async with relaying(database, {"events": SnsPublisher(aws, topic_arn, fifo=False)}):
        with suppress(ZeroDivisionError):
            async with database.write() as session:
                await outbox.put(session, TABLE, lost, "events")
                raise ZeroDivisionError
        await put(database, kept)
        await put(database, last)
        await all_published(database)

    messages = await queue.take(2)
    assert queue.is_empty()
    assert sorted(Event.from_json(message["Body"]).subject for message in messages) == ["imp_kept", "imp_last"]
    assert messages[0]["MessageAttributes"]["type"]["StringValue"] == "stori.txn.v1.ImportCompleted"


async def test_a_notification_wakes_the_relay(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "FALLBACK_POLL_SECONDS", 60.0)
    recorder = Recorder()

    async with relaying(database, {"events": recorder}):
        for number in range(3):
            await put(database, event("imp_1", number))
            await all_published(database)

    assert len(recorder.accepted) == 3


async def test_an_event_without_a_notification_leaves_by_the_fallback_poll(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "FALLBACK_POLL_SECONDS", 0.05)
    monkeypatch.setattr(outbox, "CHANNEL", "elsewhere")
    recorder = Recorder()

    async with relaying(database, {"events": recorder}):
        await eventually(lambda: REGISTRY.get_sample_value("stori_outbox_pending", {"destination": "events"}) == 0)
        monkeypatch.setattr(outbox, "CHANNEL", "unheard")
        await put(database, event("imp_1"))
        await all_published(database)

    assert recorder.subjects() == ["imp_1"]


async def test_a_relay_that_loses_its_lock_after_publishing_publishes_the_same_event_again(
    aws: Aws, postgres: Postgres, database: Database
) -> None:
    topic_arn, queue = create_topic(aws), TestQueue.create(aws)
    queue.subscribe(topic_arn)
    killed = False

    async def kill_once() -> None:
        nonlocal killed
        if not killed:
            killed = True
            await terminate(postgres, await holder(database))

    async with relaying(database, {"events": Followed(SnsPublisher(aws, topic_arn, fifo=False), kill_once)}):
        await put(database, event("imp_1"))
        await all_published(database)

    first, again = await queue.take(2)
    assert first["Body"] == again["Body"]
    assert queue.is_empty()


async def terminate(postgres: Postgres, pid: int | None) -> None:
    async with await psycopg.AsyncConnection.connect(postgres.url(), autocommit=True) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


async def test_a_standby_takes_over_where_a_killed_relay_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STANDBY_POLL_SECONDS", 0.05)
    first, second, reached = Recorder(), Recorder(), asyncio.Event()
    await put(database, event("imp_1", 1), event("imp_1", 2), event("imp_2", 1))

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    killed = asyncio.create_task(Relay(database.url, {"events": Followed(first, hang)}).run(asyncio.Event()))
    await reached.wait()
    async with relaying(database, {"events": second}) as standby:
        await eventually(lambda: is_ready(standby))
        assert second.offered == []
        killed.cancel()
        await all_published(database)

    assert [event.event_id for event in second.accepted[:2]] == [event.event_id for event in first.accepted]
    assert second.subjects() == ["imp_1", "imp_2", "imp_1"]


async def is_ready(running: Relay) -> bool:
    with suppress(Unavailable):
        await running.check()
        return True
    return False


async def test_two_relays_publish_everything_once_and_in_order_while_the_lead_passes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STANDBY_POLL_SECONDS", 0.02)
    recorder = Recorder()
    subjects = [f"imp_{number}" for number in range(8)]

    async def write(subject: str) -> None:
        for sequence in range(25):
            await put(database, event(subject, sequence))

    leads: list[int | None] = [None]

    async def is_led_anew() -> bool:
        return await holder(database) not in leads

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write(subject)) for subject in subjects]
        stopping = asyncio.Event()
        for _ in range(4):
            successor = asyncio.Event()
            group.create_task(Relay(database.url, {"events": recorder}).run(successor))
            stopping.set()
            await eventually(is_led_anew)
            leads.append(await holder(database))
            stopping = successor
        await asyncio.wait(writers)
        await all_published(database)
        stopping.set()

    sequences: dict[str, list[int]] = {subject: [] for subject in subjects}
    for published in recorder.accepted:
        sequences[published.subject].append(int(json.loads(published.body)["sequence"]))
    assert sequences == {subject: list(range(25)) for subject in subjects}


async def test_of_ten_only_the_refused_event_is_offered_again_and_nothing_overtakes_it(database: Database) -> None:
    refusals = iter([True, True, False])
    recorder = Recorder(lambda one: one.subject == "imp_3" and "0000000000000000001" in one.body and next(refusals))
    await put(database, *(event(f"imp_{number}") for number in range(10)), event("imp_3", 2))

    async with relaying(database, {"events": recorder}):
        await all_published(database)

    offers = Counter(one.position for one in recorder.offered)
    assert sorted(offers.values()) == [1] * 10 + [3]
    assert recorder.subjects()[-2:] == ["imp_3", "imp_3"]
    assert recorder.accepted[-2].position < recorder.accepted[-1].position


async def test_events_that_are_always_refused_do_not_stop_others(database: Database) -> None:
    recorder = Recorder(lambda one: one.subject.startswith("poison"))
    await put(database, *(event(f"poison_{number}") for number in range(120)))

    async with relaying(database, {"events": recorder}):
        await eventually(lambda: len(recorder.offered) >= 120)
        await put(database, event("imp_1"))
        await eventually(lambda: recorder.subjects() == ["imp_1"])

    assert await waiting(database) == 120


@pytest.mark.parametrize("kind", ["raises", "hangs"])
async def test_a_destination_that_fails_does_not_stop_another(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(relay, "PUBLISH_DEADLINE_SECONDS", 0.1)
    is_up, recovering, healthy = asyncio.Event(), Recorder(), Recorder()

    class Down:
        async def publish(self, events: Sequence[Outgoing]) -> set[int]:
            if is_up.is_set():
                return await recovering.publish(events)
            if kind == "hangs":
                await asyncio.Event().wait()
            raise OSError

    async with relaying(database, {"down": Down(), "events": healthy}):
        await put(database, event("imp_1"), event("imp_1", 2), destination="down")
        for number in range(3):
            await put(database, event("imp_2", number))
            await eventually(lambda number=number: len(healthy.accepted) == number + 1)  # type: ignore[misc]
        await all_published(database, but=2)
        is_up.set()
        await all_published(database)

    assert len(recovering.accepted) == 2


async def test_a_fifo_topic_gets_the_subject_as_group_and_the_event_id_against_doubles(
    aws: Aws, database: Database
) -> None:
    topic_arn = create_topic(aws, fifo=True)
    queue = TestQueue.create(aws, FifoQueue="true")
    queue.subscribe(topic_arn)
    await put(database, event("user_1", 1), event("user_2", 1), event("user_1", 2))
    publisher = SnsPublisher(aws, topic_arn, fifo=True)

    async with relaying(database, {"events": Followed(publisher, lambda: twice(database, publisher))}):
        await all_published(database)

    messages = await queue.take(3)
    assert queue.is_empty()
    found = [(message["Attributes"]["MessageGroupId"], Event.from_json(message["Body"])) for message in messages]
    assert [one.sequence for group, one in found if group == "user_1"] == [1, 2]
    assert [one.subject for group, one in found if group == "user_2"] == ["user_2"]


async def test_a_refused_event_holds_back_its_subject_however_long_the_round_takes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PUBLISH_BACKOFF", Backoff(0.0, 0.0))
    refusals = iter([True, True, False])
    recorder = Recorder(lambda one: "0000000000000000001" in one.body and next(refusals))
    await put(database, *(event("imp_1", number) for number in range(1, 5)))

    async with relaying(database, {"events": recorder}):
        await all_published(database)

    positions = [one.position for one in recorder.accepted]
    assert positions == sorted(positions)
    assert len(recorder.offered) == 6


async def twice(database: Database, publisher: Publisher) -> None:
    async with await psycopg.AsyncConnection.connect(database.url) as connection:
        await publisher.publish(await outbox.waiting(connection, "events", most=10))


async def test_fifo_ids_do_no_harm_on_a_standard_topic(aws: Aws, database: Database) -> None:
    topic_arn, queue = create_topic(aws), TestQueue.create(aws)
    queue.subscribe(topic_arn)
    await put(database, event("user_1"))

    async with relaying(database, {"events": SnsPublisher(aws, topic_arn, fifo=True)}):
        await all_published(database)

    assert len(await queue.take(1)) == 1


async def test_only_events_published_long_ago_are_pruned(database: Database) -> None:
    await put(database, *(event(f"imp_{number}") for number in range(5)))
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute("UPDATE outbox SET publish_time = now() WHERE subject = 'imp_0'")
        await connection.execute("UPDATE outbox SET publish_time = now() - interval '8 days' WHERE subject > 'imp_1'")

        pruned = [await outbox.prune(connection, retention=timedelta(days=7), most=2) for _ in range(2)]

        cursor = await connection.execute("SELECT subject FROM outbox ORDER BY subject")
        assert [subject for (subject,) in await cursor.fetchall()] == ["imp_0", "imp_1"]
    assert pruned == [2, 1]


async def test_the_relay_prunes_by_itself_and_measures_what_waits(database: Database) -> None:
    await put(database, event("imp_old"), event("imp_new"), destination="nowhere")
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute("UPDATE outbox SET publish_time = now() - interval '8 days' WHERE subject = 'imp_old'")

    async with relaying(database, {"events": Recorder()}):
        await eventually(lambda: REGISTRY.get_sample_value("stori_outbox_pending", {"destination": "nowhere"}) == 1)
        async with database.read() as session:
            count = text("SELECT count(*) FROM outbox")

            async def is_pruned() -> bool:
                return await session.scalar(count) == 1  # type: ignore[no-any-return]

            await eventually(is_pruned)

    assert REGISTRY.get_sample_value("stori_outbox_pending", {"destination": "nowhere"}) is None


async def test_a_relay_without_its_database_is_not_ready_keeps_trying_and_stops() -> None:
    stopping = asyncio.Event()
    running = Relay(f"postgresql://nobody@127.0.0.1:{free_port()}/none", {"events": Recorder()})
    task = asyncio.create_task(running.run(stopping))

    await asyncio.wait({task}, timeout=0.5)

    assert not task.done()
    with pytest.raises(Unavailable):
        await running.check()
    stopping.set()
    await asyncio.wait_for(task, 1)


async def test_a_relay_that_stands_by_holds_no_snapshot(database: Database) -> None:
    async with relaying(database, {"events": Recorder()}) as first:
        await eventually(lambda: is_ready(first))
        async with relaying(database, {"events": Recorder()}) as second:
            await eventually(lambda: is_ready(second))
            async with database.read() as session:
                statement = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stori-relay'"
                    " AND datname = current_database() AND backend_xmin IS NOT NULL"
                )
                held = await session.scalar(statement)

    assert held == 0


async def test_an_event_that_does_not_fit_a_batch_is_refused(database: Database) -> None:
    too_long = event("imp_1")
    too_long.data["importId"] = "x" * outbox.BODY_MAX_BYTES

    with pytest.raises(ValueError, match="longer than"):
        await put(database, too_long)

    assert await waiting(database) == 0
