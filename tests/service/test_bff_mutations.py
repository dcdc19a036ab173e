"""Changes: what reaches the services, and how a refusal comes back."""

from collections.abc import AsyncIterator

import pytest

from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import AlreadyExists, Internal, ResourceExhausted
from tests.service.bff_stage import ANN, BOB, Stage, account, open_stage

OPEN = """mutation ($input: AccountOpenInput!) { accountOpen(input: $input) {
  account { id name currencyCode balance { amount } openingBalance { amount } openingDate }
  userErrors { __typename code message path } } }"""
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


@pytest.mark.parametrize("kind", [AlreadyExists, ResourceExhausted])
async def test_refusal_a_person_can_act_on_is_a_user_error(stage: Stage, kind: type[AlreadyExists]) -> None:
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

    assert stage.txns.requests["StartImport"][0].review == pb.REVIEW_NEVER
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
