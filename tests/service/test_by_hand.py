"""Transactions recorded, categorised, annotated and deleted by hand."""

import asyncio
from typing import Any

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id, new_id, to_id
from runtime.refusals import Aborted, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.service.importing import account
from tests.service.outcomes import figures
from tests.service.reviewing import brought, csv, differences, record, revert, transactions
from tests.service.txn import Client, Txn

COFFEE = "2026-07-20,Coffee,-3.50"


@pytest.fixture
async def account_id(person: Client) -> str:
    return (await person.open_account()).id


async def annotate(client: Client, *transaction_ids: str, **values: str) -> list[txn_pb2.Transaction]:
    request = txn_pb2.UpdateTransactionsRequest(transaction_ids=transaction_ids, **values)
    return list((await client.transactions.UpdateTransactions(request)).transactions)


async def delete(client: Client, transaction_id: str) -> txn_pb2.Transaction | None:
    request = txn_pb2.DeleteTransactionRequest(transaction_id=transaction_id)
    answer = await client.transactions.DeleteTransaction(request)
    return answer.transaction if answer.HasField("transaction") else None


async def test_a_record_is_in_the_ledger_as_it_was_given(person: Client, account_id: str) -> None:
    made = await record(person, account_id, category="Treats", note="with Ana", currency_code="USD")

    assert [made] == await transactions(person, account_id)
    assert (made.booked_on, made.amount_minor, made.description) == ("2026-07-20", -350, "Coffee")
    assert (made.category, made.note, made.import_id, made.line) == ("Treats", "with Ana", "", 0)
    assert (await account(person, account_id)).balance_minor == -350
    assert await differences(person, account_id) == []


async def test_equal_records_are_as_many_transactions(person: Client, account_id: str) -> None:
    for _ in range(3):
        await record(person, account_id)

    assert (await account(person, account_id)).balance_minor == -1050
    assert await differences(person, account_id) == []


async def test_a_record_and_its_later_bank_row_are_one_transaction(person: Client, account_id: str) -> None:
    made = await record(person, account_id)

    done = await brought(person, account_id, csv(COFFEE, COFFEE))

    assert (done.imported_count, done.duplicate_count) == (1, 1)
    assert made.id in {one.id for one in await transactions(person, account_id)}


async def test_a_record_beside_a_banks_row_is_one_more(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))

    await record(person, account_id)

    assert (await account(person, account_id)).balance_minor == -700


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"booked_on": ""}, "booked_on"),
        ({"booked_on": "20.07.2026"}, "booked_on"),
        ({"booked_on": "1899-12-31"}, "booked_on"),
        ({"description": " "}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"category": "x" * 101}, "category"),
        ({"note": "x" * 1001}, "note"),
        ({"currency_code": "XXQ"}, "currency_code"),
        ({"idempotency_key": "k" * 129}, "idempotency_key"),
    ],
)
async def test_a_malformed_record_changes_nothing(
    person: Client, account_id: str, changes: dict[str, Any], field: str
) -> None:
    before = await figures(person, account_id)

    with pytest.raises(InvalidArgument) as refused:
        await record(person, account_id, **changes)

    assert field in refused.value.fields
    assert await figures(person, account_id) == before


async def test_another_currency_and_a_sum_that_does_not_fit_are_refused(person: Client, account_id: str) -> None:
    await record(person, account_id, amount_minor=2**63 - 1)
    before = await figures(person, account_id)

    with pytest.raises(FailedPrecondition) as currency:
        await record(person, account_id, currency_code="EUR")
    with pytest.raises(FailedPrecondition) as amount:
        await record(person, account_id, amount_minor=1)

    assert (currency.value.reason, amount.value.reason) == ("OTHER_CURRENCY", "FIGURES_TOO_LARGE")
    assert await figures(person, account_id) == before


async def test_nothing_is_recorded_in_a_closed_account(person: Client, account_id: str) -> None:
    made = await record(person, account_id)
    await person.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=account_id))

    with pytest.raises(FailedPrecondition) as refused:
        await record(person, account_id)

    assert refused.value.reason == "ACCOUNT_CLOSED"
    assert [made] == await transactions(person, account_id)
    assert await delete(person, made.id) is None


async def test_the_same_key_a_hundred_times_at_once_is_one_record(person: Client, account_id: str) -> None:
    made = await asyncio.gather(*(record(person, account_id, idempotency_key="once") for _ in range(100)))

    assert len({one.SerializeToString(deterministic=True) for one in made}) == 1
    assert await transactions(person, account_id) == [made[0]]


async def test_the_same_key_for_another_record_is_refused(person: Client, account_id: str) -> None:
    await record(person, account_id, idempotency_key="once")
    before = await figures(person, account_id)

    with pytest.raises(FailedPrecondition) as refused:
        await record(person, account_id, idempotency_key="once", amount_minor=-351)

    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert await figures(person, account_id) == before


