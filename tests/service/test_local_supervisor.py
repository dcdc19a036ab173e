"""The supervisor with stand-ins for the stack's processes."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.launch import start_child
from local.managed import Managed, NotReady, Program
from local.supervisor import Supervisor, Unknown

ROOT = Path(__file__).parents[2]
SLEEPER = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"


def program(name: str, folder: Path, code: str = SLEEPER, **options: object) -> Program:
    mark = folder / f"{name}.ready"

    def spawn(output: int) -> subprocess.Popen[bytes]:
        mark.unlink(missing_ok=True)
        command = [sys.executable, "-c", code, str(mark)]
        return start_child(command, death_signal=signal.SIGKILL, environment={}, output=output)

    return Program(name=name, spawn=spawn, is_ready=lambda _: mark.exists(), **options)  # type: ignore[arg-type]


async def until(truth: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not truth():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def test_a_death_before_ready_is_one_sentence_with_the_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor()
    dying = program("importer", tmp_path, "import sys; print('no such queue'); sys.exit(3)")

    with pytest.raises(NotReady, match=r"importer died before the stack was ready \(exit 3\): no such queue"):
        await supervisor.start([Managed(program("bff", tmp_path), tmp_path), Managed(dying, tmp_path)])

    await supervisor.stop_all()


async def test_a_process_that_is_not_ready_in_time_is_named(tmp_path: Path) -> None:
    supervisor = Supervisor()
    slow = program("bff", tmp_path, "import time; time.sleep(60)", ready_seconds=0.3)

    with pytest.raises(NotReady, match="bff was not ready within"):
        await supervisor.start([Managed(slow, tmp_path)])

    await supervisor.stop_all()


async def test_a_death_after_ready_is_followed_by_a_restart(tmp_path: Path) -> None:
    supervisor = Supervisor()
    await supervisor.start([Managed(program("bff", tmp_path), tmp_path)])
    supervisor.keep_alive()
    first = supervisor.ready_pids["bff"]

    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.ready_pids["bff"] != first)

    assert is_alive(supervisor.ready_pids["bff"])
    await supervisor.stop_all()


async def test_a_stopped_process_stays_down_until_it_is_started(tmp_path: Path) -> None:
    supervisor = Supervisor()
    await supervisor.start([Managed(program("bff", tmp_path), tmp_path)])
    supervisor.keep_alive()
    pid = supervisor.ready_pids["bff"]

    await supervisor.stop_one("bff")
    await asyncio.sleep(0.4)
    assert not is_alive(pid)
    assert "bff" not in supervisor.ready_pids

    await supervisor.start_one("bff")
    assert is_alive(supervisor.ready_pids["bff"])
    await supervisor.stop_all()


async def test_an_unknown_name_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.table["bff"] = Managed(program("bff", tmp_path), tmp_path)

    with pytest.raises(Unknown, match="There is no process 'bf'; there are bff"):
        await supervisor.stop_one("bf")


async def test_what_cannot_be_started_again_ends_the_stack_with_a_sentence(tmp_path: Path) -> None:
    def gone() -> None:
        raise RuntimeError("Its state is gone.")

    supervisor = Supervisor()
    await supervisor.start([Managed(program("emulator", tmp_path, check_death=gone), tmp_path)])
    supervisor.keep_alive()

    os.kill(supervisor.ready_pids["emulator"], signal.SIGKILL)
    await asyncio.wait_for(supervisor.ended.wait(), 10)

    assert supervisor.failure == "Its state is gone."


async def test_a_process_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    deaf = "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
    supervisor = Supervisor()
    await supervisor.start([Managed(program("bff", tmp_path, deaf, stop_seconds=0.2), tmp_path)])
    pid = supervisor.ready_pids["bff"]

    await supervisor.stop_all()

    assert not is_alive(pid)


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = textwrap.dedent(
        f"""
        import signal, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from local.launch import start_child
        sleeper = ["/bin/sleep", "60"]
        child = start_child(sleeper, death_signal=signal.SIGKILL, environment={{}}, output=1)
        print(child.pid, flush=True)
        time.sleep(60)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")

    parent.kill()
    parent.wait()

    wait_until(lambda: not is_alive(child))


def wait_until(truth: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline
        time.sleep(0.02)
