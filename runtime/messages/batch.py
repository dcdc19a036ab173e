"""The Lambda side of a queue: the worker's handler behind an SQS event source with ReportBatchItemFailures.

For standard queues: Lambda keeps a FIFO queue's order only if a failure also fails what follows it.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from runtime.messages.message import Handle, Message, attempt

CONCURRENCY = 10
# What an invocation keeps of its time to answer which messages failed.
ANSWER_SECONDS = 1.0


class Context(Protocol):
    """What Lambda tells about an invocation."""

    def get_remaining_time_in_millis(self) -> int: ...


def lambda_handler(handle: Handle) -> Callable[[Mapping[str, Any], Context], dict[str, Any]]:
    """A Lambda handler that answers which messages failed, so that only those come again.

    All invocations share one event loop, made by the first, so clients that `handle` opens outlive an invocation.
    """
    runner = asyncio.Runner()

    def invoke(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        seconds = max(0.0, context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS)
        failed = runner.run(_handle_all(handle, event["Records"], seconds))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    return invoke


async def _handle_all(handle: Handle, records: list[Mapping[str, Any]], seconds: float) -> list[str]:
    """The ids of the messages whose handler failed or did not end in time."""
    end = asyncio.get_running_loop().time() + seconds
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(record: Mapping[str, Any]) -> str | None:
        async with slots:
            left = end - asyncio.get_running_loop().time()
            queue = record["eventSourceARN"].rpartition(":")[2]
            return await attempt(handle, _message(record), queue=queue, seconds=left)

    reasons = await asyncio.gather(*(one(record) for record in records))
    return [record["messageId"] for record, reason in zip(records, reasons, strict=True) if reason is not None]


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
