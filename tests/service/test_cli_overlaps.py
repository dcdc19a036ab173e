"""What the ledger says against a file, before a person at a terminal and in a pipe."""

from pathlib import Path

import pytest

from tests.service.importing import newest
from tests.service.reviewing import DISCARDED, brought, record
from tests.service.stori import Stori
from tests.service.test_imports_account import FIRST, SECOND
from tests.service.test_imports_overlap import JULY, RENAMED, ledger
from tests.service.txn import Client


def kept(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "statement.csv"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        (b"1\n", ["Coffee", "Rent", "Salary", "Tea"]),
        (b"2\n", ["Coffee", "Rent", "RENT FLAT 3", "Salary", "Tea"]),
    ],
)
async def test_a_person_sees_what_a_row_looks_like_and_says_which_it_is(
    stori: Stori, person: Client, account_id: str, tmp_path: Path, typed: bytes, texts: list[str]
) -> None:
    await brought(person, account_id, JULY)

    done = await stori.on_a_terminal("import", kept(tmp_path, RENAMED), "--account", account_id, typed=typed + b"y\n")

    asked, _, rest = done.out.partition("[1-2]")
    assert done.code == 0
    assert "OVERLAP: 1 row looks like a row you have: same day and amount, another text." in asked
    assert asked.index("1. SAME: ") < asked.index("“Rent”") < asked.index("2. NEW: ")
    assert "RENT FLAT 3" in asked
    assert "answered: 1 row looks like a row you have" in rest
    assert (await ledger(person, account_id)).texts == texts


async def test_a_pipe_is_told_and_a_script_may_have_answered_before(
    stori: Stori, person: Client, account_id: str, tmp_path: Path
) -> None:
    await record(person, account_id, booked_on="2026-07-02", amount_minor=-50_000, description="rent, July")
    file = kept(tmp_path, JULY)

    told = await stori.run("import", file, "--account", account_id)
    done = await stori.run("import", file, "--account", account_id, "--answer", "OVERLAP=SAME")

    assert told.code == 1
    assert "OVERLAP" in told.out
    assert "--answer OVERLAP=…" in told.err
    assert done.code == 0
    assert "2 new, 1 already here" in done.out


async def test_discarding_at_the_question_ends_the_import(
    stori: Stori, person: Client, account_id: str, tmp_path: Path
) -> None:
    await brought(person, account_id, FIRST)
    before = await ledger(person, account_id)

    done = await stori.on_a_terminal("import", kept(tmp_path, SECOND), "--account", account_id, typed=b"2\n")

    assert (done.code, "is DISCARDED." in done.out) == (1, True)
    assert (await newest(person, account_id)).state == DISCARDED
    assert await ledger(person, account_id) == before
