"""A message of a queue, and one attempt to handle it: the same for the worker and for Lambda."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from runtime.aws import error_code
from runtime.call import Call, bind, new_request_id, new_traceparent
from runtime.refusals import Refusal

_OUTCOMES = ("done", "failed", "released")
_HANDLED = Counter("stori_messages_handled_total", "Attempts to handle a message.", ["queue", "outcome"])
_IN_FLIGHT = Gauge("stori_messages_in_flight", "Messages being handled.", ["queue"])
_SECONDS = Histogram("stori_message_handler_seconds", "Time in the handler.", ["queue"])

log = structlog.get_logger()


@dataclass(frozen=True)
class Message:
    """A message as received. `receive_count` starts at 1, `sent_at` is UTC, `attributes` are the sender's, as text.

    It may come again, also after it was handled: `id` stays the same over redeliveries, but not over a sender's
    repeats, which only the body's own event id shows. `raw` is what SQS handed over, where a worker received it.
    """

    id: str
    body: str = field(repr=False)
    receive_count: int
    sent_at: datetime
    attributes: Mapping[str, str]
    receipt: str = field(default="", repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


# Returns when the message is done with; raises to have it delivered again.
Handle = Callable[[Message], Awaitable[None]]


def show_zeros(queue: str) -> None:
    """Shows a queue's metrics before its first message: a first failure is an increase that an alert can see."""
    for outcome in _OUTCOMES:
        _HANDLED.labels(queue, outcome)
    _IN_FLIGHT.labels(queue)
    _SECONDS.labels(queue)


async def attempt(handle: Handle, message: Message, *, queue: str, seconds: float) -> str | None:
    """Handles a message within `seconds`; None, or the reason why it failed, which is logged and counted, never raised.

    The reason is a word: a refusal's own, AWS's code, else the exception's class. Its text may quote the message.
    """
    outcome, started, reason = "released", time.monotonic(), None
    call = Call(new_request_id(message.id), new_traceparent(), deadline=started + seconds)
    with (
        bind(call),
        structlog.contextvars.bound_contextvars(message_id=message.id),
        _IN_FLIGHT.labels(queue).track_inprogress(),
    ):
        try:
            async with asyncio.timeout(seconds):
                await handle(message)
            outcome = "done"
        except Exception as error:
            outcome, reason = "failed", _reason(error)
            log.exception("message failed", queue=queue, receive_count=message.receive_count)
        finally:
            _HANDLED.labels(queue, outcome).inc()
            _SECONDS.labels(queue).observe(time.monotonic() - started)
    return reason


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, Refusal) else error_code(error)
