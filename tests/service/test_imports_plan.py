"""A plan: what a commit would do, exactly that done, or a new plan."""

import json
from collections.abc import Awaitable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.refusals import FailedPrecondition, NotFound, ResourceExhausted
from tests.service.importing import BRIEF, Uploads, account, events, get, start
from tests.service.messaging import eventually
from tests.service.outcomes import figures
from tests.service.reviewing import (
    COMPLETED,
    CREATE,
    DISCARDED,
    DUPLICATE,
    FAILED,
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
    revert,
    rows,
    transactions,
)
from tests.service.txn import Client, Txn

COFFEE = "2026-07-01,Coffee,-3.50"
TEA = "2026-08-02,Tea,-2.00"
PAY = "2026-09-30,Pay,1000.00"


def counted(metric: str) -> float:
    """How many discarded imports the metric counts."""
    label = {"state": "DISCARDED", "failure_code": ""} if "settled" in metric else {"outcome": "discarded"}
    return REGISTRY.get_sample_value(metric, label) or 0.0


async def refused_commit(client: Client, import_id: str, digest: str) -> FailedPrecondition:
    with pytest.raises(FailedPrecondition) as refused:
        await client.imports.CommitImport(txn_pb2.CommitImportRequest(import_id=import_id, plan_digest=digest))
    return refused.value


async def test_a_plan_says_what_a_commit_would_do_and_changes_nothing(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    before = await figures(person, account_id)

    found = await planned(person, account_id, csv(COFFEE, TEA, PAY, "2026-08-99,Bad,1.00"))

    plan = found.plan
    assert (plan.create_count, plan.duplicate_count, plan.reject_count) == (2, 1, 1)
    assert (plan.balance_before_minor, plan.balance_after_minor) == (9_650, 109_450)
    assert [(one.month, one.transaction_count, one.closing_balance_minor) for one in plan.months_before] == [
        ("2026-08", 0, 9_650),
        ("2026-09", 0, 9_650),
    ]
    assert [(one.month, one.transaction_count, one.closing_balance_minor) for one in plan.months_after] == [
        ("2026-08", 1, 9_450),
        ("2026-09", 1, 109_450),
    ]
    assert (found.imported_count, found.duplicate_count) == (0, 0)
    assert await figures(person, account_id) == before


async def test_every_row_of_a_plan_says_what_becomes_of_it(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE, COFFEE))
    known = await transactions(person, account_id)

    found = await planned(person, account_id, csv(COFFEE, COFFEE, COFFEE, "2026-02-29,Leap,-1.00"))

    first, second, third, bad = await rows(person, found.id)
    assert [one.outcome for one in (first, second, third, bad)] == [DUPLICATE, DUPLICATE, CREATE, REJECT]
    assert {first.transaction_id, second.transaction_id} == {one.id for one in known}
    assert [(one.occurrence, one.occurrences_here, one.occurrences_in_file) for one in (first, second, third)] == [
        (1, 2, 3),
        (2, 2, 3),
        (3, 2, 3),
    ]
    assert second.reason == third.reason == "2 of 3 like this are already here."
    assert third.transaction_id == ""
    assert (bad.line, bad.column, bad.reason) == (5, "date", "The date “2026-02-29” does not exist.")


async def test_rows_of_a_plan_are_listed_and_counted_by_outcome(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE, TEA, "x,Bad,1.00"))

    listed = {
        outcome: await person.imports.ListImportRows(txn_pb2.ListImportRowsRequest(import_id=found.id, outcome=outcome))
        for outcome in (CREATE, DUPLICATE, REJECT)
    }

    assert {outcome: ([row.line for row in page.rows], page.total_count) for outcome, page in listed.items()} == {
        CREATE: ([3], 1),
        DUPLICATE: ([2], 1),
        REJECT: ([4], 1),
    }


async def test_a_commit_does_exactly_what_the_plan_says(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE, TEA))

    done = await commit(person, found)

    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 2, 0)
    assert (await account(person, account_id)).balance_minor == found.plan.balance_after_minor
    assert done.plan == found.plan
    assert await differences(person, account_id) == []


async def test_a_commit_may_be_repeated(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE))
    await commit(person, found)
    after = await figures(person, account_id)

    again = await commit(person, found)

    assert again.state == COMPLETED
    assert await figures(person, account_id) == after


