"""Waiting: growing pauses after failures, and pauses that an event cuts short."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Pauses that double from `first_seconds` up to `most_seconds`."""

    first_seconds: float
    most_seconds: float

    def seconds(self, attempt: int) -> float:
        """The pause after the `attempt`-th failure in a row, counted from 1."""
        doublings = min(max(attempt - 1, 0), 32)
        return min(self.first_seconds * 2.0**doublings, self.most_seconds)


async def pause(event: asyncio.Event, seconds: float) -> bool:
    """Waits until `event` is set or `seconds` have passed; whether it is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
