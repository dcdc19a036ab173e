"""The opening that a file proposes to its account, from the balances that prove it."""

import pytest

from protos.txn.v1 import txn_pb2
from tests.service.importing import account, imported
from tests.service.outcomes import found
from tests.service.reviewing import COMPLETED, READY, commit, planned, record, revert
from tests.service.txn import Client

HEADER = b"date,description,amount,balance\n"
JULY = HEADER + b"2026-07-05,Coffee,-4.50,29.50\n2026-07-31,Salary,2000.00,2029.50\n"
FROM_ZERO = HEADER + b"2026-07-05,Gift,10.00,10.00\n2026-07-31,Coffee,-4.50,5.50\n"
UNPROVED = b"date,description,amount\n2026-07-05,Coffee,-4.50\n2026-07-31,Salary,2000.00\n"
EARLIER = b"date,description,amount\n2026-05-31,Gift,30.00\n2026-06-15,Cake,-6.00\n2026-07-04,Tea,10.00\n"
PROPOSED = (3400, "2026-07-05")

Proposed = tuple[int, str] | None


@pytest.fixture
async def account_id(person: Client) -> str:
    """An account whose opening nobody said."""
    return (await person.open_account()).id


def proposed(seen: txn_pb2.Import) -> Proposed:
    opening = seen.proposed_opening
    return (opening.balance_minor, opening.date) if seen.HasField("proposed_opening") else None


async def said(client: Client, account_id: str, balance_minor: int, date: str) -> None:
    change = txn_pb2.Account(id=account_id, opening_balance_minor=balance_minor, opening_date=date)
    request = txn_pb2.UpdateAccountRequest(account=change)
    request.update_mask.paths.extend(["opening_balance_minor", "opening_date"])
    await client.accounts.UpdateAccount(request)


async def test_a_proved_file_proposes_the_opening_that_nobody_said(person: Client, account_id: str) -> None:
    ready = await planned(person, account_id, JULY)

    done = await commit(person, ready)

    assert (ready.state, done.state) == (READY, COMPLETED)
    assert (proposed(ready), proposed(done)) == (PROPOSED, PROPOSED)
    seen = await account(person, account_id)
    assert (seen.opening_balance_minor, seen.opening_date, seen.balance_minor) == (0, "", 199_550)


async def test_an_account_that_takes_it_over_agrees_with_the_file(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)
    before = proposed(done)
    assert before is not None

    await said(person, account_id, *before)

    assert (await account(person, account_id)).balance_minor == done.closing_minor
    assert proposed(await found(person, done.id)) is None


@pytest.mark.parametrize(
    "content", [pytest.param(FROM_ZERO, id="agrees with it"), pytest.param(UNPROVED, id="proves nothing")]
)
async def test_a_file_proposes_nothing_to_an_account_where_it(person: Client, account_id: str, content: bytes) -> None:
    assert proposed(await imported(person, account_id, content)) is None


async def test_a_file_after_rows_that_lead_to_its_opening_proposes_nothing(person: Client, account_id: str) -> None:
    await imported(person, account_id, EARLIER)

    assert proposed(await imported(person, account_id, JULY)) is None


async def test_a_file_after_rows_that_do_not_lead_to_its_opening_proposes_it(person: Client, account_id: str) -> None:
    await imported(person, account_id, EARLIER.replace(b"-6.00", b"-7.00"))

    assert proposed(await imported(person, account_id, JULY)) == PROPOSED


async def test_what_was_said_of_a_day_that_the_file_has_is_set_against_it(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)
    await said(person, account_id, 2950, "2026-07-20")
    agreeing = proposed(await found(person, done.id))

    await said(person, account_id, 2951, "2026-07-20")

    assert (agreeing, proposed(await found(person, done.id))) == (None, PROPOSED)


async def test_what_was_said_of_another_day_stands(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)

    await said(person, account_id, 1, "2026-06-01")

    assert proposed(await found(person, done.id)) is None


async def test_a_first_day_of_which_the_file_has_not_all_proposes_nothing(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)

    await record(person, account_id, booked_on="2026-07-05")

    assert (proposed(done), proposed(await found(person, done.id))) == (PROPOSED, None)


async def test_what_was_undone_proposes_nothing(person: Client, account_id: str) -> None:
    done = await imported(person, account_id, JULY)

    undone = await revert(person, done.id)

    assert (proposed(done), proposed(undone)) == (PROPOSED, None)


async def test_the_same_file_again_proposes_the_same(person: Client, account_id: str) -> None:
    first = await imported(person, account_id, JULY)

    second = await imported(person, account_id, JULY)

    assert second.duplicate_count == 2
    assert (proposed(first), proposed(second)) == (PROPOSED, PROPOSED)
