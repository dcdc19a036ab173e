"""`make up`: the whole system on one machine, step by step, kept running until it is told to stop."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from local import demo, emulator, postgres, table
from local.control import serve_control
from local.environment import base_environment, migration_environment, service_environments
from local.home import ROOT, Home, read_json, write_json
from local.launch import child_command, take_lock
from local.logs import last_words, show
from local.managed import Managed, NotReady, Program
from local.passwords import Passwords
from local.ports import LOOPBACK, PortTaken, choose_ports
from local.roles import DatabaseUrls, create_database, superuser_url
from local.sign_in import SignInFailed
from local.stack import Outputs, StackBroken, deploy, lost, verify
from local.stack_file import stack_content
from local.supervisor import Supervisor

SAY = "up"
MIGRATE_SECONDS = 120.0
PREDECESSOR_SECONDS = 30.0
EXPECTED = (
    NotReady,
    PortTaken,
    StackBroken,
    demo.DemoFailed,
    SignInFailed,
    emulator.EmulatorFailed,
    postgres.PostgresFailed,
)
EXAMPLE_QUERY = (
    "{ viewer { accounts { balance { amount } ledgerDigest summary { averageDebit { amount } "
    "averageCredit { amount } months { month transactionCount } } } } }"
)


class AlreadyRunning(Exception):
    """Another `make up` holds this folder."""


@dataclass
class Up:
    home: Home
    ports: Mapping[str, int]
    supervisor: Supervisor = field(default_factory=Supervisor)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    is_ready: bool = False
    #: What stack.json needs beside the processes; complete once the services' environment is known.
    known: Callable[[], dict[str, object]] | None = None

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['emulator']}"

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['bff']}"

    @property
    def mailbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['mailbox']}"

    async def bring_up(self) -> None:
        self.supervisor.changed = self.write_stack
        with step("PostgreSQL and the AWS emulator"):
            await asyncio.to_thread(postgres.prepare, self.home.postgres)
            await self.start(
                table.postgres_program(self.home, self.ports), table.emulator_program(self.home, self.ports)
            )
        with step("databases, migrations and deploy/app.yaml"):
            outputs, (user, txn) = await self.supervisor.unless_death(self.prepare())
        self.known = partial(self.content, outputs, user, txn)
        with step("mailbox, services and workers"):
            await self.start(*self.programs(outputs, user, txn))
        if not demo.is_done(self.home):
            with step("the first file"):
                await self.supervisor.unless_death(asyncio.to_thread(self.demonstrate, outputs))
        self.supervisor.keep_alive()
        self.is_ready = True
        self.write_stack()

    async def start(self, *programs: Program) -> None:
        await self.supervisor.start([Managed(program, self.home.logs) for program in programs])

    async def prepare(self) -> tuple[Outputs, tuple[DatabaseUrls, DatabaseUrls]]:
        return await asyncio.gather(asyncio.to_thread(self.deploy), self.migrate())

    def deploy(self) -> Outputs:
        last = read_json(self.home.deployed)
        if last is not None:
            verify(self.endpoint_url, last)
        localhost = self.web_url.replace(LOOPBACK, "localhost")
        outputs = deploy(self.endpoint_url, self.web_url, (localhost,))
        write_json(self.home.deployed, outputs.values)
        return outputs

    async def migrate(self) -> tuple[DatabaseUrls, DatabaseUrls]:
        passwords = Passwords(self.home.postgres / "passwords.json")
        server = superuser_url(passwords, self.ports["postgres"])
        user = await asyncio.to_thread(create_database, server, passwords, "stori_user")
        txn = await asyncio.to_thread(create_database, server, passwords, "stori_txn")
        await asyncio.gather(self.migrate_one("user_svc", user), self.migrate_one("txn_svc", txn))
        return user, txn

    async def migrate_one(self, service: str, urls: DatabaseUrls) -> None:
        log = self.home.logs / f"{service}_migrate.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *child_command([sys.executable, "-m", service, "migrate"], death_signal=signal.SIGKILL),
                cwd=ROOT,
                env=migration_environment(urls),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = await asyncio.wait_for(process.wait(), MIGRATE_SECONDS)
            except BaseException:
                process.kill()
                raise
        if code != 0:
            raise NotReady(f"The migrations of {service} failed (exit {code}): {last_words(log)}")

    def programs(self, outputs: Outputs, user: DatabaseUrls, txn: DatabaseUrls) -> Iterator[Program]:
        mailbox = base_environment("mailbox", self.ports) | {
            "STORI_HTTP_BIND": f"{LOOPBACK}:{self.ports['mailbox']}",
            "STORI_EMULATOR_URL": self.endpoint_url,
            "STORI_MAIL_DIR": str(self.home.emulator / emulator.MAIL),
        }
        yield table.python_program("mailbox", table.MAILBOX, mailbox, self.ports)
        environments = service_environments(self.ports, self.endpoint_url, outputs, user, txn)
        for name, module in table.SERVICES.items():
            environment = base_environment(name, self.ports) | environments[name]
            yield table.python_program(name, module, environment, self.ports)

    def demonstrate(self, outputs: Outputs) -> None:
        addresses = demo.Addresses(
            web_url=self.web_url,
            graphql_url=f"{self.web_url}/graphql",
            mailbox_url=self.mailbox_url,
            domain_url=self.endpoint_url,
        )
        demo.run_demo(self.home, addresses, outputs, lambda line: print(f"{line}\n", end="", flush=True))

    def content(self, outputs: Outputs, user: DatabaseUrls, txn: DatabaseUrls) -> dict[str, object]:
        programs = (managed.program for managed in self.supervisor.table.values())
        metrics = {program.name: program.metrics_url for program in programs if program.metrics_url}
        pids = self.supervisor.ready_pids
        return stack_content(self.ports, outputs, user, txn, metrics, pids, demo.person_of(self.home))

    def write_stack(self) -> None:
        if self.is_ready and self.known is not None:
            write_json(self.home.stack, self.known())

    async def act(self, command: str, name: str | None) -> str:
        """What `make stop` and `make start` ask for; the sentence to answer with."""
        match command, name:
            case "stop", None:
                self.stopping.set()
                return "Stopping everything."
            case "stop", str():
                await self.supervisor.stop_one(name)
                return f"{name} is stopped."
            case "start", str():
                await self.supervisor.start_one(name)
                return f"{name} is ready."
        raise ValueError(f"There is no such command: {command} {name or ''}")

    async def end(self) -> None:
        self.is_ready = False
        self.home.stack.unlink(missing_ok=True)
        await self.supervisor.stop_all(table.STOPPED_LAST)

    def announce(self, seconds: float) -> None:
        person = demo.person_of(self.home)
        print(
            f"""
