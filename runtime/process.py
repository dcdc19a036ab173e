"""What every process does in the same way: settings → telemetry → serve → drain."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import structlog
import uvloop
from pydantic import ValidationError

from runtime import points, telemetry
from runtime.admin import Check, serve_admin
from runtime.settings import ProcessSettings, Settings

EXIT_FAILED = 1
EXIT_BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h

S = TypeVar("S", bound=Settings)
log = structlog.get_logger()


class Process:
    """A running process: what it is ready for, what runs beside it, and when it is to stop."""

    def __init__(self, name: str, settings: ProcessSettings) -> None:
        self.name = name
        self.settings = settings
        self.stopping = asyncio.Event()
        self.checks: dict[str, Check] = {}
        self._ready = False
        self._background: set[asyncio.Task[Any]] = set()
        self._failure: BaseException | None = None

    def add_check(self, name: str, check: Check) -> None:
        """Makes readiness depend on `check`, which raises while its dependency is down."""
        self.checks[name] = check

    def set_ready(self) -> None:
        self._ready = True

    def is_ready(self) -> bool:
        return self._ready and not self.stopping.is_set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs `work` in the background until `stopping` is set; if it ends before that, so does the process."""
        task = asyncio.create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    async def until_stopped(self) -> None:
        """Returns after SIGTERM or SIGINT, when the background tasks have drained. Raises what ended one before.

        Work that is not done after `drain_seconds` is cancelled. Call it inside the contexts the work needs.
        """
        await self.stopping.wait()
        if self._background:
            _, late = await asyncio.wait(set(self._background), timeout=self.settings.drain_seconds)
            for task in late:
                log.warning("drain took too long", task=task.get_name())
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if task.cancelled() or self.stopping.is_set():
            return
        self._failure = task.exception() or RuntimeError(f"{task.get_name()} ended by itself.")
        self.stopping.set()


def settings_or_exit(settings_class: type[S]) -> S:
    """Reads the settings from the environment; exits with 78 and a sentence for each variable that is wrong."""
    try:
        return settings_class()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            print(f"Bad configuration: {_variable(settings_class, problem['loc'])}: {problem['msg']}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_BAD_CONFIGURATION)


def run(name: str, settings: ProcessSettings, serve: Callable[[Process], Awaitable[None]]) -> NoReturn:
    """Runs `serve` until SIGTERM or SIGINT, the admin port beside it. Exits with 0 after a drain, 1 after a failure."""
    telemetry.configure(name, settings.log_level)
    points.configure(name, settings.points_socket)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_run(Process(name, settings), serve))
    sys.exit(code)


async def _run(process: Process, serve: Callable[[Process], Awaitable[None]]) -> int:
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, process.stopping.set)
    try:
        async with serve_admin(process.settings.admin_bind, process.checks, process.is_ready) as admin_port:
            log.info("started", pid=os.getpid(), admin_port=admin_port)
            await serve(process)
    except Exception:
        log.exception("failed")
        return EXIT_FAILED
    log.info("stopped")
    return 0


def _variable(settings_class: type[Settings], location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else ""
    field = settings_class.model_fields.get(name)
    alias = field.validation_alias if field is not None else None
    if isinstance(alias, str):
        return alias
    prefix = settings_class.model_config.get("env_prefix", "")
    return f"{prefix}{name}".upper() if field is not None else name or "settings"
