"""The bff before the real user_svc and txn_svc: what one promises is what the other keeps."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.service.bff_stage import Person, open_bff
from tests.service.ledger import JULY_AND_AUGUST, Booked, book
from tests.service.txn import Txn
from tests.service.users import UserSvc

OPEN = "mutation ($input: AccountOpenInput!) { accountOpen(input: $input) { account { id } userErrors { code path } } }"


@pytest.fixture(scope="module")
def txn(txn_importing: Txn) -> Txn:
    return txn_importing


@pytest.fixture(scope="module")
async def client(users: UserSvc, txn: Txn) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_bff(users, txn.port) as opened:
        yield opened


@pytest.fixture
def person(client: httpx2.AsyncClient, users: UserSvc) -> Person:
    return Person(client, users.issuer)


async def test_new_person_is_registered_and_may_change_their_profile(person: Person) -> None:
    change = """mutation { profileUpdate(input: {displayName: "Ann", timeZone: "America/Mexico_City"}) {
      user { displayName timeZone } userErrors { code } } }"""

    before = await person.data("{ viewer { user { id email emailState } } }")
    changed = await person.data(change)
    node = await person.data("query ($id: ID!) { node(id: $id) { id } }", id=before["viewer"]["user"]["id"])

    assert before["viewer"]["user"]["email"] == f"{person.subject}@example.com"
    assert changed["profileUpdate"]["user"] == {"displayName": "Ann", "timeZone": "America/Mexico_City"}
    assert node["node"] == {"id": before["viewer"]["user"]["id"]}


async def test_figures_of_the_brief_come_through(person: Person, txn: Txn) -> None:
    account_id = await person.open_account()
    await book(await txn.person(person.subject), account_id, JULY_AND_AUGUST)

    data = await person.data("""{ viewer { accounts { balance { amount } ledgerDigest summary { averageDebit { amount }
      averageCredit { amount } months { month transactionCount averageCredit { amount } } } } } }""")

    (account,) = data["viewer"]["accounts"]
    assert account["balance"] == {"amount": "39.74"}
    assert len(account["ledgerDigest"]) == 64
    assert account["summary"] == {
        "averageDebit": {"amount": "-15.38"},
        "averageCredit": {"amount": "35.25"},
        "months": [
            {"month": "2026-07", "transactionCount": 2, "averageCredit": {"amount": "60.50"}},
            {"month": "2026-08", "transactionCount": 2, "averageCredit": {"amount": "10.00"}},
        ],
    }


async def test_pages_go_through_a_ledger_forward_and_back(person: Person, txn: Txn) -> None:
    account_id = await person.open_account()
    await book(
        await txn.person(person.subject),
        account_id,
        [Booked(f"2026-07-0{1 + n % 5}", n, f"row {n}") for n in range(1, 26)],
    )
    query = """query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { viewer { account(id: $id) {
      transactions(first: $first, after: $after, last: $last, before: $before) { totalCount
        nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""

    async def page(**asked: Any) -> tuple[list[str], dict[str, Any]]:
        found = (await person.data(query, id=account_id, **asked))["viewer"]["account"]["transactions"]
        assert found["totalCount"] == 25
        return [node["id"] for node in found["nodes"]], found["pageInfo"]

    first, info = await page(first=10)
    second, info = await page(first=10, after=info["endCursor"])
    third, end = await page(first=10, after=info["endCursor"])
    back, _ = await page(last=10, before=info["startCursor"])
    last, _ = await page(last=5)

    assert len({*first, *second, *third}) == 25
    assert (end["hasNextPage"], end["hasPreviousPage"]) == (False, True)
    assert back == first
    assert last == third


async def test_cursor_of_another_list_is_a_400(person: Person, txn: Txn) -> None:
    mine, other = await person.open_account(), await person.open_account()
    await book(await txn.person(person.subject), mine, [Booked("2026-07-01", 1, "row")])
    query = """query ($id: ID!, $after: String) { viewer { account(id: $id) {
      transactions(after: $after) { pageInfo { endCursor } } } } }"""
    page = (await person.data(query, id=mine))["viewer"]["account"]["transactions"]["pageInfo"]

    answers = [await person.ask(query, id=other, after=after) for after in (page["endCursor"], "x", "-1", "💥")]

    assert {answer.status_code for answer in answers} == {400}
    assert {answer.json()["errors"][0]["extensions"]["reason"] for answer in answers} == {"INVALID_PAGE_TOKEN"}


async def test_account_of_another_looks_like_a_missing_one(
    person: Person, client: httpx2.AsyncClient, users: UserSvc
) -> None:
    account_id = await person.open_account()
    stranger = Person(client, users.issuer)
    query = "query ($id: ID!) { node(id: $id) { id } viewer { account(id: $id) { id } } }"

    mine, theirs = await person.data(query, id=account_id), await stranger.data(query, id=account_id)

    assert mine == {"node": {"id": account_id}, "viewer": {"account": {"id": account_id}}}
    assert theirs == {"node": None, "viewer": {"account": None}}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, ["input", "name"]),
        ({"currencyCode": "ABC"}, ["input", "currencyCode"]),
        ({"openingDate": "1026-07-01"}, ["input", "openingDate"]),
    ],
)
async def test_refusal_of_the_service_names_the_clients_own_field(
    person: Person, change: dict[str, str], path: list[str]
) -> None:
    given = {"name": "Daily", "kind": "DEBIT", "currencyCode": "USD", **change}

    payload = (await person.data(OPEN, input=given))["accountOpen"]

    assert payload["account"] is None
    assert payload["userErrors"][0]["path"] == path


async def test_same_key_opens_one_account(person: Person) -> None:
    first = await person.open_account(idempotencyKey="once")
    second = await person.open_account(idempotencyKey="once")

    assert first == second
    assert len((await person.data("{ viewer { accounts { id } } }"))["viewer"]["accounts"]) == 1
