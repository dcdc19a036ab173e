import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from local.emulator import Emulator
from local.ports import free_port
from runtime.aws import Aws, AwsSettings
from runtime.call import current
from runtime.messages import consumer
from runtime.messages.consumer import Consumer, ConsumerSettings, Handle, Message
from runtime.messages.dead_letters import ATTRIBUTE, Record
from runtime.refusals import DeadlineExceeded, FailedPrecondition, Unavailable
from tests.service.messaging import TestQueue, eventually, open_aws, redrive


class Recorder:
    """A handler that notes every message and does what `acts` says."""

    def __init__(self, act: Callable[[Message], Any] = lambda _: None) -> None:
        self.messages: list[Message] = []
        self.times: list[float] = []
        self.running = self.most_running = 0
        self._act = act

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        self.times.append(time.monotonic())
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            acted = self._act(message)
            if acted is not None:
                await acted
        finally:
            self.running -= 1

    def bodies(self) -> list[str]:
        return [message.body for message in self.messages]


class FlakyAws(Aws):
    """Loses the first answers about deletions: one as a failed call, one as a failed entry."""

    def __init__(self, settings: AwsSettings) -> None:
        super().__init__(settings)
        self.deletions = 0

    async def call(self, method: Callable[..., Any], *, deadline_seconds: float = 10, **kwargs: Any) -> Any:
        if method.__name__ != "delete_message_batch":
            return await super().call(method, deadline_seconds=deadline_seconds, **kwargs)
        self.deletions += 1
        if self.deletions == 1:
            return await super().call(self.client("sqs").delete_queue, QueueUrl="http://127.0.0.1/none")
        if self.deletions == 2:
            failed, *others = kwargs["Entries"]
            await super().call(method, **{**kwargs, "Entries": others})
            return {"Failed": [{"Id": failed["Id"], "Code": "InternalError", "SenderFault": False}]}
        return await super().call(method, **kwargs)


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        aws = open_aws(emulator)
        yield aws
        aws.close()


