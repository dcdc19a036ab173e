"""The main job as `make up` does it, seen from every side."""

import re
import secrets
from typing import Any

import httpx2
import pytest

from local.demo import UNDONE_SAMPLE, Api, DemoFailed, announce_undoable, settle, undone, upload
from tests.system.stack import IMPORTS, ROOT, VIEWER, Person, Stack, eventually, without_colour

BRIEF = (ROOT / "samples" / "brief.csv").read_bytes()
STACK_KEYS = """version web_url graphql_url graphiql_url mailbox_url sign_in_url aws_endpoint_url region issuer jwks_url
user_pool_id web_client_id cli_client_id uploads_bucket imports_queue_url imports_dlq_url notifications_queue_url
notifications_dlq_url feedback_queue_url feedback_dlq_url events_topic_arn user_events_topic_arn feedback_topic_arn
deliveries_table user_svc_address txn_svc_address user_database_url txn_database_url metrics_urls processes demo"""
PROCESSES = "postgres emulator mailbox user_svc user_relay txn_svc txn_relay importer notifier bff"

RECORD = """mutation Record($input: TransactionRecordInput!) { transactionRecord(input: $input) {
  userErrors { code message } } }"""


def money(value: Any) -> str | None:
    return None if value is None else str(value["amount"])


def test_the_first_start_says_what_it_did(stack: Stack) -> None:
    said = without_colour(stack.text)

    assert re.search(r"brief\.csv → S3 → 4 rows → SNS/SQS → mail  39\.74  -15\.38  35\.25  \(\d+\.\d s\)", said)
    assert "the same file again → 0 new, 4 already here" in said
    assert "undone → ledger digest equals the one before" in said
    for key in ("web_url", "graphiql_url", "mailbox_url"):
        assert stack.info[key] in said
    assert stack.info["demo"]["email"] in said
    assert "viewer" in said


def test_stack_json_holds_what_tools_need(stack: Stack) -> None:
    wanted = set(STACK_KEYS.split())
    names = set(PROCESSES.split())

    assert set(stack.info) == wanted
    assert set(stack.info["processes"]) == names


def test_graphql_shows_the_figures_of_the_file(demo: Person) -> None:
    [account] = demo.ask(VIEWER)["viewer"]["accounts"]

    summary = account["summary"]
    assert (account["balance"], summary["transactionCount"]) == ({"amount": "39.74", "currencyCode": "USD"}, 4)
    assert (money(summary["averageDebit"]), money(summary["averageCredit"])) == ("-15.38", "35.25")
    months = [
        (
            month["month"][-2:],
            month["transactionCount"],
            *(money(month[name]) for name in ("creditTotal", "debitTotal", "averageCredit", "averageDebit")),
        )
        for month in summary["months"]
    ]
    assert months == [("07", 2, "60.50", "-10.30", "60.50", "-10.30"), ("08", 2, "10.00", "-20.46", "10.00", "-20.46")]


def test_each_import_has_one_mail_with_the_figures_in_text_and_html(stack: Stack, demo: Person) -> None:
    imports = demo.ask(IMPORTS, first=100)["viewer"]["imports"]["nodes"]

    completed = [found for found in imports if found["state"] == "COMPLETED"]
    assert len(completed) >= 2
    for found in completed:
        [mail] = stack.mails_when_there(found["id"])
        for figure in ("39.74", "-15.38", "35.25", "60.50", "-20.46"):
            assert figure in mail["text"]
            assert figure in mail["html"]
        assert demo.email in mail["to"]


def test_the_undo_of_the_first_start_left_a_mail_and_nothing_else(stack: Stack, demo: Person) -> None:
    imports = demo.ask(IMPORTS, first=100)["viewer"]["imports"]["nodes"]

    [found] = [found for found in imports if found["state"] == "REVERTED"]
    assert found["fileName"] == UNDONE_SAMPLE.name
    mail = eventually(lambda: mail_of_undo(stack, found["id"]), "the mail of the undo")
    assert mail["subject"] == f"{UNDONE_SAMPLE.name} was undone: 7 transactions removed, balance 39.74 USD"
    assert demo.email in mail["to"]
    for figure in ("7 transactions removed.", "39.74", "-15.38", "35.25", "60.50", "-20.46"):
        assert figure in mail["text"]
        assert figure in mail["html"]
    [account] = demo.ask(VIEWER)["viewer"]["accounts"]
    assert [month["month"][-2:] for month in account["summary"]["months"]] == ["07", "08"]


def mail_of_undo(stack: Stack, import_id: str) -> dict[str, Any] | None:
    return next((mail for mail in stack.mails_of(import_id) if "was undone" in mail["subject"]), None)


def test_a_first_start_that_ended_before_its_undo_is_repeated_without_harm(stack: Stack, person: Person) -> None:
    api, account_id = api_of(stack, person), person.open_account()
    [before] = person.ask(VIEWER)["viewer"]["accounts"]
    left = announce_undoable(api, account_id)
    upload(left["upload"], UNDONE_SAMPLE)
    assert settle(api, left["id"], UNDONE_SAMPLE)["state"] == "COMPLETED"
    said: list[str] = []

    for _ in range(2):
        undone(api, account_id, announce_undoable(api, account_id), said.append)

    assert said == ["undone → ledger digest equals the one before"] * 2
    assert person.read_import(left["id"])["state"] == "REVERTED"
    assert person.ask(VIEWER)["viewer"]["accounts"] == [before]


