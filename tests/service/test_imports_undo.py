"""Undo and repeat: an account is what its live imports and its records by hand claim, nothing else."""

import asyncio

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.refusals import FailedPrecondition, InvalidArgument
from tests.service.importing import BRIEF, account, events, get
from tests.service.outcomes import figures
from tests.service.reviewing import (
    COMPLETED,
    DISCARDED,
    DUPLICATE,
    FAILED,
    READY,
    REVERTED,
    brought,
    commit,
    csv,
    decide,
    differences,
    planned,
    preview,
    record,
    repeat,
    revert,
    rows,
    transactions,
)
from tests.service.txn import Client

COFFEE = "2026-07-01,Coffee,-3.50"
TEA = "2026-08-02,Tea,-2.00"
PAY = "2026-09-30,Pay,1000.00"


async def annotate(client: Client, transaction_id: str, category: str, note: str) -> None:
    request = txn_pb2.UpdateTransactionsRequest(transaction_ids=[transaction_id], category=category, note=note)
    await client.transactions.UpdateTransactions(request)


async def owners(client: Client, account_id: str) -> list[tuple[str, str, int]]:
    return [(one.description, one.import_id, one.line) for one in await transactions(client, account_id)]


async def actions(urls: DatabaseUrls, resource: str) -> list[tuple[str, str]]:
    """What was audited of a resource, and who did it."""
    async with await psycopg.AsyncConnection.connect(urls.owner) as connection:
        query = "SELECT action, actor FROM audit_event WHERE resource = %s ORDER BY id"
        return list(await (await connection.execute(query, [resource])).fetchall())


async def test_an_undone_import_leaves_the_account_as_it_was(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    before = await figures(person, account_id)
    done = await brought(person, account_id, csv(TEA, PAY))
    between = await figures(person, account_id)

    gone = await revert(person, done.id)

    assert gone.state == REVERTED
    assert between != before
    assert await figures(person, account_id) == before
    assert await differences(person, account_id) == []


async def test_what_another_file_claims_stays_and_passes_to_it(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE, TEA))
    second = await brought(person, account_id, csv(TEA, PAY))
    third = await brought(person, account_id, csv(PAY, TEA))

    await revert(person, first.id)

    assert await owners(person, account_id) == [("Tea", second.id, 2), ("Pay", second.id, 3)]
    await revert(person, second.id)
    assert await owners(person, account_id) == [("Tea", third.id, 3), ("Pay", third.id, 2)]
    assert await differences(person, account_id) == []
    await revert(person, third.id)
    assert await owners(person, account_id) == []


async def test_the_same_bytes_share_the_first_imports_rows_also_after_it_is_undone(
    person: Client, account_id: str
) -> None:
    first = await brought(person, account_id, csv(COFFEE, TEA, "x,Bad,1.00"))
    second = await brought(person, account_id, csv(COFFEE, TEA, "x,Bad,1.00"))
    before = await figures(person, account_id)

    assert (second.imported_count, second.duplicate_count, second.rejected_count) == (0, 2, 1)
    assert second.summary == first.summary
    shared = await rows(person, second.id)
    assert [one.outcome for one in shared][:2] == [DUPLICATE, DUPLICATE]
    assert {one.transaction_id for one in shared[:2]} == {one.id for one in await transactions(person, account_id)}
    await revert(person, first.id)
    assert await figures(person, account_id) == before
    assert await owners(person, account_id) == [("Coffee", second.id, 2), ("Tea", second.id, 3)]
    assert await differences(person, account_id) == []
    await revert(person, second.id)
    assert await transactions(person, account_id) == []


async def test_shared_rows_pass_to_the_oldest_claim_though_it_is_another_files(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE))
    other = await brought(person, account_id, csv(TEA, COFFEE))
    again = await brought(person, account_id, csv(COFFEE))

    await revert(person, first.id)

    assert await owners(person, account_id) == [("Coffee", other.id, 3), ("Tea", other.id, 2)]
    assert await differences(person, account_id) == []
    await revert(person, other.id)
    assert await owners(person, account_id) == [("Coffee", again.id, 2)]
    assert await differences(person, account_id) == []


