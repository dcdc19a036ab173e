"""The bff before the real txn_svc and its importer: reviewed, committed, undone, repeated, by hand and downloaded."""

import csv
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import psycopg
import pytest

from local.roles import DatabaseUrls
from runtime.ids import from_id
from tests.service.bff_stage import Person, open_bff
from tests.service.importing import BRIEF
from tests.service.messaging import eventually
from tests.service.txn import Txn
from tests.service.users import UserSvc

TWINS = b"date,description,amount\n2026-07-01,Metro,-1.50\n2026-07-01,Metro,-1.50\n2026-07-02,Cafe,x\n"
ERRORS = "userErrors { code message path }"
START = f"""mutation ($input: ImportStartInput!) {{ importStart(input: $input) {{
  import {{ id upload {{ url fields {{ name value }} }} }} {ERRORS} }} }}"""
IMPORT = """query ($id: ID!) { node(id: $id) { ... on Import { id state failure review formatId repeats { id }
  importedCount duplicateCount rejectedCount
  plan { digest isRenewed createCount duplicateCount rejectCount balanceBefore { amount } balanceAfter { amount }
    monthsBefore { month transactionCount } months { month transactionCount closingBalance { amount } } }
  rows { nodes { line outcome occurrence occurrencesHere occurrencesInFile reasonCode reason column
    transaction { id } } }
  revertPreview { digest removeCount keepCount editedCount balanceBefore { amount } balanceAfter { amount }
    keepers { import { id } fileName count } } } } }"""
ACCOUNT = """query ($id: ID!) { viewer { account(id: $id) { name isClosed balance { amount } ledgerDigest
  openingBalance { amount } openingDate initialBalance { amount }
  transactions { nodes { id amount { amount } description category note isManual import { id } } } } } }"""
AT_REST = {"READY", "COMPLETED", "FAILED", "REVERTED", "DISCARDED", "EXPIRED"}


@pytest.fixture(scope="module")
async def client(users: UserSvc, txn_importing: Txn) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_bff(users, txn_importing.port) as opened:
        yield opened


class Holder(Person):
    """A person with one account."""

    account_id = ""

    async def change(self, name: str, fields: str, /, **given: Any) -> Any:
        """The payload of a mutation, whatever it says."""
        kind = {
            "accountClose": "AccountIdInput",
            "accountReopen": "AccountIdInput",
            "importDiscard": "ImportIdInput",
            "transactionDelete": "TransactionIdInput",
        }.get(name, f"{name[0].upper()}{name[1:]}Input")
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {fields} {ERRORS} }} }}"
        return (await self.data(query, input=given))[name]

    async def bring(self, content: bytes, **changes: Any) -> Any:
        """Announces and posts a file; the import at rest."""
        given = {"accountId": self.account_id, "fileName": "brief.csv", "sizeBytes": len(content), **changes}
        payload = (await self.data(START, input=given))["importStart"]
        assert payload["userErrors"] == []
        upload = payload["import"]["upload"]
        fields = {field["name"]: field["value"] for field in upload["fields"]}
        posted = await self.client.post(upload["url"], data=fields, files={"file": ("brief.csv", content)})
        assert posted.status_code == 204
        return await self.at_rest(payload["import"]["id"])

    async def at_rest(self, import_id: str) -> Any:
        async def is_at_rest() -> bool:
            return (await self.read(import_id))["state"] in AT_REST

        await eventually(is_at_rest)
        return await self.read(import_id)

    async def read(self, import_id: str) -> Any:
        return (await self.data(IMPORT, id=import_id))["node"]

    async def commit(self, planned: Any) -> Any:
        digest = planned["plan"]["digest"]
        payload = await self.change("importCommit", "import { state }", importId=planned["id"], planDigest=digest)
        assert payload["userErrors"] == []
        return await self.at_rest(planned["id"])

    async def account(self) -> Any:
        return (await self.data(ACCOUNT, id=self.account_id))["viewer"]["account"]

    async def record(self, amount: str = "-1.50", description: str = "Metro", **given: Any) -> Any:
        given = {"accountId": self.account_id, "bookedOn": "2026-07-01", "amount": amount, **given}
        fields = "transaction { id isManual amount { amount } }"
        return await self.change("transactionRecord", fields, description=description, **given)

    async def download(self, **given: Any) -> httpx2.Response:
        payload = await self.change("downloadCreate", "url expireTime", **given)
        assert payload["userErrors"] == []
        return await self.client.get(payload["url"])


