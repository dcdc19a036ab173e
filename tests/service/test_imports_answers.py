"""An import that asks: what is asked, what an answer does, and what is remembered of it."""

import asyncio

import psycopg
import pytest
from prometheus_client import REGISTRY

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.ids import from_id
from runtime.refusals import Aborted, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from tests.service.importing import Uploads, account, events, get, start
from tests.service.messaging import eventually
from tests.service.outcomes import figures, import_of
from tests.service.reviewing import (
    COMPLETED,
    CREATE,
    DISCARDED,
    NEEDS_ANSWER,
    READY,
    REVERTED,
    answer,
    answering,
    asking,
    brought,
    commit,
    differences,
    repeat,
    resting,
    revert,
    rows,
    transactions,
)
from tests.service.txn import Client, Txn

ALWAYS, WHEN_NEW = txn_pb2.REVIEW_ALWAYS, txn_pb2.REVIEW_WHEN_NEW
HEADER = b"date,description,amount\n"
# Nothing in it decides which number of a date is the month.
UNCLEAR = HEADER + b"3/4/2026,Coffee,-3.50\n5/6/2026,Tea,-2.00\n"
DAYS = {"DMY": ["2026-04-03", "2026-06-05"], "MDY": ["2026-03-04", "2026-05-06"]}


async def booked(client: Client, account_id: str) -> list[str]:
    return [one.booked_on for one in await transactions(client, account_id)]


async def refused(client: Client, request: txn_pb2.AnswerImportRequest) -> FailedPrecondition:
    with pytest.raises(FailedPrecondition) as refusal:
        await client.imports.AnswerImport(request)
    return refusal.value


def actions(urls: DatabaseUrls, import_id: str) -> list[str]:
    with psycopg.connect(urls.owner) as connection:
        query = "SELECT action FROM audit_event WHERE resource = %s ORDER BY id"
        return [action for (action,) in connection.execute(query, [import_id]).fetchall()]


def staged(urls: DatabaseUrls, import_id: str) -> int:
    with psycopg.connect(urls.owner) as connection:
        query = "SELECT count(*) FROM import_row WHERE import_id = %s"
        (count,) = connection.execute(query, [from_id("imp", import_id)]).fetchone() or (-1,)
        return int(count)


async def test_what_a_file_leaves_open_is_asked_with_the_rows_as_each_answer_reads_them(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    before = await figures(person, account_id)

    found = await asking(person, account_id, UNCLEAR)

    (question,) = found.questions
    assert (question.id, question.property) == ("DATE_ORDER", txn_pb2.STATEMENT_PROPERTY_DATE_ORDER)
    assert question.message
    assert {option.id: [row.booked_on for row in option.rows] for option in question.options} == DAYS
    for option in question.options:
        assert option.label
        assert [(row.line, row.outcome, row.amount_minor) for row in option.rows] == [
            (2, CREATE, -350),
            (3, CREATE, -200),
        ]
        assert list(option.rows[0].cells) == ["3/4/2026", "Coffee", "-3.50"]
    assert (found.row_count, found.plan.digest, found.HasField("finish_time")) == (0, "", False)
    assert staged(txn_urls, found.id) == 0
    assert await rows(person, found.id) == []
    assert await figures(person, account_id) == before


@pytest.mark.parametrize("order", DAYS)
async def test_a_file_is_read_as_it_was_answered(person: Client, account_id: str, order: str) -> None:
    found = await asking(person, account_id, UNCLEAR, review=ALWAYS)

    ready = await answer(person, found.id, DATE_ORDER=order)
    done = await commit(person, ready)

    assert (ready.state, ready.plan.create_count, list(ready.questions)) == (READY, 2, [])
    (finding,) = (one for one in ready.findings if one.property == txn_pb2.STATEMENT_PROPERTY_DATE_ORDER)
    assert (finding.basis, finding.value) == (txn_pb2.FINDING_BASIS_ANSWERED, order)
    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert await booked(person, account_id) == DAYS[order]
    assert (await account(person, account_id)).balance_minor == 9_450
    assert await differences(person, account_id) == []


async def test_without_a_review_the_answer_is_all_that_it_waits_for(person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)

    done = await answer(person, found.id, DATE_ORDER="DMY")

    assert (done.state, done.imported_count) == (COMPLETED, 2)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ([], "answers"),
        ([("DATE_ORDER", "YMD")], "answers[0].option_id"),
        ([("DATE_ORDER", "")], "answers[0].option_id"),
        ([("DATE_ORDER", "D\0MY")], "answers[0].option_id"),
        ([("SIGN", "DEBITS")], "answers[0].question_id"),
        ([("SIGN", "DEBITS")], "answers"),
        ([("DATE_ORDER", "DMY"), ("SIGN", "DEBITS")], "answers[1].question_id"),
        ([("DATE_ORDER", "DMY"), ("DATE_ORDER", "DMY")], "answers[1].question_id"),
        ([("nonsense", "DMY")], "answers[0].question_id"),
        ([("DATE_ORDER", "DMY")] * 1_000, "answers[1].question_id"),
    ],
)
async def test_what_answers_something_else_is_refused_and_changes_nothing(
    person: Client, account_id: str, answers: list[tuple[str, str]], field: str
) -> None:
    found = await asking(person, account_id, UNCLEAR)

    with pytest.raises(InvalidArgument) as refusal:
        await person.imports.AnswerImport(answering(found.id, *answers))

    assert field in refusal.value.fields
    assert await get(person, found.id) == found


