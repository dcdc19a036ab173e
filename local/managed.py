"""One process of the stack: started, watched, its lines kept, stopped, started again."""

import asyncio
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.logs import LogFile, last_words, show_line

POLL_SECONDS = 0.1


class NotReady(Exception):
    """A process died before it was ready, or was not ready in time; the message is one sentence."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """How a process is started and known to be ready. `spawn` must be called in the main thread: children follow it."""

    name: str
    spawn: Callable[[int], subprocess.Popen[bytes]]
    is_ready: Callable[[int], bool]
    ready_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    metrics_url: str | None = None
    #: Raises if what died cannot simply be started again.
    check_death: Callable[[], None] = field(default=lambda: None)


class Managed:
    def __init__(self, program: Program, logs: Path, *, is_shown: bool = True) -> None:
        self.program, self.is_shown = program, is_shown
        self.log_path = logs / f"{program.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.exited = asyncio.Event()
        self.started_at = 0.0

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and not self.exited.is_set() else None

    def start(self) -> None:
        process = self.program.spawn(subprocess.PIPE)
        self.process, self.exited = process, asyncio.Event()
        self.started_at = time.monotonic()
        watch = threading.Thread(
            target=self._watch,
            args=(process, self.exited, asyncio.get_running_loop()),
            name=f"watch-{self.program.name}",
            daemon=True,
        )
        watch.start()

    def _watch(self, process: subprocess.Popen[bytes], exited: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
        assert process.stdout is not None
        log = LogFile(self.log_path)
        for line in process.stdout:
            log.append(line)
            if self.is_shown:
                show_line(self.program.name, line)
        process.wait()
        log.close()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(exited.set)

    async def wait_ready(self) -> None:
        """Returns when the process is ready; raises NotReady when it died or took too long."""
        name, deadline = self.program.name, time.monotonic() + self.program.ready_seconds
        while not await asyncio.to_thread(self._is_ready):
            if self.exited.is_set():
                raise NotReady(self.how_it_died())
            if time.monotonic() > deadline:
                raise NotReady(f"{name} was not ready within {self.program.ready_seconds:.0f} s; see {self.log_path}")
            await asyncio.sleep(POLL_SECONDS)

    def _is_ready(self) -> bool:
        return self.process is not None and self.process.poll() is None and self.program.is_ready(self.process.pid)

    def how_it_ended(self) -> str:
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            return signal.Signals(-code).name
        return f"exit {code}"

    def how_it_died(self) -> str:
        words = last_words(self.log_path)
        return f"{self.program.name} died before the stack was ready ({self.how_it_ended()}): {words}"

    async def stop(self) -> None:
        """Asks the process to end, waits, and kills it if it does not; returns when it is gone."""
        if self.process is None or self.exited.is_set():
            return
        self.process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.stop_seconds):
                await self.exited.wait()
        except TimeoutError:
            self.process.kill()
            await self.exited.wait()
