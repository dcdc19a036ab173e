"""Processes of the product under measurement: started as in production, ended with the block or with this process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from local.home import ROOT
from local.launch import start_child, stop_child
from local.ports import LOOPBACK, free_port
from local.table import SERVICES

READY_SECONDS = 30.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.05


class NotRight(Exception):
    """What was measured did not do what it is for: its figure would mean nothing."""


@dataclass(frozen=True)
class Running:
    """A process of the product; what it logs is in `log`."""

    process: subprocess.Popen[bytes]
    admin_url: str
    log: Path

    async def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(base_url=self.admin_url) as client:
            while failing := await _failing(client):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise NotRight(f"A process did not start ({failing}): {self.log.read_text()[-1000:]}")
                await asyncio.sleep(LOOK_SECONDS)

    async def metric(self, name: str, label: str) -> dict[str, float]:
        """A metric's samples by the value of a label."""
        async with httpx2.AsyncClient(base_url=self.admin_url) as client:
            text = (await client.get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {sample.labels[label]: sample.value for sample in samples if sample.name == name}

    def hold(self) -> None:
        """It stands still, warm and with all its connections, until `go_on`."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def most_memory_mb(self) -> float:
        """The most that was ever resident, VmHWM of proc(5): the interpreter and its libraries included."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of the children it has now or has waited for, by proc(5)."""
    pids = [pid, *(int(path.name) for path in Path("/proc").glob("[0-9]*") if _stat(path)[1:2] == [str(pid)])]
    ticks = sum(int(tick) for each in pids for tick in _stat(Path(f"/proc/{each}"))[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(folder: Path) -> list[str]:
    """What follows the name in a process's line: the parent is the second; nothing where it has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return (folder / "stat").read_text().rpartition(")")[2].split()
    return []


@asynccontextmanager
async def running(name: str, environment: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    """The process of that name, ready when the block begins.

    Call it in the main thread: a child ends with the thread that started it.
    """
    log, port = folder / f"{name}.log", free_port()
    told = {
        "PATH": os.environ.get("PATH", os.defpath),
        # Where a file is spooled.
        "TMPDIR": str(folder),
        "STORI_ENVIRONMENT": "local",
        "STORI_LOG_LEVEL": "warning",
        "STORI_ADMIN_BIND": f"{LOOPBACK}:{port}",
        **environment,
    }
    with log.open("ab") as output:
        process = start_child(
            [sys.executable, "-m", *SERVICES[name]],
            death_signal=signal.SIGKILL,
            environment=told,
            output=output.fileno(),
            folder=ROOT,
        )
    try:
        found = Running(process, f"http://{LOOPBACK}:{port}", log)
        await found.wait_ready()
        yield found
    finally:
        # One that is held would not take the other signal.
        process.send_signal(signal.SIGCONT)
        stop_child(process, signal.SIGTERM, STOP_SECONDS)


async def _failing(client: httpx2.AsyncClient) -> str:
    """What a process is not ready for; nothing where it is ready."""
    try:
        answer = await client.get("/readyz")
    except httpx2.HTTPError as error:
        return repr(error)
    return "" if answer.is_success else answer.text
