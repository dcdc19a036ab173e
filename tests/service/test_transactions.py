"""TransactionService, over real gRPC and a real database."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database
from runtime.ids import from_id, new_id, to_id
from runtime.refusals import InvalidArgument, NotFound, Refusal
from tests.service.importing import newest
from tests.service.ledger import JULY_AND_AUGUST, Booked, book
from tests.service.txn import Client, Txn

BOOKED_DESC = txn_pb2.TRANSACTION_ORDER_BOOKED_DESC
BOOKED_ASC = txn_pb2.TRANSACTION_ORDER_BOOKED_ASC
AMOUNT_DESC = txn_pb2.TRANSACTION_ORDER_AMOUNT_DESC
AMOUNT_ASC = txn_pb2.TRANSACTION_ORDER_AMOUNT_ASC
ORDERS = (BOOKED_DESC, BOOKED_ASC, AMOUNT_DESC, AMOUNT_ASC)
Page = txn_pb2.ListTransactionsResponse


@pytest.fixture(scope="module")
def txn(txn_importing: Txn) -> Txn:
    return txn_importing


# Ties in date and in amount, over two months.
MANY = [Booked(f"2026-0{7 + number % 2}-{1 + number % 5:02}", number % 4 - 1, f"n{number}") for number in range(23)]


async def listed(client: Client, *account_ids: str, **fields: Any) -> Page:
    narrow = txn_pb2.TransactionFilter(**fields.pop("narrow", {}))
    request = txn_pb2.ListTransactionsRequest(account_ids=account_ids, filter=narrow, **fields)
    return await client.transactions.ListTransactions(request)


async def walked(client: Client, *account_ids: str, **fields: Any) -> list[Page]:
    """All pages, each read with the token of the one before."""
    pages = [await listed(client, *account_ids, **fields)]
    while pages[-1].next_page_token:
        pages.append(await listed(client, *account_ids, page_token=pages[-1].next_page_token, **fields))
    return pages


async def refusal_of(calling: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await calling
    return caught.value


async def refusal_if_any(calling: Any) -> InvalidArgument | None:
    """Any other refusal is raised."""
    try:
        await calling
    except InvalidArgument as refusal:
        return refusal
    return None


async def opened_with(client: Client, rows: Sequence[Booked], **changes: Any) -> str:
    account = await client.open_account(**changes)
    await book(client, account.id, rows)
    return account.id


def categorize(urls: DatabaseUrls, category: str, *transaction_ids: str) -> None:
    """What the RPC that sets a category will do, by the statement that the application's role is granted for it."""
    ids = [from_id("txn", one) for one in transaction_ids]
    with psycopg.connect(urls.application) as connection:
        connection.execute("UPDATE transaction SET category = %s WHERE id = ANY(%s)", (category, ids))


def descriptions(page: Page) -> list[str]:
    return [one.description for one in page.transactions]


def in_order(rows: list[txn_pb2.Transaction], order: int) -> list[txn_pb2.Transaction]:
    by_amount, descending = order in (AMOUNT_DESC, AMOUNT_ASC), order in (BOOKED_DESC, AMOUNT_DESC)
    return sorted(rows, key=lambda row: (row.amount_minor if by_amount else row.booked_on, row.id), reverse=descending)


# -- single ones ------------------------------------------------------------------------------------------------------
async def test_transaction_is_given_as_it_was_booked(txn: Txn, txn_urls: DatabaseUrls) -> None:
    client = await txn.person()
    account = await client.open_account()
    [transaction_id] = await book(client, account.id, [Booked("2026-07-15", -(2**63), "=1+1")])
    categorize(txn_urls, "food", transaction_id)

    [found] = (await listed(client, account.id)).transactions

    assert found.HasField("create_time")
    found.ClearField("create_time")
    assert found == txn_pb2.Transaction(
        id=transaction_id,
        account_id=account.id,
        booked_on="2026-07-15",
        amount_minor=-(2**63),
        currency_code="USD",
        description="=1+1",
        category="food",
        import_id=(await newest(client, account.id)).id,
        line=2,
    )


