import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.messages.batch import lambda_handler
from runtime.messages.message import Message

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


def test_of_ten_only_the_one_that_failed_is_answered() -> None:
    handled: list[Message] = []

    async def handle(message: Message) -> None:
        handled.append(message)
        if message.body == "3":
            raise ValueError(message.body)

    answer = lambda_handler(handle)(batch([str(number) for number in range(10)]), Invocation())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-3"}]}
    assert json.loads(json.dumps(answer)) == answer
    assert len(handled) == 10
    assert (handled[0].receive_count, handled[0].attributes) == (2, {"type": "t"})
    assert handled[0].sent_at.isoformat() == "2025-11-20T12:00:00.123000+00:00"


def test_all_invocations_share_one_event_loop() -> None:
    loops: set[asyncio.AbstractEventLoop] = set()

    async def handle(_: Message) -> None:
        loops.add(asyncio.get_running_loop())

    invoke = lambda_handler(handle)
    for _ in range(3):
        assert invoke(batch(["1", "2"]), Invocation()) == {"batchItemFailures": []}

    assert len(loops) == 1


def test_what_does_not_end_in_the_invocations_time_is_answered_as_failed() -> None:
    async def handle(message: Message) -> None:
        if message.body == "slow":
            await asyncio.Event().wait()

    answer = lambda_handler(handle)(batch(["1", "slow"]), Invocation(remaining_millis=1_100))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-slow"}]}
