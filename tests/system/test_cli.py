"""A day with the command line on the running stack: no browser's window, and pipes."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.stori import LAUNCHER, Done, Stori
from tests.system.browser import sign_in_at
from tests.system.stack import PASSWORD, Person, Stack, eventually

pytestmark = pytest.mark.usefixtures("callback_ports")
ROOT = Path(__file__).parent.parent.parent
BRIEF = str(ROOT / "samples" / "brief.csv")


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Stori:
    """Somebody's shell in the checkout, who has never used `stori`."""
    return Stori(tmp_path, {"STORI_HOME": str(stack.home)})


@pytest.fixture
async def stori(shell: Stori, person: Person) -> AsyncIterator[Stori]:
    """The same, signed in."""
    done = await login(shell, person)
    assert done.code == 0, done.err
    yield shell
    await shell.run("logout")


async def login(shell: Stori, person: Person, *options: str) -> Done:
    process = await shell.start("login", "--no-browser", *options)
    assert process.stdout is not None
    assert process.stderr is not None
    said = await asyncio.wait_for(process.stdout.readline(), 30)
    address = re.search(r"http\S+", said.decode())
    assert address is not None, (await process.stderr.read()).decode()
    page = await asyncio.to_thread(sign_in_at, address.group(), person.email, PASSWORD)
    assert "close this page" in page.text
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_after_make_up_one_signs_in_through_the_hosted_page(shell: Stori, person: Person) -> None:
    before = await shell.run("accounts")

    done = await login(shell, person)

    assert (before.code, "stori login" in before.err) == (1, True)
    assert (done.code, person.email in done.out) == (0, True)
    assert (await shell.run("accounts")).code == 0
    assert (await shell.run("logout")).code == 0
    assert (await shell.run("accounts")).code == 1


async def test_a_stack_can_be_named_by_its_file(stack: Stack, person: Person, tmp_path: Path) -> None:
    elsewhere = Stori(tmp_path, {})

    done = await login(elsewhere, person, "--stack", str(stack.home / "stack.json"))

    assert done.code == 0
    assert (await elsewhere.run("accounts")).code == 0


async def test_a_statement_goes_in_and_the_mail_follows(stori: Stori, stack: Stack) -> None:
    [opened] = (await stori.run("account", "open", "Everyday", "--currency", "USD", "--json")).documents

    done = await stori.run("import", BRIEF, "--account", "Everyday", "--yes", "--json")

    found = done.document["statementImport"]
    assert (found["state"], found["importedCount"]) == ("IMPORT_STATE_COMPLETED", "4")
    assert stack.mails_when_there(found["id"])
    assert (await stori.run("accounts")).rows()[0]["balance"] == "39.74"
    [summary] = (await stori.run("summary", opened["id"], "--json")).documents
    assert summary["summary"]["averageDebitMinor"] == "-1538"
    again = await stori.run("import", BRIEF, "--account", opened["id"])
    assert again.lines[1] == "4 rows: 0 new, 4 already here, 0 rejected"


async def test_commands_work_in_a_pipe(stori: Stori) -> None:
    await stori.run("account", "open", "Everyday", "--currency", "USD")

    brought = await pipe(stori, f"cat {BRIEF} | {LAUNCHER} import - --name today.csv --account Everyday --json")
    first = await pipe(stori, f"{LAUNCHER} transactions --limit 0 | head -n 2 | tail -n 1 | cut -f 2")
    ids = await pipe(stori, f"{LAUNCHER} transactions --json --limit 0 | wc -l")

    assert json.loads(brought)["statementImport"]["fileName"] == "today.csv"
    assert (first, ids.strip()) == ("10.00\n", "4")


async def test_what_is_exported_is_the_same_ledger_elsewhere_and_an_undone_import_leaves_no_trace(stori: Stori) -> None:
    for name in ("Everyday", "Copy"):
        await stori.run("account", "open", name, "--currency", "USD")
    empty = await digests(stori)
    brought = await stori.run("import", BRIEF, "--account", "Everyday", "--json")

    await pipe(stori, f"{LAUNCHER} export --account Everyday | {LAUNCHER} import - --account Copy --json")
    full = await digests(stori)
    undone = await stori.run("imports", "revert", brought.document["statementImport"]["id"], "--yes")

    assert (len(set(empty)), len(set(full)), empty[0] != full[0], undone.code) == (1, 1, True, 0)
    assert await digests(stori) == [empty[0], full[1]]


async def digests(stori: Stori) -> list[str]:
    """Recomputed, of each account, oldest first."""
    return [one["ledgerDigest"] for one in (await stori.run("verify", "--json")).documents]


async def pipe(stori: Stori, line: str) -> str:
    """What a line of shell writes; every part of it must succeed."""
    bash = shutil.which("bash")
    assert bash is not None
    process = await stori.start("-o", "pipefail", "-c", line, program=bash)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (0, b"")
    return out.decode()


async def test_a_token_is_for_other_tools(stori: Stori, person: Person) -> None:
    token = (await stori.run("token")).out.strip()

    person.tokens = type(person.tokens)(token, "", "")
    answer: dict[str, Any] = person.ask("{ viewer { user { email } } }")

    assert answer["viewer"]["user"]["email"] == person.email


async def test_the_running_processes_show_health_and_settings(shell: Stori, stack: Stack) -> None:
    for name in ("bff", "user_svc", "txn_svc", "importer", "notifier"):
        eventually(lambda name=name: stack.current()["processes"].get(name), name)  # type: ignore[misc]
        assert (await shell.run("healthcheck", name)).out == "ok\n"

    done = await shell.run("config", "--json")

    assert done.code == 0
    shown = {one["process"]: one["settings"] for one in done.documents}
    assert shown["bff"]["STORI_TXN_SVC_ADDRESS"] == stack.info["txn_svc_address"]
    assert shown["importer"]["STORI_UPLOADS_BUCKET"] == stack.info["uploads_bucket"]
    password = re.search(r"://[^:]+:([^@]+)@", stack.info["txn_database_url"])
    assert password is not None
    assert password.group(1) not in done.out


async def test_an_operator_sees_a_dead_letter_without_a_sign_in_and_moves_it_back(shell: Stori, stack: Stack) -> None:
    sqs, url = stack.aws("sqs"), stack.info["feedback_dlq_url"]
    sqs.send_message(QueueUrl=url, MessageBody='{"notificationType": "Delivery", "mail": "ana@example.com"}')

    seen, moved = await shell.run("queues", "--json"), await shell.run("queues", "redrive", "feedback")

    letters = {one["queue"]: [each["type"] for each in one["deadLetters"]["letters"]] for one in seen.documents}
    assert letters == {"imports": [], "notifications": [], "feedback": ["Delivery"]}
    assert "ana" not in seen.out
    assert (moved.code, moved.out) == (0, "feedback: 1 moved; 1 Delivery (not recorded)\n")

    def handled() -> bool | None:
        answer = sqs.get_queue_attributes(QueueUrl=stack.info["feedback_queue_url"], AttributeNames=["All"])
        waiting = (answer["Attributes"][f"ApproximateNumberOfMessages{state}"] for state in ("", "NotVisible"))
        return True if set(waiting) == {"0"} else None

    eventually(handled, "user_svc to take the feedback")
    assert [one["deadLetters"]["waiting"] for one in (await shell.run("queues", "--json")).documents] == [0, 0, 0]