ready in {seconds:.1f} s
  web      {self.web_url}
  GraphQL  {self.web_url}/graphql   GraphiQL {self.web_url}/graphiql
  mailbox  {self.mailbox_url}
  AWS      {self.endpoint_url}
  sign in  {person.email}  {person.password}
  try      {EXAMPLE_QUERY}
  all addresses are in {self.home.stack}; Ctrl-C or `make stop` ends it
""",
            flush=True,
        )


@contextmanager
def step(name: str) -> Iterator[None]:
    started = time.monotonic()
    show(SAY, f"→ {name}")
    yield
    show(SAY, f"✓ {name} ({time.monotonic() - started:.1f} s)")


async def up(home: Home) -> int:
    """Runs the stack until Ctrl-C, SIGTERM or `make stop`. The exit code: 0, or 1 after one sentence on why."""
    started = time.monotonic()
    # Left by one that was killed; they are true only of what runs now.
    home.stack.unlink(missing_ok=True)
    home.control.unlink(missing_ok=True)
    wait_for_predecessors(home)
    if home.deployed.exists() and not emulator.saved_whole(home.emulator):
        return failed(lost("its pools and queues"))
    try:
        ports = choose_ports(table.WITH_ADMIN_PORT, read_json(home.ports) or {}, os.environ)
    except PortTaken as error:
        return failed(str(error))
    write_json(home.ports, ports)
    stack = Up(home, ports)
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, stack.stopping.set)
    async with serve_control(home, stack.act):
        try:
            return await run(stack, started)
        finally:
            show(SAY, "stopping")
            await stack.end()


def wait_for_predecessors(home: Home) -> None:
    """Returns when no server of an earlier supervisor is left: killed itself, it leaves the emulator saving."""
    for folder in (home.emulator, home.postgres):
        os.close(take_lock(folder / "lock", wait_seconds=PREDECESSOR_SECONDS))


async def run(stack: Up, started: float) -> int:
    bringing, stopping = asyncio.create_task(stack.bring_up()), asyncio.create_task(stack.stopping.wait())
    await asyncio.wait({bringing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not bringing.done():
        bringing.cancel()
        await asyncio.gather(bringing, return_exceptions=True)
        return 0
    try:
        bringing.result()
    except EXPECTED as error:
        return failed(str(error))
    stack.announce(time.monotonic() - started)
    ended = asyncio.create_task(stack.supervisor.ended.wait())
    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    return failed(stack.supervisor.failure) if stack.supervisor.failure else 0


def failed(sentence: str) -> int:
    print(f"make up: {sentence}", file=sys.stderr, flush=True)
    return 1


def lock_home(home: Home) -> int:
    """Takes the folder for this process until it ends. Raises AlreadyRunning."""
    try:
        return take_lock(home.lock, wait_seconds=0)
    except TimeoutError:
        raise AlreadyRunning(f"`make up` is already running in {home.path}; `make stop` ends it.") from None