async def test_batch_answers_in_the_order_of_its_ids_with_the_missing_ones(txn: Txn) -> None:
    client, stranger = await txn.person(), await txn.person()
    account_id, foreign_id = [(await one.open_account()).id for one in (client, stranger)]
    mine = await book(client, account_id, JULY_AND_AUGUST)
    foreign = await book(stranger, foreign_id, JULY_AND_AUGUST)
    asked = [mine[3], foreign[0], to_id("txn", new_id()), mine[0], mine[3]]
    request = txn_pb2.BatchGetTransactionsRequest(transaction_ids=asked)

    results = (await client.transactions.BatchGetTransactions(request)).results

    assert [result.transaction_id for result in results] == asked
    assert [result.transaction.id for result in results] == [mine[3], "", "", mine[0], mine[3]]
    assert not results[1].HasField("transaction")


async def test_service_and_support_get_any_transaction_and_support_is_audited(txn: Txn, txn_urls: DatabaseUrls) -> None:
    owner, service, support = await txn.person(), await txn.service(), await txn.support()
    account = await owner.open_account()
    transaction_ids = await book(owner, account.id, JULY_AND_AUGUST[:1])
    request = txn_pb2.BatchGetTransactionsRequest(transaction_ids=transaction_ids)

    for client in (service, support):
        assert (await client.transactions.BatchGetTransactions(request)).results[0].transaction.amount_minor == 6050
        assert len((await listed(client, account.id)).transactions) == 1

    with psycopg.connect(txn_urls.application) as connection:
        query = "SELECT actor, action FROM audit_event WHERE resource = %s AND action <> 'OpenAccount' ORDER BY id"
        rows = connection.execute(query, (account.id,)).fetchall()
    assert rows == [(support.subject, "BatchGetTransactions"), (support.subject, "ListTransactions")]


# -- pages ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("backward", [False, True])
async def test_pages_hold_every_row_once_and_in_order(txn: Txn, order: int, backward: bool) -> None:
    client = await txn.person()
    account_id = await opened_with(client, MANY)
    everything = list((await listed(client, account_id, page_size=100)).transactions)

    pages = await walked(client, account_id, order=order, page_size=5, backward=backward)

    assert [len(page.transactions) for page in pages] == [5, 5, 5, 5, 3]
    rows = [row for page in (pages[::-1] if backward else pages) for row in page.transactions]
    assert rows == in_order(everything, order)


async def test_default_order_is_the_newest_booking_first(txn: Txn) -> None:
    client = await txn.person()
    account_id = await opened_with(client, JULY_AND_AUGUST)

    page = await listed(client, account_id)

    assert [row.booked_on for row in page.transactions] == ["2026-08-13", "2026-08-02", "2026-07-28", "2026-07-15"]


@pytest.mark.parametrize("order", ORDERS)
async def test_page_goes_on_after_or_before_any_row(txn: Txn, order: int) -> None:
    client = await txn.person()
    account_id = await opened_with(client, MANY)
    whole = await listed(client, account_id, order=order, page_size=100)
    rows, token = list(whole.transactions), whole.page_tokens[10]

    after = await listed(client, account_id, order=order, page_size=4, page_token=token)
    before = await listed(client, account_id, order=order, page_size=4, page_token=token, backward=True)

    assert list(after.transactions) == rows[11:15]
    assert list(before.transactions) == rows[6:10]
    assert list(after.page_tokens) == list(whole.page_tokens[11:15])
    assert (after.next_page_token, before.next_page_token) == (after.page_tokens[-1], before.page_tokens[0])


async def test_page_that_ends_the_list_has_no_next_token(txn: Txn) -> None:
    client = await txn.person()
    account_id = await opened_with(client, JULY_AND_AUGUST)

    page = await listed(client, account_id, page_size=4)

    assert (len(page.transactions), page.next_page_token) == (4, "")


async def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others(txn: Txn) -> None:
    client = await txn.person()
    account_id = await opened_with(client, MANY[:10])
    first = await listed(client, account_id, page_size=5)

    await book(client, account_id, [Booked("2026-08-31", 1, "new"), Booked("2026-01-01", 1, "old")])
    second = await listed(client, account_id, page_size=100, page_token=first.next_page_token)

    assert len({*descriptions(first), *descriptions(second)}) == 11
    assert "new" not in descriptions(second)


