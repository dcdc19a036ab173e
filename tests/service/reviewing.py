"""What a person does with an import beside uploading it: looks at its plan, commits it, undoes it, reads it again."""

from typing import Any

from protos.txn.v1 import txn_pb2
from tests.service.importing import BRIEF, get, post, start
from tests.service.messaging import eventually
from tests.service.txn import Client

NEEDS_ANSWER = txn_pb2.IMPORT_STATE_NEEDS_ANSWER
READY = txn_pb2.IMPORT_STATE_READY
COMPLETED = txn_pb2.IMPORT_STATE_COMPLETED
FAILED = txn_pb2.IMPORT_STATE_FAILED
REVERTED = txn_pb2.IMPORT_STATE_REVERTED
DISCARDED = txn_pb2.IMPORT_STATE_DISCARDED
RESTING = (NEEDS_ANSWER, READY, COMPLETED, FAILED, REVERTED, DISCARDED)
"""The states in which nothing happens by itself any more."""

CREATE = txn_pb2.ROW_OUTCOME_CREATE
DUPLICATE = txn_pb2.ROW_OUTCOME_DUPLICATE
REJECT = txn_pb2.ROW_OUTCOME_REJECT


async def resting(client: Client, import_id: str) -> txn_pb2.Import:
    """The import once nothing happens to it by itself."""
    found = txn_pb2.Import()

    async def is_resting() -> bool:
        nonlocal found
        seen = await get(client, import_id)
        assert seen is not None
        found = seen
        return seen.state in RESTING

    await eventually(is_resting, 30)
    return found


async def brought(client: Client, account_id: str, content: bytes = BRIEF, **changes: Any) -> txn_pb2.Import:
    """Uploads a file, without a review unless `changes` say so, and gives the import once it rests."""
    started = await start(client, account_id, content, **changes)
    assert await post(started.upload, content) == 204
    return await resting(client, started.id)


async def planned(client: Client, account_id: str, content: bytes = BRIEF, **changes: Any) -> txn_pb2.Import:
    """Uploads a file for review, and gives the import with its plan."""
    found = await brought(client, account_id, content, review=txn_pb2.REVIEW_ALWAYS, **changes)
    assert found.state == READY, found.failure
    return found


async def asking(client: Client, account_id: str, content: bytes, **changes: Any) -> txn_pb2.Import:
    """Uploads a file that leaves something open, and gives the import with its questions."""
    found = await brought(client, account_id, content, **changes)
    assert found.state == NEEDS_ANSWER, found.failure
    return found


async def answer(client: Client, import_id: str, **answers: str) -> txn_pb2.Import:
    """Answers by question, and gives the import once it rests."""
    await client.imports.AnswerImport(answering(import_id, *answers.items()))
    return await resting(client, import_id)


def answering(import_id: str, *answers: tuple[str, str]) -> txn_pb2.AnswerImportRequest:
    given = [txn_pb2.ImportAnswer(question_id=question, option_id=option) for question, option in answers]
    return txn_pb2.AnswerImportRequest(import_id=import_id, answers=given)


async def commit(client: Client, found: txn_pb2.Import) -> txn_pb2.Import:
    """Commits the plan that was looked at, and gives the import once it rests."""
    request = txn_pb2.CommitImportRequest(import_id=found.id, plan_digest=found.plan.digest)
    await client.imports.CommitImport(request)
    return await resting(client, found.id)


async def revert(client: Client, import_id: str, preview_digest: str = "") -> txn_pb2.Import:
    request = txn_pb2.RevertImportRequest(import_id=import_id, preview_digest=preview_digest)
    await client.imports.RevertImport(request)
    return await resting(client, import_id)


async def repeat(client: Client, import_id: str, **changes: Any) -> txn_pb2.Import:
    """Reads the file again, without a review unless `changes` say so; the new import once it rests."""
    values = {"import_id": import_id, "review": txn_pb2.REVIEW_NEVER, **changes}
    answer = await client.imports.RepeatImport(txn_pb2.RepeatImportRequest(**values))
    return await resting(client, answer.statement_import.id)


async def preview(client: Client, import_id: str) -> txn_pb2.RevertPreview:
    return (await client.imports.PreviewRevert(txn_pb2.PreviewRevertRequest(import_id=import_id))).preview


async def decide(client: Client, import_id: str, line: int, outcome: txn_pb2.RowOutcome.ValueType) -> txn_pb2.Import:
    request = txn_pb2.DecideImportRowRequest(import_id=import_id, line=line, outcome=outcome)
    return (await client.imports.DecideImportRow(request)).statement_import


async def rows(client: Client, import_id: str, **changes: Any) -> list[txn_pb2.ImportRow]:
    request = txn_pb2.ListImportRowsRequest(**{"import_id": import_id, "page_size": 100, **changes})
    return list((await client.imports.ListImportRows(request)).rows)


async def transactions(client: Client, account_id: str, **changes: Any) -> list[txn_pb2.Transaction]:
    """Of the account, oldest first."""
    order = txn_pb2.TRANSACTION_ORDER_BOOKED_ASC
    values = {"account_ids": [account_id], "order": order, "page_size": 100, **changes}
    return list((await client.transactions.ListTransactions(txn_pb2.ListTransactionsRequest(**values))).transactions)


async def differences(client: Client, account_id: str) -> list[tuple[str, str, str]]:
    answer = await client.accounts.VerifyAccount(txn_pb2.VerifyAccountRequest(account_id=account_id))
    return [(one.figure, one.kept, one.computed) for one in answer.differences]


async def record(client: Client, account_id: str, **changes: Any) -> txn_pb2.Transaction:
    values = {
        "account_id": account_id,
        "booked_on": "2026-07-20",
        "amount_minor": -350,
        "description": "Coffee",
        **changes,
    }
    return (await client.transactions.RecordTransaction(txn_pb2.RecordTransactionRequest(**values))).transaction


def csv(*lines: str) -> bytes:
    """A statement in the plain layout: "2026-07-01,Coffee,-3.50"."""
    return ("date,description,amount\n" + "".join(f"{line}\n" for line in lines)).encode()