async def test_a_plan_of_shared_rows_stands_on_its_own_when_they_are_undone(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE, TEA))
    found = await planned(person, account_id, csv(COFFEE, TEA))
    assert (found.plan.create_count, found.plan.duplicate_count) == (0, 2)
    ids = [one.id for one in await transactions(person, account_id)]
    await revert(person, first.id)

    with pytest.raises(FailedPrecondition) as refused:
        await commit(person, found)
    renewed = await get(person, found.id)
    assert renewed is not None
    done = await commit(person, renewed)

    assert refused.value.reason == "STALE_PLAN"
    assert (renewed.plan.create_count, renewed.plan.duplicate_count) == (2, 0)
    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert [one.id for one in await transactions(person, account_id)] == ids
    assert await differences(person, account_id) == []


async def test_a_row_of_shared_rows_can_be_booked_as_one_more(person: Client, account_id: str) -> None:
    await brought(person, account_id, csv(COFFEE))
    found = await planned(person, account_id, csv(COFFEE))

    done = await commit(person, await decide(person, found.id, 2, txn_pb2.ROW_OUTCOME_CREATE))

    assert done.imported_count == 1
    assert len(await transactions(person, account_id)) == 2
    await revert(person, done.id)
    assert len(await transactions(person, account_id)) == 1
    assert await differences(person, account_id) == []


async def test_a_record_by_hand_keeps_what_a_file_also_claims(person: Client, account_id: str) -> None:
    recorded = await record(person, account_id, booked_on="2026-07-01")
    done = await brought(person, account_id, csv(COFFEE))

    await revert(person, done.id)

    assert [one.id for one in await transactions(person, account_id)] == [recorded.id]
    assert await differences(person, account_id) == []


async def test_a_preview_says_what_goes_what_stays_and_which_file_keeps_it(person: Client, account_id: str) -> None:
    await record(person, account_id, booked_on="2026-07-01")
    first = await brought(person, account_id, csv(COFFEE, TEA, PAY))
    other = await brought(person, account_id, csv("2026-01-01,New,5.00", TEA))
    (pay,) = [one for one in await transactions(person, account_id) if one.description == "Pay"]
    await annotate(person, pay.id, "Salary", "")

    shown = await preview(person, first.id)

    assert (shown.remove_count, shown.keep_count, shown.edited_count) == (1, 2, 1)
    balance = (await account(person, account_id)).balance_minor
    assert (shown.balance_before_minor, shown.balance_after_minor) == (balance, balance - 100_000)
    keepers = {(one.import_id, one.count) for one in shown.keepers}
    assert keepers == {("", 1), (other.id, 1)}
    await revert(person, first.id, shown.digest)
    assert (await account(person, account_id)).balance_minor == shown.balance_after_minor


async def test_a_preview_that_is_not_true_any_more_undoes_nothing(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE, TEA))
    shown = await preview(person, first.id)
    await brought(person, account_id, csv(PAY, COFFEE))
    before = await figures(person, account_id)

    with pytest.raises(FailedPrecondition) as refused:
        await revert(person, first.id, shown.digest)

    assert refused.value.reason == "STALE_PREVIEW"
    assert await figures(person, account_id) == before
    found = await get(person, first.id)
    assert found is not None
    assert found.state == COMPLETED