async def test_all_of_the_callers_accounts_are_merged_in_order(txn: Txn) -> None:
    client, stranger = await txn.person(), await txn.person()
    for part in (MANY[:8], MANY[8:15], MANY[15:]):
        await opened_with(client, part)
    await opened_with(stranger, [Booked("2026-07-15", 1, "foreign")])

    pages = await walked(client, page_size=6)

    rows = [row for page in pages for row in page.transactions]
    assert rows == in_order(rows, BOOKED_DESC)
    assert sorted(row.description for row in rows) == sorted(row.description for row in MANY)


async def test_person_without_accounts_has_an_empty_list(txn: Txn) -> None:
    client = await txn.person()

    page = await listed(client, with_totals=True)

    assert (list(page.transactions), page.total_count, page.HasField("total_minor")) == ([], 0, False)


async def test_another_persons_account_looks_like_a_missing_one(txn: Txn) -> None:
    client, stranger = await txn.person(), await txn.person()
    mine = await opened_with(client, JULY_AND_AUGUST)
    foreign = await opened_with(stranger, JULY_AND_AUGUST)

    refusals = [await refusal_of(listed(client, mine, one)) for one in (foreign, to_id("acct", new_id()))]

    assert {(type(one), one.message, one.reason) for one in refusals} == {
        (NotFound, "There is no such account.", "ACCOUNT_NOT_FOUND")
    }


# -- tokens -----------------------------------------------------------------------------------------------------------
async def test_token_of_another_list_is_refused(txn: Txn) -> None:
    client = await txn.person()
    account_id, other = [await opened_with(client, MANY) for _ in range(2)]
    token = (await listed(client, account_id, page_size=3)).next_page_token

    for refused in (
        listed(client, account_id, page_token=token, order=BOOKED_ASC),
        listed(client, account_id, page_token=token, order=AMOUNT_DESC),
        listed(client, account_id, page_token=token, narrow={"text": "n"}),
        listed(client, other, page_token=token),
        listed(client, account_id, other, page_token=token),
        listed(client, page_token=token),
    ):
        refusal = await refusal_of(refused)
        assert (type(refusal), refusal.reason) == (InvalidArgument, "INVALID_PAGE_TOKEN")


@pytest.fixture(scope="module")
async def forger(txn: Txn) -> tuple[Client, str]:
    """Somebody, and an account with MANY."""
    client = await txn.person()
    return client, await opened_with(client, MANY)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
async def test_no_forged_token_is_an_error_of_ours(forger: tuple[Client, str], data: st.DataObject) -> None:
    client, account_id = forger
    order = data.draw(st.sampled_from(ORDERS))
    token = (await listed(client, account_id, page_size=1, order=order)).next_page_token
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=4)):
        raw[at] ^= data.draw(st.integers(1, 255))
    forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    refusal = await refusal_if_any(listed(client, account_id, page_token=forged, order=order))

    assert refusal is None or refusal.reason == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize("size", [-1, 101])
async def test_page_size_out_of_bounds_is_refused(txn: Txn, size: int) -> None:
    client = await txn.person()

    assert list((await refusal_of(listed(client, page_size=size))).fields) == ["page_size"]


# -- filters ----------------------------------------------------------------------------------------------------------
SHOPS = (
    Booked("2026-07-01", -500, "AMAZON.COM*MK4 Café"),
    Booked("2026-07-02", -700, "Uber *Trip 8005928996-CA"),
    Booked("2026-07-03", 900, "Refund: it's O'Brien & Söhne"),
    Booked("2026-07-04", 0, "日本 スーパー"),
)


@pytest.fixture(scope="module")
async def shops(txn: Txn, txn_urls: DatabaseUrls) -> tuple[Client, str]:
    """An account with SHOPS, and its owner."""
    client = await txn.person()
    account = await client.open_account()
    amazon, uber, refund, _ = await book(client, account.id, SHOPS)
    categorize(txn_urls, "shopping", amazon, refund)
    categorize(txn_urls, "travel", uber)
    return client, account.id


