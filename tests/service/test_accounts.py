"""AccountService, over real gRPC and a real database."""

import asyncio
from typing import Any

import psycopg
import pytest

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import from_id, new_id, to_id
from runtime.refusals import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Refusal,
    ResourceExhausted,
    Unauthenticated,
)
from tests.service.ledger import JULY_AND_AUGUST, Booked, book
from tests.service.tokens import Issuer
from tests.service.txn import SERVICES, Client, Txn, ledger_servicers, serving_txn
from txn_svc.ledger.digest import DigestRow, ledger_digest
from txn_svc.settings import LedgerSettings

FULL = txn_pb2.ACCOUNT_VIEW_FULL


@pytest.fixture(scope="module")
def txn(txn_importing: Txn) -> Txn:
    return txn_importing


def absent() -> str:
    return to_id("acct", new_id())


async def get(client: Client, account_id: str, view: txn_pb2.AccountView.ValueType = FULL) -> txn_pb2.Account:
    request = txn_pb2.GetAccountRequest(account_id=account_id, view=view)
    return (await client.accounts.GetAccount(request)).account


async def summary(client: Client, account_id: str, first: str = "", last: str = "") -> txn_pb2.Summary:
    months = txn_pb2.MonthRange(from_month=first, until_month=last)
    request = txn_pb2.GetSummaryRequest(account_id=account_id, months=months)
    return (await client.accounts.GetSummary(request)).summary


