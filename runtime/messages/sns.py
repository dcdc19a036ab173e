"""SNS: publishing events to a topic, and what a topic wraps around a message on its way to a queue."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
import structlog

from runtime.aws import Aws
from runtime.messages.outbox import Outgoing

log = structlog.get_logger()


class SnsPublisher:
    """A topic as a destination of the outbox. Every message has the attribute `type`, for filter policies.

    On a FIFO topic the subject is the message group and the event id the deduplication id.
    """

    def __init__(self, aws: Aws, topic_arn: str, *, fifo: bool) -> None:
        self._aws = aws
        self._topic_arn = topic_arn
        self._fifo = fifo

    async def publish(self, events: Sequence[Outgoing]) -> set[int]:
        """Publishes at most 10 events; the positions of those that SNS accepted. Raises one of AwsError for all."""
        answer = await self._aws.call(
            self._aws.client("sns").publish_batch,
            TopicArn=self._topic_arn,
            PublishBatchRequestEntries=[self._entry(event) for event in events],
        )
        for refused in answer.get("Failed", []):
            log.warning("SNS refused an event", position=refused["Id"], code=refused.get("Code"))
        return {int(accepted["Id"]) for accepted in answer.get("Successful", [])}

    def _entry(self, event: Outgoing) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "Id": str(event.position),
            "Message": event.body,
            "MessageAttributes": {"type": {"DataType": "String", "StringValue": event.type}},
        }
        if self._fifo:
            entry |= {"MessageGroupId": event.subject, "MessageDeduplicationId": str(event.event_id)}
        return entry


def unwrap(body: str, topic_arns: Collection[str]) -> str:
    """The published message: of an SNS envelope from one of `topic_arns`, or the body itself (raw delivery).

    Raises ValueError for any other envelope of SNS: another topic's, a subscription's, or without a message. Who may
    send to the queue is the queue policy's business; this refuses what a wrongly subscribed topic would bring.
    """
    envelope = _envelope(body)
    if envelope is None:
        return body
    topic_arn, message = envelope["TopicArn"], envelope.get("Message")
    if not isinstance(topic_arn, str) or topic_arn not in topic_arns:
        raise ValueError("The SNS envelope is of a topic that is not expected here.")
    if envelope.get("Type") != "Notification" or not isinstance(message, str):
        raise ValueError("The SNS envelope is not a notification.")
    return message


def _envelope(body: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "TopicArn" in found else None
