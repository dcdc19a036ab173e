"""How the supervisor starts a child: in a session of its own, and dying with the thread that started it."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("child.py")
POLL_SECONDS = 0.02


def child_command(command: Sequence[str], *, death_signal: signal.Signals, user: str | None = None) -> list[str]:
    """The command line that runs `command` and sends it `death_signal` when the calling thread ends in any way."""
    name = death_signal.name.removeprefix("SIG")
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), "--parent", str(os.getpid()), "--signal", name]
    return [*launcher, *(["--user", user] if user else []), "--", *command]


def start_child(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    environment: Mapping[str, str],
    output: IO[bytes] | int,
    user: str | None = None,
    held_lock: int | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child outside the terminal's process group, so that Ctrl-C reaches only the supervisor."""
    return subprocess.Popen(
        child_command(command, death_signal=death_signal, user=user),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        pass_fds=() if held_lock is None else (held_lock,),
    )


def stop_child(process: subprocess.Popen[bytes], stop_signal: signal.Signals, seconds: float) -> None:
    """Asks a child to end, waits `seconds`, and kills it if it does not; returns when it is gone."""
    process.send_signal(stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def take_lock(path: Path, *, wait_seconds: float) -> int:
    """An exclusive lock on a file, as a descriptor. A child that inherits it holds it until it is gone itself.

    Raises TimeoutError if somebody else still holds it after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise TimeoutError(f"{path} is held by another process") from None
            time.sleep(POLL_SECONDS)
        else:
            return descriptor
