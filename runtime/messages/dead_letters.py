"""Dead letters with their reason, which SQS does not keep: the worker moves a message itself that failed for good.

The reason travels in one attribute of the message, so that SQS's limit of ten leaves the sender's where they are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from runtime.aws import Aws, AwsError, error_code
from runtime.messages.attributes import RedrivePolicy
from runtime.messages.message import Message

ATTRIBUTE = "DeadLetter"
SEND_DEADLINE_SECONDS = 3.0
# What a receive must ask for that is to be copied, or told of.
SYSTEM_ATTRIBUTES = ("ApproximateReceiveCount", "SentTimestamp", "MessageGroupId", "AWSTraceHeader")

_REASON = re.compile(r"[A-Za-z0-9_.]{1,80}")

log = structlog.get_logger()


@dataclass(frozen=True)
class Record:
    """What is known of a dead letter beside its content. Times are UTC.

    `message_id` is the one in the worker's log. `reason` is empty, and the last two are None, where SQS moved it.
    """

    message_id: str
    sent_at: datetime
    reason: str = ""
    receive_count: int | None = None
    failed_at: datetime | None = None

    def to_json(self) -> str:
        return json.dumps({name: str(value) for name, value in vars(self).items()})

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Record":
        """That of a message as SQS hands it over. What is not as the worker writes it counts as not there."""
        try:
            found = json.loads(raw["MessageAttributes"][ATTRIBUTE]["StringValue"])
            return cls(
                message_id=_matching(found["message_id"], re.compile(r"[0-9A-Za-z-]{1,80}")),
                sent_at=datetime.fromisoformat(found["sent_at"]).astimezone(UTC),
                reason=_matching(found["reason"], _REASON),
                receive_count=int(found["receive_count"]),
                failed_at=datetime.fromisoformat(found["failed_at"]).astimezone(UTC),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            sent = datetime.fromtimestamp(int(raw["Attributes"]["SentTimestamp"]) / 1000, UTC)
            return cls(raw["MessageId"], sent)


class DeadLetters:
    """Takes a queue's messages to its dead-letter queue, as SQS would do it at the next receive."""

    def __init__(self, aws: Aws, queue: str) -> None:
        self._aws, self._queue = aws, queue
        self._client = aws.client("sqs")

    async def take(self, message: Message, reason: str, policy: RedrivePolicy | None) -> bool:
        """Whether the message is there now, so that it can be deleted here; not before its last receive.

        Where it is not, SQS moves it, without a reason. Where its deletion fails, it is there twice.
        """
        if policy is None or message.receive_count < policy.receives_max:
            return False
        record = Record(message.id, message.sent_at, reason, message.receive_count, datetime.now(UTC))
        try:
            await self._aws.call(
                self._client.send_message,
                deadline_seconds=SEND_DEADLINE_SECONDS,
                **copy_of(message.raw, policy.dead_letters_url, record),
            )
        except AwsError as error:
            log.warning("reason not kept", queue=self._queue, message_id=message.id, error=error_code(error))
            return False
        log.error("message is dead", queue=self._queue, message_id=message.id, reason=reason)
        return True


def copy_of(raw: Mapping[str, Any], url: str, record: Record | None = None) -> dict[str, Any]:
    """The SendMessage that puts a received message into another queue: its body, its sender's attributes, its group.

    A FIFO queue forgets a deduplication id after five minutes and takes none twice before: the sender's would be
    swallowed there, the received message's own id keeps a repeat of this copy from doubling it.
    """
    attributes = {name: value for name, value in raw.get("MessageAttributes", {}).items() if name != ATTRIBUTE}
    if record is not None:
        attributes[ATTRIBUTE] = {"DataType": "String", "StringValue": record.to_json()}
    system = raw["Attributes"]
    copy: dict[str, Any] = {"QueueUrl": url, "MessageBody": raw["Body"], "MessageAttributes": attributes}
    if "MessageGroupId" in system:
        copy["MessageGroupId"] = system["MessageGroupId"]
    if url.endswith(".fifo"):
        copy["MessageDeduplicationId"] = raw["MessageId"]
    if "AWSTraceHeader" in system:
        trace = {"DataType": "String", "StringValue": system["AWSTraceHeader"]}
        copy["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
    return copy


def _matching(value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(value)
    return value
