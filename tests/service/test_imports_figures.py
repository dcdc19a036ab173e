"""A file that is uploaded becomes transactions, exactly once."""

from collections.abc import AsyncIterator

import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from tests.service.importing import BRIEF, Uploads, account, events, imported, newest, settled
from tests.service.messaging import eventually
from tests.service.txn import Txn

CREATE, DUPLICATE, REJECT = txn_pb2.ROW_OUTCOME_CREATE, txn_pb2.ROW_OUTCOME_DUPLICATE, txn_pb2.ROW_OUTCOME_REJECT
COMPLETED, FAILED = txn_pb2.IMPORT_STATE_COMPLETED, txn_pb2.IMPORT_STATE_FAILED


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database):
        yield


def counts(found: txn_pb2.Import) -> tuple[int, int, int, int]:
    return found.row_count, found.imported_count, found.duplicate_count, found.rejected_count


async def test_the_briefs_file_gives_the_briefs_figures(txn_whole: Txn, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id)

    assert (done.state, counts(done)) == (COMPLETED, (4, 4, 0, 0))
    assert (await account(person, opened.id)).balance_minor == 3974
    file = done.summary
    assert (file.average_debit_minor, file.average_credit_minor) == (-1538, 3525)
    july, august = file.months
    assert (july.month, july.transaction_count, july.credit_total_minor, july.debit_total_minor) == (
        july.month[:4] + "-07", 2, 6050, -1030,
    )  # fmt: skip
    assert (august.transaction_count, august.credit_total_minor, august.debit_total_minor) == (2, 1000, -2046)
    (event,) = await events(txn_urls, done.id)
    assert event["type"] == "stori.txn.v1.ImportCompleted"
    assert event["requestid"] == done.request_id
    assert event["data"] == {
        "importId": done.id,
        "accountId": opened.id,
        "holderSubject": person.subject,
        "rowCount": "4",
        "importedCount": "4",
        "duplicateCount": "0",
        "rejectedCount": "0",
        "currencyCode": "USD",
        "balanceMinor": "3974",
    }


async def test_the_year_is_assumed_and_the_assumption_is_stated(txn_whole: Txn) -> None:
    person = await txn_whole.person()

    done = await imported(person, (await person.open_account()).id)

    bases = {finding.property: finding.basis for finding in done.findings}
    assert bases[txn_pb2.STATEMENT_PROPERTY_YEAR] == txn_pb2.FINDING_BASIS_ASSUMPTION


async def test_same_file_twice_adds_nothing(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    first = await imported(person, opened.id)
    before = await account(person, opened.id)

    second = await imported(person, opened.id)

    assert counts(second) == (4, 0, 4, 0)
    assert second.summary == first.summary
    after = await account(person, opened.id)
    assert (after.balance_minor, after.ledger_digest) == (before.balance_minor, before.ledger_digest)


async def test_a_duplicate_names_the_transaction_it_repeats(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    first, second = await imported(person, opened.id), await imported(person, opened.id)

    created = await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=first.id))
    repeated = await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=second.id))

    assert [row.transaction_id for row in created.rows] == [row.transaction_id for row in repeated.rows]
    assert {(row.outcome, row.reason_code) for row in repeated.rows} == {(DUPLICATE, txn_pb2.ROW_REASON_SAME_CONTENT)}
    listed = await person.transactions.ListTransactions(txn_pb2.ListTransactionsRequest(account_ids=[opened.id]))
    assert {one.id for one in listed.transactions} == {row.transaction_id for row in created.rows}
    assert {(one.import_id, one.line) for one in listed.transactions} == {(first.id, row.line) for row in created.rows}


async def test_a_row_counter_identifies_nothing(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await imported(person, opened.id)

    other = await imported(person, opened.id, b"Id,Date,Transaction\n0,9/1,+1\n1,9/2,-2\n2,9/3,-3\n3,9/4,+4\n")

    assert counts(other) == (4, 4, 0, 0)
    assert (await account(person, opened.id)).balance_minor == 3974


async def test_two_equal_rows_of_a_file_are_two_transactions(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    one = b"date,description,amount\n2026-07-01,Coffee,-3.50\n"
    two = one + b"2026-07-01,Coffee,-3.50\n"

    first, second, third = [await imported(person, opened.id, content) for content in (one, two, two)]

    assert [counts(done)[1:3] for done in (first, second, third)] == [(1, 0), (1, 1), (0, 2)]
    rows = (await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=second.id))).rows
    assert [(row.outcome, row.occurrence) for row in rows] == [(DUPLICATE, 1), (CREATE, 2)]
    assert (await account(person, opened.id)).balance_minor == -700


