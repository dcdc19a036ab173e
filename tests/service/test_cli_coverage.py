"""`stori coverage`, and what `stori import` says of a file's balances."""

import re
from pathlib import Path

import pytest

from tests.service.importing import BRIEF, account, imported, newest
from tests.service.stori import Stori
from tests.service.txn import Client

JULY = b"date,description,amount,balance\n2026-07-01,Coffee,-4.50,29.50\n2026-07-31,Salary,2000.00,2029.50\n"
GAPS = JULY + b"2026-08-01,Tea,-2.00,2027.50\n2026-08-02,Rent,-900.00,1027.50\n2026-08-03,Cake,-5.00,1002.50\n"


@pytest.fixture
async def account_id(person: Client) -> str:
    """An account whose opening nobody said: no file can contradict it."""
    return (await person.open_account(name="Everyday")).id


def write(folder: Path, content: bytes) -> str:
    (folder / "july.csv").write_bytes(content)
    return str(folder / "july.csv")


async def test_coverage_lists_the_days_that_imports_cover(stori: Stori, person: Client, account_id: str) -> None:
    before = (await stori.run("coverage", "Everyday")).rows()

    await imported(person, account_id, JULY)

    assert before == []
    assert (await stori.run("coverage", "Everyday")).rows() == [
        {"from": "2026-07-01", "to": "2026-07-31", "proof": "balances match"}
    ]
    document = (await stori.run("coverage", account_id, "--json")).document
    period = {"fromDate": "2026-07-01", "toDate": "2026-07-31", "proof": "PROOF_BALANCES_MATCH"}
    assert document == {"periods": [period]}


async def test_an_account_that_is_not_there_has_no_coverage(stori: Stori) -> None:
    done = await stori.run("coverage", "Nowhere")

    assert (done.code, done.out) == (1, "")
    assert "There is no account of yours named Nowhere" in done.err


async def test_import_says_that_the_balances_prove_the_file_complete(
    stori: Stori, account_id: str, tmp_path: Path
) -> None:
    done = await stori.run("import", write(tmp_path, JULY), "--account", account_id)

    assert "covers 2026-07-01 to 2026-07-31: balances match" in done.lines
    assert "evidence: Balances prove the file complete: opening 34.00, closing 2029.50." in done.lines


async def test_import_names_the_command_that_takes_the_opening_over(
    stori: Stori, person: Client, account_id: str, tmp_path: Path
) -> None:
    done = await stori.run("import", write(tmp_path, JULY), "--account", account_id)
    before = await account(person, account_id)
    [(sentence, command)] = re.findall(r"^(.*): `stori (account update .*)`$", done.out, re.MULTILINE)

    taken = await stori.run(*command.split())

    assert sentence == "the account opens with 34.00 USD on 2026-07-01, say these balances"
    assert (taken.code, before.balance_minor, (await account(person, account_id)).balance_minor) == (
        0,
        199_550,
        202_950,
    )
    shown = await stori.run("imports", "show", (await newest(person, account_id)).id)
    assert "say these balances" not in shown.out


async def test_import_says_where_something_is_missing(
    stori: Stori, person: Client, account_id: str, tmp_path: Path
) -> None:
    done = await stori.run("import", write(tmp_path, GAPS), "--account", account_id)

    expected = [
        "covers 2026-07-01 to 2026-08-03: gap",
        "missing between lines 4 and 5: -100.00 USD",
        "missing between lines 5 and 6: -20.00 USD",
    ]
    assert [line for line in done.lines if line.startswith(("covers", "missing"))] == expected
    shown = await stori.run("imports", "show", (await newest(person, account_id)).id)
    assert [line for line in shown.lines if line.startswith(("covers", "missing"))] == expected


async def test_import_of_a_file_without_balances_says_only_which_days_it_covers(
    stori: Stori, person: Client, account_id: str, tmp_path: Path
) -> None:
    done = await stori.run("import", write(tmp_path, BRIEF), "--account", account_id)

    found = await newest(person, account_id)
    assert f"covers {found.from_date} to {found.to_date}: cannot tell" in done.lines
    assert "Whether rows are missing" not in done.out
