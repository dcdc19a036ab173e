"""Whether the balances of a file meet the ledger: a question before anything is booked, or the ground of a decision."""

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import account
from tests.service.reviewing import COMPLETED, DISCARDED, READY, answer, asking, brought, commit, planned, record, rows
from tests.service.test_imports_overlap import finding, ledger
from tests.service.txn import Client

EVIDENCE, ANSWERED = txn_pb2.FINDING_BASIS_EVIDENCE, txn_pb2.FINDING_BASIS_ANSWERED


def file(opening: int, *lines: tuple[str, str, int]) -> bytes:
    """Rows of (day of July 2026, description, whole amount) with the balance after each."""
    rows_, balance = list[str](), opening
    for day, text, amount in lines:
        balance += amount
        rows_.append(f"2026-07-{day},{text},{amount}.00,{balance}.00")
    return ("date,description,amount,balance\n" + "\n".join(rows_) + "\n").encode()


FIRST = file(100, ("01", "Coffee", -3), ("05", "Rent", -50), ("09", "Salary", 90))
"""Ends with 137."""


async def test_a_file_that_does_not_meet_the_ledger_is_asked_about_before_anything_is_booked(
    person: Client, account_id: str
) -> None:
    await brought(person, account_id, FIRST)
    before = await ledger(person, account_id)

    found = await asking(person, account_id, file(150, ("12", "Tea", -2), ("13", "Bread", -4)))

    (question,) = found.questions
    assert (question.id, [option.id for option in question.options]) == ("BALANCE", ["COMMIT_ANYWAY", "DISCARD"])
    for figure in ("150.00 USD", "137.00 USD", "13.00 apart"):
        assert figure in question.message
    assert found.row_count == 0
    assert await ledger(person, account_id) == before


