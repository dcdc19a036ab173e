"""Rows that look like rows of the account: of the same day and amount, with another text."""

from typing import NamedTuple

import pytest

from protos.txn.v1 import txn_pb2
from runtime.refusals import FailedPrecondition
from tests.service.importing import account, get
from tests.service.reviewing import (
    COMPLETED,
    CREATE,
    DUPLICATE,
    NEEDS_ANSWER,
    READY,
    REJECT,
    REVERTED,
    answer,
    asking,
    brought,
    commit,
    csv,
    decide,
    differences,
    planned,
    record,
    repeat,
    revert,
    rows,
    transactions,
)
from tests.service.txn import Client

ALWAYS = txn_pb2.REVIEW_ALWAYS
JULY = csv("2026-07-01,Coffee,-3.50", "2026-07-02,Rent,-500.00", "2026-07-03,Salary,900.00")
RENAMED = csv("2026-07-02,RENT FLAT 3,-500.00", "2026-07-03,Salary,900.00", "2026-07-04,Tea,-2.00")
"""One row that is equal, one of another text, one that is new."""


class Ledger(NamedTuple):
    balance_minor: int
    digest: str
    texts: list[str]


async def ledger(person: Client, account_id: str) -> Ledger:
    assert await differences(person, account_id) == []
    seen = await account(person, account_id)
    texts = [one.description for one in await transactions(person, account_id)]
    return Ledger(seen.balance_minor, seen.ledger_digest, texts)


def finding(found: txn_pb2.Import, name: str = "OVERLAP") -> txn_pb2.ImportFinding:
    wanted = txn_pb2.StatementProperty.Value(f"STATEMENT_PROPERTY_{name}")
    return [one for one in found.findings if one.property == wanted][-1]


async def test_rows_of_another_text_are_asked_about_before_anything_is_booked(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    before = await ledger(person, account_id)

    found = await asking(person, account_id, RENAMED)

    (question,) = found.questions
    same, new = question.options
    assert (question.id, question.message) == (
        "OVERLAP",
        "1 row looks like a row you have: same day and amount, another text.",
    )
    assert [(same.id, new.id)] == [("SAME", "NEW")]
    assert [(row.line, row.outcome, row.description, row.reason) for row in same.rows] == [
        (
            2,
            DUPLICATE,
            "RENT FLAT 3",
            "It looks like “Rent”, which is already in this account.",
        )
    ]
    assert [(row.line, row.outcome, row.amount_minor) for row in new.rows] == [(2, CREATE, -50_000)]
    assert (found.row_count, found.plan.digest) == (0, "")
    assert await rows(person, found.id) == []
    assert await ledger(person, account_id) == before


async def test_the_same_are_not_booked_again_and_what_is_new_is(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    found = await asking(person, account_id, RENAMED)

    done = await answer(person, found.id, OVERLAP="SAME")

    seen = await ledger(person, account_id)
    (row, *_) = await rows(person, done.id)
    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 2)
    assert seen.texts == ["Coffee", "Rent", "Salary", "Tea"]
    assert seen.balance_minor == 10_000 - 350 - 50_000 + 90_000 - 200
    assert (row.outcome, row.reason_code) == (DUPLICATE, txn_pb2.ROW_REASON_SIMILAR)
    assert row.transaction_id == (await transactions(person, account_id))[1].id
    assert (finding(done).basis, finding(done).value, list(finding(done).lines)) == (
        txn_pb2.FINDING_BASIS_ANSWERED,
        "SAME",
        [2],
    )


async def test_others_are_booked_beside_what_they_look_like(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    found = await asking(person, account_id, RENAMED)

    done = await answer(person, found.id, OVERLAP="NEW")

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 2, 1)
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "RENT FLAT 3", "Salary", "Tea"]
    assert (finding(done).basis, finding(done).value) == (txn_pb2.FINDING_BASIS_ANSWERED, "NEW")


