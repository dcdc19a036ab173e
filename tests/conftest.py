"""What every test may ask for: a PostgreSQL server and an AWS emulator of this run's own."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from local.emulator import Emulator
from local.postgres import Postgres
from tests.counts import IS_FULL

# By default rich draws a failure's stack with every variable in it, which takes longer than some deadlines.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# `make test` tries the same cases each time; `make fuzz` looks for others.
settings.register_profile("same", derandomize=True)
if not IS_FULL:
    settings.load_profile("same")

# Their tests run the whole system.
OF_STACKS = {"chaos", "system"}


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each file to one process, as its tests share what they start; whole systems too, so that one runs at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return "stacks" if OF_STACKS.intersection(file.parts) else str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """What `--dist loadscope` means here; other ways of distributing are xdist's."""
    return ByFile(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """A folder of this test process: PostgreSQL's system user must be able to reach what is below it."""
    folder = Path(tempfile.mkdtemp(prefix="stori-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    """One server per test process; tests separate themselves by `postgres.create(service, suffix)`."""
    with Postgres.start(run_folder / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def emulator(run_folder: Path) -> Iterator[Emulator]:
    with Emulator.start(run_folder / "emulator", persist=False) as server:
        yield server


@pytest.fixture
def callback_ports() -> Iterator[None]:
    """The command's sign-in ports are fixed, the same for every run on this machine: one test has them at a time."""
    with (Path(tempfile.gettempdir()) / f"stori-callback-ports.{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