async def test_it_is_booked_all_the_same_where_that_is_the_answer(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    found = await asking(person, account_id, file(150, ("12", "Tea", -2), ("13", "Bread", -4)))

    done = await answer(person, found.id, BALANCE="COMMIT_ANYWAY")

    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert (finding(done, "BALANCE").basis, finding(done, "BALANCE").value) == (ANSWERED, "COMMIT_ANYWAY")
    assert (await account(person, account_id)).balance_minor == 13_100
    # From then on that file says where the account stands.
    assert (await brought(person, account_id, file(144, ("14", "Milk", -1), ("15", "Eggs", -3)))).state == COMPLETED


async def test_or_the_import_is_discarded(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    before = await ledger(person, account_id)
    found = await asking(person, account_id, file(150, ("12", "Tea", -2), ("13", "Bread", -4)))

    gone = await answer(person, found.id, BALANCE="DISCARD")

    assert gone.state == DISCARDED
    assert await ledger(person, account_id) == before


@pytest.mark.parametrize(
    "content",
    [
        file(137, ("10", "Tea", -2), ("11", "Bread", -4)),
        file(137, ("09", "Tea", -2), ("11", "Bread", -4)),
        file(47, ("09", "Salary", 90), ("11", "Bread", -4)),
        file(97, ("05", "Rent", -50), ("09", "Salary", 90), ("11", "Bread", -4)),
    ],
    ids=["after it", "later on its last day", "overlapping", "overlapping more"],
)
async def test_a_file_that_goes_on_from_the_last_meets_the_ledger(
    person: Client, account_id: str, content: bytes
) -> None:
    await brought(person, account_id, FIRST)

    done = await brought(person, account_id, content)

    assert done.state == COMPLETED
    assert (finding(done, "BALANCE").basis, finding(done, "BALANCE").value) == (EVIDENCE, "MEETS_LEDGER")


async def test_a_file_before_the_first_is_held_against_what_that_begins_with(person: Client, account_id: str) -> None:
    await brought(person, account_id, file(100, ("10", "Coffee", -3), ("15", "Rent", -50)))

    met = await brought(person, account_id, file(106, ("03", "Tea", -2), ("04", "Bread", -4)))
    found = await asking(person, account_id, file(55, ("01", "Milk", -1), ("02", "Eggs", -3)))

    assert met.state == COMPLETED
    assert [question.id for question in found.questions] == ["BALANCE"]


async def test_a_file_that_begins_before_and_ends_in_the_first_meets_it(person: Client, account_id: str) -> None:
    await brought(person, account_id, file(100, ("10", "Coffee", -3), ("15", "Rent", -50)))

    done = await brought(person, account_id, file(106, ("03", "Tea", -6), ("10", "Coffee", -3)))

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 1)
    assert finding(done, "BALANCE").value == "MEETS_LEDGER"


async def test_what_the_holder_said_is_held_against_the_file(person: Client) -> None:
    said = await person.open_account(opening_balance_minor=10_000, opening_date="2026-07-01")
    await brought(person, said.id, b"date,description,amount\n2026-07-01,Coffee,-3.00\n")

    met = await brought(person, said.id, file(97, ("02", "Tea", -2), ("03", "Bread", -4)))
    other = await person.open_account(opening_balance_minor=10_000, opening_date="2026-07-01")
    await brought(person, other.id, b"date,description,amount\n2026-07-01,Coffee,-3.00\n")
    found = await asking(person, other.id, file(98, ("02", "Tea", -2), ("03", "Bread", -4)))

    assert (met.state, finding(met, "BALANCE").value) == (COMPLETED, "MEETS_LEDGER")
    assert "97.00" in found.questions[0].message


async def test_where_nothing_else_is_known_nothing_is_asked(person: Client) -> None:
    unsaid = await person.open_account()
    await brought(person, unsaid.id, b"date,description,amount\n2026-07-01,Coffee,-3.00\n")

    done = await brought(person, unsaid.id, file(200, ("02", "Tea", -2), ("03", "Bread", -4)))

    assert done.state == COMPLETED


async def test_the_first_file_of_an_account_is_not_asked_about(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, file(777, ("02", "Tea", -2), ("03", "Bread", -4)))

    assert done.state == COMPLETED


async def test_the_same_bytes_again_ask_nothing_wherever_the_account_stands(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    odd = file(150, ("12", "Tea", -2), ("13", "Bread", -4))
    await answer(person, (await asking(person, account_id, odd)).id, BALANCE="COMMIT_ANYWAY")

    again = await brought(person, account_id, odd)

    assert (again.state, again.duplicate_count) == (COMPLETED, 2)


async def test_a_row_that_is_missing_from_the_ledger_shows_at_the_next_file(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    await record(person, account_id, booked_on="2026-07-10", amount_minor=-500, description="Cash")

    found = await asking(person, account_id, file(137, ("12", "Tea", -2), ("13", "Bread", -4)))

    assert "5.00 apart" in found.questions[0].message


async def test_balances_decide_that_rows_are_the_same_without_a_question(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)

    done = await brought(
        person, account_id, file(97, ("05", "RENT FLAT 3", -50), ("09", "EMPLOYER", 90), ("11", "Bread", -4))
    )

    said = finding(done)
    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 2)
    assert (said.basis, said.value, list(said.lines)) == (EVIDENCE, "SAME", [2, 3])
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "Salary", "Bread"]
    assert (await account(person, account_id)).balance_minor == 13_300


async def test_balances_that_are_not_met_decide_nothing(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)
    found = await asking(person, account_id, file(96, ("05", "RENT FLAT 3", -50), ("09", "Salary", 90)))

    again = await answer(person, found.id, BALANCE="COMMIT_ANYWAY")

    assert [question.id for question in found.questions] == ["BALANCE"]
    assert [question.id for question in again.questions] == ["OVERLAP"]


async def test_a_plan_shows_what_the_balances_decided(person: Client, account_id: str) -> None:
    await brought(person, account_id, FIRST)

    ready = await planned(person, account_id, file(97, ("05", "RENT FLAT 3", -50), ("09", "Salary", 90)))
    done = await commit(person, ready)

    assert (ready.state, ready.plan.duplicate_count, finding(ready).value) == (READY, 2, "SAME")
    assert [row.reason_code for row in await rows(person, done.id)] == [
        txn_pb2.ROW_REASON_SIMILAR,
        txn_pb2.ROW_REASON_SAME_CONTENT,
    ]