async def test_undoing_twice_undoes_once(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    done = await brought(person, account_id, csv(COFFEE))
    await revert(person, done.id)
    before = await figures(person, account_id)

    again = await revert(person, done.id)

    assert again.state == REVERTED
    assert await figures(person, account_id) == before
    kinds = [event["type"] for event in await events(txn_urls, done.id)]
    assert kinds.count("stori.txn.v1.ImportReverted") == 1


async def test_an_undo_is_audited_and_told(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    done = await brought(person, account_id, csv(COFFEE, TEA))
    await brought(person, account_id, csv(PAY, TEA))

    await revert(person, done.id)

    told = [event for event in await events(txn_urls, done.id) if event["type"].endswith("ImportReverted")]
    assert told[0]["data"] | {"holderSubject": ""} == {
        "importId": done.id,
        "accountId": account_id,
        "holderSubject": "",
        "removedCount": "1",
        "keptCount": "1",
        "currencyCode": "USD",
        "balanceMinor": str((await account(person, account_id)).balance_minor),
    }
    audited = await actions(txn_urls, done.id)
    assert ("RevertImport", person.subject) in audited
    assert ("CompleteRevert", "stori") in audited


async def test_category_and_note_come_back_with_the_same_row(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, csv(COFFEE, COFFEE, TEA))
    second = (await transactions(person, account_id))[1]
    await annotate(person, second.id, "Treats", "with Ana")
    await revert(person, done.id)

    await brought(person, account_id, csv(TEA, COFFEE, COFFEE))

    found = [(one.description, one.category, one.note) for one in await transactions(person, account_id)]
    assert sorted(found) == [("Coffee", "", ""), ("Coffee", "Treats", "with Ana"), ("Tea", "", "")]


@pytest.mark.parametrize("content", [csv(COFFEE), b"no,header\n1,2\n"], ids=["ready", "failed"])
async def test_only_a_completed_import_can_be_undone(person: Client, account_id: str, content: bytes) -> None:
    found = await brought(person, account_id, content, review=txn_pb2.REVIEW_ALWAYS)

    with pytest.raises(FailedPrecondition) as refused:
        await revert(person, found.id)

    assert refused.value.reason == "IMPORT_NOT_COMPLETED"
    assert await get(person, found.id) == found


async def test_a_file_read_again_into_another_account_leaves_the_first(person: Client, account_id: str) -> None:
    before = await figures(person, account_id)
    other = await person.open_account(name="Other")
    first = await brought(person, account_id, csv(COFFEE, TEA))

    second = await repeat(person, first.id, account_id=other.id)

    assert (second.state, second.imported_count, second.repeats_import_id) == (COMPLETED, 2, first.id)
    assert await figures(person, account_id) == before
    assert [one.description for one in await transactions(person, other.id)] == ["Coffee", "Tea"]
    gone = await get(person, first.id)
    assert gone is not None
    assert gone.state == REVERTED
    assert await differences(person, account_id) == await differences(person, other.id) == []


async def test_a_file_read_again_into_the_same_account_gives_the_same_ledger(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, BRIEF)
    await annotate(person, (await transactions(person, account_id))[0].id, "Pay", "")
    before = await figures(person, account_id)

    second = await repeat(person, first.id)

    assert (second.imported_count, second.duplicate_count) == (4, 0)
    assert await figures(person, account_id) == before
    assert (await transactions(person, account_id))[0].category == "Pay"
    assert await differences(person, account_id) == []


async def test_a_repeat_for_review_undoes_the_first_reading_as_it_plans(person: Client, account_id: str) -> None:
    before = await figures(person, account_id)
    first = await brought(person, account_id, csv(COFFEE, TEA))

    found = await repeat(person, first.id, review=txn_pb2.REVIEW_ALWAYS)

    assert (found.state, found.plan.create_count) == (READY, 2)
    assert await figures(person, account_id) == before
    assert (await commit(person, found)).imported_count == 2


async def test_a_repeat_that_cannot_be_read_leaves_the_first_reading(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE))
    before = await figures(person, account_id)

    found = await repeat(person, first.id, format_id="brief")

    assert found.state == FAILED
    assert await figures(person, account_id) == before
    kept = await get(person, first.id)
    assert kept is not None
    assert kept.state == COMPLETED


async def test_repeating_a_plan_discards_it(person: Client, account_id: str) -> None:
    other = await person.open_account(name="Other")
    first = await planned(person, account_id, csv(COFFEE))

    second = await repeat(person, first.id, account_id=other.id)

    gone = await get(person, first.id)
    assert gone is not None
    assert (gone.state, second.state, second.imported_count) == (DISCARDED, COMPLETED, 1)


async def test_a_repeat_with_the_same_key_is_one_repeat(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE))

    second = await repeat(person, first.id, idempotency_key="again")
    third = await repeat(person, first.id, idempotency_key="again")

    assert second.id == third.id
    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=account_id))
    assert len(listed.imports) == 2


