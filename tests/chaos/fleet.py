"""More than one of each process, behind a balancer of connections, as a deployment has them."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2

from local.ports import LOOPBACK, free_port
from local.table import SERVICES
from tests.chaos.mailing import environment_of
from tests.system.stack import ROOT, Stack, eventually

LISTENS = {"user_svc": "STORI_RPC_BIND", "txn_svc": "STORI_RPC_BIND", "bff": "STORI_HTTP_BIND"}
ADDRESSES = {"user_svc": "STORI_USER_SVC_ADDRESS", "txn_svc": "STORI_TXN_SVC_ADDRESS"}
DRAIN_SECONDS = 25
END_SECONDS = DRAIN_SECONDS + 5
READY_SECONDS = 60
HEALTH_SECONDS = 0.1
BLOCK_BYTES = 1 << 16
# One person and one address ask for many.
RATES = {"STORI_USER_REQUESTS_PER_MINUTE": "100000", "STORI_ADDRESS_REQUESTS_PER_MINUTE": "100000"}


@dataclass
class Replica:
    """One process. `port` is where it serves, 0 for a worker."""

    process: subprocess.Popen[bytes]
    port: int
    admin_port: int

    def is_ready(self) -> bool:
        with suppress(httpx2.HTTPError):
            return httpx2.get(f"http://{LOOPBACK}:{self.admin_port}/readyz", timeout=2).is_success
        return False

    def stop(self) -> tuple[int, float]:
        """Its exit code after SIGTERM, and the seconds that its drain took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(END_SECONDS), time.monotonic() - started


class Balancer:
    """Passes each new connection on to a replica that says it is ready; the others keep what they have."""

    def __init__(self) -> None:
        self.replicas: list[Replica] = []
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._turn = 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._pass_on, LOOPBACK, self.port))
        self._loop.run_forever()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        ready = [one for one in self.replicas if await asyncio.to_thread(one.is_ready)]
        with suppress(OSError, IndexError, ZeroDivisionError):
            chosen = ready[self._turn % len(ready)]
            there, away = await asyncio.open_connection(LOOPBACK, chosen.port)
            await asyncio.gather(_pipe(reader, away), _pipe(there, writer))
        writer.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(BLOCK_BYTES):
            writer.write(block)
            await writer.drain()
    writer.close()


@dataclass
class Fleet:
    """Replicas with the environment of a stack's own processes; those that serve are behind a balancer."""

    stack: Stack
    balancers: dict[str, Balancer] = field(default_factory=dict)
    replicas: dict[str, list[Replica]] = field(default_factory=dict)
    _environments: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _exits: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self._environments = {name: environment_of(self.stack.pid(name)) for name in SERVICES}
        for name in LISTENS:
            self.balancers[name] = self._exits.enter_context(Balancer())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for replica in (one for several in self.replicas.values() for one in several):
            replica.process.kill()
            replica.process.wait()
        self._exits.close()

    def add(self, name: str) -> Replica:
        """One more, ready."""
        port, admin_port = free_port(), free_port()
        told = dict(self._environments[name])
        told |= {ADDRESSES[other]: f"{LOOPBACK}:{self.balancers[other].port}" for other in ADDRESSES}
        told |= {"STORI_ADMIN_BIND": f"{LOOPBACK}:{admin_port}", "STORI_DRAIN_SECONDS": str(DRAIN_SECONDS)}
        told |= RATES
        if name in LISTENS:
            told[LISTENS[name]] = f"{LOOPBACK}:{port}"
        with (self.stack.home / "logs" / f"{name}_replica.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *SERVICES[name]], cwd=ROOT, env=told, stdout=log, stderr=log
            )
        replica = Replica(process, port, admin_port)
        self.replicas.setdefault(name, []).append(replica)
        eventually(lambda: replica.is_ready() or None, f"another {name} to be ready", READY_SECONDS)
        if name in self.balancers:
            self.balancers[name].replicas.append(replica)
        return replica

    def replace(self, name: str) -> tuple[int, float]:
        """A new one, then the oldest is stopped: its exit code and the seconds of its drain."""
        self.add(name)
        return self.replicas[name].pop(0).stop()
