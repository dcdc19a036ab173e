import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.emulator import Emulator
from runtime import call
from runtime.messages.batch import ATTEMPTS_SECONDS_MAX, Retries, lambda_handler
from runtime.messages.consumer import ConsumerSettings
from runtime.messages.message import Message
from tests.service.messaging import TestQueue, eventually, open_aws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:notifications"


@dataclass(frozen=True)
class Invocation:
    remaining_millis: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_millis


def batch(bodies: Sequence[str]) -> dict[str, Any]:
    """As Lambda's documentation shows an event of SQS."""
    return {
        "Records": [
            {
                "messageId": f"m-{body}",
                "receiptHandle": "AQEB",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1763640000123", "SenderId": "AID"},
                "messageAttributes": {
                    "type": {"stringValue": "t", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                    "raw": {"binaryValue": "AA==", "stringListValues": [], "dataType": "Binary"},
                },
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE_ARN,
                "awsRegion": "us-east-1",
            }
            for body in bodies
        ]
    }


async def nothing(_: Message) -> None:
    pass


def test_of_ten_only_the_one_that_failed_is_answered() -> None:
    handled: list[Message] = []
    retried: list[str] = []

    async def handle(message: Message) -> None:
        handled.append(message)
        if message.body == "3":
            raise ValueError(message.body)

    async def retry(message: Message) -> None:
        retried.append(message.body)

    answer = lambda_handler(handle, retry)(batch([str(number) for number in range(10)]), Invocation())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-3"}]}
    assert json.loads(json.dumps(answer)) == answer
    assert len(handled) == 10
    assert retried == ["3"]
    assert (handled[0].receive_count, handled[0].attributes) == (2, {"type": "t"})
    assert handled[0].sent_at.isoformat() == "2025-11-20T12:00:00.123000+00:00"


def test_all_invocations_share_one_event_loop() -> None:
    loops: set[asyncio.AbstractEventLoop] = set()

    async def handle(_: Message) -> None:
        loops.add(asyncio.get_running_loop())

    invoke = lambda_handler(handle, nothing)
    for _ in range(3):
        assert invoke(batch(["1", "2"]), Invocation()) == {"batchItemFailures": []}

    assert len(loops) == 1


def test_what_does_not_end_in_the_invocations_time_is_answered_as_failed() -> None:
    async def handle(message: Message) -> None:
        if message.body == "slow":
            await asyncio.Event().wait()

    answer = lambda_handler(handle, nothing)(batch(["1", "slow"]), Invocation(remaining_millis=3_100))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-slow"}]}


def test_an_attempt_ends_before_minute_14_however_long_the_function_may_run() -> None:
    left: list[float] = []

    async def handle(_: Message) -> None:
        left.append(call.remaining(3_600))

    lambda_handler(handle, nothing)(batch(["1"]), Invocation(remaining_millis=900_000))

    assert ATTEMPTS_SECONDS_MAX - 5 < left[0] <= ATTEMPTS_SECONDS_MAX < 14 * 60


async def test_a_failed_message_is_shown_again_long_before_its_visibility_ends(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    aws = open_aws(emulator)
    queue = TestQueue.create(aws, VisibilityTimeout="5400")
    await queue.send("1")
    received = aws.client("sqs").receive_message(QueueUrl=queue.url)["Messages"][0]
    message = Message("m-1", "1", 1, sent_at=NOW, attributes={}, receipt=received["ReceiptHandle"])
    settings = ConsumerSettings(consumer_retry_first_seconds=1)

    await Retries(aws, queue.url, settings).show_again(replace(message, receipt="forged"))
    assert queue.attribute("ApproximateNumberOfMessagesNotVisible") == "1"
    await Retries(aws, queue.url, settings).show_again(message)

    await eventually(lambda: queue.attribute("ApproximateNumberOfMessages") == "1", 5)
    aws.close()
