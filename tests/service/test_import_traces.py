"""TraceImports: what operators, holders and strangers are told of what happened to an import."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime import call
from runtime.call import Call
from runtime.ids import new_id, to_id
from runtime.refusals import InvalidArgument, PermissionDenied
from tests.service.importing import events, imported, settled, start
from tests.service.txn import Client, Txn
from txn_svc.imports.trace import ENDS_MAX

LIFE = ["StartImport", "TakeImport", "CompleteImport"]


async def traced(client: Client, **key: Any) -> list[txn_pb2.ImportTrace]:
    return list((await client.imports.TraceImports(txn_pb2.TraceImportsRequest(**key))).traces)


def actions(trace: txn_pb2.ImportTrace) -> list[str]:
    return [moment.action for moment in trace.moments]


def as_request(request_id: str) -> Any:
    return call.bind(Call(request_id, call.new_traceparent()))


async def test_each_kind_of_id_finds_the_same_trace(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    support, request_id = await txn_importing.support(), f"request-{uuid4()}"
    with as_request(request_id):
        found = await imported(person, account_id)
    [event] = await events(txn_urls, found.id)

    by_import = await traced(support, import_id=found.id)
    by_request = await traced(support, request_id=request_id)
    by_event = await traced(support, event_id=event["id"])

    assert by_import == by_request == by_event
    [trace] = by_import
    assert (trace.import_id, trace.account_id, trace.request_id) == (found.id, account_id, request_id)
    assert trace.state == txn_pb2.IMPORT_STATE_COMPLETED
    assert actions(trace) == LIFE
    times = [moment.time.ToDatetime(UTC) for moment in trace.moments]
    assert times == sorted(times)
    # S3 says when in whole milliseconds.
    assert times[0] - timedelta(milliseconds=1) <= trace.upload_time.ToDatetime(UTC) <= times[1]
    [told] = trace.events
    assert (told.event_id, told.type) == (event["id"], "stori.txn.v1.ImportCompleted")
    assert told.create_time.ToDatetime(UTC) == datetime.fromisoformat(event["time"])
    assert not told.HasField("publish_time")


async def test_a_request_that_changed_an_import_finds_it_too(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found, request_id = await imported(person, account_id), f"undo-{uuid4()}"
    with as_request(request_id):
        await person.imports.RevertImport(txn_pb2.RevertImportRequest(import_id=found.id))
    await settled(person, found.id)

    [trace] = await traced(await txn_importing.support(), request_id=request_id)

    assert trace.import_id == found.id
    assert actions(trace) == [*LIFE, "RevertImport", "CompleteRevert"]
    assert trace.moments[3].request_id == request_id
    assert [event.type.rpartition(".")[2] for event in trace.events] == [
        "ImportCompleted", "ImportDue", "ImportReverted",
    ]  # fmt: skip
    # What is for the importer has left; the events' topic has no relay here.
    assert [event.HasField("publish_time") for event in trace.events] == [False, True, False]


async def test_a_stranger_learns_nothing_and_the_holder_sees_their_own(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found, stranger = await imported(person, account_id), await txn_importing.person()
    [event] = await events(txn_urls, found.id)
    keys: list[dict[str, Any]] = [
        {"import_id": found.id},
        {"request_id": found.request_id},
        {"event_id": event["id"]},
    ]
    missing: list[dict[str, Any]] = [
        {"import_id": to_id("imp", new_id())},
        {"request_id": f"request-{uuid4()}"},
        {"event_id": to_id("evt", new_id())},
    ]

    async def answered(client: Client, key: dict[str, Any]) -> txn_pb2.TraceImportsResponse:
        return await client.imports.TraceImports(txn_pb2.TraceImportsRequest(page_size=1, **key))

    nothing = txn_pb2.TraceImportsResponse()
    assert [await answered(stranger, key) for key in keys + missing] == [nothing] * 6
    assert [[one.import_id for one in await traced(person, **key)] for key in keys] == [[found.id]] * 3


async def test_support_is_audited_and_a_service_needs_the_scope(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found = await imported(person, account_id)
    support, service = await txn_importing.support(), await txn_importing.service("stori/txns.read")

    assert await traced(support, import_id=found.id) == await traced(service, import_id=found.id)
    await traced(person, import_id=found.id)

    with psycopg.connect(txn_urls.owner) as connection:
        query = "SELECT actor, resource FROM audit_event WHERE action = 'TraceImports' AND resource = %s"
        assert connection.execute(query, [account_id]).fetchall() == [(support.subject, account_id)]
    with pytest.raises(PermissionDenied):
        await traced(await txn_importing.service("stori/users.read"), import_id=found.id)


async def test_imports_of_one_request_come_in_pages_newest_first(
    txn_importing: Txn, person: Client, account_id: str
) -> None:
    request_id, other = f"request-{uuid4()}", await txn_importing.person()
    with as_request(request_id):
        ids = [(await start(person, account_id)).id for _ in range(3)]
        foreign = (await start(other, (await other.open_account()).id)).id

    async def pages(client: Client) -> list[str]:
        seen, token = [], ""
        while True:
            request = txn_pb2.TraceImportsRequest(request_id=request_id, page_size=2, page_token=token)
            answer = await client.imports.TraceImports(request)
            seen += [one.import_id for one in answer.traces]
            if not (token := answer.next_page_token):
                return seen

    assert await pages(person) == ids[::-1]
    assert await pages(await txn_importing.support()) == [foreign, *ids[::-1]]


async def test_of_many_moments_the_first_and_the_last_are_told(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found, extra = await start(person, account_id), 3 * ENDS_MAX
    with psycopg.connect(txn_urls.owner) as connection:
        for number in range(extra):
            columns = "id, time, actor_kind, actor, action, resource, request_id"
            values = [new_id(), f"Again{number}", found.id]
            connection.execute(
                f"INSERT INTO audit_event ({columns}) VALUES (%s, now(), 'person', 'x', %s, %s, 'r')", values
            )

    [trace] = await traced(await txn_importing.support(), import_id=found.id)

    told = actions(trace)
    assert (len(told), trace.moment_count) == (2 * ENDS_MAX, 1 + extra)
    assert told[:2] == ["StartImport", "Again0"]
    assert told[ENDS_MAX - 1 : ENDS_MAX + 1] == [f"Again{ENDS_MAX - 2}", f"Again{extra - ENDS_MAX}"]
    assert told[-1] == f"Again{extra - 1}"


async def test_a_form_that_is_over_is_told_as_it_is(
    txn_importing: Txn, person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found = await start(person, account_id)
    with psycopg.connect(txn_urls.owner) as connection:
        over = "UPDATE import SET expire_time = now() - interval '1 s' WHERE object_key LIKE '%%' || %s"
        connection.execute(over, [found.id])

    [trace] = await traced(person, import_id=found.id)

    assert trace.state == txn_pb2.IMPORT_STATE_EXPIRED
    assert not trace.HasField("upload_time")


@pytest.mark.parametrize(
    ("request_message", "field"),
    [
        (txn_pb2.TraceImportsRequest(), "import_id"),
        (txn_pb2.TraceImportsRequest(import_id=to_id("imp", new_id()), request_id="x"), "event_id"),
        (txn_pb2.TraceImportsRequest(import_id="imp_x"), "import_id"),
        (txn_pb2.TraceImportsRequest(event_id=to_id("imp", new_id())), "event_id"),
        (txn_pb2.TraceImportsRequest(request_id="a b"), "request_id"),
        (txn_pb2.TraceImportsRequest(request_id="x\x00"), "request_id"),
        (txn_pb2.TraceImportsRequest(request_id="x" * 129), "request_id"),
        (txn_pb2.TraceImportsRequest(request_id="x", page_size=101), "page_size"),
        (txn_pb2.TraceImportsRequest(request_id="x", page_token="x"), "page_token"),
    ],
)
async def test_what_names_no_import_is_refused(
    person: Client, request_message: txn_pb2.TraceImportsRequest, field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await person.imports.TraceImports(request_message)

    assert field in refused.value.fields


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (r"SELECT resource FROM audit_event WHERE request_id = 'x' AND resource LIKE 'imp\_%'", "audit_event_request"),
        ("SELECT id FROM import WHERE request_id = 'x'", "import_request"),
        ("SELECT * FROM outbox WHERE subject = ANY('{x,y}')", "outbox_subject"),
        ("SELECT * FROM audit_event WHERE resource = ANY('{x,y}')", "audit_event_resource"),
    ],
)
async def test_nothing_is_looked_for_in_all_there_is(txn_urls: DatabaseUrls, query: str, index: str) -> None:
    with psycopg.connect(txn_urls.application) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}").fetchall())

    assert index in plan
