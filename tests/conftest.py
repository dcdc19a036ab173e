"""What every test may ask for: a PostgreSQL server and an AWS emulator of this run's own."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from local.emulator import Emulator
from local.postgres import Postgres
from tests.counts import IS_FULL

# `make test` tries the same cases each time; `make fuzz` looks for others.
settings.register_profile("same", derandomize=True)
if not IS_FULL:
    settings.load_profile("same")

HERE = Path(__file__).parent
# Their tests run the whole system.
OF_STACKS = {"chaos", "system"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups for `--dist loadgroup`: each file is one; whole systems are one too, so that one runs at a time."""
    for item in items:
        where = item.path.relative_to(HERE)
        group = "stacks" if where.parts[0] in OF_STACKS else str(where)
        item.add_marker(pytest.mark.xdist_group(group))


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
