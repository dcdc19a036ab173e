"""What people, services and support see of imports."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import new_id, to_id
from runtime.refusals import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted
from tests.service.importing import BRIEF, Uploads, get, imported, start
from tests.service.txn import Client, Txn

COMPLETED = txn_pb2.IMPORT_STATE_COMPLETED


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database):
        yield


async def test_a_repeated_start_gets_the_first_answer_with_the_same_form(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    first = await start(person, opened.id, idempotency_key="k-1")
    second = await start(person, opened.id, idempotency_key="k-1")

    assert second == first
    assert first.upload.max_size_bytes == 10_000_000
    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=opened.id))
    assert [one.id for one in listed.imports] == [first.id]


async def test_a_key_used_for_another_request_is_refused(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await start(person, opened.id, idempotency_key="k-2")

    with pytest.raises(FailedPrecondition) as refused:
        await start(person, opened.id, idempotency_key="k-2", file_name="other.csv")

    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"review": 7}, "review"),
        ({"file_name": "\x00\n "}, "file_name"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": 10_000_001}, "size_bytes"),
        ({"account_id": "acct_x"}, "account_id"),
    ],
)
async def test_a_malformed_start_is_refused(txn_whole: Txn, changes: dict[str, Any], field: str) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    with pytest.raises(InvalidArgument) as refused:
        await start(person, **{"account_id": opened.id, **changes})

    assert field in refused.value.fields


async def test_a_file_name_is_cleaned(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    started = await start(person, opened.id, file_name="C:\\me\\a\x00b\r\n" + "é" * 300 + ".csv")

    assert started.file_name == ("ab" + "é" * 300)[:255]


async def test_a_holder_has_a_bounded_number_of_waiting_imports(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    for _ in range(20):
        await start(person, opened.id)

    with pytest.raises(ResourceExhausted) as refused:
        await start(person, opened.id)

    assert refused.value.reason == "TOO_MANY_WAITING_IMPORTS"
    assert "20" in refused.value.message


async def test_another_persons_import_looks_like_a_missing_one(txn_whole: Txn) -> None:
    person, stranger = await txn_whole.person(), await txn_whole.person()
    started = await start(person, (await person.open_account()).id)
    missing = to_id("imp", new_id())

    assert await get(stranger, started.id) is None
    assert await refused(stranger, started.id) == await refused(stranger, missing)
    listed = await stranger.imports.ListImports(txn_pb2.ListImportsRequest())
    assert list(listed.imports) == []


async def refused(client: Client, import_id: str) -> tuple[str, str]:
    """The reason and the sentence with which the import's rows and its stream are refused."""
    with pytest.raises(NotFound) as rows:
        await client.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=import_id))
    with pytest.raises(NotFound) as stream:
        async for _ in client.imports.WatchImports(txn_pb2.WatchImportsRequest(import_id=import_id)):
            pass
    assert (rows.value.reason, rows.value.message) == (stream.value.reason, stream.value.message)
    return rows.value.reason, rows.value.message


async def test_another_persons_account_looks_like_a_missing_one(txn_whole: Txn) -> None:
    person, stranger = await txn_whole.person(), await txn_whole.person()
    opened = await person.open_account()

    with pytest.raises(NotFound) as listing:
        await stranger.imports.ListImports(txn_pb2.ListImportsRequest(account_id=opened.id))
    with pytest.raises(NotFound) as starting:
        await start(stranger, opened.id)

    assert {listing.value.reason, starting.value.reason} == {"ACCOUNT_NOT_FOUND"}


async def test_the_form_is_shown_only_to_the_one_who_started(txn_whole: Txn) -> None:
    person, support, service = await txn_whole.person(), await txn_whole.support(), await txn_whole.service()
    started = await start(person, (await person.open_account()).id)

    seen = [await get(client, started.id) for client in (person, support, service)]

    assert [one is not None and one.HasField("upload") for one in seen] == [True, False, False]
    assert seen[0] is not None
    assert seen[0].upload.expire_time == started.upload.expire_time


async def test_support_reads_and_does_not_start(txn_whole: Txn) -> None:
    person, support = await txn_whole.person(), await txn_whole.support()
    opened = await person.open_account()
    done = await imported(person, opened.id)

    rows = await support.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=done.id))

    assert rows.total_count == 4
    with pytest.raises(PermissionDenied):
        await start(support, opened.id)


