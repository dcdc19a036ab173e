"""Many imports of many holders in a storm of faults: afterwards every row once, every figure right, every mail sent.

A seed decides what happens in which order, not when the machine comes to it: the same seed makes a like storm.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from random import Random

import pytest

from tests.chaos.holders import File, PatientHolder, patiently
from tests.chaos.mailing import REJECTED, SOMETHING_BETWEEN, StubbornNotifier, accepted, any_answers
from tests.chaos.quiet import DEAD_LETTERS, QUEUES, check, events, take_all, wait_quiet
from tests.chaos.storm import JUNK, Storm
from tests.service.ses import BREAK_AFTER_ACCEPTING, FakeSes
from tests.system.stack import Stack, new_person

HOLDERS = 3
STORM_SECONDS = 60
BETWEEN_SECONDS = (0.5, 3.0)
ROWS_MAX = 400
SETTLED_SECONDS = 180
QUIET_SECONDS = 240
# rule 6: a mail leaves once more only after an attempt of which nobody knows how it ended, and three times at most.
MAILS_MAX = 3
# Messages that one notifier handles at once (consumer_concurrency).
IN_HAND_MAX = 20
# What SES is told to say to the first of its requests; it accepts the others.
ANSWERS_MAX = 200


@contextmanager
def blowing(storm: Storm) -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=storm.run, args=(stopping,))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 4))
def test_many_imports_in_a_storm(seed: int, usual_stack: Stack) -> None:
    random = Random(seed)
    holders = [PatientHolder(new_person(usual_stack)) for _ in range(HOLDERS)]
    with FakeSes(elsewhere=usual_stack.info["aws_endpoint_url"]) as ses, StubbornNotifier(usual_stack, ses) as notifier:
        storm = Storm(usual_stack, lambda: notifier.pid, random)
        answers = any_answers(random, ANSWERS_MAX)
        ses.script.extend(answers)
        seeds = [Random(f"{seed} {number}") for number in range(HOLDERS)]
        with blowing(storm), ThreadPoolExecutor(HOLDERS) as people:
            list(people.map(partial(_bring, storm), holders, seeds))
        rejected = answers.count(REJECTED) - list(ses.script).count(REJECTED)
        ses.script.clear()
        for holder in holders:
            holder.settled(SETTLED_SECONDS)
        wait_quiet(usual_stack, QUIET_SECONDS)
        print(f"seed {seed}: {dict(storm.done)}, unreadable {dict(storm.junk)}, rejected mails {rejected}")  # noqa: T201

        before = accepted(ses)
        check(usual_stack, holders, before, MAILS_MAX, rejected)
        assert before.total() - len(before) <= _unknown_outcomes(storm, answers)
        _deliver_all_again(usual_stack, holders)
        wait_quiet(usual_stack, QUIET_SECONDS)
        check(usual_stack, holders, accepted(ses), MAILS_MAX, rejected)
        assert accepted(ses) == before
    for queue, dead in zip(QUEUES, DEAD_LETTERS, strict=True):
        bodies = take_all(usual_stack, dead)
        assert set(bodies) <= set(JUNK)
        assert len(bodies) >= storm.junk[queue]


def _bring(storm: Storm, holder: PatientHolder, random: Random) -> None:
    """One file after the other, as long as the storm goes on."""
    accounts, end, pause = (
        [holder.open_account() for _ in range(2)],
        time.monotonic() + STORM_SECONDS,
        threading.Event(),
    )
    while time.monotonic() < end:
        import_id = holder.bring(random.choice(accounts), File.any_of(random, random.randint(1, ROWS_MAX)))
        storm.brought.append(patiently(lambda one=import_id: holder.person.stack.announcement(one)))  # type: ignore[misc]
        pause.wait(random.uniform(*BETWEEN_SECONDS))


def _unknown_outcomes(storm: Storm, answers: Sequence[tuple[int, str]]) -> int:
    """Of how many mails at most it was unknown whether they left: SES broke off, or the notifier died with some in
    hand, or what it records to did not answer."""
    deaths = sum(times for fault, times in storm.done.items() if fault.split()[-1] in {"notifier", "emulator"})
    return answers.count(BREAK_AFTER_ACCEPTING) + answers.count(SOMETHING_BETWEEN) + deaths * IN_HAND_MAX


def _deliver_all_again(stack: Stack, holders: Sequence[PatientHolder]) -> None:
    """As if an hour later: every announcement, and every event in the opposite order, by the topic and by the queue."""
    imports = [import_id for holder in holders for import_id in holder.imports]
    for import_id in imports:
        body = stack.announcement(import_id)
        stack.aws("sqs").send_message(QueueUrl=stack.info["imports_queue_url"], MessageBody=body)
    for body in reversed(events(stack, imports)):
        stack.aws("sns").publish(TopicArn=stack.info["events_topic_arn"], Message=body)
        stack.aws("sqs").send_message(QueueUrl=stack.info["notifications_queue_url"], MessageBody=body)
