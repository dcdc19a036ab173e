"""How full a queue and its dead-letter queue are: asked of SQS on an interval, by the worker that consumes it."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

import structlog
from prometheus_client import Gauge

from runtime.aws import Aws, AwsError, error_code
from runtime.messages.attributes import STATES, RedrivePolicy, counts
from runtime.messages.backoff import pause
from runtime.messages.message import Message

Kind = Literal["work", "dead_letters"]

_MESSAGES = Gauge("stori_queue_messages", "Messages of a queue, as SQS estimates them.", ["queue", "kind", "state"])
_OLDEST = Gauge("stori_queue_oldest_seconds", "Age that no waiting message is known to exceed.", ["queue", "kind"])

log = structlog.get_logger()


class Depth:
    """The gauges of the queue at `url`. Both kinds are labelled with its name, whatever its dead-letter queue's is.

    `policy` is the queue's redrive policy as SQS last told it; None where it has none, or none is known yet.
    """

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws, self._url = aws, url
        self._client = aws.client("sqs")
        self._name = url.rpartition("/")[2]
        self.policy: RedrivePolicy | None = None
        # SQS tells no message's age before it is received: what waits was sent after the last first delivery, in about,
        # and after the queue was last seen empty.
        self._since: dict[Kind, float] = {"work": time.time(), "dead_letters": time.time()}

    def received(self, message: Message) -> None:
        """Tells how far the queue has been worked off."""
        if message.receive_count == 1:
            self._since["work"] = max(self._since["work"], message.sent_at.timestamp())

    async def run(self, stopping: asyncio.Event, interval_seconds: float) -> None:
        """Measures until `stopping`. It may be cancelled at any time."""
        while True:
            await self.measure()
            if await pause(stopping, interval_seconds):
                return

    async def measure(self) -> None:
        """Sets the gauges; where SQS does not answer they are gone, not stale."""
        attributes = await self._show("work", self._url)
        if attributes:
            self.policy = RedrivePolicy.of(self._url, attributes)
        if attributes and self.policy:
            await self._show("dead_letters", self.policy.dead_letters_url)
        else:
            self._forget("dead_letters")

    async def _show(self, kind: Kind, url: str) -> Mapping[str, str]:
        """The queue's attributes; none where SQS does not answer."""
        try:
            # In a thread that nobody waits for: a worker that is to stop does not wait for a figure.
            answer: dict[str, dict[str, str]] = await self._aws.long_poll(
                self._client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"]
            )
        except AwsError as error:
            log.warning("queue not measured", queue=self._name, kind=kind, error=error_code(error))
            self._forget(kind)
            return {}
        attributes = answer["Attributes"]
        found = counts(attributes)
        for state, count in found.items():
            _MESSAGES.labels(self._name, kind, state).set(count)
        if not found["waiting"]:
            self._since[kind] = time.time()
        _OLDEST.labels(self._name, kind).set(time.time() - self._since[kind] if found["waiting"] else 0.0)
        return attributes

    def _forget(self, kind: Kind) -> None:
        with suppress(KeyError):
            _OLDEST.remove(self._name, kind)
        for state in STATES:
            with suppress(KeyError):
                _MESSAGES.remove(self._name, kind, state)
