"""Opening balances: before the first row, or an anchor from which that is computed."""

from typing import Any

import psycopg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.refusals import FailedPrecondition, InvalidArgument, NotFound
from tests.service.importing import account
from tests.service.reviewing import brought, csv, differences, planned, record, revert
from tests.service.txn import Client, Txn

OLDER = csv("2026-11-01,Rent,-200.00", "2026-11-19,Pay,50.00")
NEWER = csv("2026-11-20,Tea,-3.00", "2026-11-21,Tea,-3.00")
INT64_MAX = 2**63 - 1


async def update(client: Client, account_id: str, **values: Any) -> txn_pb2.Account:
    request = txn_pb2.UpdateAccountRequest(
        account=txn_pb2.Account(id=account_id, **values), update_mask=FieldMask(paths=list(values))
    )
    return (await client.accounts.UpdateAccount(request)).account


async def balances(client: Client, account_id: str) -> tuple[int, int, int]:
    seen = await account(client, account_id)
    return seen.opening_balance_minor, seen.initial_balance_minor, seen.balance_minor


async def computed(urls: DatabaseUrls, account_id: str) -> int:
    """How often the initial balance was computed anew, by the audit."""
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        query = "SELECT count(*) FROM audit_event WHERE resource = %s AND action = 'ComputeInitialBalance'"
        (count,) = await (await connection.execute(query, [account_id])).fetchone() or (0,)
    return int(count)


async def test_without_a_date_the_opening_balance_is_that_before_the_first_row(person: Client) -> None:
    opened = await person.open_account(opening_balance_minor=100_000)

    await brought(person, opened.id, NEWER)
    await brought(person, opened.id, OLDER)

    assert await balances(person, opened.id) == (100_000, 100_000, 84_400)


async def test_an_anchor_holds_its_day_whatever_older_rows_arrive(person: Client, txn_urls: DatabaseUrls) -> None:
    opened = await person.open_account(opening_balance_minor=100_000, opening_date="2026-11-20")
    await brought(person, opened.id, NEWER)
    assert await balances(person, opened.id) == (100_000, 100_000, 99_400)
    assert await computed(txn_urls, opened.id) == 0

    older = await brought(person, opened.id, OLDER)

    assert await balances(person, opened.id) == (100_000, 115_000, 99_400)
    assert await computed(txn_urls, opened.id) == 1
    assert await differences(person, opened.id) == []
    request = txn_pb2.GetSummaryRequest(account_id=opened.id)
    (november,) = (await person.accounts.GetSummary(request)).summary.months
    assert november.closing_balance_minor == 99_400
    await revert(person, older.id)
    assert await balances(person, opened.id) == (100_000, 100_000, 99_400)
    assert await computed(txn_urls, opened.id) == 2


async def test_a_plan_knows_of_the_anchor(person: Client) -> None:
    opened = await person.open_account(opening_balance_minor=100_000, opening_date="2026-11-20")

    found = await planned(person, opened.id, csv("2026-11-01,Rent,-200.00", "2026-11-20,Tea,-3.00"))

    assert (found.plan.balance_before_minor, found.plan.balance_after_minor) == (100_000, 99_700)
    assert found.plan.months_after[0].closing_balance_minor == 99_700


async def test_a_record_by_hand_moves_the_anchor_too(person: Client, txn_urls: DatabaseUrls) -> None:
    opened = await person.open_account(opening_balance_minor=100_000, opening_date="2026-11-20")

    recorded = await record(person, opened.id, booked_on="2026-01-01", amount_minor=-500)

    assert await balances(person, opened.id) == (100_000, 100_500, 100_000)
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=recorded.id))
    assert await balances(person, opened.id) == (100_000, 100_000, 100_000)
    assert await computed(txn_urls, opened.id) == 2


async def test_an_anchor_may_be_said_later_moved_and_taken_away(person: Client, txn_urls: DatabaseUrls) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, OLDER)
    await brought(person, opened.id, NEWER)
    assert await balances(person, opened.id) == (0, 0, -15_600)

    said = await update(person, opened.id, opening_balance_minor=100_000, opening_date="2026-11-20")
    assert (said.opening_date, said.initial_balance_minor, said.balance_minor) == ("2026-11-20", 115_000, 99_400)
    moved = await update(person, opened.id, opening_date="2026-11-21")
    assert (moved.initial_balance_minor, moved.balance_minor) == (115_300, 99_700)
    gone = await update(person, opened.id, opening_date="")
    assert (gone.opening_date, gone.initial_balance_minor, gone.balance_minor) == ("", 100_000, 84_400)

    assert await differences(person, opened.id) == []
    assert await computed(txn_urls, opened.id) == 3


async def test_a_name_is_changed_and_the_figures_stay(person: Client) -> None:
    opened = await person.open_account(opening_balance_minor=7)
    before = await account(person, opened.id)

    renamed = await update(person, opened.id, name="Holidays")

    before.name, before.ledger_digest = "Holidays", ""
    assert renamed == before


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "account.name"),
        ({"opening_date": "2026-13-01"}, "account.opening_date"),
        ({"currency_code": "EUR"}, "update_mask"),
        ({}, "update_mask"),
    ],
)
async def test_a_malformed_update_changes_nothing(person: Client, values: dict[str, Any], field: str) -> None:
    opened = await person.open_account()
    before = await account(person, opened.id)

    with pytest.raises(InvalidArgument) as refused:
        await update(person, opened.id, **values)

    assert field in refused.value.fields
    assert await account(person, opened.id) == before


async def test_a_balance_that_would_not_fit_is_refused(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, csv("2026-11-01,Pay,50.00"))
    before = await account(person, opened.id)

    with pytest.raises(FailedPrecondition) as refused:
        await update(person, opened.id, opening_balance_minor=INT64_MAX)

    assert refused.value.reason == "FIGURES_TOO_LARGE"
    assert await account(person, opened.id) == before


async def test_a_strangers_account_looks_like_a_missing_one(txn_whole: Txn, person: Client) -> None:
    opened, stranger = await person.open_account(), await txn_whole.person()
    before = await account(person, opened.id)

    with pytest.raises(NotFound) as refused:
        await update(stranger, opened.id, name="Mine")
    with pytest.raises(NotFound):
        await stranger.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=opened.id))

    assert refused.value.reason == "ACCOUNT_NOT_FOUND"
    assert await account(person, opened.id) == before


async def test_closing_and_reopening_may_be_repeated(person: Client) -> None:
    opened = await person.open_account()

    closed = [
        (await person.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=opened.id))).account
        for _ in range(2)
    ]
    open_again = [
        (await person.accounts.ReopenAccount(txn_pb2.ReopenAccountRequest(account_id=opened.id))).account
        for _ in range(2)
    ]

    assert closed[0] == closed[1]
    assert closed[0].HasField("close_time")
    assert not open_again[0].HasField("close_time")
    assert open_again[0] == open_again[1]
