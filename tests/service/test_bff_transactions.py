"""Transactions by hand: recorded, categorised, annotated and taken back, and how each refusal comes back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import Aborted, FailedPrecondition, InvalidArgument
from tests.service.bff_stage import ANN, BOB, Stage, account, open_stage, some_id

ACCOUNT = account(ANN, 0).id
FIRST, SECOND = (some_id("txn", f"{ACCOUNT}/{number}") for number in range(2))
FIELDS = "{ id bookedOn amount { amount currencyCode } description category note isManual import { id } line }"
ERRORS = "userErrors { code message path }"
RECORD = f"""mutation ($input: TransactionRecordInput!) {{ transactionRecord(input: $input) {{
  transaction {FIELDS} {ERRORS} }} }}"""
UPDATE = f"""mutation ($input: TransactionUpdateInput!) {{ transactionUpdate(input: $input) {{
  transaction {{ id category note }} {ERRORS} }} }}"""
UPDATE_MANY = f"""mutation ($input: TransactionsUpdateInput!) {{ transactionsUpdate(input: $input) {{
  transactions {{ id category note }} {ERRORS} }} }}"""
DELETE = f"""mutation ($input: TransactionIdInput!) {{ transactionDelete(input: $input) {{
  transaction {{ id account {{ balance {{ amount }} }} }} {ERRORS} }} }}"""
COFFEE = {"accountId": ACCOUNT, "bookedOn": "2026-07-15", "amount": "-4.5", "description": "Coffee"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def change(stage: Stage, query: str, **given: Any) -> Any:
    (payload,) = (await stage.data(query, {"input": given})).values()
    return payload


async def test_record_is_made_in_the_accounts_own_minor_units(stage: Stage) -> None:
    stage.txns.currencies = ["KWD"]

    payload = await change(stage, RECORD, **COFFEE, category="Food", note="with Bob", idempotencyKey="key-1")

    assert stage.txns.requests["RecordTransaction"] == [
        pb.RecordTransactionRequest(
            account_id=ACCOUNT,
            booked_on="2026-07-15",
            amount_minor=-4500,
            currency_code="KWD",
            description="Coffee",
            category="Food",
            note="with Bob",
            idempotency_key="key-1",
        )
    ]
    assert payload["userErrors"] == []
    assert payload["transaction"] == {
        "id": some_id("txn", "key-1"),
        "bookedOn": "2026-07-15",
        "amount": {"amount": "-4.500", "currencyCode": "KWD"},
        "description": "Coffee",
        "category": "Food",
        "note": "with Bob",
        "isManual": True,
        "import": None,
        "line": None,
    }


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"amount": "0.001"}, "TOO_MANY_DECIMALS", ["input", "amount"]),
        ({"amount": "999999999999999999"}, "AMOUNT_TOO_LARGE", ["input", "amount"]),
        ({"accountId": account(BOB, 0).id}, "ACCOUNT_NOT_FOUND", ["input"]),
        ({"accountId": FIRST}, "INVALID_ID", ["input", "accountId"]),
        ({"accountId": ""}, "INVALID_ID", ["input", "accountId"]),
    ],
)
async def test_record_that_cannot_be_is_a_user_error_and_nothing_is_asked(
    stage: Stage, given: dict[str, str], code: str, path: list[str]
) -> None:
    payload = await change(stage, RECORD, **{**COFFEE, **given})

    assert payload["transaction"] is None
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
    assert stage.txns.calls["RecordTransaction"] == 0


@pytest.mark.parametrize(
    ("refusal", "paths"),
    [
        (Aborted("It is committing. Try again.", reason="ACCOUNT_BUSY"), [["input"]]),
        (FailedPrecondition("It is closed.", reason="ACCOUNT_CLOSED"), [["input"]]),
        (
            InvalidArgument("Not so.", fields={"booked_on": "too early", "amount_minor": "must not be zero"}),
            [["input", "bookedOn"], ["input", "amount"]],
        ),
    ],
)
async def test_refusal_of_a_record_is_a_user_error(stage: Stage, refusal: Any, paths: list[list[str]]) -> None:
    stage.txns.failures["RecordTransaction"] = refusal

    payload = await change(stage, RECORD, **COFFEE)

    assert payload["transaction"] is None
    assert [error["path"] for error in payload["userErrors"]] == paths
    assert {error["code"] for error in payload["userErrors"]} == {refusal.reason}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"category": "Food"}, {"category": "Food"}),
        ({"category": "Food", "note": None}, {"category": "Food"}),
        ({"category": None, "note": ""}, {"note": ""}),
        ({"category": "", "note": "with Bob"}, {"category": "", "note": "with Bob"}),
    ],
)
async def test_what_is_left_out_or_null_stays_and_what_is_empty_is_cleared(
    stage: Stage, given: dict[str, Any], asked: dict[str, str]
) -> None:
    one = await change(stage, UPDATE, transactionId=FIRST, **given)
    many = await change(stage, UPDATE_MANY, transactionIds=[SECOND, FIRST], **given)

    assert stage.txns.requests["UpdateTransactions"] == [
        pb.UpdateTransactionsRequest(transaction_ids=[FIRST], **asked),
        pb.UpdateTransactionsRequest(transaction_ids=[SECOND, FIRST], **asked),
    ]
    assert one["transaction"]["id"] == FIRST
    assert [each["id"] for each in many["transactions"]] == [SECOND, FIRST]
    assert one["userErrors"] == many["userErrors"] == []


async def test_one_that_is_missing_refuses_them_all(stage: Stage) -> None:
    stranger = some_id("txn", f"{account(BOB, 0).id}/0")

    one = await change(stage, UPDATE, transactionId=stranger, note="x")
    many = await change(stage, UPDATE_MANY, transactionIds=[FIRST, stranger], note="x")

    assert (one["transaction"], many["transactions"]) == (None, None)
    assert one["userErrors"][0]["code"] == many["userErrors"][0]["code"] == "TRANSACTION_NOT_FOUND"


async def test_id_at_fault_is_named_as_the_input_names_it(stage: Stage) -> None:
    refusal = InvalidArgument("No id.", reason="INVALID_ID", fields={"transaction_ids[1]": "must be a whole id"})
    stage.txns.failures["UpdateTransactions"] = refusal

    one = await change(stage, UPDATE, transactionId="txn_x", note="x")
    many = await change(stage, UPDATE_MANY, transactionIds=[FIRST, "txn_x"], note="x")

    assert one["userErrors"][0]["path"] == ["input", "transactionId"]
    assert many["userErrors"][0]["path"] == ["input", "transactionIds", "1"]
    assert stage.txns.calls["UpdateTransactions"] == 1


async def test_record_that_is_gone_is_null_and_one_that_a_file_also_claims_stays(stage: Stage) -> None:
    gone = await change(stage, DELETE, transactionId=FIRST)
    stage.txns.is_claimed = True
    stays = await change(stage, DELETE, transactionId=FIRST)

    assert stage.txns.requests["DeleteTransaction"] == [pb.DeleteTransactionRequest(transaction_id=FIRST)] * 2
    assert gone == {"transaction": None, "userErrors": []}
    assert stays == {"transaction": {"id": FIRST, "account": {"balance": {"amount": "39.74"}}}, "userErrors": []}


async def test_imported_one_is_not_deleted(stage: Stage) -> None:
    stage.txns.failures["DeleteTransaction"] = FailedPrecondition("It was imported.", reason="NOT_MANUAL")

    payload = await change(stage, DELETE, transactionId=FIRST)

    error = {"code": "NOT_MANUAL", "message": "It was imported.", "path": ["input"]}
    assert payload == {"transaction": None, "userErrors": [error]}


async def test_account_is_read_again_after_a_change(stage: Stage) -> None:
    """Its currency had been loaded before; its balance is another one now."""
    query = """mutation ($input: TransactionRecordInput!) { transactionRecord(input: $input) {
      transaction { account { balance { amount } } } } }"""

    await stage.data(query, {"input": COFFEE})

    assert stage.asked() == {"RecordTransaction": 1, "BatchGetAccounts": 2}