async def test_an_account_that_is_busy_is_waited_for_and_then_refused(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    before = await figures(person, account_id)
    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as committing:
        # What a commit holds for as long as it takes.
        lock = "SELECT FROM account WHERE id = %s FOR NO KEY UPDATE"
        await committing.execute(lock, [from_id("acct", account_id)])

        with pytest.raises(Aborted) as refused:
            await record(person, account_id)

        assert refused.value.reason == "ACCOUNT_BUSY"
        assert await figures(person, account_id) == before
        waiting = asyncio.create_task(record(person, account_id))
        await asyncio.wait({waiting}, timeout=0.3)
        assert not waiting.done()
        await committing.rollback()
    assert (await waiting).amount_minor == -350


async def test_many_are_categorised_and_annotated_at_once(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE, COFFEE, "2026-07-21,Tea,-2.00"))
    ids = [one.id for one in await transactions(person, account_id)]
    before = await figures(person, account_id)

    changed = await annotate(person, ids[2], ids[0], category="Treats")

    assert [(one.id, one.category, one.note) for one in changed] == [(ids[2], "Treats", ""), (ids[0], "Treats", "")]
    assert await figures(person, account_id) == before
    (noted,) = await annotate(person, ids[0], note="mine")
    assert (noted.category, noted.note) == ("Treats", "mine")
    (cleared,) = await annotate(person, ids[0], category="", note="")
    assert (cleared.category, cleared.note) == ("", "")


async def test_where_one_is_missing_none_is_changed(txn_whole: Txn, person: Client, account_id: str) -> None:
    made, stranger = await record(person, account_id), await txn_whole.person()
    theirs = await record(stranger, (await stranger.open_account()).id)

    for missing in (theirs.id, to_id("txn", new_id())):
        with pytest.raises(NotFound) as refused:
            await annotate(person, made.id, missing, category="Mine")
        assert refused.value.reason == "TRANSACTION_NOT_FOUND"

    assert await transactions(person, account_id) == [made]


@pytest.mark.parametrize(
    ("count", "values"), [(0, {"note": "x"}), (1, {}), (1, {"category": "a\x00"}), (2, {"note": "x"})]
)
async def test_a_malformed_annotation_is_refused(
    person: Client, account_id: str, count: int, values: dict[str, str]
) -> None:
    made = await record(person, account_id)

    with pytest.raises(InvalidArgument):
        await annotate(person, *[made.id] * count, **values)

    assert await transactions(person, account_id) == [made]


async def test_support_reads_and_changes_nothing(txn_whole: Txn, person: Client, account_id: str) -> None:
    made, support = await record(person, account_id), await txn_whole.support()

    with pytest.raises(PermissionDenied) as recorded:
        await record(support, account_id)
    with pytest.raises(PermissionDenied):
        await annotate(support, made.id, note="seen")
    with pytest.raises(PermissionDenied):
        await delete(support, made.id)

    assert recorded.value.reason == "READ_ONLY_ACCESS"
    assert await transactions(person, account_id) == [made]


async def test_a_deleted_record_is_gone(person: Client, account_id: str) -> None:
    before = await figures(person, account_id)
    made = await record(person, account_id)

    assert await delete(person, made.id) is None

    assert await figures(person, account_id) == before
    with pytest.raises(NotFound):
        await delete(person, made.id)


async def test_a_deleted_record_that_files_claim_passes_to_the_oldest(person: Client, account_id: str) -> None:
    made = await record(person, account_id)
    first = await brought(person, account_id, csv(COFFEE))
    await brought(person, account_id, csv("2026-01-01,Tea,-1.00", COFFEE))

    kept = await delete(person, made.id)

    assert kept is not None
    assert (kept.id, kept.import_id, kept.line) == (made.id, first.id, 2)
    assert await differences(person, account_id) == []
    with pytest.raises(FailedPrecondition) as refused:
        await delete(person, made.id)
    assert refused.value.reason == "NOT_MANUAL"


async def test_only_records_by_hand_can_be_deleted(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, csv(COFFEE))
    (imported,) = await transactions(person, account_id)

    with pytest.raises(FailedPrecondition) as refused:
        await delete(person, imported.id)

    assert refused.value.reason == "NOT_MANUAL"
    assert await transactions(person, account_id) == [imported]
    await revert(person, done.id)
    assert await transactions(person, account_id) == []


async def test_a_record_after_which_a_total_would_not_fit_is_refused(person: Client, account_id: str) -> None:
    await record(person, account_id, amount_minor=2**63 - 6, description="Most")
    less = await record(person, account_id, amount_minor=-5, description="Less")
    before = await figures(person, account_id)

    with pytest.raises(FailedPrecondition) as refused:
        await record(person, account_id, amount_minor=6, description="More")

    assert refused.value.reason == "FIGURES_TOO_LARGE"
    assert await figures(person, account_id) == before
    assert await delete(person, less.id) is None
    assert await differences(person, account_id) == []
