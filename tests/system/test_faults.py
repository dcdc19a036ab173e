"""Things that happen twice, and processes that die in the middle: everything once, nothing lost."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from tests.system.stack import ROOT, TERMINAL, VIEWER, Person, Stack, eventually, running_stack, sign_in
from tests.system.test_main_job import BRIEF

ROWS = 60_000


def test_an_event_that_arrives_again_sends_no_second_mail(stack: Stack, person: Person) -> None:
    import_id = person.bring(person.open_account(), BRIEF)
    person.settled(import_id)
    stack.mails_when_there(import_id)
    with psycopg.connect(stack.info["txn_database_url"]) as connection:
        found = connection.execute("SELECT body FROM outbox WHERE subject = %s", (import_id,)).fetchall()
    [(body,)] = found

    for _ in range(2):
        stack.aws("sns").publish(TopicArn=stack.info["events_topic_arn"], Message=body)
        stack.aws("sqs").send_message(QueueUrl=stack.info["notifications_queue_url"], MessageBody=body)
    marker = person.bring(person.open_account(), BRIEF)
    stack.mails_when_there(marker)
    eventually(lambda: queue_is_empty(stack, "notifications_queue_url"), "the queue to be empty")

    assert len(stack.mails_of(import_id)) == 1


def test_an_object_that_is_announced_again_is_imported_once(stack: Stack, person: Person) -> None:
    account_id = person.open_account()
    import_id = person.bring(account_id, BRIEF)
    first = person.settled(import_id)
    [before] = person.ask(VIEWER)["viewer"]["accounts"]
    announcement = stack.announcement(import_id)

    for _ in range(3):
        stack.aws("sqs").send_message(QueueUrl=stack.info["imports_queue_url"], MessageBody=announcement)
    person.settled(person.bring(account_id, BRIEF))
    eventually(lambda: queue_is_empty(stack, "imports_queue_url"), "the queue to be empty")

    assert person.read_import(import_id) == first
    [after] = person.ask(VIEWER)["viewer"]["accounts"]
    assert after["ledgerDigest"] == before["ledgerDigest"]


def test_the_importer_killed_in_the_middle_of_a_file_imports_each_row_once(stack: Stack, person: Person) -> None:
    account_id = person.open_account()
    lines = [f"2026-{1 + n % 9:02}-{1 + n % 28:02},row {n},{n % 100}.01" for n in range(ROWS)]
    content = "\n".join(["date,description,amount", *lines]).encode()
    import_id = person.bring(account_id, content)

    eventually(
        lambda: person.read_import(import_id)["state"] in ("PLANNING", "COMMITTING") or None, "the work to begin"
    )
    killed = stack.pid("importer")
    os.kill(killed, signal.SIGKILL)
    state_at_kill = person.read_import(import_id)["state"]
    settled = person.settled(import_id)

    assert state_at_kill not in TERMINAL
    assert (settled["state"], settled["importedCount"], settled["duplicateCount"]) == ("COMPLETED", ROWS, 0)
    [account] = person.ask(VIEWER)["viewer"]["accounts"]
    expected = sum(n % 100 * 100 + 1 for n in range(ROWS))
    assert account["balance"]["amount"] == f"{expected // 100}.{expected % 100:02}"
    assert stack.pid("importer") != killed
    stack.mails_when_there(import_id)
    assert len(stack.mails_of(import_id)) == 1


def test_the_notifier_killed_in_the_middle_sends_each_mail(stack: Stack, person: Person) -> None:
    account_id = person.open_account()
    killed = stack.pid("notifier")
    started = [person.start_import(account_id, "statement.csv", len(BRIEF)) for _ in range(18)]
    imports = [str(found["id"]) for found in started]

    with ThreadPoolExecutor(6) as uploads:
        answers = list(uploads.map(lambda found: person.upload(found, BRIEF).is_success, started))
    eventually(lambda: [i for i in imports if stack.mails_of(i)] or None, "the first mail")
    os.kill(killed, signal.SIGKILL)
    waiting = [import_id for import_id in imports if not stack.mails_of(import_id)]
    for import_id in imports:
        stack.mails_when_there(import_id)
    eventually(lambda: queue_is_empty(stack, "notifications_queue_url"), "the queue to be empty")

    # A mail may leave again only if its sender died between handing it over and the record: at most what was in flight,
    # and then under the same delivery id.
    for import_id in imports:
        mails = stack.mails_of(import_id)
        assert len(mails) <= 2
        assert len({header(mail, "X-Stori-Delivery") for mail in mails}) == 1
    assert all(answers)
    assert waiting, "it was killed after its work"
    eventually(lambda: stack.pid("notifier") != killed or None, "the new notifier")


def test_it_keeps_everything_over_its_own_restart_and_leaves_no_process(run_folder: Path) -> None:
    home = run_folder / "restarted"
    with running_stack(home) as first:
        demo = sign_in(first, first.info["demo"]["email"], first.info["demo"]["password"])
        before = (demo.ask(VIEWER), sorted(mail["id"] for mail in first.mails()))
        left = list(first.info["processes"].values())
    assert first.process.returncode == 0
    assert not (home / "stack.json").exists()
    assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []

    with running_stack(home) as second:
        demo = sign_in(second, second.info["demo"]["email"], second.info["demo"]["password"])
        after = (demo.ask(VIEWER), sorted(mail["id"] for mail in second.mails()))
        again = demo.settled(demo.bring(before[0]["viewer"]["accounts"][0]["id"], BRIEF))
        refused = subprocess.run(
            [sys.executable, "-m", "local", "up"],
            cwd=ROOT,
            env={**os.environ, "STORI_HOME": str(home)},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    assert after == before
    assert (again["importedCount"], again["duplicateCount"]) == (0, 4)
    assert refused.returncode == 1
    assert "brief.csv → S3" not in second.text


def queue_is_empty(stack: Stack, name: str) -> bool | None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.aws("sqs").get_queue_attributes(QueueUrl=stack.info[name], AttributeNames=names)["Attributes"]
    return True if not any(int(found[name]) for name in names) else None


def header(mail: dict[str, Any], name: str) -> str:
    headers = mail["headers"]
    pairs = headers.items() if isinstance(headers, dict) else headers
    return str(next(value for key, value in pairs if key.lower() == name.lower()))
