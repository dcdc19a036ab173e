"""What the importer process holds in memory does not grow with what a stranger puts into a file."""

from collections.abc import Iterator

import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from tests.service.importer_process import ImporterProcess, importer_process
from tests.service.importing import BRIEF, Uploads, account
from tests.service.outcomes import dropped
from tests.service.txn import Txn

MEGABYTE = 1_000_000
# Blocks of the file and of rows on their way, and what the allocator keeps of them.
GROWTH_MAX_KIB = 32 * 1024
COMPLETED, FAILED = txn_pb2.IMPORT_STATE_COMPLETED, txn_pb2.IMPORT_STATE_FAILED
HEADER, ROW = b"date,description,amount\n", b"2026-07-01,Coffee,-3.50\n"


@pytest.fixture(scope="module")
def importer(uploads: Uploads, txn_urls: DatabaseUrls, emulator: Emulator) -> Iterator[ImporterProcess]:
    """One whose limit on a file's size protects nothing."""
    with importer_process(uploads, txn_urls, emulator, import_max_bytes=str(200 * MEGABYTE)) as running:
        yield running


@pytest.mark.parametrize(
    ("content", "state", "imported", "rejected"),
    [
        (b"x" * (100 * MEGABYTE), FAILED, 0, 0),
        (HEADER + b"x" * (100 * MEGABYTE) + b"\n" + ROW, COMPLETED, 1, 1),
        (HEADER + b'"' + b"x," * (50 * MEGABYTE) + b"\n" + ROW, COMPLETED, 1, 1),
        (HEADER + ROW * 200_000, COMPLETED, 200_000, 0),
        (HEADER + b"\n" * (10 * MEGABYTE) + ROW, COMPLETED, 1, 0),
    ],
    ids=["a 100 MB header", "a 100 MB line", "50 million cells", "200,000 rows", "10 million blank lines"],
)
async def test_memory_stays_within_its_bound(
    txn_whole: Txn,
    uploads: Uploads,
    importer: ImporterProcess,
    content: bytes,
    state: int,
    imported: int,
    rejected: int,
) -> None:
    person = await txn_whole.person()
    small, opened = await person.open_account(), await person.open_account()
    await dropped(person, uploads, small.id, "small.csv", BRIEF)
    before = importer.most_memory_kib()

    done = await dropped(person, uploads, opened.id, "large.csv", content)

    assert (done.state, done.imported_count, done.rejected_count) == (state, imported, rejected)
    assert importer.most_memory_kib() - before < GROWTH_MAX_KIB
    assert (await account(person, opened.id)).balance_minor == -350 * imported