@pytest.fixture(autouse=True)
def poll_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests end with nothing left in the queue: they need not wait for what the last poll might bring."""
    monkeypatch.setattr(consumer, "POLL_CUT_SECONDS", 0.1)


@pytest.fixture
def queue(aws: Aws) -> TestQueue:
    return TestQueue.create(aws)


def settings(**values: float) -> ConsumerSettings:
    return ConsumerSettings.model_validate({"consumer_retry_first_seconds": 0, **values})


@asynccontextmanager
async def consuming(queue: TestQueue, handle: Handle, **values: float) -> AsyncIterator[Consumer]:
    worker, stopping = Consumer(queue.aws, queue.url, handle, settings(**values)), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stopping))
        try:
            yield worker
        finally:
            stopping.set()


def fail_once(*bad: str) -> Callable[[Message], None]:
    left = set(bad)

    def act(message: Message) -> None:
        if message.body in left:
            left.remove(message.body)
            raise ZeroDivisionError

    return act


async def test_every_message_is_handled_once_and_deleted(queue: TestQueue) -> None:
    handle = Recorder()
    await queue.send(*(str(number) for number in range(35)))

    async with consuming(queue, handle):
        await eventually(queue.is_empty)

    assert sorted(handle.bodies(), key=int) == [str(number) for number in range(35)]
    first = handle.messages[0]
    assert first.receive_count == 1
    assert abs(first.sent_at.timestamp() - time.time()) < 60


async def test_no_more_messages_are_handled_at_once_than_allowed(queue: TestQueue) -> None:
    gate = asyncio.Event()
    handle = Recorder(lambda _: gate.wait())
    await queue.send(*(str(number) for number in range(20)))

    async with consuming(queue, handle, consumer_concurrency=3):
        await eventually(lambda: handle.running == 3)
        gate.set()
        await eventually(queue.is_empty)

    assert handle.most_running == 3
    assert len(handle.messages) == 20


async def test_of_ten_only_the_one_that_failed_comes_again(queue: TestQueue) -> None:
    handle = Recorder(fail_once("3"))
    await queue.send(*(str(number) for number in range(10)))

    async with consuming(queue, handle):
        await eventually(queue.is_empty)

    assert Counter(handle.bodies()) == {str(number): 2 if number == 3 else 1 for number in range(10)}
    assert [message.receive_count for message in handle.messages if message.body == "3"] == [1, 2]


async def test_a_failed_message_rests_before_it_comes_again(queue: TestQueue) -> None:
    handle = Recorder(fail_once("bad"))
    await queue.send("bad")

    async with consuming(queue, handle, consumer_retry_first_seconds=1):
        await eventually(lambda: len(handle.times) == 2)

    assert handle.times[1] - handle.times[0] >= 0.9


async def test_poison_goes_to_the_dead_letter_queue_and_the_others_go_on(aws: Aws) -> None:
    dead = TestQueue.create(aws)
    queue = TestQueue.create(aws, RedrivePolicy=redrive(dead, 5))

    def act(message: Message) -> None:
        if message.body == "poison":
            raise ValueError(message.body)

    handle = Recorder(act)
    await queue.send("poison", *(str(number) for number in range(9)))

    async with consuming(queue, handle):
        poison = await dead.take(1)
        await eventually(queue.is_empty)

    assert poison[0]["Body"] == "poison"
    assert Counter(handle.bodies()) == {"poison": 5, **{str(number): 1 for number in range(9)}}


class MuteAws(Aws):
    """May not send to the dead-letter queue."""

    async def call(self, method: Callable[..., Any], *, deadline_seconds: float = 10, **kwargs: Any) -> Any:
        if method.__name__ == "send_message":
            raise DeadlineExceeded("AWS did not answer in time.")
        return await super().call(method, deadline_seconds=deadline_seconds, **kwargs)


def act_badly(_: Message) -> None:
    raise FailedPrecondition("Ana's account is closed.", reason="ACCOUNT_CLOSED")


async def test_a_dead_letter_has_the_reason_and_what_its_sender_gave_it(aws: Aws) -> None:
    dead = TestQueue.create(aws)
    queue = TestQueue.create(aws, RedrivePolicy=redrive(dead, 3))
    handle = Recorder(act_badly)
    kind = {"DataType": "String", "StringValue": "t"}
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="bad", MessageAttributes={"type": kind})

    async with consuming(queue, handle):
        await eventually(lambda: dead.count() == 1 and queue.is_empty())

    [letter] = await dead.take(1)
    found, seen = Record.of(letter), handle.messages[0]
    assert (found.reason, found.receive_count, found.message_id) == ("ACCOUNT_CLOSED", 3, seen.id)
    assert found.sent_at == seen.sent_at
    assert found.failed_at is not None
    assert found.failed_at >= seen.sent_at
    assert (letter["Body"], letter["MessageAttributes"].pop("type")) == ("bad", kind)
    assert list(letter["MessageAttributes"]) == [ATTRIBUTE]
    assert "Ana" not in str(letter["MessageAttributes"])
    assert len(handle.messages) == 3


async def test_where_the_worker_cannot_move_it_sqs_does_and_there_is_no_reason(emulator: Emulator, aws: Aws) -> None:
    dead = TestQueue.create(aws)
    queue = TestQueue(open_aws(emulator, MuteAws), TestQueue.create(aws, RedrivePolicy=redrive(dead, 2)).url)
    handle = Recorder(act_badly)
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="bad")

    async with consuming(queue, handle):
        await eventually(lambda: dead.count() == 1 and queue.is_empty())

    [letter] = await dead.take(1)
    assert (letter["MessageId"], Record.of(letter).reason) == (handle.messages[0].id, "")
    assert len(handle.messages) == 2
    queue.aws.close()


async def test_a_message_stays_hidden_for_as_long_as_its_handler_works(queue: TestQueue) -> None:
    handle = Recorder(lambda _: asyncio.sleep(3))
    other = Recorder()
    await queue.send("slow")

    async with consuming(queue, handle, consumer_visibility_seconds=2):
        await eventually(lambda: handle.running == 1)
        async with consuming(queue, other):
            await eventually(queue.is_empty)

    assert len(handle.messages) == 1
    assert other.messages == []


async def test_a_handler_that_takes_too_long_is_ended_and_the_message_comes_again(queue: TestQueue) -> None:
    def act(message: Message) -> Any:
        return asyncio.Event().wait() if message.receive_count == 1 else None

    handle = Recorder(act)
    await queue.send("stuck")

    async with consuming(queue, handle, consumer_handler_seconds=0.2):
        await eventually(queue.is_empty)

    assert len(handle.messages) == 2


async def test_a_stop_finishes_what_is_in_flight_and_takes_nothing_new(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The poll that is out may bring the late message, however slow this machine is.
    monkeypatch.setattr(consumer, "POLL_CUT_SECONDS", 5.0)
    gate, stopping = asyncio.Event(), asyncio.Event()
    handle = Recorder(lambda _: gate.wait())
    await queue.send("1", "2")
    running = asyncio.create_task(Consumer(queue.aws, queue.url, handle, settings()).run(stopping))
    await eventually(lambda: handle.running == 2)

    stopping.set()
    await queue.send("late")
    gate.set()
    await running

    assert sorted(handle.bodies()) == ["1", "2"]
    assert [message["Body"] for message in await queue.take(1)] == ["late"]
    assert queue.is_empty()


async def test_what_does_not_finish_within_the_drain_is_given_back_at_once(queue: TestQueue) -> None:
    stopping = asyncio.Event()
    handle = Recorder(lambda message: asyncio.Event().wait() if message.body == "stuck" else None)
    await queue.send("stuck", "quick")
    running = asyncio.create_task(Consumer(queue.aws, queue.url, handle, settings(drain_seconds=3.2)).run(stopping))
    await eventually(lambda: handle.running == 1 and len(handle.messages) == 2)

    stopping.set()
    await running

    (stuck,) = await queue.take(1)
    assert (stuck["Body"], stuck["Attributes"]["ApproximateReceiveCount"]) == ("stuck", "2")
    assert queue.is_empty()


async def test_an_idle_consumer_stops_without_waiting_for_its_poll(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "POLL_CUT_SECONDS", 1.0)
    async with consuming(queue, Recorder()) as worker:
        await eventually(lambda: is_ready(worker))
        stopped = time.monotonic()

    assert time.monotonic() - stopped < 2


async def test_a_message_that_the_last_poll_brings_is_given_back(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "POLL_CUT_SECONDS", 2.0)
    stopping, handle = asyncio.Event(), Recorder()
    worker = Consumer(queue.aws, queue.url, handle, settings())
    running = asyncio.create_task(worker.run(stopping))
    await eventually(lambda: is_ready(worker))

    stopping.set()
    await queue.send("late")
    await running

    (late,) = await queue.take(1)
    assert (late["Body"], late["Attributes"]["ApproximateReceiveCount"]) == ("late", "2")
    assert handle.messages == []


@pytest.mark.parametrize("copies", [2, 10])
async def test_duplicates_reach_the_handler_which_knows_them_by_the_events_id(queue: TestQueue, copies: int) -> None:
    done: set[str] = set()
    handle = Recorder(lambda message: done.add(json.loads(message.body)["id"]))
    await queue.send(*['{"id": "evt_1"}'] * copies)

    async with consuming(queue, handle):
        await eventually(queue.is_empty)

    assert len(handle.messages) == copies
    assert len({message.id for message in handle.messages}) == copies
    assert done == {"evt_1"}


async def test_a_deletion_that_failed_is_repeated(emulator: Emulator, aws: Aws) -> None:
    flaky = open_aws(emulator, FlakyAws)
    queue, handle = TestQueue.create(flaky), Recorder()
    await queue.send("1", "2", "3")

    async with consuming(queue, handle):
        await eventually(queue.is_empty)

    assert sorted(handle.bodies()) == ["1", "2", "3"]
    assert flaky.deletions == 3  # type: ignore[attr-defined]


async def test_a_queue_that_is_not_there_yet_makes_the_worker_not_ready_and_it_keeps_trying(aws: Aws) -> None:
    missing = TestQueue(aws, TestQueue.create(aws).url + "-later")

    async with consuming(missing, Recorder()) as worker:
        await asyncio.sleep(0.1)
        assert not await is_ready(worker)
        aws.client("sqs").create_queue(QueueName=missing.url.rpartition("/")[2])
        await eventually(lambda: is_ready(worker))


async def test_a_worker_whose_sqs_is_down_stops_at_once(aws: Aws) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    down = Aws(AwsSettings(environment="local", region="us-east-1", endpoint_url=url))
    stopping = asyncio.Event()
    worker = Consumer(down, f"{url}/000000000000/none", Recorder(), settings())
    running = asyncio.create_task(worker.run(stopping))

    await asyncio.wait({running}, timeout=0.3)
    assert not await is_ready(worker)
    stopping.set()

    await asyncio.wait_for(running, 2)


async def is_ready(worker: Consumer) -> bool:
    try:
        await worker.check()
    except Unavailable:
        return False
    return True


async def test_a_handler_has_a_call_with_a_deadline_and_the_message_id_in_its_logs(queue: TestQueue) -> None:
    seen: list[Any] = []
    handle = Recorder(lambda _: seen.append((current(), structlog.contextvars.get_contextvars())))
    await queue.send("x")

    async with consuming(queue, handle, consumer_handler_seconds=30):
        await eventually(queue.is_empty)

    ((call, logged),) = seen
    message_id = handle.messages[0].id
    assert logged == {"request_id": message_id, "message_id": message_id}
    assert call.request_id == message_id
    assert 0 < call.deadline - time.monotonic() <= 30
    assert call.caller is None


async def test_attempts_are_counted_by_outcome(queue: TestQueue) -> None:
    name = queue.url.rpartition("/")[2]
    await queue.send("good", "bad")

    async with consuming(queue, Recorder(fail_once("bad"))):
        await eventually(queue.is_empty)

    def sample(metric: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(metric, {"queue": name, **labels})

    assert sample("stori_messages_handled_total", outcome="done") == 2
    assert sample("stori_messages_handled_total", outcome="failed") == 1
    assert sample("stori_messages_in_flight") == 0
    assert sample("stori_message_handler_seconds_count") == 3
