"""The stack's notifier, run from here so that it mails through an SES that fails; started again when it dies."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from tests.service.ses import ACCEPT, BREAK_AFTER_ACCEPTING, FakeSes
from tests.system.stack import ROOT, Stack

END_SECONDS = 30
STARTS_PAUSE_SECONDS = 0.2
THROTTLED = (429, "TooManyRequestsException")
QUOTA_REACHED = (400, "LimitExceededException")
REJECTED = (400, "MessageRejected")
BROKEN = (500, "InternalServiceErrorException")
SOMETHING_BETWEEN = (503, "")
ANSWERS = [ACCEPT] * 14 + [
    THROTTLED,
    THROTTLED,
    QUOTA_REACHED,
    REJECTED,
    BROKEN,
    BREAK_AFTER_ACCEPTING,
    SOMETHING_BETWEEN,
]


class StubbornNotifier:
    """`python -m notifier` with the environment of the stack's, but for the address of AWS."""

    def __init__(self, stack: Stack, ses: FakeSes) -> None:
        self._environment = environment_of(stack.pid("notifier")) | {"AWS_ENDPOINT_URL": ses.url}
        self._stack, self._ended = stack, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self.starts = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _keep(self) -> None:
        with (self._stack.home / "logs" / "stubborn_notifier.log").open("ab") as log:
            while not self._ended.wait(STARTS_PAUSE_SECONDS if self.starts else 0):
                self.starts += 1
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "notifier"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
                )
                self._process.wait()

    def __enter__(self) -> Self:
        command(self._stack, "stop", "notifier")
        self._keeper.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        self._keeper.join(END_SECONDS)
        command(self._stack, "start", "notifier")


def environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def command(stack: Stack, verb: str, name: str) -> None:
    """`make stop NAME=…` or `make start NAME=…`."""
    subprocess.run(
        [sys.executable, "-m", "local", verb, name],
        cwd=ROOT,
        env={**os.environ, "STORI_HOME": str(stack.home)},
        check=True,
        capture_output=True,
        timeout=120,
    )


def any_answers(random: Random, count: int) -> list[tuple[int, str]]:
    """What SES says to the next requests: mostly yes; it throttles, rejects, fails, and breaks off after accepting."""
    return random.choices(ANSWERS, k=count)


def accepted(ses: FakeSes) -> Counter[str]:
    return Counter(str(mail["X-Stori-Delivery"]) for mail in ses.accepted)