def test_a_ledger_that_differs_after_the_undo_is_said_to(stack: Stack, person: Person) -> None:
    account_id, said = person.open_account(), list[str]()

    class Meddled(Api):
        def change(self, document: str, field: str, values: dict[str, Any]) -> dict[str, Any]:
            payload = super().change(document, field, values)
            if field == "importRevert":
                entry = {"accountId": account_id, "bookedOn": "2026-11-20", "amount": "1.00", "description": "meddled"}
                assert person.ask(RECORD, input=entry)["transactionRecord"]["userErrors"] == []
            return payload

    api = api_of(stack, person, Meddled)
    with pytest.raises(DemoFailed, match=r"was [0-9a-f]{64} before the import, and is [0-9a-f]{64} after its undo"):
        undone(api, account_id, announce_undoable(api, account_id), said.append)

    assert said == []


def api_of(stack: Stack, person: Person, kind: type[Api] = Api) -> Api:
    client = httpx2.Client(timeout=20, headers={"Authorization": f"Bearer {person.tokens.access}"})
    return kind(client, stack.info["graphql_url"])


def test_a_drop_of_the_same_file_adds_nothing(stack: Stack, demo: Person) -> None:
    [before] = demo.ask(VIEWER)["viewer"]["accounts"]
    known = {found["id"] for found in demo.ask(IMPORTS, first=100)["viewer"]["imports"]["nodes"]}
    key = f"drops/{before['id']}/brief {secrets.token_hex(3)} é+.csv"

    stack.aws("s3").put_object(Bucket=stack.info["uploads_bucket"], Key=key, Body=BRIEF)

    def newest() -> dict[str, Any] | None:
        found: dict[str, Any] = demo.ask(IMPORTS, first=1)["viewer"]["imports"]["nodes"][0]
        return found if found["id"] not in known and found["state"] == "COMPLETED" else None

    dropped = eventually(newest, "the drop")
    assert (dropped["importedCount"], dropped["duplicateCount"]) == (0, 4)
    [after] = demo.ask(VIEWER)["viewer"]["accounts"]
    assert (after["balance"], after["ledgerDigest"]) == (before["balance"], before["ledgerDigest"])
    stack.mails_when_there(dropped["id"])
    assert len(stack.mails_of(dropped["id"])) == 1


def test_ids_in_the_file_identify_nothing(person: Person) -> None:
    account_id = person.open_account()
    person.settled(person.bring(account_id, BRIEF))

    second = person.settled(person.bring(account_id, b"Id,Date,Transaction\n0,6/1,+1\n1,6/2,-2\n2,6/3,+3\n3,6/4,-4\n"))

    assert (second["importedCount"], second["duplicateCount"]) == (4, 0)
    [account] = person.ask(VIEWER)["viewer"]["accounts"]
    assert account["balance"]["amount"] == "37.74"


def test_a_file_that_is_no_statement_fails_with_a_sentence_and_a_mail(stack: Stack, person: Person) -> None:
    account_id = person.open_account()
    before = person.ask(VIEWER)

    failed = person.settled(person.bring(account_id, b"name,colour\nada,blue\n"))

    assert (failed["state"], failed["failureCode"]) == ("FAILED", "UNKNOWN_LAYOUT")
    assert "line 1" in failed["failure"].lower()
    assert person.ask(VIEWER) == before
    stack.mails_when_there(failed["id"])
    [mail] = stack.mails_of(failed["id"])
    assert failed["failure"] in " ".join(mail["text"].split())


def test_a_request_id_crosses_every_hop(stack: Stack, person: Person) -> None:
    request_id = f"journey-{secrets.token_hex(6)}"
    account_id = person.open_account()

    import_id = person.bring(account_id, BRIEF, {"x-request-id": request_id})
    settled = person.settled(import_id)
    stack.mails_when_there(import_id)

    assert settled["requestId"] == request_id

    def processes() -> set[str] | None:
        found = {str(line.get("process")) for line in stack.logs() if line.get("request_id") == request_id}
        return found if {"bff", "txn_svc", "importer", "notifier"} <= found else None

    assert eventually(processes, "the request id in every process's log", 10)


def test_the_logs_name_nobody_and_no_amount(stack: Stack, demo: Person) -> None:
    # 39.74 seconds after a minute is nobody's balance.
    lines = [str({**line, "timestamp": ""}) for line in stack.logs()]

    assert len(lines) > 50
    for canary in (demo.email, "39.74", "-15.38", "35.25", demo.tokens.access, stack.info["demo"]["password"]):
        assert not [line for line in lines if canary in line]


@pytest.mark.parametrize("fields", [{"key": "imports/imp_somebody_elses"}, {"key": "drops/x/y.csv"}])
def test_a_form_with_another_key_is_refused_by_s3(person: Person, fields: dict[str, str]) -> None:
    account_id = person.open_account()
    started = person.start_import(account_id, "brief.csv", len(BRIEF))
    for field in started["upload"]["fields"]:
        field["value"] = fields.get(field["name"], field["value"])

    answer = person.upload(started, BRIEF)

    assert answer.status_code in (400, 403)
    assert person.read_import(started["id"])["state"] == "AWAITING_UPLOAD"