async def test_another_persons_import_cannot_be_answered(txn_importing: Txn, person: Client, account_id: str) -> None:
    found, stranger = await asking(person, account_id, UNCLEAR), await txn_importing.person()

    with pytest.raises(NotFound) as refusal:
        await stranger.imports.AnswerImport(answering(found.id, ("DATE_ORDER", "DMY")))

    assert refusal.value.reason == "IMPORT_NOT_FOUND"
    assert await get(person, found.id) == found


async def test_the_same_answer_again_changes_nothing_and_another_is_refused(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    found = await asking(person, account_id, UNCLEAR)
    done = await answer(person, found.id, DATE_ORDER="DMY")
    told = await events(txn_urls, found.id)

    again = await person.imports.AnswerImport(answering(found.id, ("DATE_ORDER", "DMY")))
    refusal = await refused(person, answering(found.id, ("DATE_ORDER", "MDY")))

    assert again.statement_import == done
    assert refusal.reason == "IMPORT_NOT_ASKING"
    assert await get(person, found.id) == done
    assert await events(txn_urls, found.id) == told


async def test_an_import_that_asks_nothing_takes_no_answer(person: Client, account_id: str) -> None:
    done = await brought(person, account_id)

    refusal = await refused(person, answering(done.id, ("DATE_ORDER", "DMY")))

    assert refusal.reason == "IMPORT_NOT_ASKING"
    assert await get(person, done.id) == done


async def test_of_many_answers_at_once_one_counts(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    found = await asking(person, account_id, UNCLEAR)
    calls = [person.imports.AnswerImport(answering(found.id, ("DATE_ORDER", order))) for order in ["DMY", "MDY"] * 5]

    said = await asyncio.gather(*calls, return_exceptions=True)

    done = await resting(person, found.id)
    (finding,) = (one for one in done.findings if one.property == txn_pb2.STATEMENT_PROPERTY_DATE_ORDER)
    reasons = {one.reason for one in said if isinstance(one, FailedPrecondition | Aborted)}
    assert reasons <= {"IMPORT_NOT_ASKING", "ACCOUNT_BUSY"}
    assert 1 <= sum(isinstance(one, txn_pb2.AnswerImportResponse) for one in said) <= 5
    assert await booked(person, account_id) == DAYS[finding.value]
    assert actions(txn_urls, found.id).count("AnswerImport") == 1


async def test_an_import_that_asks_can_be_discarded(person: Client, account_id: str, txn_urls: DatabaseUrls) -> None:
    found = await asking(person, account_id, UNCLEAR)
    label = {"state": "DISCARDED", "failure_code": ""}
    settled = REGISTRY.get_sample_value("stori_imports_settled_total", label) or 0

    for _ in range(2):
        await person.imports.DiscardImport(txn_pb2.DiscardImportRequest(import_id=found.id))

    await eventually(lambda: REGISTRY.get_sample_value("stori_imports_settled_total", label) == settled + 1)
    gone = await resting(person, found.id)
    assert (gone.state, list(gone.questions)) == (DISCARDED, [])
    assert (await refused(person, answering(found.id, ("DATE_ORDER", "DMY")))).reason == "IMPORT_NOT_ASKING"
    assert actions(txn_urls, found.id)[-1] == "DiscardImport"


async def test_nothing_is_answered_in_a_closed_account(person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)
    await person.accounts.CloseAccount(txn_pb2.CloseAccountRequest(account_id=account_id))

    assert (await refused(person, answering(found.id, ("DATE_ORDER", "DMY")))).reason == "ACCOUNT_CLOSED"

    assert await get(person, found.id) == found


async def test_imports_that_await_an_answer_count_as_waiting(person: Client, account_id: str) -> None:
    await asking(person, account_id, UNCLEAR)
    for _ in range(19):
        await start(person, account_id)

    with pytest.raises(ResourceExhausted) as refusal:
        await start(person, account_id)

    assert refusal.value.reason == "TOO_MANY_WAITING_IMPORTS"


async def test_imports_that_ask_are_listed_by_their_state(person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)
    await brought(person, account_id)

    listed = await person.imports.ListImports(txn_pb2.ListImportsRequest(states=[NEEDS_ANSWER]))

    assert list(listed.imports) == [found]


async def test_a_stream_goes_on_over_a_question(person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)
    stream = aiter(person.imports.WatchImports(txn_pb2.WatchImportsRequest(import_id=found.id), timeout=30))
    first = await anext(stream)

    await person.imports.AnswerImport(answering(found.id, ("DATE_ORDER", "DMY")))

    seen = [change.statement_import.state async for change in stream]
    assert first.statement_import == found
    assert seen[-1] == COMPLETED


async def test_whoever_dropped_a_file_that_asks_is_told_once_and_without_what_it_says(
    person: Client, account_id: str, uploads: Uploads, txn_urls: DatabaseUrls
) -> None:
    await uploads.put(f"drops/{account_id}/unclear.csv", UNCLEAR)

    found = await resting(person, await import_of(person, account_id))

    (told,) = await events(txn_urls, found.id)
    assert (found.state, told["type"]) == (NEEDS_ANSWER, "stori.txn.v1.ImportNeedsAnswer")
    assert told["data"] == {
        "importId": found.id,
        "accountId": account_id,
        "holderSubject": person.subject,
        "questionIds": ["DATE_ORDER"],
    }
    assert actions(txn_urls, found.id) == ["TakeImport", "AskImport"]
    assert (await answer(person, found.id, DATE_ORDER="DMY")).state == COMPLETED
    kinds = [event["type"].rpartition(".")[2] for event in await events(txn_urls, found.id)]
    assert kinds == ["ImportNeedsAnswer", "ImportDue", "ImportCompleted"]


async def test_the_next_file_of_the_same_header_is_not_asked_about_in_this_account_only(
    person: Client, account_id: str
) -> None:
    other = (await person.open_account()).id
    await answer(person, (await asking(person, account_id, UNCLEAR)).id, DATE_ORDER="DMY")

    later = await brought(person, account_id, HEADER + b"7/8/2026,Bread,-1.00\n", review=WHEN_NEW)
    elsewhere = await brought(person, other, HEADER + b"7/8/2026,Bread,-1.00\n", review=WHEN_NEW)

    (finding,) = (one for one in later.findings if one.property == txn_pb2.STATEMENT_PROPERTY_DATE_ORDER)
    assert (later.state, finding.basis, finding.value) == (COMPLETED, txn_pb2.FINDING_BASIS_REMEMBERED, "DMY")
    assert await booked(person, account_id) == [*DAYS["DMY"], "2026-08-07"]
    assert elsewhere.state == NEEDS_ANSWER


async def test_what_was_answered_is_forgotten_with_an_undo(person: Client, account_id: str) -> None:
    done = await answer(person, (await asking(person, account_id, UNCLEAR)).id, DATE_ORDER="DMY")
    await revert(person, done.id)

    again = await brought(person, account_id, UNCLEAR)

    assert again.state == NEEDS_ANSWER


async def test_the_same_file_again_shares_its_rows_though_it_was_asked_about_once(
    person: Client, account_id: str, txn_urls: DatabaseUrls
) -> None:
    await answer(person, (await asking(person, account_id, UNCLEAR)).id, DATE_ORDER="DMY")

    again = await brought(person, account_id, UNCLEAR)

    assert (again.state, again.duplicate_count, staged(txn_urls, again.id)) == (COMPLETED, 2, 0)


async def test_a_repeat_may_bring_its_answers(person: Client, account_id: str) -> None:
    found = await asking(person, account_id, UNCLEAR)

    answers = answering("", ("DATE_ORDER", "MDY"), ("SIGN", "DEBITS")).answers
    done = await repeat(person, found.id, answers=answers)

    gone = await get(person, found.id)
    assert (done.state, done.imported_count) == (COMPLETED, 2)
    assert gone is not None
    assert gone.state == DISCARDED
    assert await booked(person, account_id) == DAYS["MDY"]


async def test_a_wrong_answer_is_mended_by_a_repeat_which_asks_again(person: Client, account_id: str) -> None:
    wrong = await answer(person, (await asking(person, account_id, UNCLEAR)).id, DATE_ORDER="DMY")

    again = await repeat(person, wrong.id)
    between = await booked(person, account_id)
    done = await answer(person, again.id, DATE_ORDER="MDY")

    first = await get(person, wrong.id)
    assert (again.state, between) == (NEEDS_ANSWER, DAYS["DMY"])
    assert (done.state, await booked(person, account_id)) == (COMPLETED, DAYS["MDY"])
    assert first is not None
    assert first.state == REVERTED


@pytest.mark.parametrize(("question", "option"), [("nonsense", "DMY"), ("DATE_ORDER", "")])
async def test_a_repeat_with_what_can_be_no_answer_is_refused(
    person: Client, account_id: str, question: str, option: str
) -> None:
    found = await asking(person, account_id, UNCLEAR)
    answers = answering("", (question, option)).answers

    with pytest.raises(InvalidArgument):
        await person.imports.RepeatImport(txn_pb2.RepeatImportRequest(import_id=found.id, answers=answers))

    assert await get(person, found.id) == found


async def test_the_formats_are_those_that_a_request_may_name(txn_importing: Txn, person: Client) -> None:
    listed = await person.imports.ListStatementFormats(txn_pb2.ListStatementFormatsRequest())

    ids = [one.id for one in listed.formats]
    assert {"brief", "plain", "stori"} <= set(ids)
    assert ids == sorted(ids)
    assert all(one.name for one in listed.formats)
    for one in ids:
        # One person may not wait for so many.
        holder = await txn_importing.person()
        await start(holder, (await holder.open_account()).id, format_id=one)