@pytest.mark.parametrize(
    ("narrow", "days"),
    [
        ({}, [1, 2, 3, 4]),
        ({"from_date": "2026-07-02", "until_date": "2026-07-03"}, [2, 3]),
        ({"from_date": "2026-07-05"}, []),
        ({"min_amount_minor": -500, "max_amount_minor": 0}, [1, 4]),
        ({"min_amount_minor": 0}, [3, 4]),
        ({"max_amount_minor": -(2**63)}, []),
        ({"direction": txn_pb2.DIRECTION_CREDIT}, [3]),
        ({"direction": txn_pb2.DIRECTION_DEBIT}, [1, 2]),
        ({"category": "shopping"}, [1, 3]),
        ({"import_id": to_id("imp", new_id())}, []),
        ({"text": "amazon"}, [1]),
        ({"text": "com"}, [1]),
        ({"text": "AMAZON.COM"}, [1]),
        ({"text": "caf mk"}, [1]),
        ({"text": "CAFÉ"}, [1]),
        ({"text": "8005928996"}, [2]),
        ({"text": "ca"}, [1, 2]),
        ({"text": "ca trip"}, [2]),
        ({"text": "söh"}, [3]),
        ({"text": "o'brien"}, [3]),
        ({"text": "日本"}, [4]),
        ({"text": "mazon"}, []),
        ({"text": "***"}, [1, 2, 3, 4]),
        ({"text": "amazon | uber"}, []),
        ({"text": "!amazon"}, [1]),
        ({"text": "amazon:*B & !("}, []),
        ({"text": "' \\"}, [1, 2, 3, 4]),
        ({"text": "%"}, [1, 2, 3, 4]),
        ({"text": "“”"}, []),
    ],
)
async def test_filter_lets_through_what_matches(
    shops: tuple[Client, str], narrow: dict[str, Any], days: list[int]
) -> None:
    client, account_id = shops

    page = await listed(client, account_id, order=BOOKED_ASC, narrow=narrow, with_totals=True)

    assert [int(row.booked_on[-2:]) for row in page.transactions] == days
    assert page.total_count == len(days)
    assert page.total_minor == sum(SHOPS[day - 1].amount_minor for day in days)


@settings(max_examples=150, deadline=None)
@given(words=st.text(max_size=60))
async def test_no_text_is_an_error_of_ours(forger: tuple[Client, str], words: str) -> None:
    client, account_id = forger

    refusal = await refusal_if_any(listed(client, account_id, narrow={"text": words}))

    assert refusal is None or list(refusal.fields) == ["filter.text"]


@pytest.mark.parametrize(
    ("narrow", "field"),
    [
        ({"text": "a\x00"}, "filter.text"),
        ({"text": "x" * 101}, "filter.text"),
        ({"category": "\x00"}, "filter.category"),
        ({"from_date": "2026-02-30"}, "filter.from_date"),
        ({"until_date": "20260228"}, "filter.until_date"),
        ({"direction": 9}, "filter.direction"),
        ({"import_id": "acct_1"}, "filter.import_id"),
    ],
)
async def test_malformed_filter_is_refused(txn: Txn, narrow: dict[str, Any], field: str) -> None:
    client = await txn.person()

    refusal = await refusal_of(listed(client, narrow=narrow))

    assert (type(refusal), list(refusal.fields)) == (InvalidArgument, [field])


async def test_unknown_order_is_refused(txn: Txn) -> None:
    client = await txn.person()

    assert list((await refusal_of(listed(client, order=9))).fields) == ["order"]


# -- totals -----------------------------------------------------------------------------------------------------------
async def test_totals_are_of_all_that_match_and_not_of_the_page(txn: Txn) -> None:
    client = await txn.person()
    account_id = await opened_with(client, MANY, opening_balance_minor=10**6)

    whole = await listed(client, account_id, page_size=2, with_totals=True)
    july = await listed(client, account_id, page_size=2, with_totals=True, narrow={"until_date": "2026-07-31"})

    assert (whole.total_count, whole.total_minor) == (23, sum(row.amount_minor for row in MANY))
    assert (july.total_count, july.total_minor) == (12, sum(row.amount_minor for row in MANY[::2]))
    assert whole.total_currency_code == "USD"


async def test_total_is_absent_where_currencies_mix(txn: Txn) -> None:
    client = await txn.person()
    await opened_with(client, JULY_AND_AUGUST)
    await opened_with(client, JULY_AND_AUGUST, currency_code="JPY")

    page = await listed(client, with_totals=True)

    assert (page.total_count, page.HasField("total_minor"), page.total_currency_code) == (8, False, "")
    assert {row.currency_code for row in page.transactions} == {"USD", "JPY"}


