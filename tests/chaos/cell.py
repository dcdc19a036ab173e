"""One cell of the matrix: a step at which one process is held, and another, or the same, that dies meanwhile."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.holders import File, Holder, mails_by_delivery
from tests.chaos.points import Hold, Point, Points
from tests.chaos.quiet import check, dead_letters, wait_quiet
from tests.chaos.steps import BATCHED, UNKNOWN_OUTCOME
from tests.system.stack import Stack, eventually, new_person

VISIBILITY_SECONDS = 6
# What a claim of a delivery lasts, of which nobody knows how it ended (notifier/deliveries.py).
LEASE_SECONDS = 30
# For two cores that restart a process meanwhile: on top of what the rules allow.
SLACK_SECONDS = 20
ARRIVE_SECONDS = 30
BACK_SECONDS = 60
ROWS_MAX = 60
# The emulator keeps its state only where it may end in peace; PostgreSQL is to bear everything.
SIGNALS = {
    "emulator": (signal.SIGTERM,),
    "postgres": (signal.SIGKILL, signal.SIGQUIT, signal.SIGINT),
}
ANY_PROCESS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)


@dataclass(frozen=True)
class Cell:
    step: Point
    victim: str
    seed: int

    def __str__(self) -> str:
        return f"{self.step.process}:{self.step.name}-{self.victim}-{self.seed}"


def run(cell: Cell, stack: Stack, points: Points) -> None:
    """Raises AssertionError where anything is lost, doubled, wrong or stuck. The same seed does the same."""
    random = Random(str(cell))
    is_exact = cell.victim in {"emulator", "notifier"}
    files = [File.any_of(random, random.randint(1, ROWS_MAX)) for _ in range(1 if is_exact else random.randint(1, 3))]
    sent, is_at_once = random.choice(SIGNALS.get(cell.victim, ANY_PROCESS)), random.random() < 0.5
    after = 1 if cell.step.name in BATCHED else random.randint(1, len(files))
    with points.held(cell.step, after) as hold:
        holder = _bring(stack, files, random)
        assert hold.wait(ARRIVE_SECONDS), f"nobody came to {cell.step}"
        _kill(stack, cell.victim, sent, hold if is_at_once or cell.victim == cell.step.process else None)
    _wait_settled(cell, stack, holder)
    check(stack, [holder], mails_by_delivery(stack), 2 if (cell.step, cell.victim) in UNKNOWN_OUTCOME else 1)
    assert dead_letters(stack) == [0, 0]


def _bring(stack: Stack, files: list[File], random: Random) -> Holder:
    holder = Holder(new_person(stack))
    accounts = [holder.open_account() for _ in range(random.randint(1, 2))]
    for file in files:
        holder.bring(random.choice(accounts), file)
    return holder


def _kill(stack: Stack, victim: str, sent: signal.Signals, hold: Hold | None) -> None:
    """Sends the signal, lets the held one go at once if it is given, and returns when the victim is ready again."""
    pid = stack.pid(victim)
    os.kill(pid, sent)
    if hold is not None:
        hold.release()
    eventually(lambda: None if Path(f"/proc/{pid}").exists() else True, f"{victim} to be gone", BACK_SECONDS)
    eventually(lambda: _is_back(stack, victim, pid), f"{victim} to be back", BACK_SECONDS)


def _is_back(stack: Stack, victim: str, old: int) -> bool | None:
    with suppress(KeyError, OSError):
        return True if stack.pid(victim) != old else None
    return None


def _wait_settled(cell: Cell, stack: Stack, holder: Holder) -> None:
    """Imports within twice the visibility; then the events, and the mails, which may have to wait for a lease."""
    started = time.monotonic()
    holder.settled(2 * VISIBILITY_SECONDS + SLACK_SECONDS)
    wait_quiet(stack, 2 * VISIBILITY_SECONDS + LEASE_SECONDS + SLACK_SECONDS)
    print(f"{cell}: quiet after {time.monotonic() - started:.1f} s")  # noqa: T201
