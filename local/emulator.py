"""The AWS emulator as a foreground child.

Its state is in memory and written only when it ends by SIGTERM, so that is what it gets, also when we die. A folder
holds `state/`, `s3/`, `mail/`, `tmp/`, `started` (whose time tells whether a later save happened) and `lock`.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local.launch import POLL_SECONDS, start_child, stop_child, take_lock
from local.ports import LOOPBACK, free_port

PYTHON = Path(__file__).parent.parent / ".venv-emulator" / "bin" / "python"
ENTRY = Path(__file__).with_name("emulator_entry.py")
REGION = "us-east-1"
MAIL = "mail"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOCK_SECONDS = 30.0
# What a stack cannot do without; each is a file the emulator writes when it saves.
KEPT = ("cloudformation", "cognito", "dynamodb", "s3", "sns", "sqs")


class EmulatorFailed(Exception):
    """The emulator did not start; the message is one sentence with the last line of its log."""


class Emulator:
    """A running emulator; `url` answers every AWS service."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home, self.port, self.process = home, port, process
        self.url = f"http://{LOOPBACK}:{port}"

    @classmethod
    def start(cls, home: Path, port: int = 0, *, persist: bool = True, output: IO[bytes] | int | None = None) -> Self:
        """Starts the emulator and waits until it answers; it dies with the calling thread. Port 0 takes a free one."""
        port = port or free_port()
        home.mkdir(parents=True, exist_ok=True)
        with (home / "emulator.log").open("ab") as log:
            process = spawn(home, port, persist=persist, output=log if output is None else output)
        emulator = cls(home, port, process)
        emulator.wait_ready()
        return emulator

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_ready(self.url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise EmulatorFailed(f"The AWS emulator in {self.home} did not start: {last_line(self.home)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ends the emulator and waits until it has saved."""
        stop_child(self.process, signal.SIGTERM, STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def spawn(home: Path, port: int, *, persist: bool, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Starts the emulator without waiting. A folder's earlier emulator may still be saving: it is waited for."""
    if not PYTHON.exists():
        raise EmulatorFailed("The emulator's environment .venv-emulator is missing; `make up` or `make test` makes it.")
    home = home.absolute()
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    lock = take_lock(home / "lock", wait_seconds=LOCK_SECONDS)
    try:
        (home / "started").touch()
        return start_child(
            [str(PYTHON), "-P", str(ENTRY)],
            death_signal=signal.SIGTERM,
            environment=emulator_environment(home, port, persist=persist),
            output=output,
            held_lock=lock,
            folder=home,
        )
    finally:
        os.close(lock)


def emulator_environment(home: Path, port: int, *, persist: bool) -> Mapping[str, str]:
    switch = "1" if persist else "0"
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "TZ": "UTC",
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": switch,
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": switch,
        "S3_DATA_DIR": str(home / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "STORI_MAIL_DIR": str(home / MAIL),
        # It would remove other people's containers that carry its label; nothing here needs Docker.
        "DOCKER_HOST": f"unix://{home}/no-docker",
        # No file of the person's own AWS configuration is read.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def saved_whole(home: Path) -> bool:
    """Whether the last emulator of this folder saved everything when it ended; True if there has been none."""
    started = home / "started"
    if not started.exists():
        return True
    since = started.stat().st_mtime_ns
    files = [home / "state" / f"{name}.json" for name in KEPT]
    return all(file.exists() and file.stat().st_mtime_ns >= since for file in files)


def forget(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)


def last_line(home: Path) -> str:
    log = home / "emulator.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it left no log."
