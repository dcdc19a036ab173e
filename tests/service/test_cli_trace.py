"""`stori trace`: one timeline of an import and its mails, whichever id it is asked for."""

import re
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, text

from cli.trace import FORGOTTEN
from protos.txn.v1 import txn_pb2
from runtime import call
from runtime.call import Call
from runtime.ids import new_id, to_id
from tests.service.importing import post, settled, start
from tests.service.stori import Done, Stori
from tests.service.tracing import Whole, whole
from tests.service.txn import Client
from txn_svc.model import outbox

__all__ = ["whole"]

CANARY_FILE = b"date,description,amount\n2026-07-01,Canary Groceries,-98765.43\n2026-07-02,Canary Pay,12345.67\n"
CANARIES = (
    "anary",
    "98765",
    "9876543",
    "12345.67",
    "1234567",
    "example.com",
    "eyJhbGci",
    "eyJraWQi",
    "eyJ0eXAi",
    "groceries",
    "gone",
)
LIFE = [
    ("txn_svc", "announced"),
    ("S3", "file uploaded"),
    ("importer", "file taken"),
    ("outbox", "ImportCompleted written"),
    ("importer", "committed"),
    ("txn_relay", "ImportCompleted published"),
    ("notifier", "ImportCompleted mail sent"),
]


@pytest.fixture
def operator(whole: Whole, tmp_path: Path) -> Stori:
    return whole.shell(tmp_path, whole.users.issuer.token(f"agent-{uuid4()}", groups=["support"]))


async def canary_import(whole: Whole) -> tuple[Client, txn_pb2.Import]:
    """An import whose file, holder and account are full of what an operator must not see."""
    holder = await whole.holder(email=f"canary-{uuid4()}@example.com", name="Canary Name")
    account = await holder.open_account(name="Canary Account")
    started = await start(holder, account.id, CANARY_FILE, file_name="canary-statement.csv")
    assert await post(started.upload, CANARY_FILE) == 204
    return holder, await settled(holder, started.id)


def steps(done: Done) -> list[tuple[str, str]]:
    return [(each["where"], each["what"]) for each in done.document["timeline"]]


async def test_each_kind_of_id_finds_the_same_timeline(whole: Whole, operator: Stori) -> None:
    _, found = await canary_import(whole)
    mail = await whole.mailed(found)
    ids = [found.id, found.request_id, to_id("evt", mail["delivery_id"]), mail["ses_message_id"]]

    traces = [await operator.run("trace", one, "--json") for one in ids]

    assert [trace.code for trace in traces] == [0] * 4, traces[0].err
    assert len({trace.out for trace in traces}) == 1
    # What is written and committed in one transaction may bear the same millisecond.
    assert sorted(steps(traces[0])) == sorted(LIFE)
    assert steps(traces[0])[:3] == LIFE[:3]
    assert steps(traces[0])[-1] == LIFE[-1]
    times = [datetime.fromisoformat(each["time"]) for each in traces[0].document["timeline"]]
    assert times == sorted(times)


async def test_a_bounce_ends_the_timeline_and_no_datum_of_a_person_is_in_it(whole: Whole, operator: Stori) -> None:
    holder, found = await canary_import(whole)
    mail = await whole.mailed(found)
    await whole.bounce(mail["ses_message_id"], str(whole.users.issuer.people[holder.subject]["email"]))
    await holder.imports.RevertImport(txn_pb2.RevertImportRequest(import_id=found.id))
    await settled(holder, found.id)

    shown = [
        await operator.run("trace", found.id),
        await operator.run("trace", found.id, "--json"),
        await operator.run("trace", mail["ses_message_id"]),
        await operator.on_a_terminal("trace", found.id),
    ]

    assert [one.code for one in shown] == [0] * 4
    assert steps(shown[1])[-1] == ("SES", "mail BOUNCED: Permanent/General")
    assert ("importer", "undone") in steps(shown[1])
    text = "\n".join(one.out + one.err for one in shown).lower()
    assert found.id in text
    assert [canary for canary in CANARIES if canary.lower() in text] == []


async def test_in_a_pipe_it_is_a_table_with_the_gaps(whole: Whole, operator: Stori) -> None:
    _, found = await canary_import(whole)
    await whole.mailed(found)

    done = await operator.run("trace", found.id)

    assert done.lines[0] == f"{found.id} of {found.account_id}, COMPLETED, request {found.request_id}"
    table = Done(done.code, "\n".join(done.lines[1:]), "").rows()
    assert list(table[0]) == ["time", "after", "where", "what", "reference"]
    assert table[0]["after"] == ""
    assert all(re.fullmatch(r"[0-9]+ ms|[0-9.]+ s", row["after"]) for row in table[1:])


