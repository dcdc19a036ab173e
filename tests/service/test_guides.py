"""The programs of docs/grpc.md and docs/graphql.md, run as they stand there, before the real services."""

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bff.app import create_app
from bff.clients import open_clients
from bff.server import serve_app
from runtime.database import Database
from runtime.tokens import open_verifier
from tests.service.bff_stage import bff_settings
from tests.service.importing import BRIEF, Uploads
from tests.service.tokens import MACHINE_CLIENT, MACHINE_SECRET
from tests.service.txn import Txn
from tests.service.users import UserSvc, new_subject

ROOT = Path(__file__).parents[2]
SECONDS = 60
USE = """
const input = { name: "Everyday", kind: "DEBIT", currencyCode: "USD" };
const opened = (await ask(documents.AccountOpen, { input })).data.accountOpen;
const accountId = opened.account.id;
const other = (await ask(documents.AccountOpen, { input: { ...input, name: "Other" } })).data.accountOpen;
const file = new File([process.env.STATEMENT], "brief.csv", { type: "text/csv" });
const shown = [];
const show = (answer) => async (thing) => { shown.push(thing); return answer; };
const declined = await importFile(accountId, file, { review: show(false) });
const first = await importFile(accountId, file, { review: show(true) });
const again = await importFile(accountId, file);
const asked = [];
const choose = async (question) => { asked.push(question); return "DMY"; };
const unclear = new File([process.env.UNCLEAR], "unclear.csv", { type: "text/csv" });
const answered = await importFile(accountId, unclear, { choose });
const unanswered = await importFile(other.account.id, unclear);
const { statementFormats } = (await ask(documents.Formats)).data.viewer;
await undo(answered.id);
const saved = (await ask(documents.ProfileSave, { input: { displayName: "Ann" } })).data.profileUpdate;
const overview = (await ask(documents.Overview)).data.viewer;
const rows = await everyTransaction(accountId);
let refused = null;
try { await ask(documents.AccountScreen, { id: accountId, after: "x" }); } catch (error) { refused = error; }

const kept = await undo(first.id, show(true));
const undone = await undo(again.id, show(true));
const repeating = await change(documents.ImportRepeat, { importId: first.id, review: "NEVER" });
const repeated = await atRest(repeating.import.id);
const coffee = { accountId, bookedOn: "2026-08-14", amount: "-4.50", description: "Coffee" };
const { transaction } = await change(documents.TransactionRecord, coffee);
await change(documents.TransactionsUpdate, { transactionIds: [transaction.id], category: "Food" });
const csv = await (await fetch(await downloadUrl("TRANSACTIONS", accountId, { category: "Food" }))).text();
const deleted = await change(documents.TransactionDelete, { transactionId: transaction.id });
const { account } = await change(documents.AccountUpdate, { accountId, openingBalance: "100" });
console.log(JSON.stringify({
  declined, first, again, saved, overview, rows, shown, kept, undone, repeated, csv, deleted, account,
  asked, answered, unanswered, statementFormats,
  refused: { status: refused?.status, code: refused?.code },
}));
"""


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / guide).read_text(), re.DOTALL)