async def test_many_equal_rows_are_as_many_transactions(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    content = b"date,description,amount\n" + b"2026-07-01,Coffee,-3.50\n" * 20_000

    first, second = await imported(person, opened.id, content), await imported(person, opened.id, content)

    assert (counts(first), counts(second)) == ((20_000, 20_000, 0, 0), (20_000, 0, 20_000, 0))


async def test_bad_rows_are_rejected_one_by_one(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    content = b"date,description,amount\n2026-07-01,Coffee,-3.50\n2026-02-29,Leap,-1\n2026-07-02,Tea,1.2.3\n"

    done = await imported(person, opened.id, content)

    assert (done.state, counts(done)) == (COMPLETED, (3, 1, 0, 2))
    request = txn_pb2.ListImportRowsRequest(import_id=done.id, outcome=REJECT)
    answer = await person.imports.ListImportRows(request)
    assert answer.total_count == 2
    assert [(row.line, row.reason_code, row.column) for row in answer.rows] == [
        (3, txn_pb2.ROW_REASON_BAD_DATE, "date"),
        (4, txn_pb2.ROW_REASON_BAD_AMOUNT, "amount"),
    ]
    assert all(row.reason and not row.transaction_id for row in answer.rows)


async def test_a_file_of_rejects_only_is_completed_with_nothing_created(txn_whole: Txn) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id, b"date,description,amount\n2026-02-30,Tea,-1\n2026-07-02,Tea,one\n")

    assert (done.state, counts(done)) == (COMPLETED, (2, 0, 0, 2))
    assert (done.summary.transaction_count, list(done.summary.months)) == (0, [])


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbfdate;description;amount\r\n2026-07-01;Caf\xc3\xa9 "X";-3.50\r\n',
        b'date,description,amount\n2026-07-01,"Tab\there, back\\slash, {""quoted""}",-3.50\n',
        b"date,description,amount\n2026-07-01,\\N,-3.50\n",
    ],
    ids=["bom-semicolon", "specials", "copy-null"],
)  # fmt: skip
async def test_cells_arrive_as_they_stand_in_the_file(txn_whole: Txn, content: bytes) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id, content)

    assert counts(done) == (1, 1, 0, 0)
    (row,) = (await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=done.id))).rows
    listed = await person.transactions.ListTransactions(txn_pb2.ListTransactionsRequest(account_ids=[opened.id]))
    assert row.cells[1] == row.description == listed.transactions[0].description
    assert row.description in {'Café "X"', 'Tab\there, back\\slash, {"quoted"}', "\\N"}


async def test_an_unknown_layout_fails_with_a_sentence_and_an_event(txn_whole: Txn, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id, b"Foo,Bar\n1,2\n")

    assert (done.state, done.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_UNKNOWN_LAYOUT)
    assert "line 1" in done.failure.lower()
    (event,) = await events(txn_urls, done.id)
    assert (event["type"], event["data"]["failureCode"]) == ("stori.txn.v1.ImportFailed", "UNKNOWN_LAYOUT")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", txn_pb2.IMPORT_FAILURE_CODE_EMPTY),
        (b"Id,Date,Transaction\n", txn_pb2.IMPORT_FAILURE_CODE_NO_ROWS),
        (b"%PDF-1.7\n%\xe2\xe3", txn_pb2.IMPORT_FAILURE_CODE_NOT_A_STATEMENT),
        (
            b"date,description,amount\n2026-07-01,a,90000000000000000\n2026-07-01,b,90000000000000000\n",
            txn_pb2.IMPORT_FAILURE_CODE_UNREADABLE,
        ),
        (
            b"date,description,amount\n2026-07-01,a,9%s\n2026-07-02,b,-9%s\n2026-08-01,c,9%s\n" % ((b"0" * 16,) * 3),
            txn_pb2.IMPORT_FAILURE_CODE_UNREADABLE,
        ),
    ],
    ids=["empty", "header-only", "pdf", "overflow", "overflow-over-the-months"],
)
async def test_a_file_that_cannot_be_imported_says_why(txn_whole: Txn, content: bytes, code: int) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id, content)

    assert (done.state, done.failure_code) == (FAILED, code)
    assert done.failure.endswith(".")
    assert (await account(person, opened.id)).balance_minor == 0


async def test_a_drop_starts_an_import_by_itself(txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await imported(person, opened.id)

    await uploads.put(f"drops/{opened.id}/Mai é + b.CSV", BRIEF)

    async def is_there() -> bool:
        return (await newest(person, opened.id)).file_name == "Mai é + b.CSV"

    await eventually(is_there)
    done = await settled(person, (await newest(person, opened.id)).id)
    assert counts(done) == (4, 0, 4, 0)
    (event,) = await events(txn_urls, done.id)
    assert event["data"]["holderSubject"] == person.subject
