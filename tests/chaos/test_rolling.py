"""Each process is replaced by another of its kind, under load: nothing fails, nothing doubles."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import httpx2
import pytest

from local.ports import LOOPBACK
from local.table import SERVICES
from tests.chaos.fleet import DRAIN_SECONDS, Fleet
from tests.chaos.holders import ACCOUNTS, File, Holder, mails_by_delivery
from tests.chaos.mailing import command
from tests.chaos.quiet import check, dead_letters, wait_quiet
from tests.system.stack import Person, Stack, new_person

REQUESTS_A_SECOND = 50
CLIENTS = 16
# Two cores that start fourteen processes meanwhile do not keep the rate all the time.
RATE_SHARE = 0.6
ROWS = 2_000
SETTLED_SECONDS = 60


@contextmanager
def asking(person: Person, url: str) -> Iterator[Counter[str]]:
    """The page query at a steady rate; counts how it was answered."""
    answers, stopping, lock = Counter[str](), threading.Event(), threading.Lock()
    began, asked = time.monotonic(), 0

    def ask() -> None:
        nonlocal asked
        with httpx2.Client(timeout=10) as client:
            while not stopping.is_set():
                with lock:
                    asked += 1
                    due = began + asked / REQUESTS_A_SECOND
                stopping.wait(max(0.0, due - time.monotonic()))
                with lock:
                    answers[_answer(client, person, url)] += 1

    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(CLIENTS):
            clients.submit(ask)
        try:
            yield answers
        finally:
            stopping.set()


def _answer(client: httpx2.Client, person: Person, url: str) -> str:
    try:
        answer = client.post(url, json={"query": ACCOUNTS}, headers={"authorization": f"Bearer {person.tokens.access}"})
        return "fine" if answer.status_code == 200 and "errors" not in answer.json() else answer.text
    except httpx2.HTTPError as error:
        return repr(error)


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_every_process_is_replaced_under_load(chaos_stack: Stack) -> None:
    random, ends = Random(1), dict[str, tuple[int, float]]()
    with Fleet(chaos_stack) as fleet:
        for name in SERVICES:
            fleet.add(name)
            command(chaos_stack, "stop", name)
        url = f"http://{LOOPBACK}:{fleet.balancers['bff'].port}/graphql"
        stack = replace(chaos_stack, info={**chaos_stack.info, "graphql_url": url})
        holder = Holder(replace(new_person(chaos_stack), stack=stack))
        account_id = holder.open_account()
        holder.bring(account_id, File.any_of(random, ROWS))
        began = time.monotonic()
        with asking(holder.person, url) as answers:
            for name in [*SERVICES, *SERVICES]:
                holder.bring(account_id, File.any_of(random, ROWS))
                ends[name] = fleet.replace(name)
                holder.bring(account_id, File.any_of(random, ROWS))
            rate = answers.total() / (time.monotonic() - began)
        holder.settled(SETTLED_SECONDS)
        wait_quiet(chaos_stack, SETTLED_SECONDS)
        txn_address = f"{LOOPBACK}:{fleet.balancers['txn_svc'].port}"
        holder.person.stack.info["txn_svc_address"] = txn_address
        check(stack, [holder], mails_by_delivery(chaos_stack), 1)
        for name in SERVICES:
            command(chaos_stack, "start", name)

    print(f"{answers.total()} requests, {rate:.0f} a second; drains {ends}")  # noqa: T201
    assert rate >= REQUESTS_A_SECOND * RATE_SHARE
    assert set(answers) == {"fine"}, answers
    assert {name: code for name, (code, _) in ends.items()} == dict.fromkeys(SERVICES, 0)
    assert max(seconds for _, seconds in ends.values()) <= DRAIN_SECONDS
    assert dead_letters(chaos_stack) == [0, 0]
