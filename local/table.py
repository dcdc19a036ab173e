"""The process table: what runs, by which command, and how each is known to be ready."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from local import emulator, postgres
from local.home import ROOT, Home
from local.launch import start_child
from local.managed import Program
from local.ports import LOOPBACK
from local.stack import StackBroken, lost

SERVICES: dict[str, tuple[str, ...]] = {
    "user_svc": ("user_svc", "serve"),
    "user_relay": ("user_svc", "relay"),
    "txn_svc": ("txn_svc", "serve"),
    "txn_relay": ("txn_svc", "relay"),
    "importer": ("txn_svc", "importer"),
    "notifier": ("notifier",),
    "bff": ("bff",),
}
MAILBOX = ("local.mailbox",)
WITH_ADMIN_PORT = ("mailbox", *SERVICES)
# The emulator last: what the others still tell it is in what it saves.
STOPPED_LAST = ("postgres", "emulator")
READY_TIMEOUT_SECONDS = 3
STOP_SECONDS = 8


def postgres_program(home: Home, ports: Mapping[str, int]) -> Program:
    return Program(
        name="postgres",
        spawn=lambda output: postgres.spawn(home.postgres, ports["postgres"], output=output),
        is_ready=lambda pid: postgres.is_ready(home.postgres, pid),
        stop_signal=signal.SIGINT,
        stop_seconds=postgres.STOP_SECONDS,
    )


def emulator_program(home: Home, ports: Mapping[str, int]) -> Program:
    def check_death() -> None:
        if home.deployed.exists() and not emulator.saved_whole(home.emulator):
            raise StackBroken(lost("its pools and queues"))

    url = f"http://{LOOPBACK}:{ports['emulator']}"
    return Program(
        name="emulator",
        spawn=lambda output: emulator.spawn(home.emulator, ports["emulator"], persist=True, output=output),
        is_ready=lambda _pid: emulator.is_ready(url),
        stop_seconds=emulator.STOP_SECONDS,
        check_death=check_death,
    )


def python_program(
    name: str, module: Sequence[str], environment: Mapping[str, str], ports: Mapping[str, int]
) -> Program:
    """A process of ours: `python -m module …`, ready when its admin port says so."""
    admin_url = f"http://{LOOPBACK}:{ports[f'{name}_admin']}"
    return Program(
        name=name,
        spawn=lambda output: spawn_python(module, environment, output),
        is_ready=lambda _pid: answers(f"{admin_url}/readyz"),
        metrics_url=f"{admin_url}/metrics",
        stop_seconds=STOP_SECONDS,
    )


def spawn_python(module: Sequence[str], environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    # Every step of theirs can be killed and repeated, so at our death they are.
    command = [sys.executable, "-m", *module]
    return start_child(command, death_signal=signal.SIGKILL, environment=environment, output=output, folder=ROOT)


def answers(url: str, open_url: Callable[..., object] = urllib.request.urlopen) -> bool:
    try:
        open_url(url, timeout=READY_TIMEOUT_SECONDS)
    except (urllib.error.URLError, OSError):
        return False
    return True
