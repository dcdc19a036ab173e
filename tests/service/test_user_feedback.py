"""SES feedback through the real queue: which addresses get no more mail."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import orjson
import pytest

from local.emulator import Emulator
from runtime.aws import Aws, AwsSettings
from runtime.messages.consumer import Consumer, ConsumerSettings
from tests.service.users import UserSvc, ensured, new_subject
from user_svc.feedback import Feedback

RECEIVES_MAX = 2
WAIT_SECONDS = 20.0


@dataclass
class Queue:
    """The feedback queue and its dead-letter queue."""

    sqs: Any
    url: str
    dead_url: str

    def send(self, document: object) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=orjson.dumps(document).decode())

    def depth(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    async def settled(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while await asyncio.to_thread(self.depth, self.url):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def consuming(emulator: Emulator, users: UserSvc) -> AsyncIterator[Queue]:
    name = f"feedback-{secrets.token_hex(4)}"
    sqs = boto3.client("sqs", endpoint_url=emulator.url, region_name="us-east-1")
    dead_url = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = orjson.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX}).decode()
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    aws = Aws(AwsSettings(environment="local", region="us-east-1", endpoint_url=emulator.url))
    settings = ConsumerSettings(consumer_poll_seconds=1, consumer_retry_first_seconds=0, consumer_retry_most_seconds=0)
    stopping = asyncio.Event()
    running = asyncio.create_task(Consumer(aws, url, Feedback(users.database).handle, settings).run(stopping))
    try:
        yield Queue(sqs, url, dead_url)
    finally:
        stopping.set()
        await running
        aws.close()


@pytest.fixture(scope="module")
async def queue(emulator: Emulator, users: UserSvc) -> AsyncIterator[Queue]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        async with consuming(emulator, users) as found:
            yield found


def bounce(address: str, kind: str) -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": address}]},
    }


def complaint(address: str) -> dict[str, Any]:
    return {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": address}]}}


def state(users: UserSvc, subject: str) -> str:
    [(found,)] = users.rows(f"SELECT email_state FROM user_profile WHERE subject = '{subject}'")
    return str(found)


async def test_a_bounce_then_a_complaint_mark_the_address_and_a_later_bounce_does_not_soften_it(
    users: UserSvc, queue: Queue
) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email": "gone@example.com"}
    user = await ensured(users, subject)
    before = state(users, subject)

    states = []
    for document in (
        bounce("Gone@Example.com", "Permanent"),
        bounce("gone@example.com", "Permanent"),
        complaint("gone@example.com"),
        bounce("gone@example.com", "Permanent"),
    ):
        queue.send(document)
        await queue.settled()
        states.append(state(users, subject))

    assert before == "DELIVERABLE"
    assert states == ["BOUNCED", "BOUNCED", "COMPLAINED", "COMPLAINED"]
    assert len(users.events(user.id)) == 3


async def test_a_passing_bounce_and_a_delivery_change_nothing(users: UserSvc, queue: Queue) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email": "full@example.com"}
    user = await ensured(users, subject)

    queue.send(bounce("full@example.com", "Transient"))
    queue.send({"notificationType": "Delivery"})
    await queue.settled()

    assert state(users, subject) == "DELIVERABLE"
    assert len(users.events(user.id)) == 1


async def test_junk_goes_to_the_dead_letter_queue_and_the_others_go_on(users: UserSvc, queue: Queue) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email": "beside@example.com"}
    await ensured(users, subject)
    before = queue.depth(queue.dead_url)

    junk: list[object] = [[], "x", {"notificationType": "Complaint", "complaint": {}}]
    for document in [*junk, complaint("beside@example.com")]:
        queue.send(document)
    await queue.settled()

    assert queue.depth(queue.dead_url) == before + len(junk)
    assert state(users, subject) == "COMPLAINED"
