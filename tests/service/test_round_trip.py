"""What is exported comes back as it was: an account, a file's rejected rows, a kept file."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protos.txn.v1 import txn_pb2
from runtime.ids import new_id, to_id
from runtime.refusals import FailedPrecondition, InvalidArgument, NotFound
from tests.service.importing import BRIEF, Uploads, account, start
from tests.service.outcomes import figures
from tests.service.reviewing import (
    COMPLETED,
    REJECT,
    brought,
    commit,
    csv,
    decide,
    planned,
    record,
    revert,
    rows,
    transactions,
)
from tests.service.txn import Client, Txn

TRANSACTIONS = txn_pb2.DOWNLOAD_KIND_TRANSACTIONS
REJECTS = txn_pb2.DOWNLOAD_KIND_REJECTS
ORIGINAL = txn_pb2.DOWNLOAD_KIND_ORIGINAL

HOSTILE = csv(
    "2026-07-01,=1+1,-3.50",
    "2026-07-01,'=1+1,-3.50",
    "2026-07-01,''two,-3.50",
    "2026-07-02,+49 30 1,-1.00",
    "2026-07-02,-x,-1.00",
    '2026-07-02,"@SUM(A1), ""quoted""",-1.00',
    '2026-07-03,"two\nlines",-1.00',
    "2026-07-03,  spaces  ,0.00",
    "2026-07-04,Ünïcode ﷽ 😀,12.34",
    "2026-07-04,\tTab,12.34",
    "2026-07-05,,1.00",
    "2026-07-05,,1.00",
)


async def exported(client: Client, account_id: str, **narrowed: Any) -> bytes:
    request = txn_pb2.ExportTransactionsRequest(account_id=account_id, filter=txn_pb2.TransactionFilter(**narrowed))
    return b"".join([answer.data async for answer in client.transactions.ExportTransactions(request)])


async def part(client: Client, import_id: str, which: txn_pb2.ImportPart.ValueType) -> bytes:
    request = txn_pb2.ExportImportRequest(import_id=import_id, part=which)
    return b"".join([answer.data async for answer in client.imports.ExportImport(request)])


async def rejects(client: Client, import_id: str) -> str:
    return (await part(client, import_id, txn_pb2.IMPORT_PART_REJECTS)).decode()


async def ticket(client: Client, kind: txn_pb2.DownloadKind.ValueType, resource: str) -> txn_pb2.CreateDownloadResponse:
    return await client.downloads.CreateDownload(txn_pb2.CreateDownloadRequest(kind=kind, id=resource))


async def download(client: Client, with_ticket: str) -> tuple[str, bytes]:
    request = txn_pb2.DownloadRequest(ticket=with_ticket)
    answers = [answer async for answer in client.downloads.Download(request)]
    return answers[0].file_name, b"".join(answer.data for answer in answers)


async def test_an_export_imports_to_the_identical_digest(person: Client) -> None:
    first, second = await person.open_account(), await person.open_account()
    await brought(person, first.id, HOSTILE)
    gone = await brought(person, first.id, csv("2026-08-01,Twin,1.00", "2026-08-01,Twin,1.00"))
    await record(person, first.id, booked_on="2026-08-01", amount_minor=100, description="Twin", note="by hand")
    await revert(person, gone.id)
    file = await exported(person, first.id)

    done = await brought(person, second.id, file, review=txn_pb2.REVIEW_WHEN_NEW)

    assert (done.state, done.format_id, done.rejected_count) == (COMPLETED, "stori", 0)
    assert done.imported_count == 13
    assert (await account(person, second.id)).ledger_digest == (await account(person, first.id)).ledger_digest
    ours, theirs = (
        [(one.booked_on, one.amount_minor, one.description, one.category, one.note) for one in found]
        for found in (await transactions(person, first.id), await transactions(person, second.id))
    )
    assert sorted(ours) == sorted(theirs)
    again = await brought(person, first.id, file)
    assert (again.imported_count, again.duplicate_count) == (0, 13)


async def test_cells_that_a_spreadsheet_would_run_are_neutralised(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, HOSTILE)

    lines = (await exported(person, opened.id)).decode().split("\n")

    assert (
        lines[0] == "booked_on,value_on,amount,currency,description,category,note,external_id,occurrence,has_stable_id"
    )
    assert lines[1].startswith("2026-07-01,,-3.50,USD,'=1+1,")
    assert lines[2].startswith("2026-07-01,,-3.50,USD,''=1+1,")
    assert lines[4].startswith("2026-07-02,,-1.00,USD,'+49 30 1,")


async def test_an_export_takes_a_filter(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, HOSTILE)

    file = await exported(person, opened.id, from_date="2026-07-04", until_date="2026-07-04")

    assert file.count(b"\n") == 3


async def test_the_same_transaction_twice_in_an_export_is_rejected_with_its_line(person: Client) -> None:
    first, second = await person.open_account(), await person.open_account()
    await brought(person, first.id, csv("2026-07-01,Coffee,-3.50"))
    file = await exported(person, first.id)

    done = await brought(person, second.id, file + file.split(b"\n", 1)[1])

    assert (done.imported_count, done.rejected_count) == (1, 1)
    (rejected,) = await rows(person, done.id, outcome=REJECT)
    assert (rejected.line, rejected.reason_code) == (3, txn_pb2.ROW_REASON_SAME_ID)
    assert rejected.reason == "Line 2 has the same content and the same occurrence."


async def test_an_export_of_another_currency_is_rejected_row_by_row(person: Client) -> None:
    first, second = await person.open_account(), await person.open_account(currency_code="EUR")
    await brought(person, first.id, csv("2026-07-01,Coffee,-3.50"))
    before = await figures(person, second.id)

    done = await brought(person, second.id, await exported(person, first.id))

    (rejected,) = await rows(person, done.id)
    assert (rejected.column, rejected.reason_code) == ("currency", txn_pb2.ROW_REASON_OTHER_CURRENCY)
    assert await figures(person, second.id) == before