async def refusal_of(opening: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await opening
    return caught.value


def audited(urls: DatabaseUrls, action: str, resource: str) -> list[tuple[str, str]]:
    with psycopg.connect(urls.application) as connection:
        query = "SELECT actor_kind, actor FROM audit_event WHERE action = %s AND resource = %s"
        return connection.execute(query, (action, resource)).fetchall()


# -- opening ----------------------------------------------------------------------------------------------------------
async def test_opened_account_is_read_back_as_it_was_opened(txn: Txn) -> None:
    client = await txn.person()

    opened = await client.open_account(
        name="Café 👨‍👩‍👧", kind=txn_pb2.ACCOUNT_KIND_CREDIT, opening_balance_minor=-(2**63), opening_date="2026-07-01"
    )

    assert opened == await get(client, opened.id, txn_pb2.ACCOUNT_VIEW_BASIC)
    assert (opened.name, opened.kind, opened.currency_code) == ("Café 👨‍👩‍👧", txn_pb2.ACCOUNT_KIND_CREDIT, "USD")
    assert opened.balance_minor == opened.opening_balance_minor == -(2**63)
    assert (opened.opening_date, opened.access, opened.owner_subject) == ("2026-07-01", txn_pb2.ACCESS_OWNER, "")
    assert opened.HasField("create_time")
    assert not opened.HasField("close_time")


async def test_opening_is_audited(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()

    opened = await client.open_account()

    assert audited(txn_urls, "OpenAccount", opened.id) == [("person", client.subject)]


WRONG: dict[str, list[Any]] = {
    "name": ["", "   ", "x" * 101, "a\x00b", "a\nb", "a\x1b[31m", "a\u202eb", "\ue000", "a\u2028b"],
    "kind": [0, 3, -1],
    "currency_code": ["", "usd", "XYZ", "US", "USDX", "\x00"],
    "opening_date": [
        "2026-7-1",
        "20260701",
        "2026-02-30",
        "2026-W01-1",
        "0000-01-01",
        "9999-12-31",
        "\x00",
        "２０２６-01-01",
    ],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
async def test_wrong_field_is_named(txn: Txn, field: str, value: Any) -> None:
    client = await txn.person()

    refusal = await refusal_of(client.open_account(**{field: value}))

    assert isinstance(refusal, InvalidArgument)
    assert list(refusal.fields) == [field]


async def test_all_wrong_fields_are_named_at_once(txn: Txn) -> None:
    client = await txn.person()

    refusal = await refusal_of(client.open_account(name="", currency_code="XXX", opening_date="x"))

    assert sorted(refusal.fields) == ["currency_code", "name", "opening_date"]


async def test_one_account_more_than_a_holder_may_have_is_refused_and_the_limit_named(
    txn_database: Database, issuer: Issuer
) -> None:
    settings = LedgerSettings(environment="local", accounts_per_holder=3)
    async with serving_txn(issuer, ledger_servicers(txn_database, settings), SERVICES) as txn:
        client = await txn.person()

        answers = await asyncio.gather(*(client.open_account() for _ in range(6)), return_exceptions=True)

        refusals = [answer for answer in answers if isinstance(answer, Exception)]
        assert len(refusals) == 3
        for refusal in refusals:
            assert isinstance(refusal, ResourceExhausted)
            assert refusal.reason == "TOO_MANY_ACCOUNTS"
            assert refusal.metadata == {"accounts_per_holder": "3"}
            assert "3" in refusal.message
        assert len((await client.accounts.ListAccounts(txn_pb2.ListAccountsRequest())).accounts) == 3


# -- idempotency ------------------------------------------------------------------------------------------------------
async def test_repeat_with_the_same_key_gives_the_first_answer(txn: Txn) -> None:
    client = await txn.person()

    first = await client.open_account(idempotency_key="k-1")
    again = await client.open_account(idempotency_key="k-1")

    assert first == again
    assert len((await client.accounts.ListAccounts(txn_pb2.ListAccountsRequest())).accounts) == 1


async def test_concurrent_repeats_have_one_effect_and_equal_answers(txn: Txn) -> None:
    client = await txn.person()

    answers = await asyncio.gather(*(client.open_account(idempotency_key="k-2") for _ in range(20)))

    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert len((await client.accounts.ListAccounts(txn_pb2.ListAccountsRequest())).accounts) == 1


async def test_key_with_another_request_is_refused(txn: Txn) -> None:
    client = await txn.person()
    await client.open_account(idempotency_key="k-3")

    refusal = await refusal_of(client.open_account(idempotency_key="k-3", name="Other"))

    assert (type(refusal), refusal.reason) == (FailedPrecondition, "IDEMPOTENCY_KEY_REUSED")


async def test_key_of_one_person_means_nothing_for_another(txn: Txn) -> None:
    first, second = await txn.person(), await txn.person()

    assert (await first.open_account(idempotency_key="k")).id != (await second.open_account(idempotency_key="k")).id


async def test_refused_request_does_not_use_up_its_key(txn: Txn) -> None:
    client = await txn.person()
    await refusal_of(client.open_account(idempotency_key="k-4", name=""))

    assert (await client.open_account(idempotency_key="k-4")).id


async def test_key_is_forgotten_after_seven_days(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()
    first = await client.open_account(idempotency_key="k-5")
    with psycopg.connect(txn_urls.owner) as owner:
        owner.execute("UPDATE idempotency_key SET create_time = now() - interval '7 days 1 second'")

    assert (await client.open_account(idempotency_key="k-5", name="Other")).id != first.id


@pytest.mark.parametrize("key", ["x" * 129, "a\x00", "\n", " "])
async def test_malformed_key_is_refused(txn: Txn, key: str) -> None:
    client = await txn.person()

    refusal = await refusal_of(client.open_account(idempotency_key=key))

    assert (type(refusal), list(refusal.fields)) == (InvalidArgument, ["idempotency_key"])


# -- who sees what ----------------------------------------------------------------------------------------------------
async def test_another_persons_account_looks_like_a_missing_one(txn: Txn) -> None:
    owner, stranger = await txn.person(), await txn.person()
    opened = await owner.open_account()

    others = await refusal_of(get(stranger, opened.id))
    missing = await refusal_of(get(stranger, absent()))
    summaries = [await refusal_of(summary(stranger, account_id)) for account_id in (opened.id, absent())]

    assert isinstance(others, NotFound)
    assert len({(one.message, one.reason, str(one.metadata)) for one in (others, missing, *summaries)}) == 1


async def test_batch_answers_in_the_order_of_its_ids_with_the_missing_ones(txn: Txn) -> None:
    client, stranger = await txn.person(), await txn.person()
    mine, other, foreign = await client.open_account(), await client.open_account(), await stranger.open_account()
    asked = [other.id, foreign.id, absent(), mine.id, other.id]

    accounts = await client.accounts.BatchGetAccounts(txn_pb2.BatchGetAccountsRequest(account_ids=asked))
    summaries = await client.accounts.BatchGetSummaries(txn_pb2.BatchGetSummariesRequest(account_ids=asked))

    assert [result.account_id for result in accounts.results] == asked
    assert [result.account.id for result in accounts.results] == [other.id, "", "", mine.id, other.id]
    assert [result.HasField("account") for result in accounts.results] == [True, False, False, True, True]
    assert [result.account_id for result in summaries.results] == asked
    assert [result.HasField("summary") for result in summaries.results] == [True, False, False, True, True]


async def test_service_reads_every_account_and_learns_its_owner(txn: Txn) -> None:
    owner, service = await txn.person(), await txn.service()
    opened = await owner.open_account()

    seen = await get(service, opened.id)

    assert (seen.owner_subject, seen.access) == (owner.subject, txn_pb2.ACCESS_UNSPECIFIED)


async def test_service_opens_and_lists_no_account(txn: Txn) -> None:
    service = await txn.service()

    for refused in (service.open_account(), service.accounts.ListAccounts(txn_pb2.ListAccountsRequest())):
        assert isinstance(await refusal_of(refused), PermissionDenied)


async def test_service_without_the_scope_reads_nothing(txn: Txn) -> None:
    service, owner = await txn.service(scope="stori/users.read"), await txn.person()
    opened = await owner.open_account()

    assert isinstance(await refusal_of(get(service, opened.id)), PermissionDenied)


async def test_support_reads_every_account_and_is_audited(txn: Txn, txn_urls: DatabaseUrls) -> None:
    owner, support = await txn.person(), await txn.support()
    opened = await owner.open_account()

    seen = await get(support, opened.id)
    await summary(support, opened.id)

    assert (seen.access, seen.owner_subject) == (txn_pb2.ACCESS_SUPPORT, owner.subject)
    assert audited(txn_urls, "GetAccount", opened.id) == [("person", support.subject)]
    assert audited(txn_urls, "GetSummary", opened.id) == [("person", support.subject)]


async def test_support_lists_only_accounts_of_its_own(txn: Txn) -> None:
    owner, support = await txn.person(), await txn.support()
    await owner.open_account()

    assert not (await support.accounts.ListAccounts(txn_pb2.ListAccountsRequest())).accounts


async def test_owner_reading_his_account_is_not_audited(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()
    opened = await client.open_account()

    await get(client, opened.id)

    assert audited(txn_urls, "GetAccount", opened.id) == []


async def test_without_a_token_nothing_is_answered(txn: Txn) -> None:
    client = await txn._client("nobody", "not-a-token")

    assert isinstance(await refusal_of(client.open_account()), Unauthenticated)


# -- lists and ids ----------------------------------------------------------------------------------------------------
async def test_accounts_are_listed_oldest_first_page_by_page(txn: Txn) -> None:
    client = await txn.person()
    opened = [(await client.open_account()).id for _ in range(5)]

    listed, token = [], ""
    for _ in range(3):
        request = txn_pb2.ListAccountsRequest(page_size=2, page_token=token)
        page = await client.accounts.ListAccounts(request)
        listed += [account.id for account in page.accounts]
        token = page.next_page_token

    assert listed == opened
    assert token == ""


@pytest.mark.parametrize("size", [-1, 101, 2**31 - 1, -(2**31)])
async def test_page_size_out_of_bounds_is_refused(txn: Txn, size: int) -> None:
    client = await txn.person()

    refusal = await refusal_of(client.accounts.ListAccounts(txn_pb2.ListAccountsRequest(page_size=size)))

    assert (type(refusal), list(refusal.fields)) == (InvalidArgument, ["page_size"])


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "\x00", "A" * 46, "A" * 10_000, "====", "!" * 46])
async def test_forged_page_token_is_refused(txn: Txn, token: str) -> None:
    client = await txn.person()

    refusal = await refusal_of(client.accounts.ListAccounts(txn_pb2.ListAccountsRequest(page_token=token)))

    assert (type(refusal), refusal.reason) == (InvalidArgument, "INVALID_PAGE_TOKEN")


@pytest.mark.parametrize("account_id", ["", "acct_", "x", "txn_01k9zzzzzzzzzzzzzzzzzzzzzz", "\x00", "acct_" + "z" * 26])
async def test_malformed_id_is_refused(txn: Txn, account_id: str) -> None:
    client = await txn.person()
    batch = txn_pb2.BatchGetAccountsRequest(account_ids=[absent(), account_id])

    one = await refusal_of(get(client, account_id))
    many = await refusal_of(client.accounts.BatchGetAccounts(batch))

    assert (type(one), one.reason, list(one.fields)) == (InvalidArgument, "INVALID_ID", ["account_id"])
    assert (type(many), many.reason, list(many.fields)) == (InvalidArgument, "INVALID_ID", ["account_ids[1]"])


async def test_batch_of_more_than_a_hundred_is_refused(txn: Txn) -> None:
    client = await txn.person()
    request = txn_pb2.BatchGetSummariesRequest(account_ids=[absent() for _ in range(101)])

    assert (await refusal_of(client.accounts.BatchGetSummaries(request))).reason == "TOO_MANY_IDS"


# -- summaries --------------------------------------------------------------------------------------------------------
async def test_summary_has_the_figures_of_the_brief(txn: Txn) -> None:
    client = await txn.person()
    opened = await client.open_account()
    await book(client, opened.id, JULY_AND_AUGUST)

    found = await summary(client, opened.id)

    assert (found.balance_minor, found.transaction_count, found.currency_code) == (3974, 4, "USD")
    assert (found.average_credit_minor, found.average_debit_minor) == (3525, -1538)
    july, august = found.months
    assert (july.month, july.transaction_count, july.credit_total_minor, july.debit_total_minor) == (
        *("2026-07", 2),
        *(6050, -1030),
    )
    assert (july.average_credit_minor, july.average_debit_minor, july.closing_balance_minor) == (6050, -1030, 5020)
    assert (august.month, august.transaction_count, august.closing_balance_minor) == ("2026-08", 2, 3974)


async def test_months_are_contiguous_and_a_month_without_rows_has_no_average(txn: Txn) -> None:
    client = await txn.person()
    opened = await client.open_account(opening_balance_minor=100)
    await book(client, opened.id, [Booked("2025-11-30", 5), Booked("2026-02-01", -7)])

    found = await summary(client, opened.id)

    assert [month.month for month in found.months] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert [month.closing_balance_minor for month in found.months] == [105, 105, 105, 98]
    assert not found.months[1].HasField("average_credit_minor")
    assert not found.months[0].HasField("average_debit_minor")


@pytest.mark.parametrize(
    ("first", "last", "months", "balance"),
    [
        ("2026-08", "", ["2026-08"], 3974),
        ("", "2026-07", ["2026-07"], 5020),
        ("2026-06", "2026-07", ["2026-06", "2026-07"], 5020),
        ("2026-05", "2026-06", ["2026-05", "2026-06"], 0),
        ("", "2026-06", [], 0),
        ("2026-09", "", [], 3974),
        ("2026-09", "2026-10", ["2026-09", "2026-10"], 3974),
    ],
)
async def test_asked_range_ends_with_its_own_balance(
    txn: Txn, first: str, last: str, months: list[str], balance: int
) -> None:
    client = await txn.person()
    opened = await client.open_account()
    await book(client, opened.id, JULY_AND_AUGUST)

    found = await summary(client, opened.id, first, last)

    assert [month.month for month in found.months] == months
    assert found.balance_minor == balance
    assert found.transaction_count == sum(month.transaction_count for month in found.months)


async def test_summary_of_an_account_without_rows_is_its_opening_balance(txn: Txn) -> None:
    client = await txn.person()
    opened = await client.open_account(opening_balance_minor=-7)

    found = await summary(client, opened.id)

    assert (found.balance_minor, found.transaction_count, list(found.months)) == (-7, 0, [])
    assert not found.HasField("average_credit_minor")


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("2026-13", "", "from_month"), ("", "2026-7", "until_month"), ("2026-08", "2026-07", "until_month")],
)
async def test_malformed_range_is_refused(txn: Txn, first: str, last: str, field: str) -> None:
    client = await txn.person()
    opened = await client.open_account()

    refusal = await refusal_of(summary(client, opened.id, first, last))

    assert (type(refusal), list(refusal.fields)) == (InvalidArgument, [f"months.{field}"])


async def test_more_months_than_one_answer_holds_are_refused_and_the_bound_named(txn: Txn) -> None:
    client = await txn.person()
    opened = [(await client.open_account()).id for _ in range(11)]
    months = txn_pb2.MonthRange(from_month="1900-01", until_month="2199-12")
    request = txn_pb2.BatchGetSummariesRequest(account_ids=opened, months=months)

    refusal = await refusal_of(client.accounts.BatchGetSummaries(request))
    longest = await summary(client, opened[0], "1900-01", "2199-12")

    assert (refusal.reason, refusal.metadata) == ("TOO_MANY_MONTHS", {"summary_months": "36000"})
    assert len(longest.months) == 3600


async def test_sums_beyond_64_bits_are_refused_not_wrong(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()
    opened = await client.open_account(opening_balance_minor=-(2**62))
    await book(client, opened.id, [Booked("2026-07-01", 2**63 - 1), Booked("2026-08-01", -(2**62))])
    # No import can bring an account there (test_imports_figures.py); the schema's owner can, behind the triggers.
    with psycopg.connect(txn_urls.owner) as owner:
        change = "UPDATE account_month SET credit_total_minor = %s WHERE account_id = %s AND month = '2026-08-01'"
        owner.execute(change, (2**62, from_id("acct", opened.id)))

    assert (await refusal_of(summary(client, opened.id))).reason == "FIGURES_TOO_LARGE"


# -- digest -----------------------------------------------------------------------------------------------------------
async def test_digest_is_that_of_the_rows_and_only_in_the_full_view(txn: Txn) -> None:
    client = await txn.person()
    opened = await client.open_account()
    await book(client, opened.id, JULY_AND_AUGUST)
    rows = [row.digest_row() for row in JULY_AND_AUGUST]

    full = [(await get(client, opened.id)).ledger_digest for _ in range(2)]
    batch = txn_pb2.BatchGetAccountsRequest(account_ids=[opened.id], view=FULL)
    listed = await client.accounts.ListAccounts(txn_pb2.ListAccountsRequest(view=FULL))

    assert full == [ledger_digest(rows)] * 2
    assert (await client.accounts.BatchGetAccounts(batch)).results[0].account.ledger_digest == full[0]
    assert listed.accounts[0].ledger_digest == full[0]
    assert (await get(client, opened.id, txn_pb2.ACCOUNT_VIEW_BASIC)).ledger_digest == ""


async def test_digest_returns_with_the_ledger(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()
    opened = await client.open_account()
    empty = (await get(client, opened.id)).ledger_digest

    await book(client, opened.id, JULY_AND_AUGUST)
    booked = (await get(client, opened.id)).ledger_digest
    with psycopg.connect(txn_urls.application) as connection:
        connection.execute("DELETE FROM transaction WHERE account_id = %s", (from_id("acct", opened.id),))

    assert booked != empty
    assert (await get(client, opened.id)).ledger_digest == empty == ledger_digest(list[DigestRow]())


async def test_digest_belongs_to_the_balance_beside_it_while_rows_arrive(txn: Txn) -> None:
    client = await txn.person()
    opened = await client.open_account()
    rows = [Booked(f"2026-07-{day:02d}", 1, f"row {day}") for day in range(1, 13)]
    expected = {count: ledger_digest([row.digest_row() for row in rows[:count]]) for count in range(len(rows) + 1)}

    async def write() -> None:
        for row in rows:
            await book(client, opened.id, [row])

    writing = asyncio.create_task(write())
    seen = []
    while not writing.done():
        seen += await asyncio.gather(*(get(client, opened.id) for _ in range(4)))
    await writing
    seen.append(await get(client, opened.id))

    assert [one.ledger_digest for one in seen] == [expected[one.balance_minor] for one in seen]
    assert seen[-1].balance_minor == len(rows)


@pytest.mark.parametrize("view", [3, -1])
async def test_unknown_view_is_refused(txn: Txn, view: Any) -> None:
    client = await txn.person()
    opened = await client.open_account()

    assert list((await refusal_of(get(client, opened.id, view))).fields) == ["view"]