async def output(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(SECONDS):
        said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return said.decode()


async def test_the_python_program_prints_what_the_guide_says(txn: Txn) -> None:
    (program,) = blocks("grpc.md", "python")
    printed = re.findall(r"It prints\n\n```\n(.*?)```", (ROOT / "docs" / "grpc.md").read_text(), re.DOTALL)

    address, token = f"127.0.0.1:{txn.port}", txn.issuer.token(subject="reader-of-the-guide")
    said = await output(sys.executable, "-c", program, TXN_SVC_ADDRESS=address, TOKEN=token, PYTHONPATH=str(ROOT))

    assert [said] == printed


async def test_a_service_gets_its_token_as_the_guide_says(txn: Txn) -> None:
    (shell,) = (block for block in blocks("grpc.md", "sh") if "client_credentials" in block)

    said = await output(
        "sh",
        "-c",
        f'{shell}\nprintf %s "$TOKEN"',
        COGNITO_DOMAIN_URL=txn.issuer.url,
        CLIENT_ID=MACHINE_CLIENT,
        CLIENT_SECRET=MACHINE_SECRET,
    )

    assert said.count(".") == 2


@pytest.fixture(scope="module")
async def graphql_url(users: UserSvc, txn_whole: Txn, uploads: Uploads, txn_database: Database) -> AsyncIterator[str]:
    addresses = {"user_svc_address": f"127.0.0.1:{users.port}", "txn_svc_address": f"127.0.0.1:{txn_whole.port}"}
    settings = bff_settings(users.issuer, **addresses)
    async with (
        uploads.running(txn_database),
        open_verifier(settings) as verifier,
        open_clients(settings) as clients,
        serve_app(create_app(settings, verifier.verify, clients), settings) as port,
    ):
        yield f"http://127.0.0.1:{port}/graphql"


async def test_the_pages_scripts_bring_a_file_and_read_it_back(graphql_url: str, users: UserSvc) -> None:
    node = shutil.which("node", path=os.pathsep.join([os.environ["PATH"], str(ROOT / ".venv" / "node" / "bin")]))
    assert node is not None
    documents = {re.split(r"\W+", text)[1]: text for text in blocks("graphql.md", "graphql")}
    known = f"const documents = {json.dumps(documents)}; const graphqlUrl = process.env.GRAPHQL_URL;"
    script = "\n".join([known, "const accessToken = () => process.env.TOKEN;", *blocks("graphql.md", "js"), USE])
    subject = new_subject()

    said = await output(
        *(node, "--input-type=module", "--eval", script),
        GRAPHQL_URL=graphql_url,
        TOKEN=users.issuer.token(subject),
        STATEMENT=BRIEF.decode(),
        UNCLEAR="date,description,amount\n3/4/2026,Coffee,-3.50\n",
    )

    answer = json.loads(said)
    assert answer["declined"]["state"] == "DISCARDED"
    assert (answer["first"]["state"], answer["first"]["importedCount"]) == ("COMPLETED", 4)
    assert (answer["again"]["state"], answer["again"]["duplicateCount"]) == ("COMPLETED", 4)
    assert [row["amount"]["amount"] for row in answer["rows"]] == ["10.00", "-20.46", "-10.30", "60.50"]
    assert answer["overview"]["accounts"][0]["balance"] == {"amount": "39.74", "currencyCode": "USD"}
    assert answer["overview"]["user"]["email"] == f"{subject}@example.com"
    assert answer["saved"] == {"user": {"displayName": "Ann", "locale": "en-US", "timeZone": "UTC"}, "userErrors": []}
    assert answer["refused"] == {"status": 400, "code": "BAD_USER_INPUT"}
    first_plan, second_plan, first_preview, second_preview = answer["shown"]
    assert first_plan["plan"]["createCount"] == second_plan["plan"]["createCount"] == 4
    assert (first_preview["removeCount"], first_preview["keepCount"]) == (0, 4)
    assert (second_preview["removeCount"], second_preview["keepCount"]) == (4, 0)
    assert answer["kept"]["state"] == answer["undone"]["state"] == "REVERTED"
    assert (answer["repeated"]["state"], answer["repeated"]["importedCount"]) == ("COMPLETED", 4)
    (question,) = answer["asked"]
    assert (question["id"], {option["id"] for option in question["options"]}) == ("DATE_ORDER", {"DMY", "MDY"})
    assert (answer["answered"]["state"], answer["answered"]["importedCount"]) == ("COMPLETED", 1)
    assert answer["unanswered"]["state"] == "DISCARDED"
    assert {"brief", "plain", "stori"} <= {one["id"] for one in answer["statementFormats"]}
    assert answer["csv"].count("\n") == 2
    assert "Coffee" in answer["csv"]
    assert answer["deleted"] == {"transaction": None, "userErrors": []}
    assert answer["account"]["balance"] == {"amount": "139.74"}
