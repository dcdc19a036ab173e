"""Ids that a bank declares its for ever: a row of a known id is that transaction, whatever else it says."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import from_id
from runtime.refusals import FailedPrecondition
from tests.service.importing import Uploads
from tests.service.outcomes import figures
from tests.service.reviewing import (
    COMPLETED,
    CREATE,
    DUPLICATE,
    READY,
    REJECT,
    brought,
    commit,
    csv,
    decide,
    differences,
    planned,
    record,
    repeat,
    resting,
    revert,
    rows,
    transactions,
)
from tests.service.test_round_trip import exported
from tests.service.txn import Client, Txn

SAME_ID = txn_pb2.ROW_REASON_SAME_ID
SAME_CONTENT = txn_pb2.ROW_REASON_SAME_CONTENT


@pytest.fixture(autouse=True, scope="module")
async def importer(uploads: Uploads, txn_database: Database) -> AsyncIterator[None]:
    async with uploads.running(txn_database):
        yield


@pytest.fixture
async def person(txn_whole: Txn) -> Client:
    return await txn_whole.person()


def numbered(*lines: str) -> bytes:
    """A statement of a bank whose ids are stable: "01/07/2026,-3.50,id-1,Coffee"."""
    return ("Data,Valor,Identificador,Descrição\n" + "".join(f"{line}\n" for line in lines)).encode()


COFFEE = "01/07/2026,-3.50,id-1,Coffee"
TEA = "02/07/2026,-2.00,id-2,Tea"


async def outcomes(client: Client, found: txn_pb2.Import) -> list[tuple[int, int]]:
    return [(row.outcome, row.reason_code) for row in await rows(client, found.id)]


async def told(client: Client, account_id: str) -> list[tuple[str, int, str, str]]:
    return [
        (one.booked_on, one.amount_minor, one.description, one.external_id)
        for one in await transactions(client, account_id)
    ]


async def test_a_row_with_a_known_id_is_that_transaction_though_the_bank_changed_its_text(person: Client) -> None:
    opened = await person.open_account()
    first = await brought(person, opened.id, numbered(COFFEE, TEA))
    before = await figures(person, opened.id)

    again = await brought(person, opened.id, numbered("01/07/2026,-3.50,id-1,COFFEE SHOP 0815", TEA))

    assert (first.state, first.imported_count) == (COMPLETED, 2)
    assert (again.state, again.imported_count, again.duplicate_count) == (COMPLETED, 0, 2)
    assert await outcomes(person, again) == [(DUPLICATE, SAME_ID), (DUPLICATE, SAME_CONTENT)]
    known, _ = await rows(person, again.id)
    assert known.reason == "The transaction with this id is already in this account."
    assert known.transaction_id == (await transactions(person, opened.id))[0].id
    assert await figures(person, opened.id) == before
    assert await differences(person, opened.id) == []


async def test_a_row_with_a_known_id_is_that_transaction_though_the_bank_changed_its_date(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))
    before = await figures(person, opened.id)

    again = await brought(person, opened.id, numbered("03/07/2026,-3.50,id-1,Coffee"))

    assert await outcomes(person, again) == [(DUPLICATE, SAME_ID)]
    assert await figures(person, opened.id) == before


async def test_a_known_id_with_another_amount_is_rejected_and_says_so(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))
    before = await figures(person, opened.id)

    again = await brought(person, opened.id, numbered("01/07/2026,-3.60,id-1,Coffee"))

    assert (again.state, again.imported_count, again.rejected_count) == (COMPLETED, 0, 1)
    (rejected,) = await rows(person, again.id)
    assert (rejected.outcome, rejected.reason_code, rejected.column) == (REJECT, SAME_ID, "Identificador")
    assert rejected.reason == "The transaction of 2026-07-01 with this id has another amount: -3.50."
    assert await figures(person, opened.id) == before
    assert await differences(person, opened.id) == []


async def test_what_the_ledger_rejected_is_accepted_once_the_ledger_has_changed(person: Client) -> None:
    opened, other = numbered("01/07/2026,-3.60,id-1,Coffee"), await person.open_account()
    first = await brought(person, other.id, numbered(COFFEE))
    rejected = await brought(person, other.id, opened)
    await revert(person, first.id)

    again = await brought(person, other.id, opened)

    assert rejected.rejected_count == 1
    assert (again.imported_count, again.rejected_count) == (1, 0)
    assert await told(person, other.id) == [("2026-07-01", -360, "Coffee", "id-1")]


@pytest.mark.parametrize("second", [COFFEE, "05/07/2026,-9.00,id-1,Something else"])
async def test_an_id_that_stands_twice_in_a_file_is_rejected_with_the_first_line(person: Client, second: str) -> None:
    opened = await person.open_account()

    done = await brought(person, opened.id, numbered(COFFEE, TEA, second))

    assert (done.imported_count, done.rejected_count) == (2, 1)
    (rejected,) = await rows(person, done.id, outcome=REJECT)
    assert (rejected.line, rejected.reason_code, rejected.column) == (4, SAME_ID, "Identificador")
    assert rejected.reason == "Line 2 has the same id."
    assert await told(person, opened.id) == [
        ("2026-07-01", -350, "Coffee", "id-1"),
        ("2026-07-02", -200, "Tea", "id-2"),
    ]


async def test_equal_rows_with_two_ids_are_two_transactions_in_any_number_of_files(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))

    done = await brought(person, opened.id, numbered(COFFEE.replace("id-1", "id-9")))

    assert (done.imported_count, done.duplicate_count) == (1, 0)
    assert [one[3] for one in await told(person, opened.id)] == ["id-1", "id-9"]


async def test_rows_without_an_id_are_known_by_their_content(person: Client) -> None:
    opened = await person.open_account()
    content = numbered(COFFEE.replace("id-1", ""), COFFEE.replace("id-1", " "))
    await brought(person, opened.id, content)

    again = await brought(person, opened.id, content + b"\n")

    assert (again.imported_count, again.duplicate_count) == (0, 2)


async def test_a_row_with_an_id_is_the_transaction_that_came_without_one(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, csv("2026-07-01,coffee,-3.50"))
    before = await figures(person, opened.id)

    done = await brought(person, opened.id, numbered(COFFEE))

    assert await outcomes(person, done) == [(DUPLICATE, SAME_CONTENT)]
    assert await figures(person, opened.id) == before
    assert await differences(person, opened.id) == []


async def test_a_transaction_that_came_without_an_id_is_known_by_the_id_that_claims_it(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, csv("2026-07-01,Coffee,-3.50"))
    await brought(person, opened.id, numbered(COFFEE))
    before = await figures(person, opened.id)

    renamed = await brought(person, opened.id, numbered("01/07/2026,-3.50,id-1,COFFEE SHOP"))
    other = await brought(person, opened.id, numbered(COFFEE.replace("-3.50", "-3.60")))

    assert await outcomes(person, renamed) == [(DUPLICATE, SAME_ID)]
    assert await outcomes(person, other) == [(REJECT, SAME_ID)]
    assert await figures(person, opened.id) == before


async def test_a_transaction_that_one_id_claims_is_not_another_ids_too(person: Client) -> None:
    opened = await person.open_account()
    await record(person, opened.id, booked_on="2026-07-01", amount_minor=-350, description="Coffee")
    first = await brought(person, opened.id, numbered(COFFEE))

    second = await brought(person, opened.id, numbered(COFFEE.replace("id-1", "id-9")))

    assert (first.imported_count, second.imported_count) == (0, 1)
    assert await differences(person, opened.id) == []


async def test_of_equal_rows_with_ids_as_many_are_known_as_came_without(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, csv("2026-07-01,Coffee,-3.50", "2026-07-01,Coffee,-3.50"))

    done = await brought(person, opened.id, numbered(*(COFFEE.replace("id-1", f"id-{number}") for number in range(5))))

    assert (done.imported_count, done.duplicate_count) == (3, 2)
    assert [row.outcome for row in await rows(person, done.id)] == [DUPLICATE, DUPLICATE, CREATE, CREATE, CREATE]


async def test_a_row_without_an_id_is_the_transaction_that_came_with_one(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE, COFFEE.replace("id-1", "id-9")))
    before = await figures(person, opened.id)

    done = await brought(person, opened.id, csv(*["2026-07-01,COFFEE,-3.50"] * 2))
    more = await brought(person, opened.id, csv(*["2026-07-01,COFFEE,-3.50"] * 3))

    assert await outcomes(person, done) == [(DUPLICATE, SAME_CONTENT)] * 2
    assert [row.reason for row in await rows(person, done.id)] == ["2 of 2 like this are already here."] * 2
    assert (await figures(person, opened.id))[0] == before[0] - 350
    assert (more.imported_count, more.duplicate_count) == (1, 2)
    assert await differences(person, opened.id) == []


async def test_an_undone_import_leaves_what_another_file_claims_by_the_id_as_that_one_says_it(person: Client) -> None:
    opened, plain = await person.open_account(), await person.open_account()
    first = await brought(person, opened.id, numbered(COFFEE, TEA))
    later = numbered("03/08/2026,-3.50,id-1,COFFEE SHOP 0815")
    second = await brought(person, opened.id, later)
    await brought(person, plain.id, later)
    (kept, _) = await transactions(person, opened.id)
    await person.transactions.UpdateTransactions(
        txn_pb2.UpdateTransactionsRequest(transaction_ids=[kept.id], note="with Ana")
    )

    await revert(person, first.id)

    (left,) = await transactions(person, opened.id)
    assert (left.id, left.import_id, left.note) == (kept.id, second.id, "with Ana")
    assert (left.booked_on, left.description) == ("2026-08-03", "COFFEE SHOP 0815")
    assert await figures(person, opened.id) == await figures(person, plain.id)
    assert await differences(person, opened.id) == []
    await revert(person, second.id)
    assert await transactions(person, opened.id) == []


async def test_a_deleted_record_by_hand_leaves_what_a_file_claims_with_its_id(person: Client) -> None:
    opened, plain = await person.open_account(), await person.open_account()
    made = await record(person, opened.id, booked_on="2026-07-01", amount_minor=-350, description="Coffee")
    for one in (opened, plain):
        await brought(person, one.id, numbered(COFFEE))
    assert await differences(person, opened.id) == []

    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=made.id))

    assert await told(person, opened.id) == [("2026-07-01", -350, "Coffee", "id-1")]
    assert await figures(person, opened.id) == await figures(person, plain.id)
    assert await differences(person, opened.id) == []


async def test_a_file_that_is_read_again_does_not_meet_its_own_ids(person: Client) -> None:
    opened = await person.open_account()
    first = await brought(person, opened.id, numbered(COFFEE, TEA))
    before = await figures(person, opened.id)

    again = await repeat(person, first.id)

    assert (again.imported_count, again.rejected_count) == (2, 0)
    assert await figures(person, opened.id) == before


async def test_notes_come_back_with_the_same_row(person: Client) -> None:
    opened = await person.open_account()
    first = await brought(person, opened.id, numbered(COFFEE))
    (one,) = await transactions(person, opened.id)
    await person.transactions.UpdateTransactions(
        txn_pb2.UpdateTransactionsRequest(transaction_ids=[one.id], note="with Ana")
    )
    await revert(person, first.id)

    await brought(person, opened.id, numbered(COFFEE))

    (back,) = await transactions(person, opened.id)
    assert back.note == "with Ana"


async def test_an_export_carries_which_ids_are_stable_to_the_identical_digest(person: Client) -> None:
    first, second = await person.open_account(), await person.open_account()
    await brought(person, first.id, b"Id,Date,Transaction\n0,7/15,+60.5\n")
    await brought(person, first.id, numbered(COFFEE, COFFEE.replace("id-1", "=id-9"), TEA))
    file = await exported(person, first.id)

    done = await brought(person, second.id, file)

    assert (done.imported_count, done.rejected_count) == (4, 0)
    assert await figures(person, second.id) == await figures(person, first.id)
    assert (await brought(person, first.id, file)).duplicate_count == 4
    renamed = await brought(person, second.id, numbered("01/07/2026,-3.50,=id-9,COFFEE SHOP"))
    assert await outcomes(person, renamed) == [(DUPLICATE, SAME_ID)]


async def test_an_export_of_before_says_nothing_of_ids_and_is_known_by_content(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE, COFFEE.replace("id-1", "id-9"), TEA))
    before = await figures(person, opened.id)
    header = "booked_on,value_on,amount,currency,description,category,note,external_id,occurrence\n"
    old = header + "".join(
        f"2026-07-0{day},,{amount},USD,{text},,,{external_id},{number}\n"
        for day, amount, text, external_id, number in [
            (1, "-3.50", "Coffee", "id-1", 1),
            (1, "-3.50", "Coffee", "id-9", 2),
            (2, "-2.00", "Tea", "id-2", 1),
        ]
    )

    done = await brought(person, opened.id, old.encode())

    assert (done.imported_count, done.duplicate_count) == (0, 3)
    assert await figures(person, opened.id) == before


async def test_a_plan_follows_the_ledger_it_is_committed_to(person: Client) -> None:
    opened = await person.open_account()
    one, two = [
        (await record(person, opened.id, booked_on="2026-07-01", amount_minor=-350, description="Coffee")).id
        for _ in range(2)
    ]
    found = await planned(person, opened.id, numbered(COFFEE, COFFEE.replace("id-1", "id-9")))
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=one))

    with pytest.raises(FailedPrecondition, match="not the plan"):
        await commit(person, found)
    renewed = (await rows(person, found.id))[0]
    done = await commit(person, await _planned_again(person, found.id))

    assert (renewed.outcome, renewed.transaction_id) == (DUPLICATE, two)
    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 1)
    assert len(await transactions(person, opened.id)) == 2
    assert await differences(person, opened.id) == []


async def test_a_plan_rejects_an_id_that_came_with_another_amount_meanwhile(person: Client) -> None:
    opened = await person.open_account()
    found = await planned(person, opened.id, numbered(COFFEE, TEA))
    between = await brought(person, opened.id, numbered(COFFEE.replace("-3.50", "-3.60")))

    with pytest.raises(FailedPrecondition, match="not the plan"):
        await commit(person, found)
    renewed = await _planned_again(person, found.id)
    await revert(person, between.id)
    with pytest.raises(FailedPrecondition, match="not the plan"):
        await commit(person, renewed)
    back = await _planned_again(person, found.id)

    assert (renewed.plan.create_count, renewed.plan.reject_count) == (1, 1)
    assert (back.plan.create_count, back.plan.reject_count) == (2, 0)
    assert (await commit(person, back)).imported_count == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("01/07/2026,-3.60,id-1,Coffee", "has another amount: -3.50. The bank gives an id to one transaction only"),
        ("01/07/2026,-3.50,id-1,COFFEE SHOP", "is already in this account. The bank gives an id to one transaction"),
        (COFFEE, "is already in this account. The bank gives an id to one transaction only"),
    ],
)
async def test_one_id_cannot_be_booked_twice_by_a_decision(person: Client, line: str, says: str) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))
    found = await planned(person, opened.id, numbered(line, TEA))
    before = await rows(person, found.id), found.plan.digest

    with pytest.raises(FailedPrecondition, match=says):
        await decide(person, found.id, 2, CREATE)

    seen = await _planned_again(person, found.id)
    assert (await rows(person, found.id), seen.plan.digest) == before


async def test_a_row_that_repeats_a_line_of_its_file_is_mended_and_not_decided(person: Client) -> None:
    opened = await person.open_account()
    found = await planned(person, opened.id, numbered(COFFEE, COFFEE))

    with pytest.raises(FailedPrecondition, match="An earlier line of this file is the same transaction"):
        await decide(person, found.id, 3, CREATE)


async def test_a_row_that_is_left_out_can_only_come_back_as_what_it_was(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))
    found = await planned(person, opened.id, numbered("01/07/2026,-3.50,id-1,COFFEE SHOP", TEA))
    await decide(person, found.id, 2, REJECT)
    left_out = await rows(person, found.id)

    with pytest.raises(FailedPrecondition, match="with this id"):
        await decide(person, found.id, 2, CREATE)
    await decide(person, found.id, 2, DUPLICATE)

    assert [row.outcome for row in left_out] == [REJECT, CREATE]
    assert await outcomes(person, found) == [(DUPLICATE, SAME_ID), (CREATE, txn_pb2.ROW_REASON_UNSPECIFIED)]


async def test_a_row_with_an_id_can_be_one_more_than_what_came_without(person: Client) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, csv("2026-07-01,Coffee,-3.50"))
    content = numbered(COFFEE, COFFEE.replace("id-1", "id-9"))
    found = await planned(person, opened.id, content)
    assert [row.outcome for row in await rows(person, found.id)] == [DUPLICATE, CREATE]

    done = await commit(person, await decide(person, found.id, 2, CREATE))
    again = await brought(person, opened.id, content + b"\n")

    assert (done.imported_count, len(await transactions(person, opened.id))) == (2, 3)
    assert again.duplicate_count == 2
    assert await differences(person, opened.id) == []


async def test_a_wrong_id_is_named_by_verification(person: Client, txn_urls: DatabaseUrls) -> None:
    opened = await person.open_account()
    await brought(person, opened.id, numbered(COFFEE))
    assert await differences(person, opened.id) == []

    with psycopg.connect(txn_urls.owner) as connection:
        connection.execute(
            "UPDATE transaction SET external_id = 'x' WHERE account_id = %s", [from_id("acct", opened.id)]
        )

    (one,) = await transactions(person, opened.id)
    assert f"{one.id} identity" in {figure for figure, *_ in await differences(person, opened.id)}


async def _planned_again(client: Client, import_id: str) -> txn_pb2.Import:
    found = await resting(client, import_id)
    assert found.state == READY
    return found