async def test_the_question_comes_before_a_plan_and_the_answer_is_in_it(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    found = await asking(person, account_id, RENAMED, review=ALWAYS)

    ready = await answer(person, found.id, OVERLAP="SAME")
    done = await commit(person, ready)

    assert (ready.state, ready.plan.create_count, ready.plan.duplicate_count) == (READY, 1, 2)
    assert (done.state, done.imported_count) == (COMPLETED, 1)


async def test_a_transaction_passes_to_the_file_that_has_it_under_another_text(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, JULY)
    second = await answer(person, (await asking(person, account_id, RENAMED)).id, OVERLAP="SAME")
    both = await ledger(person, account_id)

    gone = await revert(person, first.id)
    left = await ledger(person, account_id)
    again = await brought(person, account_id, JULY)

    assert gone.state == REVERTED
    assert left.texts == ["Rent", "Salary", "Tea"]
    assert (again.state, again.imported_count) == (COMPLETED, 1)
    assert await ledger(person, account_id) == both
    await revert(person, again.id)
    await revert(person, second.id)
    assert (await ledger(person, account_id)).texts == []


async def test_the_same_bytes_again_ask_nothing_whatever_was_answered(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    await answer(person, (await asking(person, account_id, RENAMED)).id, OVERLAP="SAME")
    before = await ledger(person, account_id)

    again = await brought(person, account_id, RENAMED)

    assert (again.state, again.duplicate_count) == (COMPLETED, 3)
    assert await ledger(person, account_id) == before


async def test_what_was_the_same_once_is_so_in_the_next_file(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    await answer(person, (await asking(person, account_id, RENAMED)).id, OVERLAP="SAME")

    done = await brought(person, account_id, RENAMED + b"2026-07-05,Bread,-4.00\n")

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 3)
    assert finding(done).basis == txn_pb2.FINDING_BASIS_REMEMBERED
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "Salary", "Tea", "Bread"]


async def test_a_repeat_asks_again_and_mends_the_answer(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    wrong = await answer(person, (await asking(person, account_id, RENAMED)).id, OVERLAP="NEW")

    again = await repeat(person, wrong.id)
    between = (await ledger(person, account_id)).texts
    done = await answer(person, again.id, OVERLAP="SAME")

    assert (again.state, len(between), done.state) == (NEEDS_ANSWER, 5, COMPLETED)
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "Salary", "Tea"]


async def test_a_record_by_hand_and_its_bank_row_are_asked_about(person: Client, account_id: str) -> None:
    by_hand = await record(person, account_id, booked_on="2026-07-02", amount_minor=-50_000, description="rent, July")
    found = await asking(person, account_id, JULY)

    done = await answer(person, found.id, OVERLAP="SAME")

    assert (done.imported_count, done.duplicate_count) == (2, 1)
    assert (await ledger(person, account_id)).texts == ["Coffee", "rent, July", "Salary"]
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=by_hand.id))
    # The bank's row claims it too.
    assert (await ledger(person, account_id)).texts == ["Coffee", "rent, July", "Salary"]


async def test_of_more_rows_than_there_are_transactions_the_first_are_the_same(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv("2026-07-01,Coffee,-3.50", "2026-07-01,Coffee,-3.50"))
    lines = [f"2026-07-01,COFFEE BAR {number},-3.50" for number in range(3)]
    found = await asking(person, account_id, csv(*lines))

    done = await answer(person, found.id, OVERLAP="SAME")

    assert found.questions[0].message.startswith("2 rows look like rows you have")
    assert [row.outcome for row in await rows(person, done.id)] == [DUPLICATE, DUPLICATE, CREATE]
    assert (await account(person, account_id)).balance_minor == 10_000 - 3 * 350


async def test_a_text_that_differs_in_case_or_space_only_asks_nothing(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)

    done = await brought(person, account_id, csv("2026-07-02,  rent ,-500.00"))

    assert (done.state, done.duplicate_count) == (COMPLETED, 1)


async def test_what_the_file_itself_has_is_no_likeness(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)

    done = await brought(person, account_id, JULY + b"2026-07-02,Garage,-500.00\n")

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 3)


async def test_a_plan_asks_where_the_ledger_has_come_to_look_like_it(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv("2026-06-01,Bread,-1.00"))
    ready = await planned(person, account_id, RENAMED)
    await brought(person, account_id, JULY)
    before = await ledger(person, account_id)

    with pytest.raises(FailedPrecondition) as refusal:
        await commit(person, ready)

    found = await get(person, ready.id)
    assert refusal.value.reason == "STALE_PLAN"
    assert found is not None
    assert (found.state, [one.id for one in found.questions], found.plan.digest) == (NEEDS_ANSWER, ["OVERLAP"], "")
    assert await ledger(person, account_id) == before
    again = await answer(person, found.id, OVERLAP="SAME")
    assert (again.state, again.plan.create_count) == (READY, 1)


