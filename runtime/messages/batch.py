"""The Lambda side of a queue: the worker's handler behind an SQS event source with ReportBatchItemFailures.

For standard queues: Lambda keeps a FIFO queue's order only if a failure also fails what follows it.

Nothing prolongs a visibility here: a message stays hidden for the queue's own, which must be six times the function's
timeout. One whose handler failed need not wait for its end: it is shown again after the worker's pause.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from runtime.aws import Aws
from runtime.messages.backoff import Backoff
from runtime.messages.consumer import ConsumerSettings
from runtime.messages.message import Handle, Message, attempt
from runtime.messages.sqs import SqsQueue

CONCURRENCY = 10
# What an invocation keeps of its time: to show again what failed, then to answer.
SHOW_SECONDS = 2.0
ANSWER_SECONDS = 1.0
# Lambda kills at minute 15 without a word. Attempts end before minute 14, however long the function may run.
ATTEMPTS_SECONDS_MAX = 13.5 * 60

Retry = Callable[[Message], Awaitable[None]]


class Context(Protocol):
    """What Lambda tells about an invocation."""

    def get_remaining_time_in_millis(self) -> int: ...


class Retries:
    """Shows the failed messages of a queue again after the pauses that its worker makes, too."""

    def __init__(self, aws: Aws, queue_url: str, settings: ConsumerSettings) -> None:
        self._queue = SqsQueue(aws, queue_url)
        self._pauses = Backoff(settings.consumer_retry_first_seconds, settings.consumer_retry_most_seconds)

    async def show_again(self, message: Message) -> None:
        """Where SQS cannot be told in time, the message comes when its visibility ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SHOW_SECONDS):
                await self._queue.hide(message, math.ceil(self._pauses.seconds(message.receive_count)))


def lambda_handler(handle: Handle, retry: Retry) -> Callable[[Mapping[str, Any], Context], dict[str, Any]]:
    """A Lambda handler that answers which messages failed, so that only those come again. `retry` is told of each.

    All invocations share one event loop, made by the first, so clients that `handle` opens outlive an invocation.
    """
    runner = asyncio.Runner()

    def invoke(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        left = context.get_remaining_time_in_millis() / 1000 - SHOW_SECONDS - ANSWER_SECONDS
        seconds = max(0.0, min(left, ATTEMPTS_SECONDS_MAX))
        failed = runner.run(_handle_all(handle, retry, event["Records"], seconds))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    return invoke


async def _handle_all(handle: Handle, retry: Retry, records: list[Mapping[str, Any]], seconds: float) -> list[str]:
    """The ids of the messages whose handler failed or did not end in time."""
    end = asyncio.get_running_loop().time() + seconds
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(record: Mapping[str, Any]) -> bool:
        message, queue = _message(record), record["eventSourceARN"].rpartition(":")[2]
        async with slots:
            left = end - asyncio.get_running_loop().time()
            reason = await attempt(handle, message, queue=queue, seconds=left)
        if reason is not None:
            await retry(message)
        return reason is None

    done = await asyncio.gather(*(one(record) for record in records))
    return [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]


def _message(record: Mapping[str, Any]) -> Message:
    system = record["attributes"]
    return Message(
        id=record["messageId"],
        body=record["body"],
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        attributes={
            name: value["stringValue"]
            for name, value in record.get("messageAttributes", {}).items()
            if value.get("stringValue") is not None
        },
        receipt=record["receiptHandle"],
    )
