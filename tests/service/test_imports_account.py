"""A file that names another account than the files before it: asked before anything of it is staged."""

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import account
from tests.service.reviewing import (
    COMPLETED,
    DISCARDED,
    REJECT,
    answer,
    asking,
    brought,
    repeat,
    rows,
    transactions,
)
from tests.service.test_imports_overlap import finding, ledger
from tests.service.txn import Client

MINE, OTHER = "DE89 3704 0044 0532 0130 00", "DE02 1203 0000 0000 2020 51"
HEADER = "account,date,description,amount\n"


def file(*lines: tuple[str, str, str]) -> bytes:
    """Rows of (account, description, amount), each on the next day of July."""
    rows_ = [f"{number},2026-07-{day:02d},{text},{amount}" for day, (number, text, amount) in enumerate(lines, start=1)]
    return (HEADER + "\n".join(rows_) + "\n").encode()


FIRST = file((MINE, "Coffee", "-3.50"), (MINE, "Rent", "-500.00"))
SECOND = file((OTHER, "Tea", "-2.00"), (OTHER, "Bread", "-4.00"))


async def test_another_number_than_before_is_asked_about_before_anything_is_booked(
    person: Client, account_id: str
) -> None:
    await brought(person, account_id, FIRST)
    before = await ledger(person, account_id)

    found = await asking(person, account_id, SECOND)

    (question,) = found.questions
    assert (question.id, [option.id for option in question.options]) == ("ACCOUNT", ["HERE", "DISCARD"])
    assert OTHER in question.message
    assert MINE in question.message
    assert found.row_count == 0
    assert await ledger(person, account_id) == before


async def test_a_file_that_belongs_here_all_the_same_is_booked_and_its_number_not_asked_about_again(
    person: Client, account_id: str
) -> None:
    await brought(person, account_id, FIRST)

    done = await answer(person, (await asking(person, account_id, SECOND)).id, ACCOUNT="HERE")
    next_one = await brought(person, account_id, file((OTHER, "Tea", "-2.00"), (OTHER, "Milk", "-1.00")))

    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert (finding(done, "ACCOUNT").basis, finding(done, "ACCOUNT").value) == (
        txn_pb2.FINDING_BASIS_ANSWERED,
        OTHER,
    )
    assert (next_one.state, next_one.imported_count, next_one.duplicate_count) == (COMPLETED, 1, 1)


async def test_discarding_it_is_an_answer(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    before = await ledger(person, account_id)

    gone = await answer(person, (await asking(person, account_id, SECOND)).id, ACCOUNT="DISCARD")
    again = await answer(person, gone.id, ACCOUNT="DISCARD")

    assert (gone.state, list(gone.questions)) == (DISCARDED, [])
    assert again.state == DISCARDED
    assert await ledger(person, account_id) == before


@pytest.mark.parametrize("number", ["DE89370400440532013000", "DE89 XXXX XXXX XXXX XX30 00", "****3000", "•••• 3000"])
async def test_the_same_number_written_otherwise_asks_nothing(person: Client, account_id: str, number: str) -> None:
    await brought(person, account_id, FIRST)

    done = await brought(person, account_id, file((number, "Tea", "-2.00"), (number, "Bread", "-4.00")))

    assert (done.state, done.imported_count) == (COMPLETED, 2)


async def test_the_number_of_another_account_of_the_same_person_is_asked_about(person: Client, account_id: str) -> None:
    savings = await person.open_account(name="Savings")
    await brought(person, savings.id, SECOND)
    await brought(person, account_id, b"date,description,amount\n2026-07-01,Coffee,-3.50\n")

    found = await asking(person, account_id, SECOND)

    assert "Savings" in found.questions[0].message


async def test_the_first_file_of_an_account_is_asked_about_where_it_is_another_accounts(
    person: Client, account_id: str
) -> None:
    savings = await person.open_account(name="Savings")
    await brought(person, savings.id, SECOND)
    before = await ledger(person, account_id)

    found = await asking(person, account_id, SECOND)

    assert "Savings" in found.questions[0].message
    assert await ledger(person, account_id) == before


async def test_a_name_that_every_customer_has_is_held_against_files_of_the_same_account_only(
    person: Client, account_id: str
) -> None:
    other = await person.open_account(name="Other currency")
    await brought(person, other.id, file(("Current", "Tea", "-2.00"), ("Current", "Bread", "-4.00")))

    first = await brought(person, account_id, file(("Current", "Coffee", "-3.50"), ("Current", "Rent", "-500.00")))
    found = await asking(person, account_id, file(("Savings", "Cake", "-2.00"), ("Savings", "Milk", "-4.00")))

    assert (first.state, first.imported_count) == (COMPLETED, 2)
    assert "“Current”" in found.questions[0].message


async def test_the_first_file_of_an_account_may_name_any_number_that_no_other_has(
    person: Client, account_id: str
) -> None:
    done = await brought(person, account_id, SECOND)

    assert (done.state, done.imported_count) == (COMPLETED, 2)


async def test_the_same_bytes_again_ask_nothing(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    await answer(person, (await asking(person, account_id, SECOND)).id, ACCOUNT="HERE")

    again = await brought(person, account_id, SECOND)

    assert (again.state, again.duplicate_count) == (COMPLETED, 2)


async def test_a_file_in_the_wrong_account_is_moved_without_a_question(person: Client, account_id: str) -> None:
    savings = await person.open_account(name="Savings")
    await brought(person, savings.id, b"date,description,amount\n2026-07-01,Coffee,-3.50\n")
    wrong = await brought(person, account_id, SECOND)

    moved = await repeat(person, wrong.id, account_id=savings.id)

    assert (moved.state, moved.imported_count) == (COMPLETED, 2)
    assert await transactions(person, account_id) == []


MIXED = file((MINE, "Coffee", "-3.50"), (OTHER, "Tea", "-2.00"), (MINE, "Milk", "-1.00"))


async def test_of_several_accounts_the_known_one_is_read_and_the_others_are_rejected(
    person: Client, account_id: str
) -> None:
    await brought(person, account_id, FIRST)

    done = await brought(person, account_id, MIXED)

    (out,) = await rows(person, done.id, outcome=REJECT)
    assert (done.state, done.imported_count, done.duplicate_count, done.rejected_count) == (COMPLETED, 1, 1, 1)
    assert (out.line, out.reason_code, out.column) == (3, txn_pb2.ROW_REASON_OTHER_ACCOUNT, "account")
    assert finding(done, "ACCOUNT").basis == txn_pb2.FINDING_BASIS_EVIDENCE
    assert (await account(person, account_id)).balance_minor == 10_000 - 350 - 50_000 - 100


@pytest.mark.parametrize(("option", "texts"), [(MINE, ["Coffee", "Milk"]), ("HERE", ["Coffee", "Tea", "Milk"])])
async def test_of_several_accounts_none_of_which_is_known_one_is_asked_for(
    person: Client, account_id: str, option: str, texts: list[str]
) -> None:
    found = await asking(person, account_id, MIXED)

    done = await answer(person, found.id, ACCOUNT=option)

    (question,) = found.questions
    assert [one.id for one in question.options] == [MINE, OTHER, "HERE"]
    assert [row.outcome == REJECT for row in question.options[1].rows] == [True, False]
    assert done.state == COMPLETED
    assert [one.description for one in await transactions(person, account_id)] == texts