async def test_one_row_is_made_one_more_and_what_it_was_again(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    ready = await answer(person, (await asking(person, account_id, RENAMED, review=ALWAYS)).id, OVERLAP="SAME")

    more = await decide(person, ready.id, 2, CREATE)
    (row, *_) = await rows(person, ready.id)
    back = await decide(person, ready.id, 2, DUPLICATE)

    assert (row.outcome, row.reason_code, row.occurrence) == (CREATE, txn_pb2.ROW_REASON_DECIDED, 1)
    assert (more.plan.create_count, back.plan.create_count) == (2, 1)
    assert back.plan.digest == ready.plan.digest
    again = await decide(person, ready.id, 2, CREATE)
    assert again.plan.digest == more.plan.digest
    done = await commit(person, again)
    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "RENT FLAT 3", "Salary", "Tea"]
    repeated = await brought(person, account_id, RENAMED)
    assert (repeated.state, repeated.duplicate_count) == (COMPLETED, 3)


async def test_one_row_is_made_what_it_looks_like(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    ready = await answer(person, (await asking(person, account_id, RENAMED, review=ALWAYS)).id, OVERLAP="NEW")

    same = await decide(person, ready.id, 2, DUPLICATE)
    done = await commit(person, same)

    assert (same.plan.create_count, done.imported_count) == (1, 1)
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "Salary", "Tea"]


async def test_one_row_that_looks_like_another_is_left_out_and_taken_back(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    ready = await answer(person, (await asking(person, account_id, RENAMED, review=ALWAYS)).id, OVERLAP="SAME")

    out = await decide(person, ready.id, 2, REJECT)
    back = await decide(person, ready.id, 2, DUPLICATE)

    assert (out.plan.reject_count, back.plan.reject_count) == (1, 0)
    assert back.plan.digest == ready.plan.digest


async def test_a_row_that_looks_like_nothing_is_no_duplicate(person: Client, account_id: str) -> None:
    await brought(person, account_id, JULY)
    ready = await answer(person, (await asking(person, account_id, RENAMED, review=ALWAYS)).id, OVERLAP="SAME")

    with pytest.raises(FailedPrecondition) as refusal:
        await decide(person, ready.id, 4, DUPLICATE)

    found = await get(person, ready.id)
    assert refusal.value.reason == "DECISION_NOT_POSSIBLE"
    assert found == ready


async def test_what_a_row_was_the_same_as_is_gone_at_the_commit(person: Client, account_id: str) -> None:
    by_hand = await record(person, account_id, booked_on="2026-07-02", amount_minor=-50_000, description="rent, July")
    ready = await answer(person, (await asking(person, account_id, JULY, review=ALWAYS)).id, OVERLAP="SAME")
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=by_hand.id))

    with pytest.raises(FailedPrecondition) as refusal:
        await commit(person, ready)
    renewed = await get(person, ready.id)

    assert refusal.value.reason == "STALE_PLAN"
    assert renewed is not None
    assert (renewed.state, renewed.plan.create_count) == (READY, 3)
    assert (await commit(person, renewed)).imported_count == 3
    assert (await ledger(person, account_id)).texts == ["Coffee", "Rent", "Salary"]


async def test_a_second_of_a_text_is_found_again_though_its_first_was_taken_for_another(
    person: Client, account_id: str
) -> None:
    await brought(person, account_id, csv("2026-07-01,Shop,1.00"))
    two = csv("2026-07-01,Tea,1.00", "2026-07-01,Tea,1.00")
    await answer(person, (await asking(person, account_id, two)).id, OVERLAP="SAME")
    before = await ledger(person, account_id)

    found = await asking(person, account_id, csv("2026-07-01,Shop,1.00", "2026-07-01,Tea,1.00"))
    done = await answer(person, found.id, OVERLAP="SAME")

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 0, 2)
    assert await ledger(person, account_id) == before
