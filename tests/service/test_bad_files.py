"""Bad files on their real way: form or drop → S3 → queue → the importer process. Refused clearly or read right."""

import gzip
import io
import zipfile
from collections.abc import Iterator

import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from tests.service.importer_process import ImporterProcess, importer_process
from tests.service.importing import BRIEF, Uploads, account, events, imported, post, settled, start
from tests.service.ledger import JULY_AND_AUGUST, book
from tests.service.outcomes import assert_nothing_half_done, dropped, figures, found, stored
from tests.service.txn import Txn

LIMIT = 10_000_000
AWAITING = txn_pb2.IMPORT_STATE_AWAITING_UPLOAD
COMPLETED, FAILED = txn_pb2.IMPORT_STATE_COMPLETED, txn_pb2.IMPORT_STATE_FAILED


@pytest.fixture(scope="module", autouse=True)
def importer(uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator) -> Iterator[ImporterProcess]:
    with importer_process(uploads, txn_urls, emulator) as running:
        yield running


@pytest.fixture(scope="module")
async def brief(txn_whole: Txn, importer: ImporterProcess) -> tuple[int, str]:
    """The figures of an account into which only the brief's file was imported."""
    person = await txn_whole.person()
    opened = await person.open_account()
    await imported(person, opened.id)
    return await figures(person, opened.id)


@pytest.fixture(autouse=True)
def nothing_is_dead(uploads: Uploads) -> Iterator[None]:
    """Whatever a person uploads, no message of it is left for an operator."""
    yield
    assert uploads.dead.is_empty()


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, BRIEF)
    return file.getvalue()


def padded(size: int) -> bytes:
    """The brief's file with blank lines after it."""
    return BRIEF + b"\n" * (size - len(BRIEF))