async def test_totals_are_absent_where_nobody_asked(txn: Txn) -> None:
    client = await txn.person()

    assert not (await listed(client)).HasField("total_count")


# -- many accounts at once --------------------------------------------------------------------------------------------
async def test_batch_gives_each_account_the_page_it_has_alone(txn: Txn) -> None:
    client, stranger = await txn.person(), await txn.person()
    mine = [await opened_with(client, part) for part in (MANY, MANY[:2])]
    mine.append((await client.open_account()).id)
    foreign = await opened_with(stranger, MANY)
    asked = [mine[2], foreign, mine[0], to_id("acct", new_id()), mine[1]]
    fields: dict[str, Any] = {"order": AMOUNT_ASC, "page_size": 4, "with_totals": True}
    request = txn_pb2.BatchListTransactionsRequest(account_ids=asked, **fields)

    results = (await client.transactions.BatchListTransactions(request)).results

    assert [result.account_id for result in results] == asked
    assert [result.HasField("page") for result in results] == [True, False, True, False, True]
    for at in (0, 2, 4):
        assert results[at].page == await listed(client, asked[at], **fields)


async def test_page_of_a_batch_goes_on_in_the_accounts_own_list(txn: Txn) -> None:
    client = await txn.person()
    account_id = await opened_with(client, MANY)
    request = txn_pb2.BatchListTransactionsRequest(account_ids=[account_id], page_size=20)
    page = (await client.transactions.BatchListTransactions(request)).results[0].page

    rest = await listed(client, account_id, page_size=20, page_token=page.next_page_token)

    assert len({*descriptions(page), *descriptions(rest)}) == len(MANY)


async def test_batch_with_an_account_twice_is_refused(txn: Txn) -> None:
    client = await txn.person()
    account_id = to_id("acct", new_id())
    request = txn_pb2.BatchListTransactionsRequest(account_ids=[account_id, account_id])

    assert (await refusal_of(client.transactions.BatchListTransactions(request))).reason == "REPEATED_ID"


async def test_batch_of_more_rows_than_one_answer_holds_is_refused_and_the_bound_named(txn: Txn) -> None:
    client = await txn.person()
    asked = [to_id("acct", new_id()) for _ in range(51)]
    request = txn_pb2.BatchListTransactionsRequest(account_ids=asked, page_size=100)

    refusal = await refusal_of(client.transactions.BatchListTransactions(request))

    assert (refusal.reason, refusal.metadata) == ("BATCH_TOO_LARGE", {"batch_transactions": "5000"})


@asynccontextmanager
async def statements(database: Database) -> AsyncIterator[list[str]]:
    """The statements executed inside the block."""
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        executed.append(statement)

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(database._engine.sync_engine, "before_cursor_execute", note)


async def test_batches_execute_no_more_statements_for_more_accounts(txn: Txn, txn_database: Database) -> None:
    client = await txn.person()
    accounts = [await opened_with(client, JULY_AND_AUGUST) for _ in range(5)]

    counts = []
    for asked in (accounts[:1], accounts):
        async with statements(txn_database) as executed:
            await client.accounts.BatchGetAccounts(txn_pb2.BatchGetAccountsRequest(account_ids=asked))
            await client.accounts.BatchGetSummaries(txn_pb2.BatchGetSummariesRequest(account_ids=asked))
            request = txn_pb2.BatchListTransactionsRequest(account_ids=asked, with_totals=True)
            await client.transactions.BatchListTransactions(request)
        counts.append(len([one for one in executed if not one.startswith("SET TRANSACTION")]))

    assert counts == [5, 5]


async def test_summaries_never_read_transactions(txn: Txn, txn_database: Database) -> None:
    client = await txn.person()
    account_id = await opened_with(client, JULY_AND_AUGUST)

    async with statements(txn_database) as executed:
        await client.accounts.GetSummary(txn_pb2.GetSummaryRequest(account_id=account_id))

    assert not any("FROM transaction" in statement or "JOIN transaction" in statement for statement in executed)