async def test_mended_rejects_are_imported_as_the_rows_they_were_meant_to_be(person: Client) -> None:
    opened, whole = await person.open_account(), await person.open_account()
    content = "Id,Date,Transaction\n0,7/15,+60.5\n1,7/28,-10,3\n2,8/2,=1+1\n3,8/13,+10\n"
    done = await brought(person, opened.id, content.encode())
    await brought(person, whole.id, content.replace("-10,3", "-10.3").replace("=1+1", "-20.46").encode())

    file = await rejects(person, done.id)
    mended = file.replace("1,7/28,-10,", "1,7/28,-10.3,").replace("'=1+1", "-20.46").replace(",3\n", "\n")
    again = await brought(person, opened.id, mended.encode())

    assert file.split("\n")[0] == "Id,Date,Transaction,stori_line,stori_reason"
    assert (done.imported_count, done.rejected_count) == (2, 2)
    assert (again.format_id, again.imported_count, again.rejected_count) == ("brief", 2, 0)
    assert await figures(person, opened.id) == await figures(person, whole.id)


async def test_rejects_that_are_not_mended_are_rejected_again(person: Client) -> None:
    opened = await person.open_account()
    done = await brought(person, opened.id, csv("2026-02-29,'=x,1.00", "2026-07-01,Tea,-", "2026-07-02,Tea"))

    again = await brought(person, opened.id, (await rejects(person, done.id)).encode())

    first, second = await rows(person, done.id), await rows(person, again.id)
    assert [one.reason_code for one in second] == [one.reason_code for one in first]
    assert (await rejects(person, again.id)).split("\n")[1].startswith("2026-02-29,''=x,1.00,2,")


async def test_a_decided_reject_is_among_the_rejects(person: Client) -> None:
    opened = await person.open_account()
    found = await planned(person, opened.id, csv("2026-07-01,Tea,-1.00"))
    done = await commit(person, await decide(person, found.id, 2, REJECT))

    file = await rejects(person, done.id)

    assert file.split("\n")[1] == "2026-07-01,Tea,-1.00,2,Left out by your decision."


async def test_the_kept_file_is_what_was_uploaded(person: Client) -> None:
    done = await brought(person, (await person.open_account()).id)

    assert await part(person, done.id, txn_pb2.IMPORT_PART_ORIGINAL) == BRIEF


async def test_there_is_no_file_before_one_came_and_none_for_strangers(txn_whole: Txn, person: Client) -> None:
    opened, stranger = await person.open_account(), await txn_whole.person()
    started = await start(person, opened.id)
    done = await brought(person, opened.id)

    for which in (txn_pb2.IMPORT_PART_ORIGINAL, txn_pb2.IMPORT_PART_REJECTS):
        with pytest.raises(FailedPrecondition) as early:
            await part(person, started.id, which)
        assert early.value.reason == "IMPORT_NOT_READ"
        with pytest.raises(NotFound):
            await part(stranger, done.id, which)
    with pytest.raises(NotFound):
        await exported(stranger, opened.id)
    with pytest.raises(InvalidArgument):
        await part(person, done.id, txn_pb2.IMPORT_PART_UNSPECIFIED)


async def test_a_download_works_once_and_without_a_token(txn_whole: Txn, person: Client) -> None:
    opened, anybody = await person.open_account(), await txn_whole.person()
    done = await brought(person, opened.id)

    for kind, resource, name, content in [
        (TRANSACTIONS, opened.id, f"{opened.id}.csv", await exported(person, opened.id)),
        (ORIGINAL, done.id, "brief.csv", BRIEF),
        (REJECTS, done.id, "brief-rejects.csv", b"Id,Date,Transaction,stori_line,stori_reason\n"),
    ]:
        made = await ticket(person, kind, resource)
        assert await download(anybody, made.ticket) == (name, content)
        with pytest.raises(NotFound) as used:
            await download(person, made.ticket)
        assert used.value.reason == "DOWNLOAD_GONE"


async def test_a_ticket_is_over_after_its_time(
    person: Client, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await person.open_account()
    made = await ticket(person, TRANSACTIONS, opened.id)
    left = made.expire_time.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)

    monkeypatch.setitem(uploads.settings.__dict__, "download_ticket_seconds", 0)
    over = await ticket(person, TRANSACTIONS, opened.id)

    with pytest.raises(NotFound) as refused:
        await download(person, over.ticket)
    assert refused.value.reason == "DOWNLOAD_GONE"


async def test_of_many_at_once_one_gets_the_download(person: Client) -> None:
    made = await ticket(person, TRANSACTIONS, (await person.open_account()).id)

    answers = await asyncio.gather(*(download(person, made.ticket) for _ in range(10)), return_exceptions=True)

    assert sum(isinstance(answer, tuple) for answer in answers) == 1


async def test_nobody_gets_a_ticket_for_what_he_may_not_read(txn_whole: Txn, person: Client) -> None:
    opened, stranger = await person.open_account(), await txn_whole.person()
    done = await brought(person, opened.id)

    for kind, resource in [(TRANSACTIONS, opened.id), (ORIGINAL, done.id), (ORIGINAL, to_id("imp", new_id()))]:
        with pytest.raises(NotFound):
            await ticket(stranger, kind, resource)
    with pytest.raises(InvalidArgument):
        await ticket(person, ORIGINAL, opened.id)
    with pytest.raises(NotFound) as unknown:
        await download(stranger, "x" * 43)
    assert unknown.value.reason == "DOWNLOAD_GONE"
