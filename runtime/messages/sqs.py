"""One SQS queue: sending what the outbox holds for it; receiving, hiding, and deleting in batches what was handled."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from runtime import points
from runtime.aws import Aws, AwsError, error_code
from runtime.messages.backoff import Backoff
from runtime.messages.dead_letters import SYSTEM_ATTRIBUTES
from runtime.messages.message import Message
from runtime.messages.outbox import Outgoing

BATCH_MAX = 10
# A long poll is answered after its wait at the latest; this is for the way there and back.
POLL_MARGIN_SECONDS = 5
RELEASE_DEADLINE_SECONDS = 2.0
DELETE_DEADLINE_SECONDS = 3.0
FLUSH_SECONDS = 0.05
DELETIONS_MAX = 100
DELETE_ATTEMPTS_MAX = 4
DELETE_BACKOFF = Backoff(0.1, 1.0)

log = structlog.get_logger()


class SqsPublisher:
    """A queue as a destination of the outbox."""

    def __init__(self, aws: Aws, queue_url: str) -> None:
        self._aws = aws
        self._queue_url = queue_url

    async def publish(self, events: Sequence[Outgoing]) -> set[int]:
        """Sends at most 10 events; the positions of those that SQS accepted. Raises one of AwsError for all."""
        answer = await self._aws.call(
            self._aws.client("sqs").send_message_batch,
            QueueUrl=self._queue_url,
            Entries=[{"Id": str(event.position), "MessageBody": event.body} for event in events],
        )
        for refused in answer.get("Failed", []):
            log.warning("SQS refused an event", position=refused["Id"], code=refused.get("Code"))
        return {int(accepted["Id"]) for accepted in answer.get("Successful", [])}


class SqsQueue:
    """The queue at a URL; `name` is its last part. `poll_seconds` and `visibility_seconds` are for who receives."""

    def __init__(self, aws: Aws, url: str, *, poll_seconds: int = 0, visibility_seconds: int = 30) -> None:
        self.name = url.rpartition("/")[2]
        self._aws = aws
        self._url = url
        self._poll_seconds = poll_seconds
        self._visibility_seconds = visibility_seconds
        self._client = aws.client("sqs")
        self._poll_client = aws.client("sqs", read_timeout_seconds=float(poll_seconds + POLL_MARGIN_SECONDS))

    async def receive(self, most: int, *, wait: bool) -> list[Message]:
        """At most `most` (≤ 10) messages, waiting for the first one if `wait`. Raises one of AwsError."""
        answer = await self._aws.long_poll(
            self._poll_client.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, BATCH_MAX),
            WaitTimeSeconds=self._poll_seconds if wait else 0,
            VisibilityTimeout=self._visibility_seconds,
            MessageSystemAttributeNames=list(SYSTEM_ATTRIBUTES),
            MessageAttributeNames=["All"],
        )
        return [_message(raw) for raw in answer.get("Messages", [])]

    async def hide(self, message: Message, seconds: int) -> bool:
        """Keeps a received message hidden for `seconds` from now; False if SQS could not be told."""
        try:
            await self._aws.call(
                self._client.change_message_visibility,
                QueueUrl=self._url,
                ReceiptHandle=message.receipt,
                VisibilityTimeout=seconds,
            )
        except AwsError as error:
            log.warning("visibility not changed", queue=self.name, message_id=message.id, error=error_code(error))
            return False
        return True

    async def release(self, messages: Sequence[Message]) -> None:
        """Gives messages back at once; what cannot be given back appears again when its visibility ends."""
        for start in range(0, len(messages), BATCH_MAX):
            entries = [{**entry, "VisibilityTimeout": 0} for entry in _entries(messages[start : start + BATCH_MAX])]
            try:
                await self._aws.call(
                    self._client.change_message_visibility_batch,
                    deadline_seconds=RELEASE_DEADLINE_SECONDS,
                    QueueUrl=self._url,
                    Entries=entries,
                )
            except AwsError as error:
                log.warning("messages not released", queue=self.name, count=len(entries), error=error_code(error))

    async def delete(self, messages: Sequence[Message]) -> list[Message]:
        """Deletes at most 10 messages; those for which it is worth trying again. Deleting twice does no harm."""
        try:
            answer = await self._aws.call(
                self._client.delete_message_batch,
                deadline_seconds=DELETE_DEADLINE_SECONDS,
                QueueUrl=self._url,
                Entries=_entries(messages),
            )
        except AwsError as error:
            log.warning("messages not deleted", queue=self.name, count=len(messages), error=error_code(error))
            return list(messages)
        failed = {int(entry["Id"]): entry for entry in answer.get("Failed", [])}
        for index, entry in failed.items():
            log.warning("message not deleted", queue=self.name, message_id=messages[index].id, code=entry.get("Code"))
        return [messages[index] for index, entry in failed.items() if not entry.get("SenderFault")]


class Deletions:
    """Deletes handled messages by tens, or after FLUSH_SECONDS as many as there are.

    What cannot be deleted in DELETE_ATTEMPTS_MAX attempts comes again; a handler knows what it has done already.
    """

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue
        self._handled: asyncio.Queue[Message | None] = asyncio.Queue(DELETIONS_MAX)

    async def add(self, message: Message) -> None:
        await self._handled.put(message)

    async def close(self) -> None:
        """Makes `run` return once everything added before is deleted."""
        await self._handled.put(None)

    async def run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = await self._next_batch()
            await self._delete(batch)
            if batch:
                await points.reach("message.deleted")

    async def _next_batch(self) -> tuple[list[Message], bool]:
        batch: list[Message] = []
        message = await self._handled.get()
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                while message is not None:
                    batch.append(message)
                    if len(batch) == BATCH_MAX:
                        break
                    message = await self._handled.get()
        return batch, message is not None

    async def _delete(self, batch: list[Message]) -> None:
        for attempts in range(1, DELETE_ATTEMPTS_MAX + 1):
            if not batch:
                return
            if attempts > 1:
                await asyncio.sleep(DELETE_BACKOFF.seconds(attempts - 1))
            batch = await self._queue.delete(batch)


def _entries(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"Id": str(index), "ReceiptHandle": message.receipt} for index, message in enumerate(messages)]


def _message(raw: Mapping[str, Any]) -> Message:
    system = raw["Attributes"]
    attributes = raw.get("MessageAttributes", {})
    return Message(
        id=raw["MessageId"],
        body=raw["Body"],
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        attributes={name: value["StringValue"] for name, value in attributes.items() if "StringValue" in value},
        receipt=raw["ReceiptHandle"],
        raw=raw,
    )
