"""What an import keeps of its file as a whole: the days it covers, the account it names, what its balances prove."""

from typing import Any

import psycopg
from psycopg.rows import dict_row

from local.roles import DatabaseUrls
from runtime.ids import from_id
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
NOTHING: dict[str, Any] = {"from_date": None, "to_date": None, "opening_minor": None, "closing_minor": None, "gaps": []}


def kept(urls: DatabaseUrls, import_id: str) -> dict[str, Any]:
    with psycopg.connect(urls.owner, row_factory=dict_row) as connection:
        query = "SELECT from_date, to_date, proof, opening_minor, closing_minor, gaps FROM import WHERE id = %s"
        found = connection.execute(query, [from_id("imp", import_id)]).fetchone()
    assert found is not None
    return {name: value if value is None or name == "gaps" else _plain(value) for name, value in found.items()}


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)


async def test_an_import_keeps_its_days_and_balances(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    done = await imported(person, account_id, PROVED)

    assert kept(txn_urls, done.id) == {
        "from_date": "2026-07-01",
        "to_date": "2026-07-31",
        "proof": "BALANCES_MATCH",
        "opening_minor": 3400,
        "closing_minor": 112950,
        "gaps": [],
    }


async def test_an_import_keeps_where_something_is_missing(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    done = await planned(person, account_id, GAP)

    found = kept(txn_urls, done.id)
    assert found["proof"] == "GAP"
    assert found["gaps"] == [{"after_line": 2, "before_line": 3, "missing_minor": -1000, "rejected_line": None}]


async def test_the_same_bytes_again_prove_the_same(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    first = await imported(person, account_id, PROVED)

    second = await imported(person, account_id, PROVED)

    assert kept(txn_urls, second.id) == kept(txn_urls, first.id)


async def test_an_import_that_asks_covers_no_day_until_it_is_answered(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    asked = await asking(person, account_id, UNCLEAR)
    before = kept(txn_urls, asked.id)

    await answer(person, asked.id, DATE_ORDER="DMY")

    assert asked.state == NEEDS_ANSWER
    assert before == {**NOTHING, "proof": "CANNOT_TELL"}
    after = kept(txn_urls, asked.id)
    assert after == {**NOTHING, "proof": "CANNOT_TELL", "from_date": "2026-04-03", "to_date": "2026-06-05"}


async def test_a_file_without_a_row_that_is_understood_covers_no_day(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    done = await imported(person, account_id, b"date,description,amount\n2026-07-01,Coffee,nothing\n")

    assert (done.row_count, done.rejected_count) == (1, 1)
    assert kept(txn_urls, done.id) == {**NOTHING, "proof": "CANNOT_TELL"}
