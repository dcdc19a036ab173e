"""What an import keeps of its file as a whole: the days it covers, the account it names, what its balances prove."""

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import imported
from tests.service.reviewing import NEEDS_ANSWER, answer, asking, planned
from tests.service.txn import Client

PROVED = b"""date,description,amount,balance
2026-07-31,Rent,-900.00,1129.50
2026-07-15,Salary,2000.00,2029.50
2026-07-01,Coffee,-4.50,29.50
"""
GAP = PROVED.replace(b"-900.00,1129.50", b"-900.00,1119.50")
UNCLEAR = b"date,description,amount\n3/4/2026,Coffee,-3.50\n5/6/2026,Tea,-2.00\n"
CANNOT_TELL = txn_pb2.PROOF_CANNOT_TELL


@pytest.fixture
async def account_id(person: Client) -> str:
    """An account whose opening nobody said: no file can contradict it."""
    return (await person.open_account()).id


def days(found: txn_pb2.Import) -> tuple[str, str]:
    return found.from_date, found.to_date


async def test_an_import_keeps_its_days_and_balances(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, PROVED)

    assert days(done) == ("2026-07-01", "2026-07-31")
    assert done.proof == txn_pb2.PROOF_BALANCES_MATCH
    assert (done.opening_minor, done.closing_minor, done.currency_code) == (3400, 112950, "USD")
    assert not done.gaps


async def test_an_import_keeps_where_something_is_missing(person: Client, account_id: str) -> None:
    ready = await planned(person, account_id, GAP)

    assert ready.proof == txn_pb2.PROOF_GAP
    assert list(ready.gaps) == [txn_pb2.ImportGap(after_line=2, before_line=3, missing_minor=-1000)]


async def test_a_gap_names_the_row_in_it_that_was_rejected(person: Client, account_id: str) -> None:
    earlier = b"2026-06-30,Tea,-3.00,34.00\n2026-06-29,Cake,-5.00,37.00\n"

    done = await imported(person, account_id, PROVED.replace(b"2000.00,", b"much,") + earlier)

    (gap,) = done.gaps
    assert (gap.after_line, gap.before_line, gap.rejected_line, gap.missing_minor) == (2, 4, 3, 200_000)


async def test_an_import_keeps_the_account_that_its_file_names(person: Client, account_id: str) -> None:
    rows = b"date,description,amount,account number\n2026-07-01,Coffee,-4.50,DE02 1203\n2026-07-02,Tea,-3,DE02 1203\n"

    done = await imported(person, account_id, rows)

    assert done.account_number == "DE02 1203"


async def test_the_same_bytes_again_prove_the_same(person: Client, account_id: str) -> None:
    first = await imported(person, account_id, PROVED)

    second = await imported(person, account_id, PROVED)

    assert second.duplicate_count == 3
    assert (days(second), second.proof, second.opening_minor) == (days(first), first.proof, first.opening_minor)


async def test_an_import_that_asks_covers_no_day_until_it_is_answered(person: Client, account_id: str) -> None:
    asked = await asking(person, account_id, UNCLEAR)

    done = await answer(person, asked.id, DATE_ORDER="DMY")

    assert (asked.state, days(asked), asked.proof) == (NEEDS_ANSWER, ("", ""), CANNOT_TELL)
    assert (days(done), done.proof) == (("2026-04-03", "2026-06-05"), CANNOT_TELL)
    assert not done.HasField("opening_minor")


async def test_a_file_without_a_row_that_is_understood_covers_no_day(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, b"date,description,amount\n2026-07-01,Coffee,nothing\n")

    assert (done.row_count, done.rejected_count) == (1, 1)
    assert (days(done), done.proof) == (("", ""), CANNOT_TELL)
