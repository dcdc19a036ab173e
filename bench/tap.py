"""A queue of the measurement's own at one of Stori's topics: what leaves the topic comes to it too."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from bench.processes import NotRight
from bench.system import System

BATCH = 10
LOOK_SECONDS = 0.05
SECONDS_MAX = 60.0
SAME = ("VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy")
HELD = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")

Message = dict[str, Any]


class Tap:
    """With the attributes of the notifications queue, and subscribed as that is."""

    def __init__(self, system: System, topic_arn: str) -> None:
        self._sqs = system.aws("sqs")
        model = self._sqs.get_queue_attributes(
            QueueUrl=system.outputs["NotificationsQueueUrl"], AttributeNames=["All"]
        )["Attributes"]
        attributes = {name: model[name] for name in SAME}
        self._url = self._sqs.create_queue(QueueName=f"tap-{uuid4()}", Attributes=attributes)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": _policy(arn, topic_arn)})
        system.aws("sns").subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )

    async def holds(self, count: int) -> None:
        """Waits until so many messages are in it. Raises NotRight."""
        deadline = time.monotonic() + SECONDS_MAX
        while (found := await asyncio.to_thread(held, self._sqs, self._url)) != count:
            if found > count or time.monotonic() > deadline:
                raise NotRight(f"{found:,} messages came through a topic, not {count:,}.")
            await asyncio.sleep(LOOK_SECONDS)

    def take(
        self,
        count: int,
        *,
        system_attributes: Sequence[str] = (),
        handle: Callable[[list[Message]], object] | None = None,
    ) -> list[Message]:
        """The bare loop: ten received, ten deleted, one request after the other, until `count` have come."""
        taken: list[Message] = []
        asked = {"MessageSystemAttributeNames": list(system_attributes)} if system_attributes else {}
        while len(taken) < count:
            messages = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, **asked)["Messages"]
            if handle is not None:
                handle(messages)
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
            ]
            if self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries).get("Failed"):
                raise NotRight("The queue did not delete what it had delivered.")
            taken += messages
        return taken


def held(sqs: Any, url: str) -> int:
    """The messages of a queue, those included that somebody has received."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(HELD))["Attributes"]
    return sum(int(attributes[name]) for name in HELD)


def event_ids(messages: Sequence[Message]) -> list[str]:
    """The ids of the events in them, none twice. Raises NotRight."""
    ids = [json.loads(message["Body"])["id"] for message in messages]
    if len(set(ids)) < len(ids):
        raise NotRight("An event came twice.")
    return ids


def _policy(queue_arn: str, topic_arn: str) -> str:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
