"""The notifier as it is run: a process behind a queue, and a Lambda function."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from notifier.lambda_function import Function
from runtime.ids import to_id
from runtime.messages.envelope import Event
from tests.service.mailing import Mailing, mailing, mailing_stage
from tests.service.messaging import TestQueue, eventually, redrive

__all__ = ["mailing", "mailing_stage"]

ROOT = Path(__file__).parents[2]
VISIBILITY_SECONDS = "2"


@contextmanager
def notifier(mailing: Mailing, queue: TestQueue, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        **mailing.environment(),
        "STORI_NOTIFICATIONS_QUEUE_URL": queue.url,
        "STORI_CONSUMER_VISIBILITY_SECONDS": VISIBILITY_SECONDS,
        "STORI_CONSUMER_POLL_SECONDS": "1",
        "STORI_CONSUMER_RETRY_FIRST_SECONDS": "0",
    }
    with output.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "notifier"], cwd=ROOT, env=environment, stdout=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def queue(mailing: Mailing) -> TestQueue:
    dead = TestQueue.create(mailing.aws)
    return TestQueue.create(mailing.aws, RedrivePolicy=redrive(dead, 5), VisibilityTimeout=VISIBILITY_SECONDS)


def is_in(mailing: Mailing, state: str, event: Event) -> bool:
    try:
        return mailing.delivery(event)["state"] == state
    except KeyError:
        return False


async def test_a_message_of_the_queue_becomes_a_mail_and_sigterm_ends_it_with_0(
    mailing: Mailing, queue: TestQueue, tmp_path: Path
) -> None:
    event = mailing.settle_import()
    with notifier(mailing, queue, tmp_path / "log") as process:
        await queue.send(event.to_json(), event.to_json())
        await eventually(lambda: is_in(mailing, "SENT", event) and queue.is_empty())

        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, 20)

    assert code == 0
    assert len(mailing.ses.accepted) == 1


async def test_no_address_name_amount_or_token_stands_in_the_log(
    mailing: Mailing, queue: TestQueue, tmp_path: Path
) -> None:
    sent, refused = mailing.settle_import(), mailing.settle_import(email="not an address@example.com")
    with notifier(mailing, queue, tmp_path / "log"):
        await queue.send(sent.to_json(), refused.to_json(), '{"email": "ana@example.com"}')
        await eventually(lambda: is_in(mailing, "SENT", sent))
        await eventually(lambda: (tmp_path / "log").read_text().count("message failed") >= 2)

    log = (tmp_path / "log").read_text()
    for canary in ("ana@", "@example.com", "Ana", "brief.csv", "39.74", "3974", "eyJ", "notifier-secret"):
        assert canary not in log


async def test_killed_while_sending_it_sends_again_and_records_it(
    mailing: Mailing, queue: TestQueue, tmp_path: Path
) -> None:
    event = mailing.settle_import()
    mailing.ses.accepting.clear()
    with notifier(mailing, queue, tmp_path / "first") as process:
        await queue.send(event.to_json())
        await eventually(lambda: len(mailing.ses.accepted) == 1)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait, 20)
    mailing.ses.accepting.set()
    await mailing.end_lease(event)

    with notifier(mailing, queue, tmp_path / "second"):
        await eventually(lambda: is_in(mailing, "SENT", event) and queue.is_empty())

    assert len(mailing.ses.accepted) == 2
    assert {mail["X-Stori-Delivery"] for mail in mailing.ses.accepted} == {mailing.delivery(event)["delivery_id"]}
    assert mailing.delivery(event)["attempt"] == "2"


async def test_killed_after_the_record_it_sends_nothing_more(
    mailing: Mailing, queue: TestQueue, tmp_path: Path
) -> None:
    event = mailing.settle_import()
    with notifier(mailing, queue, tmp_path / "first") as process:
        await queue.send(event.to_json())
        await eventually(lambda: is_in(mailing, "SENT", event))
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait, 20)

    with notifier(mailing, queue, tmp_path / "second"):
        await queue.send(event.to_json())
        await eventually(lambda: "delivery known" in (tmp_path / "second").read_text() and queue.is_empty())

    assert len(mailing.ses.accepted) == 1


async def test_killed_before_the_report_the_next_one_reports_and_sends_nothing_more(
    mailing: Mailing, queue: TestQueue, tmp_path: Path
) -> None:
    event, ledger = mailing.settle_import(), mailing.ledger
    ledger.hearing.clear()
    with notifier(mailing, queue, tmp_path / "first") as process:
        await queue.send(event.to_json())
        await eventually(lambda: ledger.telling == 1)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait, 20)
    await eventually(lambda: ledger.telling == 0)
    ledger.hearing.set()

    with notifier(mailing, queue, tmp_path / "second"):
        await eventually(lambda: bool(ledger.reports[to_id("evt", event.id)]) and queue.is_empty())

    assert len(mailing.ses.accepted) == 1
    [report] = ledger.reports[to_id("evt", event.id)]
    assert report.ses_message_id == mailing.delivery(event)["ses_message_id"]


def test_a_missing_setting_ends_it_with_78_and_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "notifier"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, check=False
    )

    assert done.returncode == 78
    assert b"STORI_DELIVERIES_TABLE" in done.stderr


class _Invocation:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _record(index: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"m-{index}",
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763640000123"},
        "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:notifications",
    }


@pytest.mark.usefixtures("own_logs")
async def test_as_a_lambda_function_only_what_failed_comes_again(
    mailing: Mailing, queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**mailing.environment(), "STORI_NOTIFICATIONS_QUEUE_URL": queue.url}.items():
        monkeypatch.setenv(name, value)
    events = [mailing.settle_import() for _ in range(3)]
    bodies = [*(event.to_json() for event in events), "junk", events[0].to_json()]
    records = {"Records": [_record(index, body) for index, body in enumerate(bodies)]}

    function = Function()
    answers = [await asyncio.to_thread(function, records, _Invocation()) for _ in range(2)]

    assert answers == [{"batchItemFailures": [{"itemIdentifier": "m-3"}]}] * 2
    assert len(mailing.ses.accepted) == 3