NO_ROW = (
    "No row of the first 200 has a date and an amount in cells of their own, separated by commas, semicolons, tabs or "
    "vertical bars. Line 1 is"
)
AS_CSV, AS_UTF_8 = "Export the statement as CSV and upload that.", "Save the file as CSV in UTF-8 and upload it again."
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "EMPTY", "The file is empty."),
    "blank": (b"\n \r\n\t", "EMPTY", "The file holds nothing but blank lines."),
    "one byte": (b"x", "UNKNOWN_LAYOUT", f"{NO_ROW} “x”."),
    "header only": (b"Id,Date,Transaction\n", "NO_ROWS", "The file has no rows after its header in line 1."),
    "unknown columns": (
        b"When,How much\nsoon,1\n", "UNKNOWN_LAYOUT", f"{NO_ROW} “When,How much”.",
    ),
    "PDF": (b"%PDF-1.7\n" + BRIEF, "NOT_A_STATEMENT", f"The file is a PDF document, whatever its name. {AS_CSV}"),
    "ZIP": (
        zipped("brief.csv"),
        "NOT_A_STATEMENT",
        f"The file is a ZIP archive or an Excel workbook, whatever its name. {AS_CSV}",
    ),
    "XLSX": (
        zipped("xl/workbook.xml"),
        "NOT_A_STATEMENT",
        f"The file is a ZIP archive or an Excel workbook, whatever its name. {AS_CSV}",
    ),
    "HTML": (
        b"\n<!DOCTYPE html><script>alert(1)</script>",
        "NOT_A_STATEMENT",
        f"The file is a web page or XML, whatever its name. {AS_CSV}",
    ),
    "gzip": (gzip.compress(BRIEF), "NOT_A_STATEMENT", f"The file is a gzip archive, whatever its name. {AS_CSV}"),
    "gzip bomb": (
        gzip.compress(bytes(1 << 30), 9), "NOT_A_STATEMENT", f"The file is a gzip archive, whatever its name. {AS_CSV}",
    ),
    "NULs": (bytes(1000), "EMPTY", "The file holds nothing but blank lines and NULs."),
    "UTF-32": (BRIEF.decode().encode("utf-32"), "UNREADABLE", f"The file is UTF-32 from line 1 on. {AS_UTF_8}"),
    "no text": (
        b"\xff\xfd" * 500,
        "UNREADABLE",
        f"Line 1 holds the byte 0xFF, which is no text in UTF-8, and most lines are like it. {AS_UTF_8}",
    ),
    "one line": (
        b"x" * LIMIT, "UNKNOWN_LAYOUT", f"{NO_ROW} “{'x' * 80}…”.",
    ),
    "a million columns": (
        b"a," * 1_000_000 + b"a\n1\n",
        "UNKNOWN_LAYOUT",
        f"{NO_ROW} “{'a,' * 40}…”.",
    ),
    "more than an account holds": (
        b"date,description,amount\n2026-07-01,a,90000000000000000\n2026-07-01,b,90000000000000000\n",
        "UNREADABLE",
        "The amounts of this file add up to more than an account can hold.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "sentence"), REFUSED.values(), ids=REFUSED)
async def test_a_file_that_is_refused_says_why_and_changes_nothing(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, content: bytes, code: str, sentence: str
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    await book(person, opened.id, JULY_AND_AUGUST)
    before = await account(person, opened.id)

    done = await imported(person, opened.id, content)

    assert (done.state, done.failure) == (FAILED, sentence)
    assert done.failure_code == txn_pb2.ImportFailureCode.Value(f"IMPORT_FAILURE_CODE_{code}")
    assert await account(person, opened.id) == before
    await assert_nothing_half_done(person, txn_urls, done)
    assert await stored(uploads, f"imports/{done.id}") == content
    told = [(one["type"], one["data"]["failureCode"]) for one in await events(txn_urls, done.id)]
    assert told == [("stori.txn.v1.ImportFailed", code)]


LONG = "1" * 70_000
REJECTED: dict[str, tuple[str, str, str, str]] = {
    "grouped wrong": ('4,8/14,"12,3,4"', "BAD_AMOUNT", "“12,3,4” is not an amount", "Transaction"),
    "unquoted": ("4,8/14,12,3,4", "CELL_COUNT", "The row has 5 cells, the header has 3.", ""),
    "exponent": ("4,8/14,1e5", "BAD_AMOUNT", "“1e5” is not an amount", "Transaction"),
    "exponent bomb": ("4,8/14,1e2000000", "BAD_AMOUNT", "“1e2000000” is not an amount", "Transaction"),
    "NaN": ("4,8/14,NaN", "BAD_AMOUNT", "“NaN” is not an amount", "Transaction"),
    "Infinity": ("4,8/14,-Infinity", "BAD_AMOUNT", "“-Infinity” is not an amount", "Transaction"),
    "Arabic digits": ("4,8/14,١٢", "BAD_AMOUNT", "“١٢” is not an amount", "Transaction"),
    "full-width digits": ("4,8/14,１２", "BAD_AMOUNT", "“１２” is not an amount", "Transaction"),
    "underscore": ("4,8/14,1_000", "BAD_AMOUNT", "“1_000” is not an amount", "Transaction"),
    "no amount": ("4,8/14,", "BAD_AMOUNT", "There is no amount.", "Transaction"),
    "a third decimal": ("4,8/14,1.005", "BAD_AMOUNT", "“1.005” has 3 decimals, but USD has 2.", "Transaction"),
    "over 64 bits": ("4,8/14,92233720368547758.08", "BAD_AMOUNT", "The amount “9223", "Transaction"),
    "no such day": ("4,2/30,+1", "BAD_DATE", "The date “2/30” is no month and day of any year.", "Date"),
    "no date": ("4,,+1", "NO_DATE", "There is no date.", "Date"),
    "too few cells": ("4,8/14", "CELL_COUNT", "The row has 2 cells, the header has 3.", ""),
    "too many cells": ("4" + ",x" * 99, "CELL_COUNT", "The row has 100 cells, the header has 3.", ""),
    "unclosed quote": ('4,"8/14,+1', "UNBALANCED_QUOTE", "A quotation mark opens a cell and is not closed", ""),
    "a NUL inside": ("4,8/\x0014,+1", "BAD_ENCODING", "The row holds the byte 0x00, which is no text", ""),
    "bytes that are no text": (
        "4,8/14\udcff\udcfe,+1",
        "BAD_ENCODING",
        "The row holds the byte 0xFF, which is no text",
        "",
    ),
    "endless line": (LONG, "TOO_LONG", "The line is longer than 65,536 characters.", ""),
}
CELLS = {
    '4,8/14,"12,3,4"': ["4", "8/14", "12,3,4"],
    "4" + ",x" * 99: ["4", *["x"] * 63],
    '4,"8/14,+1': ['4,"8/14,+1'],
    "4,8/\x0014,+1": ["4,8/\\x0014,+1"],
    "4,8/14\udcff\udcfe,+1": ["4,8/14\\xFF\\xFE,+1"],
    LONG: [LONG[:80] + "…"],
}


@pytest.mark.parametrize(("row", "code", "sentence", "column"), REJECTED.values(), ids=REJECTED)
async def test_a_bad_row_is_rejected_with_its_reason_and_the_others_are_booked(
    txn_whole: Txn, brief: tuple[int, str], row: str, code: str, sentence: str, column: str
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    first, *others = BRIEF.decode().splitlines()

    done = await imported(person, opened.id, "\n".join([first, row, *others]).encode(errors="surrogateescape"))

    assert (done.state, done.imported_count, done.rejected_count, done.row_count) == (COMPLETED, 4, 1, 5)
    request = txn_pb2.ListImportRowsRequest(import_id=done.id, outcome=txn_pb2.ROW_OUTCOME_REJECT)
    (rejected,) = (await person.imports.ListImportRows(request)).rows
    assert (rejected.line, list(rejected.cells)) == (2, CELLS.get(row, row.split(",")))
    assert rejected.reason_code == txn_pb2.RowReason.Value(f"ROW_REASON_{code}")
    assert rejected.reason.startswith(sentence)
    assert rejected.column == column
    assert await figures(person, opened.id) == brief


SAME: dict[str, bytes] = {
    "BOM": b"\xef\xbb\xbf" + BRIEF,
    "CRLF": BRIEF.replace(b"\n", b"\r\n"),
    "lone CR": BRIEF.replace(b"\n", b"\r"),
    "mixed line ends": b"Id,Date,Transaction\r\n0,7/15,+60.5\r1,7/28,-10.3\n\r\n2,8/2,-20.46\r\r3,8/13,+10",
    "NULs after lines": BRIEF.replace(b"\n", b"\0\0\r\n") + b"\0" * 1000,
    "UTF-16 with a mark": BRIEF.decode().encode("utf-16"),
    "UTF-16LE without": BRIEF.decode().encode("utf-16-le"),
    "UTF-16BE without": BRIEF.decode().encode("utf-16-be"),
    "one byte below the limit": padded(LIMIT - 1),
    "at the limit": padded(LIMIT),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
async def test_an_odd_file_that_can_be_read_is_read_right(
    txn_whole: Txn, brief: tuple[int, str], content: bytes
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(person, opened.id, content)

    assert (done.state, done.imported_count, done.rejected_count) == (COMPLETED, 4, 0)
    assert await figures(person, opened.id) == brief


@pytest.mark.parametrize("encoding", ["windows-1252", "GB18030"])
async def test_a_file_that_is_not_utf_8_keeps_its_letters(txn_whole: Txn, encoding: str) -> None:
    texts = {
        "windows-1252": "Peña, España",
        "windows-1250": "Żabka, Łódź, zażółć gęślą jaźń, ulica Świętokrzyska",
        "GB18030": "支付宝消费",
    }
    person = await txn_whole.person()
    opened = await person.open_account()

    done = await imported(
        person, opened.id, f'date,description,amount\n2026-07-01,"{texts[encoding]}",-3.50\n'.encode(encoding)
    )

    assert (done.state, done.imported_count, done.rejected_count) == (COMPLETED, 1, 0)
    (row,) = (await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=done.id))).rows
    assert list(row.cells) == ["2026-07-01", texts[encoding], "-3.50"]
    encodings = [found.value for found in done.findings if found.property == txn_pb2.STATEMENT_PROPERTY_ENCODING]
    assert encodings == [encoding]


@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT], ids=["limit + 1", "20 MB"])
async def test_s3_takes_no_file_over_the_limit(txn_whole: Txn, uploads: Uploads, size: int) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    started = await start(person, opened.id)

    status = await post(started.upload, padded(size))

    assert status == 400
    assert await stored(uploads, f"imports/{started.id}") is None
    assert (await found(person, started.id)).state == AWAITING
    assert await post(started.upload, BRIEF) == 204
    assert (await settled(person, started.id)).imported_count == 4


@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT], ids=["limit + 1", "20 MB"])
async def test_a_drop_over_the_limit_is_refused_with_the_limit(
    txn_whole: Txn, uploads: Uploads, txn_urls: DatabaseUrls, size: int
) -> None:
    person = await txn_whole.person()
    opened = await person.open_account()
    before = await account(person, opened.id)

    done = await dropped(person, uploads, opened.id, "big.csv", padded(size))

    assert (done.state, done.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_TOO_LARGE)
    assert done.failure == "The file is larger than the 10,000,000 bytes an import may have."
    assert await account(person, opened.id) == before
    await assert_nothing_half_done(person, txn_urls, done)
    assert await stored(uploads, f"drops/{opened.id}/big.csv") == padded(size)
