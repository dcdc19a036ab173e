"""`stori queues` and `stori queues redrive`, on queues that a consumer works on."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cli import dead_letters
from cli.letter import Letter
from local.emulator import REGION, Emulator
from local.ports import free_port
from runtime.aws import Aws, AwsSettings
from runtime.ids import new_id, to_id
from runtime.messages import consumer
from runtime.messages.consumer import Consumer, ConsumerSettings, Message
from runtime.refusals import Unavailable
from tests.service.importing import event as s3_event
from tests.service.importing import until_stopped
from tests.service.messaging import TestQueue, eventually, open_aws, redrive
from tests.service.stori import Done, Stori

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NO_KEYS = {**dict.fromkeys(KEYS, ""), "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
EVENT, IMPORT, ACCOUNT = (to_id(prefix, new_id()) for prefix in ("evt", "imp", "acct"))
TYPE = "stori.txn.v1.ImportCompleted"
CLOUD_EVENT = json.dumps(
    {
        "specversion": "1.0",
        "id": EVENT,
        "type": "stori.txn.v1.ImportCompleted",
        "subject": IMPORT,
        "data": {"x": "39.74"},
    }
)
BOUNCE = json.dumps(
    {"notificationType": "Bounce", "bounce": {"bouncedRecipients": [{"emailAddress": "ana@example.com"}]}}
)
DROP = s3_event("bucket", f"drops/{ACCOUNT}/Ana García 39.74.csv")
PERSONAL = ("ana", "Ana", "Garc", "example.com", "39.74", ".csv")


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        aws = open_aws(emulator)
        yield aws
        aws.close()


@pytest.fixture(autouse=True)
def poll_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "POLL_CUT_SECONDS", 0.1)


@dataclass
class Queues:
    """The imports queue with its dead letters, and a shell that knows it."""

    work: TestQueue
    dead: TestQueue
    stori: Stori

    @asynccontextmanager
    async def consumed(self, fails: Callable[[Message], bool]) -> AsyncIterator[list[str]]:
        """The bodies that are handled inside the block; a handler that fails says what nobody may see."""
        handled: list[str] = []

        async def handle(message: Message) -> None:
            if fails(message):
                raise Unavailable(f"not reached for {message.body}", reason="SERVICE_DOWN")
            handled.append(message.body)

        values: dict[str, Any] = {"consumer_poll_seconds": 0, "consumer_retry_first_seconds": 0}
        worker = Consumer(self.work.aws, self.work.url, handle, ConsumerSettings.model_validate(values))
        async with until_stopped(worker.run):
            yield handled

    async def kill(self, *bodies: str) -> None:
        """Has a consumer fail with messages until they are dead letters."""
        await self.work.send(*bodies)
        async with self.consumed(lambda _: True):
            await eventually(lambda: self.dead.count() >= len(bodies) and self.work.is_empty())

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        return self.work.counts(), self.dead.counts()


@pytest.fixture
def queues(aws: Aws, emulator: Emulator, tmp_path: Path) -> Queues:
    dead = TestQueue.create(aws)
    work = TestQueue.create(aws, RedrivePolicy=redrive(dead, 2))
    known = {"STORI_IMPORTS_QUEUE_URL": work.url, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": emulator.url}
    return Queues(work, dead, Stori(tmp_path, {"STORI_ENVIRONMENT": "local", **KEYS, **known}))


async def test_a_dead_letter_is_shown_with_its_reason_and_no_personal_data(queues: Queues) -> None:
    await queues.kill(CLOUD_EVENT, BOUNCE, DROP, "ana@example.com", '{"to": "ana@example.com"}')

    shown, document = await queues.stori.run("queues"), (await queues.stori.run("queues", "--json")).document

    letters = document["deadLetters"]["letters"]
    assert {letter["type"]: letter["ids"] for letter in letters} == {
        TYPE: [EVENT, IMPORT],
        "Bounce": [],
        "ObjectCreated:Put": [ACCOUNT],
        "unreadable": [],
        "foreign": [],
    }
    assert {(letter["reason"], letter["receiveCount"]) for letter in letters} == {("SERVICE_DOWN", 2)}
    assert (document["queue"], document["deadLetters"]["waiting"]) == ("imports", 5)
    assert 0 <= document["deadLetters"]["oldestSeconds"] < 60
    assert shown.code == 0
    assert EVENT in shown.out
    assert [word for word in PERSONAL if word in shown.out + shown.err + json.dumps(document)] == []
    assert queues.dead.counts() == {"waiting": 5, "hidden": 0}


async def test_what_sqs_moved_by_itself_has_no_reason_and_says_so(queues: Queues, aws: Aws) -> None:
    await queues.work.send(CLOUD_EVENT)
    for _ in range(3):
        aws.client("sqs").receive_message(QueueUrl=queues.work.url, VisibilityTimeout=0)

    done = await queues.stori.run("queues")

    [letter] = (await queues.stori.run("queues", "--json")).document["deadLetters"]["letters"]
    assert (letter["reason"], letter["failTime"], letter["type"]) == (None, None, TYPE)
    assert "not recorded" in done.out


async def test_the_age_of_what_waits_is_cloudwatchs_and_nothing_is_received(queues: Queues, aws: Aws) -> None:
    await queues.work.send("a", "b")
    name = queues.work.url.rpartition("/")[2]
    dimensions = [{"Name": "QueueName", "Value": name}]
    figure = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": dimensions, "Value": 7300.0}
    before = (await queues.stori.run("queues")).rows()[0]

    aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS", MetricData=[{**figure, "Timestamp": datetime.now(UTC)}]
    )

    after = (await queues.stori.run("queues")).rows()[0]
    assert (before["queue"], before["waiting"], before["oldest"]) == ("imports", "2", "")
    assert (after["waiting"], after["oldest"]) == ("2", "2 h 1 min")
    received = await queues.work.take(2)
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} == {"1"}


async def test_a_dry_run_changes_nothing(queues: Queues) -> None:
    await queues.kill(CLOUD_EVENT, BOUNCE)
    before = queues.counts()

    done = await queues.stori.run("queues", "redrive", "--dry-run")

    assert (done.code, done.out) == (
        0,
        f"imports: 2 would be moved; 1 Bounce (SERVICE_DOWN); 1 {TYPE} (SERVICE_DOWN)\n",
    )
    assert queues.counts() == before == ({"waiting": 0, "hidden": 0}, {"waiting": 2, "hidden": 0})


async def test_what_is_moved_back_is_handled_as_it_was_sent_and_once(queues: Queues) -> None:
    kind = {"type": {"DataType": "String", "StringValue": "t"}, "n": {"DataType": "Number.x", "StringValue": "1"}}
    binary = {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    queues.work.aws.client("sqs").send_message(
        QueueUrl=queues.work.url, MessageBody="good again", MessageAttributes=kind | binary
    )
    async with queues.consumed(lambda _: True):
        await eventually(lambda: queues.dead.count() == 1 and queues.work.is_empty())

    done = await queues.stori.run("queues", "redrive", "imports", "--json")
    again = await queues.stori.run("queues", "redrive", "imports")

    assert (done.code, len(done.document["letters"]), done.document["isDryRun"]) == (0, 1, False)
    assert (again.code, again.out) == (0, "imports: 0 moved\n")
    assert queues.counts() == ({"waiting": 1, "hidden": 0}, {"waiting": 0, "hidden": 0})
    [moved] = await queues.work.take(1)
    assert (moved["Body"], moved["MessageAttributes"]) == ("good again", kind | binary)
    await queues.work.send(moved["Body"])
    async with queues.consumed(lambda _: False) as handled:
        await eventually(queues.work.is_empty)
    assert handled == ["good again"]


async def test_it_works_again_for_what_failed_again(queues: Queues) -> None:
    await queues.kill(CLOUD_EVENT)

    first = await queues.stori.run("queues", "redrive")
    async with queues.consumed(lambda _: True):
        await eventually(lambda: queues.dead.count() == 1 and queues.work.is_empty())
    second = await queues.stori.run("queues", "redrive")

    assert (first.code, first.out) == (second.code, second.out) == (0, f"imports: 1 moved; 1 {TYPE} (SERVICE_DOWN)\n")
    async with queues.consumed(lambda _: False) as handled:
        await eventually(queues.work.is_empty)
    assert handled == [CLOUD_EVENT]
    assert queues.dead.is_empty()


async def test_what_fails_again_while_it_is_moved_back_is_moved_once(queues: Queues) -> None:
    await queues.kill(CLOUD_EVENT, BOUNCE)
    moved: list[Letter] = []

    async with queues.consumed(lambda _: True):
        await dead_letters.redrive(queues.work.aws, queues.dead.url, queues.work.url, moved, only="", is_dry_run=False)
        await eventually(lambda: queues.work.is_empty() and queues.dead.counts() == {"waiting": 2, "hidden": 0})

    assert len(moved) == 2


async def test_only_one_message_is_moved(queues: Queues) -> None:
    await queues.kill(CLOUD_EVENT, BOUNCE, DROP)
    letters = (await queues.stori.run("queues", "--json")).document["deadLetters"]["letters"]
    [one] = [letter["id"] for letter in letters if letter["type"] == "Bounce"]

    done = await queues.stori.run("queues", "redrive", "--message", one)

    assert (done.code, done.out) == (0, "imports: 1 moved; 1 Bounce (SERVICE_DOWN)\n")
    assert queues.counts() == ({"waiting": 1, "hidden": 0}, {"waiting": 2, "hidden": 0})
    assert [message["Body"] for message in await queues.work.take(1)] == [BOUNCE]


class Killed(BaseException):
    pass


class Dying(Aws):
    """Dies where a letter was sent and is to be deleted; nothing happens afterwards."""

    undone: Mapping[str, str] = MappingProxyType({})

    async def call(self, method: Callable[..., Any], **kwargs: Any) -> Any:
        if method.__name__ == "delete_message":
            self.undone = kwargs
        if self.undone:
            raise Killed
        return await super().call(method, **kwargs)


async def test_killed_between_sending_and_deleting_it_loses_nothing(
    queues: Queues, aws: Aws, emulator: Emulator
) -> None:
    await queues.kill(CLOUD_EVENT)
    dying = Dying(AwsSettings(environment="local", region=REGION, endpoint_url=emulator.url))

    with pytest.raises(Killed):
        await dead_letters.redrive(dying, queues.dead.url, queues.work.url, [], only="", is_dry_run=False)

    assert queues.counts() == ({"waiting": 1, "hidden": 0}, {"waiting": 0, "hidden": 1})
    held = await queues.stori.run("queues", "redrive")
    assert (held.code, held.out, "1 are in somebody else's hands" in held.err) == (0, "imports: 0 moved\n", True)
    # A minute later.
    aws.client("sqs").change_message_visibility(**dying.undone, VisibilityTimeout=0)
    assert (await queues.stori.run("queues", "redrive")).code == 0
    async with queues.consumed(lambda _: False) as handled:
        await eventually(queues.work.is_empty)
    assert handled == [CLOUD_EVENT] * 2
    assert queues.dead.is_empty()
    dying.close()


async def test_a_fifo_queue_keeps_its_groups_and_their_order(aws: Aws, queues: Queues) -> None:
    dead = TestQueue.create(aws, FifoQueue="true")
    work = TestQueue.create(aws, FifoQueue="true", RedrivePolicy=redrive(dead, 1), VisibilityTimeout="0")
    send = aws.client("sqs").send_message
    for number in range(12):
        send(
            QueueUrl=work.url,
            MessageBody=str(number),
            MessageGroupId=f"g{number % 2}",
            MessageDeduplicationId=str(number),
        )
    while dead.count() < 12:
        aws.client("sqs").receive_message(QueueUrl=work.url, MaxNumberOfMessages=10)

    done = await queues.stori.changed(STORI_IMPORTS_QUEUE_URL=work.url).run("queues", "redrive", "--json")

    assert len(done.document["letters"]) == 12
    assert dead.is_empty()
    aws.client("sqs").set_queue_attributes(QueueUrl=work.url, Attributes={"VisibilityTimeout": "30"})
    found = await work.take(12)
    by_group = {
        group: [int(m["Body"]) for m in found if m["Attributes"]["MessageGroupId"] == group] for group in ("g0", "g1")
    }
    assert by_group == {"g0": [0, 2, 4, 6, 8, 10], "g1": [1, 3, 5, 7, 9, 11]}


@pytest.mark.parametrize(
    ("arguments", "changes", "code", "word"),
    [
        (["redrive", "mails"], {}, 2, "there are imports, notifications, feedback"),
        (["redrive", "feedback"], {}, 78, "STORI_FEEDBACK_QUEUE_URL"),
        (["redrive", "--message", "none"], {}, 1, "no dead letter none"),
        (["redrive", "--message", "none", "--dry-run"], {}, 1, "no dead letter none"),
        ([], {"STORI_IMPORTS_QUEUE_URL": ""}, 78, "not known what to ask AWS for"),
        (["redrive"], {"STORI_IMPORTS_QUEUE_URL": ""}, 78, "`make up`"),
        ([], {"AWS_REGION": ""}, 78, "AWS_REGION"),
        ([], NO_KEYS, 78, "NoCredentialsError"),
        ([], {"STORI_ENVIRONMENT": "production"}, 78, "AWS_ENDPOINT_URL"),
        ([], {"STORI_IMPORTS_QUEUE_URL": "http://127.0.0.1:1/000000000000/gone"}, 78, "addresses"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    queues: Queues, arguments: list[str], changes: dict[str, str], code: int, word: str
) -> None:
    await queues.kill(BOUNCE)
    before = queues.counts()

    done = await queues.stori.changed(**changes).run("queues", *arguments)

    assert (done.code, word in done.err, len(done.err.strip().splitlines())) == (code, True, 1), done.err
    assert queues.counts() == before


async def test_a_queue_that_keeps_no_dead_letters_is_shown_and_has_none_to_move(queues: Queues, aws: Aws) -> None:
    alone = queues.stori.changed(STORI_IMPORTS_QUEUE_URL=TestQueue.create(aws).url)

    shown, done = await alone.run("queues", "--json"), await alone.run("queues", "redrive")

    assert shown.document == {
        "queue": "imports",
        "waiting": 0,
        "hidden": 0,
        "delayed": 0,
        "oldestSeconds": None,
        "deadLetters": None,
    }
    assert (done.code, "keeps no dead letters" in done.err) == (1, True)


async def test_sqs_that_does_not_answer_is_75(queues: Queues) -> None:
    down = queues.stori.changed(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")

    done: Done = await down.run("queues")

    assert (done.code, done.out, len(done.err.splitlines())) == (75, "", 1)


async def test_the_queues_of_a_running_stack_need_no_credentials(
    queues: Queues, aws: Aws, emulator: Emulator, tmp_path: Path
) -> None:
    names = ("imports", "notifications", "feedback")
    urls = {f"{name}_queue_url": queues.work.url if name == "imports" else TestQueue.create(aws).url for name in names}
    addresses = dict.fromkeys(("user_svc_address", "txn_svc_address", "sign_in_url", "cli_client_id"), "x")
    stack = {"region": REGION, "aws_endpoint_url": emulator.url, **urls, **addresses}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    elsewhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "x"}
    shell = Stori(tmp_path, {"STORI_HOME": str(tmp_path), **NO_KEYS, **elsewhere})
    await queues.kill(BOUNCE)

    done = await shell.run("queues")

    assert (done.code, done.err) == (0, "")
    assert [line.split("\t")[:2] for line in done.lines[1:5]] == [
        ["imports", "0"],
        ["imports dead letters", "1"],
        ["notifications", "0"],
        ["feedback", "0"],
    ]