async def test_another_digest_is_a_stale_plan(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE))

    refusal = await refused_commit(person, found.id, "0" * 64)

    assert (refusal.reason, refusal.metadata) == ("STALE_PLAN", {"plan_digest": found.plan.digest})
    assert await get(person, found.id) == found


async def test_a_changed_ledger_that_changes_the_plan_makes_it_stale(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE, TEA))
    await brought(person, account_id, csv(COFFEE))
    before = await figures(person, account_id)

    refusal = await refused_commit(person, found.id, found.plan.digest)

    renewed = await get(person, found.id)
    assert renewed is not None
    assert refusal.reason == "STALE_PLAN"
    assert renewed.state == READY
    assert renewed.plan.is_renewed
    assert refusal.metadata == {"plan_digest": renewed.plan.digest}
    assert (renewed.plan.create_count, renewed.plan.duplicate_count) == (1, 1)
    assert await figures(person, account_id) == before
    done = await commit(person, renewed)
    assert (done.state, done.imported_count, done.duplicate_count) == (COMPLETED, 1, 1)
    assert await differences(person, account_id) == []


async def test_a_changed_ledger_that_does_not_change_the_plan_is_no_obstacle(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE))
    await brought(person, account_id, csv(TEA))

    done = await commit(person, found)

    assert (done.state, done.imported_count) == (COMPLETED, 1)


async def test_what_was_a_duplicate_is_new_where_its_transaction_went(person: Client, account_id: str) -> None:
    recorded = await record(person, account_id, booked_on="2026-07-01")
    found = await planned(person, account_id, csv(COFFEE))
    assert found.plan.duplicate_count == 1
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=recorded.id))

    refusal = await refused_commit(person, found.id, found.plan.digest)
    renewed = await get(person, found.id)
    assert renewed is not None
    done = await commit(person, renewed)

    assert refusal.reason == "STALE_PLAN"
    assert (done.imported_count, done.duplicate_count) == (1, 0)
    assert await differences(person, account_id) == []


async def test_a_large_file_is_planned_again_by_the_worker(
    txn_whole: Txn, uploads: Uploads, person: Client, account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(uploads.settings.__dict__, "inline_rows_max", 0)
    found = await planned(person, account_id, csv(COFFEE, TEA))
    await brought(person, account_id, csv(COFFEE))

    renewed = await commit(person, found)

    assert renewed.state == READY
    assert renewed.plan.is_renewed
    assert renewed.plan.digest != found.plan.digest
    assert (await commit(person, renewed)).imported_count == 1


async def test_a_discarded_import_books_nothing_and_keeps_no_rows(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE))
    before = await figures(person, account_id)

    for _ in range(2):
        await person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=found.id))

    gone = await get(person, found.id)
    assert gone is not None
    assert gone.state == DISCARDED
    assert await rows(person, found.id) == []
    assert await figures(person, account_id) == before
    assert (await refused_commit(person, found.id, found.plan.digest)).reason == "IMPORT_NOT_READY"


async def test_a_discarded_import_is_counted_once_however_often_its_message_comes(
    person: Client, account_id: str, uploads: Uploads, txn_urls: DatabaseUrls
) -> None:
    found = await planned(person, account_id, csv(COFFEE))
    settled, handled = counted("stori_imports_settled_total"), counted("stori_import_objects_total")
    await person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=found.id))
    await eventually(lambda: counted("stori_import_objects_total") == handled + 1)

    (due,) = await events(txn_urls, found.id)
    await uploads.queue.send(json.dumps(due))
    await eventually(lambda: counted("stori_import_objects_total") == handled + 2)

    assert counted("stori_imports_settled_total") == settled + 1


async def test_a_header_is_reviewed_the_first_time_it_meets_an_account(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE), review=txn_pb2.REVIEW_WHEN_NEW)
    assert first.state == READY
    await commit(person, first)

    second = await brought(person, account_id, csv(TEA), review=txn_pb2.REVIEW_UNSPECIFIED)
    other = await brought(person, account_id, BRIEF, review=txn_pb2.REVIEW_WHEN_NEW)

    assert (second.state, other.state) == (COMPLETED, READY)