async def test_a_request_with_several_imports_shows_each(whole: Whole, operator: Stori) -> None:
    holder, request_id = await whole.holder(), f"request-{uuid4()}"
    account_id = (await holder.open_account()).id
    with call.bind(Call(request_id, call.new_traceparent())):
        ids = [(await start(holder, account_id)).id for _ in range(2)]

    done = await operator.run("trace", request_id, "--json")
    first = await operator.run("trace", request_id, "--limit", "1", "--json")

    assert [one["importId"] for one in done.documents] == ids[::-1]
    assert (len(first.documents), "More follow" in first.err) == (1, True)


async def test_an_event_that_is_forgotten_is_found_by_its_mail(whole: Whole, operator: Stori) -> None:
    _, found = await canary_import(whole)
    mail = await whole.mailed(found)
    await forget_events(whole, found.id)

    done = await operator.run("trace", to_id("evt", mail["delivery_id"]))

    assert done.code == 0
    assert done.lines[1] == f"No event of it is known. {FORGOTTEN}"
    assert "ImportCompleted mail sent" in done.out


async def forget_events(whole: Whole, import_id: str) -> None:
    async with whole.txn_database.write() as session:
        await session.execute(delete(outbox).where(outbox.c.subject == import_id))


async def test_a_stranger_is_told_what_he_is_told_of_nothing_and_a_holder_sees_their_own(
    whole: Whole, tmp_path: Path
) -> None:
    holder, found = await canary_import(whole)
    mail = await whole.mailed(found)
    stranger = whole.shell(tmp_path, whole.users.issuer.token(f"stranger-{uuid4()}"))
    ids = [found.id, found.request_id, to_id("evt", mail["delivery_id"]), mail["ses_message_id"]]
    missing = [to_id("imp", new_id()), f"request-{uuid4()}", to_id("evt", new_id()), str(uuid4())]

    refusals = [await stranger.run("trace", one) for one in ids + missing]
    own = await whole.shell(tmp_path, whole.users.issuer.token(holder.subject)).run("trace", ids[3], "--json")

    assert {(one.code, one.out) for one in refusals} == {(1, "")}
    sentences = {one.err.replace(given, "ID") for one, given in zip(refusals, ids + missing, strict=True)}
    assert sentences == {f"stori: Nothing is known of ID, or it is not for you to see. {FORGOTTEN}\n"}
    assert sorted(steps(own)) == sorted(LIFE)


async def test_support_is_audited_in_both_services(whole: Whole, tmp_path: Path) -> None:
    _, found = await canary_import(whole)
    mail, agent = await whole.mailed(found), f"agent-{uuid4()}"
    shell = whole.shell(tmp_path, whole.users.issuer.token(agent, groups=["support"]))

    await shell.run("trace", found.id)

    asked = f"SELECT action, resource FROM audit_event WHERE actor = '{agent}'"
    assert whole.users.rows(asked) == [("mail.read", to_id("evt", mail["delivery_id"]))]
    async with whole.txn_database.read() as session:
        assert [tuple(row) for row in await session.execute(text(asked))] == [("TraceImports", found.account_id)]


async def test_a_service_traces_with_both_scopes_and_not_with_one(whole: Whole, tmp_path: Path) -> None:
    _, found = await canary_import(whole)
    both = whole.users.issuer.service_token(scope="stori/users.read stori/txns.read")
    one = whole.users.issuer.service_token(scope="stori/txns.read")

    assert (await whole.shell(tmp_path, both).run("trace", found.id)).code == 0
    refused = await whole.shell(tmp_path, one).run("trace", found.id)
    assert (refused.code, refused.out) == (1, "")


async def test_what_is_no_id_is_wrong_usage(operator: Stori) -> None:
    done = await operator.run("trace", "someone@example.com")

    assert (done.code, done.out) == (2, "")
    assert "not the id of an import (imp_…), of an event or delivery (evt_…), of a request, or of a message" in done.err


@pytest.mark.parametrize("service", ["STORI_USER_SVC_ADDRESS", "STORI_TXN_SVC_ADDRESS"])
async def test_while_a_service_is_down_nothing_is_told_by_half(operator: Stori, service: str) -> None:
    done = await operator.changed(**{service: "127.0.0.1:1"}).run("trace", to_id("evt", new_id()))

    assert (done.code, done.out) == (75, "")