@pytest.fixture
async def holder(client: httpx2.AsyncClient, users: UserSvc) -> Holder:
    holder = Holder(client, users.issuer)
    holder.account_id = await holder.open_account()
    return holder


async def test_new_kind_of_file_is_planned_committed_and_known_from_then_on(holder: Holder) -> None:
    before = await holder.account()
    planned = await holder.bring(BRIEF)
    unchanged = await holder.account()
    done = await holder.commit(planned)
    after = await holder.account()
    again = await holder.bring(BRIEF + b"4,8/14,+1\n")

    assert (planned["state"], planned["review"], planned["formatId"]) == ("READY", "WHEN_NEW", "brief")
    assert planned["plan"] | {"digest": "", "monthsBefore": [], "months": []} == {
        "digest": "",
        "isRenewed": False,
        "createCount": 4,
        "duplicateCount": 0,
        "rejectCount": 0,
        "balanceBefore": {"amount": "0.00"},
        "balanceAfter": {"amount": "39.74"},
        "monthsBefore": [],
        "months": [],
    }
    assert [month["transactionCount"] for month in planned["plan"]["monthsBefore"]] == [0, 0]
    assert [month["closingBalance"]["amount"] for month in planned["plan"]["months"]] == ["50.20", "39.74"]
    assert {row["outcome"] for row in planned["rows"]["nodes"]} == {"CREATE"}
    assert planned["revertPreview"] is None
    assert unchanged == before
    assert (done["state"], done["importedCount"]) == ("COMPLETED", 4)
    assert after["balance"] == {"amount": "39.74"}
    assert (again["state"], again["importedCount"], again["duplicateCount"], again["plan"]) == ("COMPLETED", 1, 4, None)


async def test_row_is_decided_before_the_commit_and_counts_its_twins(holder: Holder) -> None:
    recorded = await holder.record()
    planned = await holder.bring(TWINS, review="ALWAYS")

    decided = await holder.change(
        "importRowDecide", "import { plan { digest createCount } }", importId=planned["id"], line=2, outcome="REJECT"
    )
    stale = await holder.change(
        "importCommit",
        "import { id state plan { digest createCount } }",
        importId=planned["id"],
        planDigest=planned["plan"]["digest"],
    )
    done = await holder.commit(await holder.read(planned["id"]))

    assert recorded["transaction"]["isManual"]
    twins = planned["rows"]["nodes"][:2]
    assert [(row["outcome"], row["occurrence"], row["occurrencesHere"], row["occurrencesInFile"]) for row in twins] == [
        ("DUPLICATE", 1, 1, 2),
        ("CREATE", 2, 1, 2),
    ]
    assert twins[0]["transaction"] == {"id": recorded["transaction"]["id"]}
    assert "1 of 2" in twins[0]["reason"]
    assert planned["rows"]["nodes"][2]["outcome"] == "REJECT"
    assert decided["userErrors"] == []
    assert decided["import"]["plan"]["digest"] != planned["plan"]["digest"]
    assert [error["code"] for error in stale["userErrors"]] == ["STALE_PLAN"]
    assert stale["import"] == {"id": planned["id"], "state": "READY", "plan": decided["import"]["plan"]}
    assert done["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("line", "outcome", "code"),
    [(99, "REJECT", "ROW_NOT_FOUND"), (-1, "REJECT", "ROW_NOT_FOUND"), (4, "CREATE", "DECISION_NOT_POSSIBLE")],
)
async def test_decision_that_cannot_be_leaves_the_plan_as_it_is(
    holder: Holder, line: int, outcome: str, code: str
) -> None:
    planned = await holder.bring(TWINS, review="ALWAYS")

    given = {"importId": planned["id"], "line": line, "outcome": outcome}
    payload = await holder.change("importRowDecide", "import { id }", **given)

    assert payload["import"] is None
    assert [error["code"] for error in payload["userErrors"]] == [code]
    assert await holder.read(planned["id"]) == planned


