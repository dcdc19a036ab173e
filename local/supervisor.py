"""Keeps the stack's processes running: a death before ready ends everything, afterwards it is started again."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from local.logs import show
from local.managed import Managed, NotReady

FIRST_DELAY_SECONDS = 0.2
LAST_DELAY_SECONDS = 5.0
# A process that lived this long has recovered; its next death starts the delays anew.
RECOVERED_SECONDS = 10.0

T = TypeVar("T")


class Unknown(Exception):
    """There is no process of that name; the message lists those that are."""


class Supervisor:
    """The process table. `changed` is called when a process became ready or was stopped."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.table: dict[str, Managed] = {}
        self.changed = changed
        self.ended = asyncio.Event()
        self.failure: str | None = None
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ready_pids: dict[str, int] = {}

    @property
    def ready_pids(self) -> Mapping[str, int]:
        """The processes that are wanted, each with the pid that was last ready."""
        return self._ready_pids

    async def start(self, programs: Sequence[Managed]) -> None:
        """Starts processes side by side and returns when all are ready. Raises NotReady if any process dies before."""
        for managed in programs:
            self.table[managed.program.name] = managed
            managed.start()
        await self.unless_death(self._all_ready(programs))

    async def unless_death(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns; NotReady, and `work` cancelled, as soon as any process of the table ends."""
        doing = asyncio.ensure_future(work)
        deaths = {asyncio.ensure_future(managed.exited.wait()): managed for managed in self.table.values()}
        try:
            await asyncio.wait({doing, *deaths}, return_when=asyncio.FIRST_COMPLETED)
            for death, managed in deaths.items():
                if death.done() and not doing.done():
                    raise NotReady(managed.how_it_died())
            return await doing
        finally:
            for task in (doing, *deaths):
                task.cancel()
            await asyncio.gather(doing, *deaths, return_exceptions=True)

    async def _all_ready(self, programs: Sequence[Managed]) -> None:
        await asyncio.gather(*(self._until_ready(managed) for managed in programs))

    async def _until_ready(self, managed: Managed) -> None:
        await managed.wait_ready()
        if managed.pid is not None:
            self._ready_pids[managed.program.name] = managed.pid
        self.changed()

    def keep_alive(self) -> None:
        """From now on a process that dies is started again."""
        for name in self.table:
            self._keep(name)

    def _keep(self, name: str) -> None:
        self._keepers[name] = asyncio.create_task(self._keeper(self.table[name]), name=f"keep-{name}")

    async def _keeper(self, managed: Managed) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            await managed.exited.wait()
            try:
                managed.program.check_death()
            except Exception as error:  # noqa: BLE001 – whatever the check says ends the stack with that sentence
                self._fail(str(error))
                return
            if time.monotonic() - managed.started_at > RECOVERED_SECONDS:
                delay = FIRST_DELAY_SECONDS
            how = managed.how_it_ended()
            show(managed.program.name, f"ended by itself ({how}); it is started again in {delay:.1f} s", "warning")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY_SECONDS)
            await self._again(managed)

    async def _again(self, managed: Managed) -> None:
        try:
            managed.start()
        except Exception as error:  # noqa: BLE001 – the next attempt comes after the next delay
            show(managed.program.name, str(error), "error")
            return
        while managed.pid is not None:
            try:
                await self._until_ready(managed)
            except NotReady as error:
                show(managed.program.name, str(error), "error")
            else:
                show(managed.program.name, "is ready again")
                return

    def _fail(self, sentence: str) -> None:
        self.failure = self.failure or sentence
        self.ended.set()

    def named(self, name: str) -> Managed:
        if name not in self.table:
            raise Unknown(f"There is no process {name!r}; there are {', '.join(self.table)}.")
        return self.table[name]

    async def stop_one(self, name: str) -> None:
        managed = self.named(name)
        await self._release(name)
        self._ready_pids.pop(name, None)
        self.changed()
        await managed.stop()

    async def start_one(self, name: str) -> None:
        """Starts a process that was stopped and waits until it is ready; one that runs is left alone."""
        managed = self.named(name)
        if managed.pid is not None:
            return
        await self._release(name)
        managed.start()
        self._keep(name)
        await self._until_ready(managed)

    async def _release(self, name: str) -> None:
        keeper = self._keepers.pop(name, None)
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def stop_all(self, last: Sequence[str] = ()) -> None:
        """Stops everything: first all but `last` side by side, then those one after the other."""
        for name in list(self._keepers):
            await self._release(name)
        await asyncio.gather(*(managed.stop() for name, managed in self.table.items() if name not in last))
        for name in last:
            if name in self.table:
                # These are not ours, and what they say while they end is of interest only in their log files.
                self.table[name].is_shown = False
                await self.table[name].stop()
