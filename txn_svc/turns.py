"""Turns: who changes an account waits for the one before him outside of the database, where waiting costs nothing.

A change that waits for its account inside a transaction holds one of the process's connections: a few dozen changes of
one account would leave nobody else any.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from runtime.refusals import Aborted


class Turns:
    """One queue for each caller and account, of this process; other processes are met at the account's lock."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._queues: WeakValueDictionary[tuple[str, UUID], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, subject: str, account_id: UUID) -> AsyncIterator[float]:
        """Inside the block it is the caller's turn; gives the seconds that are left of the wait.

        Raises Aborted (ACCOUNT_BUSY) where the turn does not come in time.
        """
        queue = self._queues.setdefault((subject, account_id), asyncio.Lock())
        began = time.monotonic()
        try:
            await asyncio.wait_for(queue.acquire(), self._wait_seconds)
        except TimeoutError:
            raise busy() from None
        try:
            yield max(0.0, self._wait_seconds - (time.monotonic() - began))
        finally:
            queue.release()


def busy() -> Aborted:
    return Aborted(
        "This account is being changed by something larger, such as an import; try again in a moment.",
        reason="ACCOUNT_BUSY",
    )