async def test_a_service_reads_with_the_scope_and_neither_starts_nor_watches(txn_whole: Txn) -> None:
    person, service, without = (
        await txn_whole.person(), await txn_whole.service(), await txn_whole.service("stori/users.read"),
    )  # fmt: skip
    opened = await person.open_account()
    done = await imported(person, opened.id)

    seen = await get(service, done.id)

    assert seen == done
    with pytest.raises(PermissionDenied):
        await get(without, done.id)
    with pytest.raises(PermissionDenied):
        await start(service, opened.id)


async def test_a_batch_answers_in_the_order_of_its_ids(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    ids = [(await start(person, opened.id)).id for _ in range(3)]
    ids = [ids[2], to_id("imp", new_id()), ids[0], ids[2]]

    answer = await person.imports.BatchGetImports(txn_pb2.BatchGetImportsRequest(import_ids=ids))

    assert [one.import_id for one in answer.results] == ids
    assert [one.HasField("statement_import") for one in answer.results] == [True, False, True, True]


async def test_pages_of_imports_are_newest_first_without_gap_or_repeat(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened, other = await person.open_account(), await person.open_account()
    ids = [(await start(person, (opened if index % 2 else other).id)).id for index in range(7)]

    seen, token = [], ""
    while True:
        request = txn_pb2.ListImportsRequest(page_size=3, page_token=token, with_total_count=True)
        answer = await person.imports.ListImports(request)
        assert answer.total_count == 7
        seen += [one.id for one in answer.imports]
        if not (token := answer.next_page_token):
            break

    assert seen == ids[::-1]
    after_first = txn_pb2.ListImportsRequest(page_token=answer.page_tokens[-1])
    assert list((await person.imports.ListImports(after_first)).imports) == []


async def test_imports_are_filtered_by_account_and_state(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened, other = await person.open_account(), await person.open_account()
    done, waiting = await imported(person, opened.id), await start(person, opened.id)
    await start(person, other.id)

    async def listed(*states: txn_pb2.ImportState.ValueType) -> list[str]:
        request = txn_pb2.ListImportsRequest(account_id=opened.id, states=states)
        return [one.id for one in (await person.imports.ListImports(request)).imports]

    assert await listed(COMPLETED) == [done.id]
    assert await listed(txn_pb2.IMPORT_STATE_AWAITING_UPLOAD, COMPLETED) == [waiting.id, done.id]
    assert await listed(txn_pb2.IMPORT_STATE_FAILED) == []


async def test_pages_of_rows_follow_the_file(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    lines = "".join(f"2026-07-01,Row {index},{index}\n" for index in range(1, 8))
    done = await imported(person, opened.id, b"date,description,amount\n" + lines.encode())

    seen, token = [], ""
    while True:
        request = txn_pb2.ListImportRowsRequest(import_id=done.id, page_size=3, page_token=token)
        answer = await person.imports.ListImportRows(request)
        seen += [(row.line, row.amount_minor) for row in answer.rows]
        if not (token := answer.next_page_token):
            break

    assert answer.total_count == 7
    assert seen == [(index + 1, index * 100) for index in range(1, 8)]


@pytest.mark.parametrize(
    "request_message",
    [
        txn_pb2.ListImportsRequest(page_size=101),
        txn_pb2.ListImportsRequest(page_size=-1),
        txn_pb2.ListImportsRequest(page_token="x"),
        txn_pb2.ListImportsRequest(states=[txn_pb2.IMPORT_STATE_UNSPECIFIED]),
        txn_pb2.ListImportsRequest(account_id="imp_x"),
    ],
)
async def test_a_malformed_list_is_refused(txn_whole: Txn, request_message: txn_pb2.ListImportsRequest) -> None:
    person = await txn_whole.person()

    with pytest.raises(InvalidArgument):
        await person.imports.ListImports(request_message)


async def test_a_token_of_another_list_is_refused(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    for _ in range(2):
        await start(person, opened.id, BRIEF)
    token = (await person.imports.ListImports(txn_pb2.ListImportsRequest(page_size=1))).next_page_token

    with pytest.raises(InvalidArgument):
        await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=opened.id, page_token=token))
