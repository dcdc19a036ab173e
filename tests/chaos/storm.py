"""Faults of all kinds, at random: deaths, pauses, restarts, messages twice, ten times, and such as nobody can read."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.steps import VICTIMS
from tests.system.stack import Stack

PAUSE_SECONDS = (0.5, 2.5)
FROZEN_SECONDS = (0.5, 4.0)
JUNK = ("{", "null", '{"TopicArn": "arn:aws:sns:us-east-1:000000000000:foreign", "Message": "{}"}', "\ud7ff")
AWAY = (BotoCoreError, ClientError, OSError, KeyError, StopIteration)


class Storm:
    """Use in a thread of its own. `done` counts the faults by kind and victim; `junk` what was put into each queue."""

    def __init__(self, stack: Stack, notifier_pid: Callable[[], int], random: Random) -> None:
        self._stack, self._notifier_pid, self._random = stack, notifier_pid, random
        self.done, self.junk = Counter[str](), Counter[str]()
        self.brought: list[str] = []
        """Objects that may be announced again, as S3 writes it."""

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(self._random.uniform(*PAUSE_SECONDS)):
            fault = self._random.choice([self._kill, self._kill, self._freeze, self._repeat, self._spoil])
            with suppress(*AWAY):
                fault()

    def _kill(self) -> None:
        victim = self._random.choice(VICTIMS)
        sent = signal.SIGTERM if victim == "emulator" else self._random.choice([signal.SIGKILL, signal.SIGTERM])
        # PostgreSQL waits for its clients after SIGTERM; this is its fast shutdown.
        sent = signal.SIGINT if victim == "postgres" and sent == signal.SIGTERM else sent
        os.kill(self._pid(victim), sent)
        self.done[f"{sent.name} {victim}"] += 1

    def _freeze(self) -> None:
        victim = self._random.choice(VICTIMS)
        pid = self._pid(victim)
        os.kill(pid, signal.SIGSTOP)
        self.done[f"SIGSTOP {victim}"] += 1
        threading.Event().wait(self._random.uniform(*FROZEN_SECONDS))
        os.kill(pid, signal.SIGCONT)

    def _repeat(self) -> None:
        """An announcement twice, or ten times at once."""
        if self.brought:
            body, times = self._random.choice(self.brought), self._random.choice([2, 10])
            self._send("imports_queue_url", [body] * times)
            self.done[f"announced × {times}"] += 1

    def _spoil(self) -> None:
        """One that nobody can read among others that are fine."""
        queue = self._random.choice(["imports_queue_url", "notifications_queue_url"])
        good = self.brought[-3:] if queue == "imports_queue_url" else []
        self.junk[queue] += self._send(queue, [*good, self._random.choice(JUNK)]) - len(good)
        self.done["unreadable"] += 1

    def _send(self, queue: str, bodies: list[str]) -> int:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        answer: dict[str, Any] = self._stack.aws("sqs").send_message_batch(
            QueueUrl=self._stack.info[queue], Entries=entries
        )
        return len(answer["Successful"])

    def _pid(self, name: str) -> int:
        return self._notifier_pid() if name == "notifier" else self._stack.pid(name)
