"""What a page gets in one query, and what it costs behind the bff."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff.context import MAX_OWN_CALLS
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import Unavailable
from tests.service.bff_stage import ANN, BOB, Stage, account, open_stage, some_id
from tests.service.messaging import eventually

PAGE = """
query Page($first: Int) { viewer { id access user { id email displayName roles }
  accounts { id name kind balance { amount currencyCode }
    transactions(first: $first) {
      nodes { id bookedOn description amount { amount currencyCode } category }
      pageInfo { hasNextPage endCursor } }
    summary(fromMonth: "2026-02", toMonth: "2026-07") { balance { amount } averageCredit { amount }
      averageDebit { amount } months { month transactionCount closingBalance { amount } } } } } }
"""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


async def test_page_query_needs_four_rpcs_however_many_accounts_and_rows(stage: Stage) -> None:
    stage.users.register(ANN)
    stage.txns.accounts = 20
    stage.txns.rows = 100

    data = await stage.data(PAGE, {"first": 100})

    assert stage.asked() == {"GetUser": 1, "ListAccounts": 1, "BatchListTransactions": 1, "BatchGetSummaries": 1}
    assert len(data["viewer"]["accounts"]) == 20
    assert len(data["viewer"]["accounts"][19]["transactions"]["nodes"]) == 100


async def test_page_shows_the_services_figures(stage: Stage) -> None:
    data = await stage.data(PAGE, {"first": 2})

    first = data["viewer"]["accounts"][0]
    assert first["balance"] == {"amount": "39.74", "currencyCode": "USD"}
    assert first["transactions"]["nodes"][0]["amount"] == {"amount": "60.50", "currencyCode": "USD"}
    assert first["transactions"]["pageInfo"] == {"hasNextPage": True, "endCursor": "token-1"}
    assert first["summary"]["averageCredit"] == {"amount": "35.25"}
    assert first["summary"]["averageDebit"] == {"amount": "-15.38"}
    assert first["summary"]["months"] == [
        {"month": "2026-07", "transactionCount": 2, "closingBalance": {"amount": "50.20"}}
    ]


async def test_coverage_of_many_accounts_is_one_rpc_and_none_where_it_is_not_asked_for(stage: Stage) -> None:
    stage.txns.accounts = 20
    await stage.data("{ viewer { accounts { name } } }")
    before = stage.asked()

    data = await stage.data("{ viewer { accounts { coverage { from to proof } } } }")

    assert before == {"ListAccounts": 1}
    assert stage.asked() == {"ListAccounts": 2, "BatchListCoverage": 1}
    july = {"from": "2026-07-01", "to": "2026-07-31", "proof": "BALANCES_MATCH"}
    assert [one["coverage"] for one in data["viewer"]["accounts"]] == [[july]] * 20


async def test_coverage_that_cannot_be_told_leaves_the_account(stage: Stage) -> None:
    stage.txns.failures["BatchListCoverage"] = Unavailable("Not now.")

    answer = (await stage.ask("{ viewer { accounts { name coverage { from } } } }")).json()

    assert [one["coverage"] for one in answer["data"]["viewer"]["accounts"]] == [None] * 3
    assert [one["name"] for one in answer["data"]["viewer"]["accounts"]] == [f"{ANN} {n}" for n in range(3)]
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_an_answer_holds_no_more_periods_than_it_may(stage: Stage) -> None:
    stage.txns.accounts, stage.txns.periods = 2, 6_000
    fits = (await stage.ask("{ viewer { accounts { coverage { from } } } }")).json()
    stage.txns.accounts = 3

    answer = await stage.ask("{ viewer { accounts { coverage { from } } } }")

    assert [len(one["coverage"]) for one in fits["data"]["viewer"]["accounts"]] == [6_000, 6_000]
    assert answer.status_code == 400
    assert {error["extensions"]["reason"] for error in answer.json()["errors"]} == {"TOO_MANY_PERIODS"}


async def test_digest_is_asked_for_only_where_it_is_selected(stage: Stage) -> None:
    await stage.data("{ viewer { accounts { name } } }")
    data = await stage.data("{ viewer { accounts { ...F } } } fragment F on Account { ledgerDigest }")

    views = [request.view for request in stage.txns.requests["ListAccounts"]]
    assert views == [pb.ACCOUNT_VIEW_BASIC, pb.ACCOUNT_VIEW_FULL]
    assert data["viewer"]["accounts"][0]["ledgerDigest"] == "d" * 64
    assert stage.txns.calls["BatchGetAccounts"] == 0


async def test_totals_are_counted_only_where_they_are_selected(stage: Stage) -> None:
    await stage.data("{ viewer { transactions { nodes { id } } } }")
    data = await stage.data("{ viewer { transactions { totalCount total { amount } } } }")

    assert [request.with_totals for request in stage.txns.requests["ListTransactions"]] == [False, True]
    assert data["viewer"]["transactions"] == {"totalCount": 20, "total": {"amount": "123.45"}}


async def test_first_visit_registers_the_person_once(stage: Stage) -> None:
    first = await stage.data("{ viewer { user { email roles } } }")
    second = await stage.data("{ viewer { user { email roles } } }")

    assert first == second == {"viewer": {"user": {"email": f"{ANN}@example.com", "roles": []}}}
    assert stage.users.calls == {"GetUser": 2, "EnsureUser": 1}


async def test_transactions_of_a_page_share_one_call_for_their_imports_and_accounts(stage: Stage) -> None:
    query = "{ viewer { transactions(first: 20) { nodes { account { name } import { fileName } isManual line } } } }"

    data = await stage.data(query)

    assert stage.asked() == {"ListTransactions": 1, "BatchGetAccounts": 1, "BatchGetImports": 1}
    assert data["viewer"]["transactions"]["nodes"][0] == {
        "account": {"name": f"{ANN} 0"},
        "import": {"fileName": "brief.csv"},
        "isManual": False,
        "line": 2,
    }


async def test_later_page_goes_on_from_the_cursor_and_backwards(stage: Stage) -> None:
    query = """query ($after: String, $before: String, $first: Int, $last: Int) { viewer { account(id: "%s") {
      transactions(after: $after, before: $before, first: $first, last: $last) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""
    query %= account(ANN, 0).id

    forward = await stage.data(query, {"after": "token-3", "first": 5})
    backward = await stage.data(query, {"before": "token-9", "last": 5})

    first, second = stage.txns.requests["ListTransactions"]
    assert (first.page_token, first.page_size, first.backward) == ("token-3", 5, False)
    assert (second.page_token, second.page_size, second.backward) == ("token-9", 5, True)
    page = forward["viewer"]["account"]["transactions"]
    assert [edge["cursor"] for edge in page["edges"]] == [f"token-{number}" for number in range(5)]
    assert page["pageInfo"]["hasPreviousPage"]
    assert backward["viewer"]["account"]["transactions"]["pageInfo"]["hasNextPage"]


async def test_filter_reaches_the_service_in_minor_units(stage: Stage) -> None:
    query = """query ($f: TransactionFilter) { viewer { accounts { transactions(filter: $f, orderBy: AMOUNT_ASC) {
      nodes { id } } } } }"""
    narrowing = {"from": "2026-07-01", "to": "2026-07-31", "minAmount": "-20.5", "text": "caf", "direction": "DEBIT"}

    await stage.data(query, {"f": narrowing})

    request = stage.txns.requests["BatchListTransactions"][0]
    assert request.filter == pb.TransactionFilter(
        from_date="2026-07-01",
        until_date="2026-07-31",
        min_amount_minor=-2050,
        text="caf",
        direction=pb.DIRECTION_DEBIT,
    )
    assert request.order == pb.TRANSACTION_ORDER_AMOUNT_ASC


async def test_amounts_cannot_be_compared_across_currencies_of_other_decimals(stage: Stage) -> None:
    stage.txns.currencies = ["USD", "JPY", "KWD"]
    query = '{ viewer { transactions(filter: {minAmount: "5"}) { nodes { id } } } }'

    answer = await stage.ask(query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["reason"] == "CURRENCIES_MIX"


async def test_money_has_the_decimals_of_its_currency(stage: Stage) -> None:
    stage.txns.currencies = ["USD", "JPY", "KWD"]

    data = await stage.data("{ viewer { accounts { balance { amount currencyCode } } } }")

    assert [one["balance"]["amount"] for one in data["viewer"]["accounts"]] == ["39.74", "3974", "3.974"]


async def test_account_tells_what_was_said_of_its_opening_and_what_that_gives(stage: Stage) -> None:
    query = """{ viewer { accounts { openingBalance { amount } openingDate initialBalance { amount } } } }"""

    first, second, _ = (await stage.data(query))["viewer"]["accounts"]

    anchored = {"openingBalance": {"amount": "1000.00"}, "openingDate": "2026-11-20"}
    assert first == {**anchored, "initialBalance": {"amount": "1020.46"}}
    assert second["openingDate"] is None


async def test_import_shows_how_it_was_read_and_what_became_of_each_row(stage: Stage) -> None:
    created = pb.ImportRow(
        line=2,
        cells=["0", "7/15", "+60.5"],
        outcome=pb.ROW_OUTCOME_CREATE,
        booked_on="2026-07-15",
        amount_minor=6050,
        currency_code="USD",
        transaction_id=some_id("txn", f"{account(ANN, 0).id}/0"),
        occurrence=1,
    )
    rejected = pb.ImportRow(
        line=3,
        cells=["1", "2/30", "x"],
        outcome=pb.ROW_OUTCOME_REJECT,
        reason_code=pb.ROW_REASON_BAD_DATE,
        reason="There is no such day.",
        column="Date",
    )
    stage.txns.import_rows = [created, rejected]

    data = await stage.data("""{ viewer { imports(first: 1) { totalCount pageInfo { hasNextPage }
      edges { cursor node { state fileName importedCount findings { property basis value lines } createTime
        summary { averageDebit { amount } } failureCode account { name }
        rows { totalCount nodes { line cells outcome bookedOn amount { amount } reasonCode reason column
          transaction { description } } } } } } } }""")

    assert data["viewer"]["imports"]["totalCount"] == 3
    found = data["viewer"]["imports"]["edges"][0]["node"]
    assert found["findings"] == [{"property": "YEAR", "basis": "ASSUMPTION", "value": "2026", "lines": [2, 5]}]
    assert found["createTime"] == "2026-07-01T12:00:00Z"
    rows = found["rows"]["nodes"]
    assert rows[0]["transaction"] == {"description": "row 0"}
    assert rows[0]["amount"] == {"amount": "60.50"}
    assert (rows[1]["reasonCode"], rows[1]["column"], rows[1]["transaction"]) == ("BAD_DATE", "Date", None)


@pytest.mark.parametrize(("prefix", "name"), [("acct", f"{ANN}/0"), ("imp", account(ANN, 0).id), ("user", ANN)])
async def test_node_finds_what_is_mine_and_not_what_is_anothers(stage: Stage, prefix: str, name: str) -> None:
    stage.users.register(ANN)
    node = some_id(prefix, name)
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"

    mine = await stage.data(query, {"id": node})
    theirs = await stage.data(query, {"id": node}, BOB)

    assert mine["node"]["id"] == node
    assert theirs == {"node": None}


@pytest.mark.parametrize("given", ["", "acct_", "nobody_00000000000000000000000000", "acct_zzzz", "💥", "1"])
async def test_node_of_no_id_is_null(stage: Stage, given: str) -> None:
    assert await stage.data("query ($id: ID!) { node(id: $id) { id } }", {"id": given}) == {"node": None}


async def test_interleaved_requests_of_two_people_never_mix(stage: Stage) -> None:
    async def ask(subject: str) -> bool:
        data = await stage.data("{ viewer { user { email } accounts { name } } }", subject=subject)
        viewer = data["viewer"]
        return viewer["user"]["email"] == f"{subject}@example.com" and all(
            one["name"].startswith(subject) for one in viewer["accounts"]
        )

    answers = await asyncio.gather(*(ask(ANN if turn % 2 else BOB) for turn in range(1000)))

    assert all(answers)


async def test_services_see_the_persons_token_and_the_request_id(stage: Stage) -> None:
    sent = {"x-request-id": "page-42", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}

    answer = await stage.ask("{ viewer { accounts { name } } }", headers=sent)

    seen = stage.txns.seen[0]
    assert answer.headers["x-request-id"] == seen.request_id == "page-42"
    assert seen.traceparent.startswith(f"00-{'a' * 32}-")
    assert seen.caller is not None
    assert seen.caller.subject == ANN


async def test_months_of_an_answer_are_bounded_however_they_are_asked_for(stage: Stage) -> None:
    stage.txns.accounts = 10
    stage.txns.months = 1_200
    query = "{ viewer { accounts { %s } } }"
    one, two = "summary { transactionCount months { month } }", "again: summary { months { month } }"

    fits = await stage.ask(query % one)
    answer = await stage.ask(query % f"{one} {two}")

    assert fits.status_code == 200
    assert sum(len(account["summary"]["months"]) for account in fits.json()["data"]["viewer"]["accounts"]) == 12_000
    assert answer.status_code == 400
    assert {error["extensions"]["reason"] for error in answer.json()["errors"]} == {"TOO_MANY_MONTHS"}


async def test_calls_of_one_request_leave_room_for_others(stage: Stage) -> None:
    stage.txns.accounts = 100
    stage.txns.gates["ListImports"] = asyncio.Event()
    asking = asyncio.create_task(stage.data("{ viewer { accounts { imports(first: 1) { nodes { id } } } } }"))
    await eventually(lambda: stage.txns.calls["ListImports"] >= MAX_OWN_CALLS)
    await asyncio.sleep(0.2)  # and no more follow

    in_flight = stage.txns.calls["ListImports"]
    stage.txns.gates["ListImports"].set()
    data = await asking

    assert in_flight == MAX_OWN_CALLS
    assert len(data["viewer"]["accounts"]) == stage.txns.calls["ListImports"] == 100
