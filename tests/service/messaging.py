"""Topics, queues and outboxes of a test's own, on the real emulator and the real database."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import MetaData, create_engine

from local.emulator import REGION, Emulator
from local.postgres import Postgres
from runtime.aws import Aws, AwsSettings
from runtime.database import sqlalchemy_url
from runtime.messages.outbox import outbox_table

WAIT_SECONDS = 15.0
# The emulator may hand a message to a poll whose caller has gone (docs/limits.md); it comes back after 30 seconds.
TAKE_SECONDS = 45.0


def open_aws(emulator: Emulator, kind: type[Aws] = Aws) -> Aws:
    """An Aws of the emulator; the caller has set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    return kind(AwsSettings(environment="local", region=REGION, endpoint_url=emulator.url))


@dataclass(frozen=True)
class TestQueue:
    """A queue read directly, beside the product's consumer."""

    __test__ = False
    aws: Aws
    url: str

    @classmethod
    def create(cls, aws: Aws, **attributes: str) -> "TestQueue":
        suffix = ".fifo" if "FifoQueue" in attributes else ""
        return cls(
            aws, aws.client("sqs").create_queue(QueueName=f"q-{uuid4()}{suffix}", Attributes=attributes)["QueueUrl"]
        )

    @property
    def arn(self) -> str:
        return str(self.attribute("QueueArn"))

    def attribute(self, name: str) -> str:
        return self._attributes(name)[name]

    def _attributes(self, *names: str) -> dict[str, str]:
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return {name: str(found[name]) for name in names}

    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is hidden."""
        return self.count() == 0

    def count(self) -> int:
        return sum(self.counts().values())

    def counts(self) -> dict[str, int]:
        """How many wait, and how many are hidden: of one moment, as a message may go from one to the other."""
        waiting, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        found = self._attributes(waiting, hidden)
        return {"waiting": int(found[waiting]), "hidden": int(found[hidden])}

    async def send(self, *bodies: str) -> None:
        for start in range(0, len(bodies), 10):
            batch = enumerate(bodies[start : start + 10])
            entries = [{"Id": str(index), "MessageBody": body} for index, body in batch]
            await self.aws.call(self.aws.client("sqs").send_message_batch, QueueUrl=self.url, Entries=entries)

    async def take(self, count: int) -> list[dict[str, Any]]:
        """The next `count` messages, deleted; fails if they do not come."""
        found: list[dict[str, Any]] = []
        client = self.aws.client("sqs")
        deadline = time.monotonic() + TAKE_SECONDS
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages came"
            answer = await self.aws.call(
                client.receive_message,
                QueueUrl=self.url,
                MaxNumberOfMessages=min(10, count - len(found)),
                WaitTimeSeconds=2,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            for message in answer.get("Messages", []):
                found.append(message)
                await self.aws.call(client.delete_message, QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def subscribe(self, topic_arn: str) -> None:
        """Raw delivery, as in deploy/app.yaml."""
        attributes = {"RawMessageDelivery": "true"}
        self.aws.client("sns").subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=self.arn, Attributes=attributes, ReturnSubscriptionArn=True
        )


def create_topic(aws: Aws, *, fifo: bool = False) -> str:
    name, attributes = f"t-{uuid4()}", {"FifoTopic": "true"}
    if fifo:
        return str(aws.client("sns").create_topic(Name=f"{name}.fifo", Attributes=attributes)["TopicArn"])
    return str(aws.client("sns").create_topic(Name=name)["TopicArn"])


def redrive(dead: TestQueue, max_receives: int) -> str:
    return json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": str(max_receives)})


def create_outbox(postgres: Postgres) -> str:
    """A database with an outbox, as a service's migration makes it; the application role's URL."""
    urls = postgres.create("outbox", uuid4().hex[:12])
    metadata = MetaData()
    outbox_table(metadata)
    engine = create_engine(sqlalchemy_url(urls.owner))
    metadata.create_all(engine)
    engine.dispose()
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        role = psycopg.conninfo.conninfo_to_dict(urls.application)["user"]
        connection.execute(f"GRANT SELECT, INSERT, DELETE, UPDATE (publish_time) ON outbox TO {role}")
    return urls.application


async def eventually(holds: Callable[[], Awaitable[bool] | bool], seconds: float = WAIT_SECONDS) -> None:
    """Waits for a state that tells nobody about its coming."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "the state did not come"
        await asyncio.sleep(0.02)