async def test_an_unknown_format_is_refused(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE))

    with pytest.raises(InvalidArgument) as refused:
        await repeat(person, first.id, format_id="mt940")

    assert "format_id" in refused.value.fields
    assert len((await person.imports.ListImports(txn_pb2.ListImportsRequest(account_id=account_id))).imports) == 1


async def test_an_import_without_a_file_cannot_be_repeated(person: Client, account_id: str) -> None:
    request = txn_pb2.StartImportRequest(account_id=account_id, file_name="a.csv", size_bytes=1)
    started = (await person.imports.StartImport(request)).statement_import

    with pytest.raises(FailedPrecondition) as refused:
        await repeat(person, started.id)

    assert refused.value.reason == "IMPORT_NOT_REPEATABLE"


async def test_the_smallest_amount_can_be_undone(person: Client) -> None:
    account_id = (await person.open_account()).id
    before = await figures(person, account_id)
    done = await brought(person, account_id, csv("2026-07-01,x,-92233720368547758.08"))
    assert done.state == COMPLETED, done.failure

    await revert(person, done.id)

    assert await figures(person, account_id) == before


async def test_an_annotation_waits_until_its_row_is_imported_again(person: Client, account_id: str) -> None:
    done = await brought(person, account_id, csv(COFFEE))
    await annotate(person, (await transactions(person, account_id))[0].id, "Treats", "")
    await revert(person, done.id)
    by_hand = await record(person, account_id, booked_on="2026-07-01")
    await brought(person, account_id, csv(TEA))
    await person.transactions.DeleteTransaction(txn_pb2.DeleteTransactionRequest(transaction_id=by_hand.id))

    await brought(person, account_id, csv(COFFEE))

    assert [one.category for one in await transactions(person, account_id)] == ["Treats", ""]


async def test_an_import_is_read_again_once_at_a_time(person: Client, account_id: str) -> None:
    first = await brought(person, account_id, csv(COFFEE))
    open_one = await repeat(person, first.id, review=txn_pb2.REVIEW_ALWAYS)

    with pytest.raises(FailedPrecondition) as refused:
        await repeat(person, first.id)

    assert refused.value.reason == "IMPORT_NOT_REPEATABLE"
    await person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=open_one.id))
    assert (await repeat(person, first.id)).state == COMPLETED


async def test_undo_and_plans_are_quick_in_an_account_the_statistics_do_not_know(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    known = await person.open_account(name="Known")
    many = [f"2026-07-01,Known {number},{number}.00" for number in range(40_000)]
    await brought(person, known.id, csv(*many))
    async with await psycopg.AsyncConnection.connect(txn_urls.owner, autocommit=True) as connection:
        await connection.execute("ANALYZE")
    # Fewer than autovacuum looks at: as far as the planner knows, this account is empty.
    lines = [f"2026-07-01,New {number},{number}.00" for number in range(6_000)]
    first = await brought(person, account_id, csv(*lines[:4_000]))

    async with asyncio.timeout(10):
        second = await planned(person, account_id, csv(*lines[2_000:]))
        shown = await preview(person, first.id)
        done = await commit(person, second)
        after = await preview(person, first.id)
        gone = await revert(person, first.id)

    assert (shown.remove_count, shown.keep_count) == (4_000, 0)
    assert (done.imported_count, done.duplicate_count) == (2_000, 2_000)
    assert (after.remove_count, after.keep_count) == (2_000, 2_000)
    assert gone.state == REVERTED
    assert await differences(person, account_id) == []


async def test_undo_is_quick_of_rows_that_several_files_share(person: Client, account_id: str) -> None:
    lines = [f"2026-07-01,Shop {number},1.00" for number in range(20_000)]
    # Other bytes each: none of them shares the first one's rows as they were staged.
    first, *_ = [await brought(person, account_id, csv(*lines) + b"\n" * number) for number in range(4)]

    async with asyncio.timeout(10):
        shown = await preview(person, first.id)
        gone = await revert(person, first.id)

    assert (shown.remove_count, shown.keep_count) == (0, 20_000)
    assert gone.state == REVERTED
    assert await differences(person, account_id) == []
