"""What the metrics of queues, calls and requests say, and that nothing a client sends becomes a label."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
from prometheus_client import REGISTRY

from local.emulator import Emulator
from local.ports import free_port
from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime.aws import Aws
from runtime.messages import consumer
from runtime.messages.consumer import Consumer, ConsumerSettings, Handle, Message
from runtime.refusals import InvalidArgument, Unavailable
from runtime.rpc.client import RpcClientSettings, open_channel
from tests.service.bff_stage import open_stage
from tests.service.messaging import TestQueue, eventually, open_aws, redrive
from tests.service.txn import Txn

OPEN_ACCOUNT = "/txn.v1.AccountService/OpenAccount"


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        aws = open_aws(emulator)
        yield aws
        aws.close()


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def depth(queue: TestQueue, kind: str, state: str) -> float | None:
    return sample("stori_queue_messages", queue=queue.url.rpartition("/")[2], kind=kind, state=state)


def oldest(queue: TestQueue, kind: str) -> float | None:
    return sample("stori_queue_oldest_seconds", queue=queue.url.rpartition("/")[2], kind=kind)


@asynccontextmanager
async def consuming(queue: TestQueue, handle: Handle) -> AsyncIterator[None]:
    """One message at a time, the queue measured ten times a second."""
    values = {"consumer_concurrency": 1, "consumer_measure_seconds": 0.1, "consumer_retry_first_seconds": 0}
    stopping = asyncio.Event()
    worker = Consumer(queue.aws, queue.url, handle, ConsumerSettings.model_validate(values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumer, "POLL_CUT_SECONDS", 0.1)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stopping))
            try:
                yield
            finally:
                stopping.set()


async def test_a_queue_shows_how_much_waits_and_for_how_long(aws: Aws) -> None:
    queue, go_on = TestQueue.create(aws), asyncio.Event()

    async def handle(_: Message) -> None:
        await go_on.wait()

    await queue.send("a", "b", "c")
    async with consuming(queue, handle):
        await eventually(lambda: (depth(queue, "work", "waiting"), depth(queue, "work", "hidden")) == (2, 1))
        await eventually(lambda: (oldest(queue, "work") or 0) > 0.3)
        go_on.set()
        await eventually(lambda: (depth(queue, "work", "waiting"), depth(queue, "work", "hidden")) == (0, 0))
        await eventually(lambda: oldest(queue, "work") == 0)

    assert depth(queue, "dead_letters", "waiting") is None


async def test_dead_letters_are_shown_beside_the_queue_they_come_from(aws: Aws) -> None:
    dead = TestQueue.create(aws)
    queue = TestQueue.create(aws, RedrivePolicy=redrive(dead, 2))

    async def handle(message: Message) -> None:
        if message.body == "poison":
            raise ZeroDivisionError

    await queue.send("good", "poison")
    async with consuming(queue, handle):
        await eventually(lambda: depth(queue, "dead_letters", "waiting") == 1)
        await eventually(lambda: (oldest(queue, "dead_letters") or 0) > 0.3)

    assert depth(queue, "work", "waiting") == 0


async def test_a_queue_that_does_not_answer_has_no_figures_instead_of_old_ones(aws: Aws) -> None:
    queue = TestQueue.create(aws)

    async def handle(_: Message) -> None:
        pass

    async with consuming(queue, handle):
        await eventually(lambda: depth(queue, "work", "waiting") == 0)
        aws.client("sqs").delete_queue(QueueUrl=queue.url)
        await eventually(lambda: depth(queue, "work", "waiting") is None)

    assert oldest(queue, "work") is None


async def test_calls_are_timed_by_method_and_code_on_both_sides(txn: Txn) -> None:
    def counts(code: str) -> tuple[float, ...]:
        names = ("stori_rpc_client_seconds_count", "stori_rpc_server_seconds_count")
        return tuple(sample(name, method=OPEN_ACCOUNT, code=code) or 0 for name in names)

    person, good, bad = await txn.person(), counts("OK"), counts("INVALID_ARGUMENT")

    await person.open_account()
    with pytest.raises(InvalidArgument):
        await person.open_account(name="")

    # The server counts a call when it has answered, which may be after the answer is here.
    await eventually(lambda: counts("OK") == tuple(count + 1 for count in good))
    await eventually(lambda: counts("INVALID_ARGUMENT") == tuple(count + 1 for count in bad))


async def test_a_stream_is_timed_until_its_reader_leaves(txn_whole: Txn) -> None:
    labels = {"method": "/txn.v1.ImportService/WatchImports", "code": "CANCELLED"}
    before = sample("stori_rpc_client_seconds_count", **labels) or 0
    person = await txn_whole.person()

    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            async for _ in person.imports.WatchImports(txn_pb2.WatchImportsRequest()):
                pass

    await eventually(lambda: sample("stori_rpc_client_seconds_count", **labels) == before + 1)


async def test_calls_to_a_dead_service_are_counted_and_open_its_breaker() -> None:
    async def credential() -> None:
        return None

    address = f"127.0.0.1:{free_port()}"
    settings = RpcClientSettings(environment="local", rpc_attempts=1, rpc_breaker_failures=3, rpc_breaker_seconds=60)
    labels = {"method": "/txn.v1.AccountService/GetAccount", "code": "UNAVAILABLE"}
    before = sample("stori_rpc_client_seconds_count", **labels) or 0
    async with open_channel(address, credential=credential, settings=settings) as channel:
        accounts = txn_pb2_grpc.AccountServiceStub(channel)
        closed = sample("stori_rpc_breaker_open", target=address)
        for _ in range(5):
            with pytest.raises(Unavailable):
                await accounts.GetAccount(txn_pb2.GetAccountRequest(account_id="x"))

    assert (closed, sample("stori_rpc_breaker_open", target=address)) == (0, 1)
    assert sample("stori_rpc_client_seconds_count", **labels) == before + 5


async def test_requests_are_timed_and_a_strangers_text_is_no_label() -> None:
    def requests(**labels: str) -> float:
        return sample("stori_http_request_seconds_count", **labels) or 0

    known, odd = (
        {"method": "POST", "path": "/graphql", "status": "200"},
        {"method": "other", "path": "other", "status": "404"},
    )
    async with open_stage() as stage:
        before, before_odd = requests(**known), requests(**odd)

        await stage.ask("{ __typename }")
        async with httpx2.AsyncClient() as client:
            answer = await client.request("PROPFIND", f"{stage.url}/canary-7316?canary-7316")

    assert answer.status_code == 404
    assert requests(**known) == before + 1
    assert requests(**odd) == before_odd + 1
    labels = [str(one.labels) for family in REGISTRY.collect() for one in family.samples]
    assert not [one for one in labels if "canary" in one or "PROPFIND" in one]