async def test_plan_that_the_ledger_has_made_stale_books_nothing_and_comes_back_renewed(holder: Holder) -> None:
    planned = await holder.bring(TWINS, review="ALWAYS")
    await holder.record()
    before = await holder.account()

    stale = await holder.change(
        "importCommit",
        "import { id state plan { digest isRenewed createCount duplicateCount } }",
        importId=planned["id"],
        planDigest=planned["plan"]["digest"],
    )
    after = await holder.account()
    done = await holder.commit(stale["import"])

    assert [error["code"] for error in stale["userErrors"]] == ["STALE_PLAN"]
    assert stale["import"]["state"] == "READY"
    assert stale["import"]["plan"] | {"digest": ""} == {
        "digest": "",
        "isRenewed": True,
        "createCount": 1,
        "duplicateCount": 1,
    }
    assert after == before
    assert (done["state"], done["importedCount"], done["duplicateCount"]) == ("COMPLETED", 1, 1)


async def test_plan_is_discarded_and_can_then_not_be_committed(holder: Holder) -> None:
    planned = await holder.bring(BRIEF, review="ALWAYS")
    before = await holder.account()

    discarded = await holder.change("importDiscard", "import { state }", importId=planned["id"])
    refused = await holder.change(
        "importCommit", "import { state }", importId=planned["id"], planDigest=planned["plan"]["digest"]
    )

    assert discarded == {"import": {"state": "DISCARDED"}, "userErrors": []}
    assert refused["import"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["IMPORT_NOT_READY"]
    assert await holder.account() == before


async def test_undo_gives_back_the_ledger_and_says_beforehand_what_stays(holder: Holder) -> None:
    await holder.record()
    empty = await holder.account()
    done = await holder.bring(TWINS, review="NEVER")
    preview = done["revertPreview"]

    reverting = await holder.change(
        "importRevert", "import { state }", importId=done["id"], previewDigest=preview["digest"]
    )
    undone = await holder.at_rest(done["id"])

    assert (preview["removeCount"], preview["keepCount"]) == (1, 1)
    assert preview["keepers"] == [{"import": None, "fileName": None, "count": 1}]
    assert (preview["balanceBefore"], preview["balanceAfter"]) == ({"amount": "-3.00"}, {"amount": "-1.50"})
    assert reverting["userErrors"] == []
    assert reverting["import"]["state"] in {"REVERTING", "REVERTED"}
    assert (undone["state"], undone["revertPreview"]) == ("REVERTED", None)
    assert (await holder.account())["ledgerDigest"] == empty["ledgerDigest"]


async def test_undo_that_would_do_something_else_by_now_is_refused_with_the_import(holder: Holder) -> None:
    done = await holder.bring(TWINS, review="NEVER")
    (first, *_) = [row["transaction"]["id"] for row in done["rows"]["nodes"] if row["transaction"]]
    await holder.change("transactionUpdate", "transaction { id }", transactionId=first, note="kept")
    before = await holder.account()

    stale = await holder.change(
        "importRevert",
        "import { state revertPreview { digest editedCount } }",
        importId=done["id"],
        previewDigest=done["revertPreview"]["digest"],
    )

    assert [error["code"] for error in stale["userErrors"]] == ["STALE_PREVIEW"]
    assert stale["import"]["state"] == "COMPLETED"
    assert stale["import"]["revertPreview"]["editedCount"] == 1
    assert await holder.account() == before


async def test_file_of_the_wrong_account_is_read_again_into_the_right_one(holder: Holder) -> None:
    right = await holder.open_account(name="Right")
    wrong = await holder.bring(BRIEF, review="NEVER")

    given = {"importId": wrong["id"], "accountId": right, "review": "NEVER", "idempotencyKey": "once"}
    payloads = [await holder.change("importRepeat", "import { id repeats { id } }", **given) for _ in range(2)]
    repeated = await holder.at_rest(payloads[0]["import"]["id"])

    assert payloads[0] == payloads[1]
    assert payloads[0]["userErrors"] == []
    assert payloads[0]["import"]["repeats"] == {"id": wrong["id"]}
    assert (repeated["state"], repeated["importedCount"]) == ("COMPLETED", 4)
    assert (await holder.at_rest(wrong["id"]))["state"] == "REVERTED"
    assert (await holder.account())["balance"] == {"amount": "0.00"}
    balance = "query ($id: ID!) { viewer { account(id: $id) { balance { amount } } } }"
    assert (await holder.data(balance, id=right))["viewer"]["account"]["balance"] == {"amount": "39.74"}


async def test_imports_are_narrowed_by_account_and_state(holder: Holder) -> None:
    ready = await holder.bring(BRIEF, review="ALWAYS")
    done = await holder.bring(TWINS, review="NEVER")
    other = await holder.open_account(name="Other")
    query = """query ($id: ID!, $f: ImportFilter) { viewer { imports(filter: $f) { totalCount nodes { id } }
      account(id: $id) { imports(filter: $f) { nodes { id } } } } }"""

    async def found(**narrowing: Any) -> list[list[str]]:
        viewer = (await holder.data(query, id=holder.account_id, f=narrowing))["viewer"]
        lists = [viewer["imports"], viewer["account"]["imports"]]
        assert viewer["imports"]["totalCount"] == len(viewer["imports"]["nodes"])
        return [[node["id"] for node in one["nodes"]] for one in lists]

    both = [done["id"], ready["id"]]
    assert await found() == [both, both]
    assert await found(states=["READY"]) == [[ready["id"]]] * 2
    assert await found(states=["READY", "COMPLETED"], accountId=holder.account_id) == [both, both]
    assert await found(states=["REVERTED"]) == [[], []]
    mine = """query ($f: ImportFilter) { viewer { imports(filter: $f) { nodes { id } } } }"""
    assert await holder.data(mine, f={"accountId": other}) == {"viewer": {"imports": {"nodes": []}}}
    contradiction = await holder.ask(query, id=holder.account_id, f={"accountId": other})
    assert contradiction.status_code == 400


async def test_record_by_hand_is_annotated_and_taken_back(holder: Holder) -> None:
    empty = await holder.account()
    recorded = [await holder.record(idempotencyKey="once") for _ in range(2)]
    other = (await holder.record(description="Cafe", category="Food"))["transaction"]["id"]
    first = recorded[0]["transaction"]["id"]

    async def annotated(name: str, **given: Any) -> list[tuple[str | None, str | None]]:
        payload = await holder.change(name, "transaction { id }" if "transactionId" in given else "", **given)
        assert payload["userErrors"] == []
        rows = {row["id"]: row for row in (await holder.account())["transactions"]["nodes"]}
        return [(rows[one]["category"], rows[one]["note"]) for one in (first, other)]

    assert recorded[0] == recorded[1]
    assert (await holder.account())["balance"] == {"amount": "-3.00"}
    assert await annotated("transactionsUpdate", transactionIds=[first, other], note="July") == [
        (None, "July"),
        ("Food", "July"),
    ]
    assert await annotated("transactionUpdate", transactionId=other, category=None, note="") == [
        (None, "July"),
        ("Food", ""),
    ]
    assert await annotated("transactionUpdate", transactionId=other, category="") == [(None, "July"), (None, "")]
    for one in (first, other):
        gone = await holder.change("transactionDelete", "transaction { id }", transactionId=one)
        assert gone == {"transaction": None, "userErrors": []}
    assert await holder.account() == empty


async def test_imported_row_is_not_deleted_and_a_record_that_a_file_claims_stays(holder: Holder) -> None:
    recorded = (await holder.record())["transaction"]["id"]
    done = await holder.bring(TWINS, review="NEVER")
    (imported,) = {row["transaction"]["id"] for row in done["rows"]["nodes"] if row["transaction"]} - {recorded}
    before = await holder.account()

    refused = await holder.change("transactionDelete", "transaction { id }", transactionId=imported)
    stays = await holder.change("transactionDelete", "transaction { id import { id } }", transactionId=recorded)

    assert refused["transaction"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_MANUAL"]
    assert stays == {"transaction": {"id": recorded, "import": {"id": done["id"]}}, "userErrors": []}
    assert (await holder.account())["ledgerDigest"] == before["ledgerDigest"]


async def test_account_that_is_busy_is_a_user_error_in_time_and_takes_the_record_afterwards(
    holder: Holder, txn_urls: DatabaseUrls
) -> None:
    before = await holder.account()
    async with await psycopg.AsyncConnection.connect(txn_urls.owner) as connection:
        holding = "SELECT FROM account WHERE id = %s FOR UPDATE"
        await connection.execute(holding, [from_id("acct", holder.account_id)])
        busy = await holder.record(idempotencyKey="once")
    unchanged = await holder.account()
    recorded = await holder.record(idempotencyKey="once")

    assert busy["transaction"] is None
    assert [(error["code"], error["path"]) for error in busy["userErrors"]] == [("ACCOUNT_BUSY", ["input"])]
    assert unchanged == before
    assert recorded["userErrors"] == []


async def test_closed_account_takes_nothing_until_it_is_reopened(holder: Holder) -> None:
    id_of = {"accountId": holder.account_id}

    closed = await holder.change("accountClose", "account { isClosed }", **id_of)
    again = await holder.change("accountClose", "account { isClosed }", **id_of)
    before = await holder.account()
    refused = await holder.record()
    after = await holder.account()
    reopened = await holder.change("accountReopen", "account { isClosed }", **id_of)
    recorded = await holder.record()

    assert closed == again == {"account": {"isClosed": True}, "userErrors": []}
    assert refused["transaction"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["ACCOUNT_CLOSED"]
    assert before == after
    assert reopened == {"account": {"isClosed": False}, "userErrors": []}
    assert recorded["userErrors"] == []


async def test_opening_balance_becomes_an_anchor_and_ceases_to_be_one(holder: Holder) -> None:
    await holder.record(bookedOn="2026-11-01", amount="-20")
    fields = "account { name openingBalance { amount } openingDate initialBalance { amount } balance { amount } }"

    async def update(**given: Any) -> Any:
        payload = await holder.change("accountUpdate", fields, accountId=holder.account_id, **given)
        assert payload["userErrors"] == []
        return payload["account"]

    anchored = await update(openingBalance="1000", openingDate="2026-11-20")
    renamed = await update(name="Savings")
    plain = await update(openingDate=None)

    assert anchored == {
        "name": "Daily",
        "openingBalance": {"amount": "1000.00"},
        "openingDate": "2026-11-20",
        "initialBalance": {"amount": "1020.00"},
        "balance": {"amount": "1000.00"},
    }
    assert renamed == {**anchored, "name": "Savings"}
    assert plain == {
        "name": "Savings",
        "openingBalance": {"amount": "1000.00"},
        "openingDate": None,
        "initialBalance": {"amount": "1000.00"},
        "balance": {"amount": "980.00"},
    }


@pytest.mark.parametrize(
    ("given", "path"),
    [({"name": ""}, ["input", "name"]), ({"openingDate": "1026-07-01"}, ["input", "openingDate"])],
)
async def test_refused_change_of_an_account_names_the_field_and_changes_nothing(
    holder: Holder, given: dict[str, str], path: list[str]
) -> None:
    before = await holder.account()

    payload = await holder.change("accountUpdate", "account { id }", accountId=holder.account_id, **given)

    assert payload["account"] is None
    assert [error["path"] for error in payload["userErrors"]] == [path]
    assert await holder.account() == before


async def test_downloaded_transactions_import_to_the_same_ledger(holder: Holder) -> None:
    await holder.bring(BRIEF, review="NEVER")
    await holder.record(description="=cmd()", note="by hand")
    digest = (await holder.account())["ledgerDigest"]

    answer = await holder.download(kind="TRANSACTIONS", id=holder.account_id)
    holder.account_id = await holder.open_account(name="Copy")
    copy = await holder.bring(answer.content)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert copy["state"] == "COMPLETED", "Stori's own export counts as known"
    assert copy["formatId"] == "stori"
    assert (await holder.account())["ledgerDigest"] == digest


async def test_download_is_filtered_as_the_list_is(holder: Holder) -> None:
    await holder.bring(BRIEF, review="NEVER")
    narrowing = {"maxAmount": "-10.30", "to": "2026-07-31"}

    answer = await holder.download(kind="TRANSACTIONS", id=holder.account_id, filter=narrowing)

    _, *rows = csv.reader(answer.text.splitlines())
    assert len(rows) == 1


async def test_original_and_rejected_rows_are_downloaded(holder: Holder) -> None:
    done = await holder.bring(TWINS, review="NEVER")

    original = await holder.download(kind="ORIGINAL", id=done["id"])
    rejects = await holder.download(kind="REJECTS", id=done["id"])

    assert original.content == TWINS
    assert 'filename="brief.csv"' in original.headers["content-disposition"]
    header, *rows = csv.reader(rejects.text.splitlines())
    assert header == ["date", "description", "amount", "stori_line", "stori_reason"]
    assert [row[:4] for row in rows] == [["2026-07-02", "Cafe", "x", "4"]]


async def test_link_works_once_and_only_the_holder_gets_one(
    holder: Holder, client: httpx2.AsyncClient, users: UserSvc
) -> None:
    stranger = Holder(client, users.issuer)
    given = {"kind": "TRANSACTIONS", "id": holder.account_id}

    link = (await holder.change("downloadCreate", "url", **given))["url"]
    head = await client.head(link)
    first, second = await client.get(link), await client.get(link)
    refused = [
        await stranger.change("downloadCreate", "url", **given, **narrowed)
        for narrowed in ({}, {"filter": {"minAmount": "1"}})
    ]

    assert (head.status_code, first.status_code, second.status_code) == (405, 200, 404)
    assert second.json()["errors"][0]["extensions"] == {"code": "DOWNLOAD_GONE"}
    assert refused[0] == refused[1]
    assert refused[0]["url"] is None
    assert [error["code"] for error in refused[0]["userErrors"]] == ["ACCOUNT_NOT_FOUND"]


async def test_what_is_anothers_is_refused_as_if_it_were_missing(
    holder: Holder, client: httpx2.AsyncClient, users: UserSvc
) -> None:
    done = await holder.bring(TWINS, review="ALWAYS")
    recorded = (await holder.record(description="Cafe"))["transaction"]["id"]
    before, stranger = await holder.account(), Holder(client, users.issuer)
    imported, transaction = {"importId": done["id"]}, {"transactionId": recorded}
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "accountUpdate": ("account { id }", {"accountId": holder.account_id, "openingBalance": "1"}),
        "accountClose": ("account { id }", {"accountId": holder.account_id}),
        "importRowDecide": ("import { id }", {**imported, "line": 2, "outcome": "REJECT"}),
        "importCommit": ("import { id }", {**imported, "planDigest": done["plan"]["digest"]}),
        "importRevert": ("import { id }", imported),
        "importDiscard": ("import { id }", imported),
        "importRepeat": ("import { id }", imported),
        "transactionUpdate": ("transaction { id }", {**transaction, "note": "x"}),
        "transactionDelete": ("transaction { id }", transaction),
    }

    codes = {
        name: [error["code"] for error in (await stranger.change(name, fields, **given))["userErrors"]]
        for name, (fields, given) in changes.items()
    }

    kinds = ("account", "import", "transaction")
    assert codes == {name: [f"{kind.upper()}_NOT_FOUND"] for name in changes for kind in kinds if name.startswith(kind)}
    assert await holder.account() == before
    assert (await holder.read(done["id"]))["plan"] == done["plan"]
