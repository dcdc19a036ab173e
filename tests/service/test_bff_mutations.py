"""Changes: what reaches the services, and how a refusal comes back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import Aborted, AlreadyExists, Internal, InvalidArgument, Refusal, ResourceExhausted
from tests.service.bff_stage import ANN, BOB, Stage, account, open_stage

OPEN = """mutation ($input: AccountOpenInput!) { accountOpen(input: $input) {
  account { id name currencyCode balance { amount } openingBalance { amount } openingDate }
  userErrors { __typename code message path } } }"""
UPDATE = """mutation ($input: AccountUpdateInput!) { accountUpdate(input: $input) {
  account { id name initialBalance { amount } } userErrors { code message path } } }"""
START = """mutation ($input: ImportStartInput!) { importStart(input: $input) {
  import { id state upload { url fields { name value } expireTime maxSizeBytes } account { id } }
  userErrors { code message path } } }"""
PROFILE = """mutation ($input: ProfileUpdateInput!) { profileUpdate(input: $input) {
  user { displayName locale timeZone } userErrors { code message path } } }"""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def test_account_opens_with_its_balance_in_minor_units(stage: Stage) -> None:
    given = {
        "name": "Daily",
        "kind": "DEBIT",
        "currencyCode": "KWD",
        "openingBalance": "-1.5",
        "openingDate": "2026-07-01",
        "idempotencyKey": "key-1",
    }

    payload = (await stage.data(OPEN, {"input": given}))["accountOpen"]

    assert stage.txns.requests["OpenAccount"] == [
        pb.OpenAccountRequest(
            name="Daily",
            kind=pb.ACCOUNT_KIND_DEBIT,
            currency_code="KWD",
            opening_balance_minor=-1500,
            opening_date="2026-07-01",
            idempotency_key="key-1",
        )
    ]
    assert payload["account"]["openingBalance"] == {"amount": "-1.500"}
    assert payload["userErrors"] == []


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"openingBalance": "0.001"}, "TOO_MANY_DECIMALS", ["input", "openingBalance"]),
        ({"openingBalance": "999999999999999999"}, "AMOUNT_TOO_LARGE", ["input", "openingBalance"]),
        ({"openingBalance": "1", "currencyCode": "XXX"}, "UNKNOWN_CURRENCY", ["input", "currencyCode"]),
    ],
)
async def test_amount_its_currency_cannot_hold_is_a_user_error(
    stage: Stage, change: dict[str, str], code: str, path: list[str]
) -> None:
    given = {"name": "Daily", "kind": "DEBIT", "currencyCode": "USD", **change}

    payload = (await stage.data(OPEN, {"input": given}))["accountOpen"]

    assert payload["account"] is None
    error = payload["userErrors"][0]
    assert (error["__typename"], error["code"], error["path"]) == ("InputError", code, path)
    assert stage.txns.calls["OpenAccount"] == 0


@pytest.mark.parametrize("kind", [Aborted, AlreadyExists, ResourceExhausted])
async def test_refusal_a_person_can_act_on_is_a_user_error(stage: Stage, kind: type[Refusal]) -> None:
    refusal = kind("There are enough.", reason="ENOUGH", fields={"opening_balance_minor": "too much"})
    stage.txns.failures["OpenAccount"] = refusal
    given = {"name": "Daily", "kind": "DEBIT", "currencyCode": "USD"}

    payload = (await stage.data(OPEN, {"input": given}))["accountOpen"]

    assert payload["userErrors"] == [
        {
            "__typename": "InputError",
            "code": "ENOUGH",
            "message": "There are enough.",
            "path": ["input", "openingBalance"],
        }
    ]


async def test_fault_in_a_mutation_is_an_error_and_not_the_persons(stage: Stage) -> None:
    stage.txns.failures["OpenAccount"] = Internal("canary")

    answer = await stage.ask(OPEN, {"input": {"name": "Daily", "kind": "DEBIT", "currencyCode": "USD"}})

    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "canary" not in answer.text


async def test_import_starts_with_the_form_to_post_the_file(stage: Stage) -> None:
    given = {"accountId": account(ANN, 0).id, "fileName": "brief.csv", "sizeBytes": 71}

    payload = (await stage.data(START, {"input": given}))["importStart"]

    assert stage.txns.requests["StartImport"][0].review == pb.REVIEW_WHEN_NEW
    assert payload["import"]["state"] == "AWAITING_UPLOAD"
    assert payload["import"]["upload"]["fields"][0]["name"] == "key"
    assert payload["import"]["account"] == {"id": account(ANN, 0).id}


async def test_import_into_anothers_account_is_a_user_error(stage: Stage) -> None:
    given = {"accountId": account(BOB, 0).id, "fileName": "brief.csv", "sizeBytes": 71}

    payload = (await stage.data(START, {"input": given}))["importStart"]

    assert payload["import"] is None
    assert payload["userErrors"][0]["path"] == ["input", "accountId"]


async def test_profile_changes_only_what_is_given(stage: Stage) -> None:
    stage.users.register(ANN)

    payload = (await stage.data(PROFILE, {"input": {"displayName": "Ann", "locale": None}}))["profileUpdate"]

    assert list(stage.users.requests["UpdateUser"][0].update_mask.paths) == ["display_name"]
    assert payload["user"] == {"displayName": "Ann", "locale": "en-US", "timeZone": "UTC"}


async def test_profile_of_a_person_who_is_new_is_registered_first(stage: Stage) -> None:
    payload = (await stage.data(PROFILE, {"input": {"displayName": "Ann"}}))["profileUpdate"]

    assert payload["user"]["displayName"] == "Ann"
    assert stage.users.calls == {"UpdateUser": 2, "EnsureUser": 1}


async def test_time_zone_that_is_none_is_a_user_error_at_its_field(stage: Stage) -> None:
    stage.users.register(ANN)

    payload = (await stage.data(PROFILE, {"input": {"timeZone": "Mars/Olympus"}}))["profileUpdate"]

    assert payload["userErrors"] == [
        {"code": "INVALID_TIME_ZONE", "message": "There is no such time zone.", "path": ["input", "timeZone"]}
    ]


async def test_account_changes_only_what_is_given(stage: Stage) -> None:
    stage.txns.currencies = ["KWD"]
    account_id = account(ANN, 0).id
    changes: list[dict[str, Any]] = [
        {"name": "Savings"},
        {"openingBalance": "1000.5", "openingDate": "2026-11-20"},
        {"openingDate": None},
        {"name": "Daily", "openingBalance": None},
    ]

    for given in changes:
        payload = (await stage.data(UPDATE, {"input": {"accountId": account_id, **given}}))["accountUpdate"]
        assert payload["userErrors"] == []
        assert payload["account"]["id"] == account_id

    sent = [(list(r.update_mask.paths), r.account) for r in stage.txns.requests["UpdateAccount"]]
    assert sent == [
        (["name"], pb.Account(id=account_id, name="Savings")),
        (
            ["opening_balance_minor", "opening_date"],
            pb.Account(id=account_id, opening_balance_minor=1_000_500, opening_date="2026-11-20"),
        ),
        (["opening_date"], pb.Account(id=account_id)),
        (["name"], pb.Account(id=account_id, name="Daily")),
    ]
    assert stage.txns.calls["BatchGetAccounts"] == 1  # for the currency of the one amount


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"openingBalance": "0.001"}, "TOO_MANY_DECIMALS", ["input", "openingBalance"]),
        ({"openingBalance": "1", "accountId": account(BOB, 0).id}, "ACCOUNT_NOT_FOUND", ["input"]),
        ({"openingBalance": "1", "accountId": "acct_x"}, "INVALID_ID", ["input", "accountId"]),
        ({"name": "x", "accountId": ""}, "INVALID_ID", ["input", "accountId"]),
        ({"name": None, "openingBalance": None}, "NOTHING_TO_CHANGE", ["input"]),
    ],
)
async def test_change_of_an_account_that_cannot_be_is_a_user_error_and_nothing_is_asked(
    stage: Stage, given: dict[str, str], code: str, path: list[str]
) -> None:
    payload = (await stage.data(UPDATE, {"input": {"accountId": account(ANN, 0).id, **given}}))["accountUpdate"]

    assert payload["account"] is None
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
    assert stage.txns.calls["UpdateAccount"] == 0


async def test_missing_account_is_the_same_refusal_whatever_is_changed(stage: Stage) -> None:
    """The bff finds it missing where it needs the currency, and the service where it does not."""
    stranger = {"accountId": account(BOB, 0).id}

    payloads = [
        (await stage.data(UPDATE, {"input": {**stranger, **given}}))["accountUpdate"]
        for given in ({"openingBalance": "1"}, {"name": "x"})
    ]

    assert stage.txns.calls["UpdateAccount"] == 1
    assert payloads[0] == payloads[1]


async def test_field_of_a_changed_account_is_named_as_the_input_names_it(stage: Stage) -> None:
    fields = {"account.opening_balance_minor": "too much", "account.opening_date": "too early", "account.name": "empty"}
    stage.txns.failures["UpdateAccount"] = InvalidArgument("Not so.", fields=fields)

    payload = (await stage.data(UPDATE, {"input": {"accountId": account(ANN, 0).id, "name": ""}}))["accountUpdate"]

    assert [error["path"] for error in payload["userErrors"]] == [
        ["input", "openingBalance"],
        ["input", "openingDate"],
        ["input", "name"],
    ]


async def test_account_closes_and_reopens(stage: Stage) -> None:
    query = """mutation ($input: AccountIdInput!) { closed: accountClose(input: $input) { account { id isClosed } }
      reopened: accountReopen(input: $input) { account { isClosed } userErrors { code } } }"""
    account_id = account(ANN, 0).id

    data = await stage.data(query, {"input": {"accountId": account_id}})

    assert stage.txns.requests["CloseAccount"] == [pb.CloseAccountRequest(account_id=account_id)]
    assert stage.txns.requests["ReopenAccount"] == [pb.ReopenAccountRequest(account_id=account_id)]
    assert data["closed"] == {"account": {"id": account_id, "isClosed": True}}
    assert data["reopened"] == {"account": {"isClosed": False}, "userErrors": []}


@pytest.mark.parametrize("name", ["accountClose", "accountReopen"])
async def test_account_of_another_is_not_closed_or_reopened(stage: Stage, name: str) -> None:
    query = f"""mutation ($input: AccountIdInput!) {{ {name}(input: $input) {{ account {{ id }}
      userErrors {{ code message path }} }} }}"""

    payload = (await stage.data(query, {"input": {"accountId": account(BOB, 0).id}}))[name]

    error = {"code": "ACCOUNT_NOT_FOUND", "message": "There is no such account.", "path": ["input"]}
    assert payload == {"account": None, "userErrors": [error]}