async def test_nothing_is_committed_into_a_closed_account(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE))
    await person.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=account_id))
    before = await figures(person, account_id)

    assert (await refused_commit(person, found.id, found.plan.digest)).reason == "ACCOUNT_CLOSED"

    assert await figures(person, account_id) == before
    await person.accounts.ReopenAccount(txn_pb2.ReopenAccountRequest(account_id=account_id))
    assert (await commit(person, found)).state == COMPLETED


async def test_a_row_can_be_left_out(person: Client, account_id: str) -> None:
    found = await planned(person, account_id, csv(COFFEE, TEA))

    decided = await decide(person, found.id, 3, REJECT)
    done = await commit(person, decided)

    assert (decided.plan.create_count, decided.plan.reject_count) == (1, 1)
    assert decided.plan.digest != found.plan.digest
    assert (done.imported_count, done.rejected_count, done.row_count) == (1, 1, 2)
    assert [one.description for one in await transactions(person, account_id)] == ["Coffee"]
    assert await differences(person, account_id) == []


async def test_a_duplicate_can_be_booked_as_one_more(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE))

    decided = await decide(person, found.id, 2, CREATE)
    done = await commit(person, decided)

    assert (done.imported_count, done.duplicate_count) == (1, 0)
    assert [one.description for one in await transactions(person, account_id)] == ["Coffee", "Coffee"]
    assert await differences(person, account_id) == []


async def test_a_decision_can_be_taken_back(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE, TEA))

    await decide(person, found.id, 2, CREATE)
    await decide(person, found.id, 3, REJECT)
    await decide(person, found.id, 2, DUPLICATE)
    same = await decide(person, found.id, 3, CREATE)

    assert same.plan.digest == found.plan.digest


@pytest.mark.parametrize(
    ("line", "outcome", "reason"),
    [
        (2, DUPLICATE, "DECISION_NOT_POSSIBLE"),
        (3, CREATE, "DECISION_NOT_POSSIBLE"),
        (9, REJECT, "ROW_NOT_FOUND"),
    ],
)
async def test_a_decision_that_cannot_be_is_refused(
    person: Client, account_id: str, line: int, outcome: txn_pb2.RowOutcome.ValueType, reason: str
) -> None:
    found = await planned(person, account_id, csv(COFFEE, "x,Bad,1.00"))

    with pytest.raises((FailedPrecondition, NotFound)) as refused:
        await decide(person, found.id, line, outcome)

    assert refused.value.reason == reason
    assert await get(person, found.id) == found


async def test_a_decided_row_stays_one_more_when_others_take_its_number(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE))
    decided = await decide(person, found.id, 2, CREATE)
    await record(person, account_id, booked_on="2026-07-01")

    assert (await refused_commit(person, found.id, decided.plan.digest)).reason == "STALE_PLAN"
    renewed = await get(person, found.id)
    assert renewed is not None
    await commit(person, renewed)

    assert len(await transactions(person, account_id)) == 3
    assert await differences(person, account_id) == []


async def test_imports_that_await_review_count_as_waiting(person: Client, account_id: str) -> None:
    await planned(person, account_id, csv(COFFEE))
    for _ in range(19):
        await start(person, account_id)

    with pytest.raises(ResourceExhausted) as refused:
        await start(person, account_id)

    assert refused.value.reason == "TOO_MANY_WAITING_IMPORTS"


async def test_strangers_can_do_nothing_with_an_import(txn_whole: Txn, person: Client, account_id: str) -> None:
    found, stranger = await planned(person, account_id, csv(COFFEE)), await txn_whole.person()
    digest = found.plan.digest
    calls: list[Awaitable[Any]] = [
        stranger.imports.CommitImport(txn_pb2.CommitImportRequest(import_id=found.id, plan_digest=digest)),
        stranger.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=found.id)),
        stranger.imports.RevertImport(txn_pb2.RevertImportRequest(import_id=found.id)),
        stranger.imports.PreviewRevert(txn_pb2.PreviewRevertRequest(import_id=found.id)),
        stranger.imports.RepeatImport(txn_pb2.RepeatImportRequest(import_id=found.id)),
        stranger.imports.DecideImportRow(txn_pb2.DecideImportRowRequest(import_id=found.id, line=2, outcome=REJECT)),
    ]

    for one in calls:
        with pytest.raises(NotFound) as refused:
            await one
        assert refused.value.reason == "IMPORT_NOT_FOUND"

    assert await get(person, found.id) == found


