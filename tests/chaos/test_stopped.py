"""Any one process stopped for a minute and started again, while files arrive: it leaves nothing behind."""

import threading
import time
from contextlib import suppress
from random import Random

import pytest

from tests.chaos.holders import File, Holder, PatientHolder, mails_by_delivery
from tests.chaos.mailing import command
from tests.chaos.quiet import check, dead_letters, wait_quiet
from tests.chaos.steps import VICTIMS
from tests.system.stack import Stack, new_person

STOPPED_SECONDS = 60
BETWEEN_SECONDS = 6
ROWS_MAX = 60
SETTLED_SECONDS = 120

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", [*VICTIMS, "bff"])
def test_stopped_for_a_minute_it_leaves_nothing_behind(usual_stack: Stack, name: str) -> None:
    holder, random = PatientHolder(new_person(usual_stack)), Random(name)
    accounts = [holder.open_account() for _ in range(2)]
    holder.bring(accounts[0], File.any_of(random, ROWS_MAX))
    stopping = threading.Event()
    arriving = threading.Thread(target=_bring, args=(holder, accounts, random, stopping))

    command(usual_stack, "stop", name)
    began = time.monotonic()
    arriving.start()
    stopping.wait(STOPPED_SECONDS)
    command(usual_stack, "start", name)
    stopping.set()
    arriving.join()

    assert time.monotonic() - began >= STOPPED_SECONDS
    holder.settled(SETTLED_SECONDS)
    wait_quiet(usual_stack, SETTLED_SECONDS)
    check(usual_stack, [holder], mails_by_delivery(usual_stack), 1)
    assert dead_letters(usual_stack) == [0, 0]


def _bring(holder: Holder, accounts: list[str], random: Random, stopping: threading.Event) -> None:
    """A file every few seconds; those that cannot be announced are asked for until they can."""
    while not stopping.is_set():
        with suppress(AssertionError):
            holder.bring(random.choice(accounts), File.any_of(random, random.randint(1, ROWS_MAX)))
        stopping.wait(BETWEEN_SECONDS)
