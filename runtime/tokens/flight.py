"""One piece of work at a time, shared by all who wait for it."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs `work` at most once at a time. A waiter that is cancelled does not cancel the work of the others."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self) -> asyncio.Task[T]:
        """The work under way, or a new one."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
            self._task.add_done_callback(_retrieve)
        return self._task

    async def join(self) -> T:
        """Waits for the work under way, or for a new one."""
        return await asyncio.shield(self.begin())

    async def close(self) -> None:
        """Ends what is under way."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task


def _retrieve(task: asyncio.Task[Any]) -> None:
    # Every waiter may be gone by now; asyncio would log the error as nobody's.
    if not task.cancelled():
        task.exception()