async def test_a_plan_over_centuries_lists_its_newest_months_and_counts_all(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv("1950-01-01,Old,1.00", "2026-06-01,Late,1.00"))

    found = await planned(person, account_id, csv("1900-01-02,First,5.00", "2026-10-31,Last,7.00"))

    plan = found.plan
    assert (len(plan.months_before), plan.months_before[0].month, plan.months_before[-1].month) == (
        120,
        "2016-11",
        "2026-10",
    )
    assert [one.closing_balance_minor for one in (plan.months_before[0], plan.months_before[-1])] == [10_100, 10_200]
    assert [one.closing_balance_minor for one in (plan.months_after[0], plan.months_after[-1])] == [10_600, 11_400]
    assert (plan.balance_before_minor, plan.balance_after_minor) == (10_200, 11_400)


async def test_repeats_that_await_review_count_as_waiting(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, csv(COFFEE))
    for _ in range(20):
        await start(person, account_id)

    with pytest.raises(ResourceExhausted) as refused:
        await repeat(person, done.id)

    assert refused.value.reason == "TOO_MANY_WAITING_IMPORTS"
    assert await get(person, done.id) == done


async def test_two_decided_twins_stay_two_when_others_take_their_number(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE, COFFEE))
    found = await planned(person, account_id, csv(COFFEE, COFFEE, TEA))
    await decide(person, found.id, 2, CREATE)
    decided = await decide(person, found.id, 3, CREATE)
    await record(person, account_id, booked_on="2026-07-01")

    assert (await refused_commit(person, found.id, decided.plan.digest)).reason == "STALE_PLAN"
    renewed = await get(person, found.id)
    assert renewed is not None
    done = await commit(person, renewed)

    assert (done.state, done.imported_count) == (COMPLETED, 3)
    assert len(await transactions(person, account_id)) == 6
    assert await differences(person, account_id) == []


@pytest.mark.parametrize("review", [txn_pb2.REVIEW_ALWAYS, txn_pb2.REVIEW_NEVER])
async def test_amounts_that_only_cancel_out_are_too_much(
    person: Client, account_id: str, review: txn_pb2.Review.ValueType
) -> None:
    before = await figures(person, account_id)
    rows_of_file = [f"2026-07-0{day},x,{sign}90000000000000000.00" for day, sign in enumerate(["", "-", "", "-"], 1)]

    found = await brought(person, account_id, csv(*rows_of_file), review=review)

    assert (found.state, found.failure_code) == (FAILED, txn_pb2.IMPORT_FAILURE_CODE_UNREADABLE)
    assert found.failure == "The amounts of this file add up to more than an account can hold."
    assert await figures(person, account_id) == before


async def test_a_file_over_the_limit_is_not_decided_row_by_row(
    uploads: Uploads, person: Client, account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await planned(person, account_id, csv(COFFEE, TEA))
    monkeypatch.setitem(uploads.settings.__dict__, "inline_rows_max", 1)

    with pytest.raises(FailedPrecondition) as refused:
        await decide(person, found.id, 2, REJECT)

    assert refused.value.reason == "DECISION_NOT_POSSIBLE"
    assert await get(person, found.id) == found


async def test_how_many_are_here_does_not_change_with_a_decision(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE, COFFEE))

    await decide(person, found.id, 2, REJECT)

    left_out, new = await rows(person, found.id)
    assert (left_out.outcome, left_out.reason) == (REJECT, "Left out by your decision.")
    assert (new.outcome, new.reason) == (CREATE, "1 of 2 like this are already here.")


async def test_a_new_row_says_that_another_of_its_kind_is_here(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, csv(COFFEE))
    await record(person, account_id, booked_on="2026-07-01")
    await revert(person, done.id)

    found = await planned(person, account_id, csv(COFFEE))

    (row,) = await rows(person, found.id)
    assert (row.outcome, row.occurrences_here, row.occurrences_in_file) == (CREATE, 1, 1)
    assert row.reason == "One like this is already here, as another one of its kind."
