"""The first start's demonstration: a person, an account and two files, through the product's own doors.

Every step can be repeated after a crash: the person is created once, and mutations carry idempotency keys.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from botocore.exceptions import ClientError

from local.home import ROOT, Home, read_json, write_json
from local.passwords import Passwords
from local.sign_in import sign_in
from local.stack import Outputs, aws_client

EMAIL = "ana.demo@stori.example"
DISPLAY_NAME = "Ana Demo"
SAMPLE: Path = ROOT / "samples" / "brief.csv"
# Of other months, so that nothing of it is there before.
UNDONE_SAMPLE: Path = ROOT / "samples" / "spring.csv"
STEP_SECONDS = 60.0
POLL_SECONDS = 0.2
TERMINAL = ("COMPLETED", "FAILED", "REVERTED", "DISCARDED", "EXPIRED")

# What a page asks first; it makes the person known to user_svc, which owns the address that mails go to.
GREET = "query Greet { viewer { user { email } } }"
OPEN_ACCOUNT = """mutation OpenAccount($input: AccountOpenInput!) {
  accountOpen(input: $input) { account { id } userErrors { message } }
}"""
START_IMPORT = """mutation StartImport($input: ImportStartInput!) {
  importStart(input: $input) { import { id state upload { url fields { name value } } } userErrors { message } }
}"""
WATCH_IMPORT = """query WatchImport($id: ID!) {
  node(id: $id) { ... on Import { id state failure } }
}"""
READ_IMPORT = """query ReadImport($id: ID!) {
  node(id: $id) { ... on Import { id importedCount duplicateCount
    account { balance { amount } summary { averageDebit { amount } averageCredit { amount } } } } }
}"""
READ_DIGEST = """query ReadDigest($id: ID!) {
  node(id: $id) { ... on Account { ledgerDigest } }
}"""
REVERT_IMPORT = """mutation RevertImport($input: ImportRevertInput!) {
  importRevert(input: $input) { import { id state } userErrors { message } }
}"""


class DemoFailed(Exception):
    """The demonstration stopped; the message is one sentence naming the step."""


@dataclass(frozen=True)
class Addresses:
    web_url: str
    graphql_url: str
    mailbox_url: str
    domain_url: str


@dataclass(frozen=True)
class Person:
    email: str
    password: str
    account_id: str | None

    def to_json(self) -> dict[str, str | None]:
        return {"email": self.email, "password": self.password, "account_id": self.account_id}


def person_of(home: Home) -> Person:
    done = read_json(home.demo) or {}
    return Person(EMAIL, Passwords(home.passwords).of(EMAIL), done.get("account_id"))


def is_done(home: Home) -> bool:
    return bool((read_json(home.demo) or {}).get("is_done"))


def run_demo(home: Home, addresses: Addresses, outputs: Outputs, say: Callable[[str], None]) -> None:
    """Says its three lines as they come true, with what GraphQL and the mail answer. Raises DemoFailed."""
    try:
        demonstrate(home, addresses, outputs, say)
    except httpx2.HTTPError as error:
        raise DemoFailed(f"The demonstration was cut short: {type(error).__name__} {error}") from None


def demonstrate(home: Home, addresses: Addresses, outputs: Outputs, say: Callable[[str], None]) -> None:
    person = person_of(home)
    create_person(addresses.domain_url, outputs["UserPoolId"], person)
    callback = f"{addresses.web_url}/callback"
    tokens = sign_in(addresses.domain_url, outputs["WebClientId"], callback, person.email, person.password)
    with httpx2.Client(timeout=10, headers={"Authorization": f"Bearer {tokens.access}"}) as client:
        api = Api(client, addresses.graphql_url)
        greet(api, person)
        account_id = person.account_id or open_account(api)
        write_json(home.demo, {"account_id": account_id, "is_done": False})
        # Before the rest: what an earlier first start left of it would be in the figures.
        undoable = announce_undoable(api, account_id)
        first(api, addresses.mailbox_url, account_id, say)
        again(api, account_id, say)
        undone(api, account_id, undoable, say)
    write_json(home.demo, {"account_id": account_id, "is_done": True})


@dataclass(frozen=True)
class Api:
    client: httpx2.Client
    graphql_url: str

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        response = self.client.post(self.graphql_url, json={"query": document, "variables": variables})
        answer = response.json() if response.is_success else {}
        if not response.is_success or answer.get("errors"):
            problem = answer.get("errors") or f"status {response.status_code}"
            raise DemoFailed(f"GraphQL refused {document.partition('(')[0]}: {problem}")
        data: dict[str, Any] = answer["data"]
        return data

    def change(self, document: str, field: str, values: dict[str, Any]) -> dict[str, Any]:
        payload: dict[str, Any] = self.ask(document, input=values)[field]
        if payload["userErrors"]:
            raise DemoFailed(f"{field} was refused: {payload['userErrors'][0]['message']}")
        return payload


def create_person(endpoint_url: str, pool: str, person: Person) -> None:
    cognito = aws_client("cognito-idp", endpoint_url)
    attributes = {"email": person.email, "email_verified": "true", "name": DISPLAY_NAME}
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=person.email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            MessageAction="SUPPRESS",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "UsernameExistsException":
            raise DemoFailed(f"The demo person could not be created: {error}") from None
    cognito.admin_set_user_password(UserPoolId=pool, Username=person.email, Password=person.password, Permanent=True)


def greet(api: Api, person: Person) -> None:
    user = api.ask(GREET)["viewer"]["user"]
    if user is None or user["email"] != person.email:
        raise DemoFailed("GraphQL does not know who has signed in.")


def open_account(api: Api) -> str:
    values = {"name": "Everyday", "kind": "DEBIT", "currencyCode": "USD", "openingBalance": "0.00"}
    payload = api.change(OPEN_ACCOUNT, "accountOpen", values | {"idempotencyKey": "demo-account"})
    account_id: str = payload["account"]["id"]
    return account_id


def first(api: Api, mailbox_url: str, account_id: str, say: Callable[[str], None]) -> None:
    started = time.monotonic()
    done = put_through(api, account_id, "demo-first")
    mail = wait_for(lambda: mail_about(mailbox_url, done), "the mail")
    summary = done["account"]["summary"]
    figures = [done["account"]["balance"], summary["averageDebit"], summary["averageCredit"]]
    amounts = [figure["amount"] for figure in figures]
    missing = [amount for amount in amounts if amount not in mail["text"]]
    if missing:
        raise DemoFailed(f"The mail does not say {', '.join(missing)}.")
    seconds = time.monotonic() - started
    way = f"{SAMPLE.name} → S3 → {done['importedCount']} rows → SNS/SQS → mail"
    say(f"{way}  {'  '.join(amounts)}  ({seconds:.1f} s)")


def again(api: Api, account_id: str, say: Callable[[str], None]) -> None:
    done = put_through(api, account_id, "demo-again")
    say(f"the same file again → {done['importedCount']} new, {done['duplicateCount']} already here")


def announce_undoable(api: Api, account_id: str, key: str = "demo-undone") -> dict[str, Any]:
    """An import of the second file that awaits its upload; one that an earlier first start began is undone first."""
    started = announce(api, account_id, UNDONE_SAMPLE, key)
    if started["state"] == "AWAITING_UPLOAD":
        return started
    if settle(api, started["id"], UNDONE_SAMPLE)["state"] == "COMPLETED":
        revert(api, started["id"])
    return announce_undoable(api, account_id, f"demo-undone-{started['id']}")


def undone(api: Api, account_id: str, started: dict[str, Any], say: Callable[[str], None]) -> None:
    before = ledger_digest(api, account_id)
    upload(started["upload"], UNDONE_SAMPLE)
    require_completed(settle(api, started["id"], UNDONE_SAMPLE), UNDONE_SAMPLE)
    if ledger_digest(api, account_id) == before:
        raise DemoFailed(f"The import of {UNDONE_SAMPLE.name} left the ledger digest as it was, {before}.")
    revert(api, started["id"])
    after = ledger_digest(api, account_id)
    if after != before:
        raise DemoFailed(f"The ledger digest was {before} before the import, and is {after} after its undo.")
    say("undone → ledger digest equals the one before")


def ledger_digest(api: Api, account_id: str) -> str:
    digest: str = api.ask(READ_DIGEST, id=account_id)["node"]["ledgerDigest"]
    return digest


def revert(api: Api, import_id: str) -> None:
    api.change(REVERT_IMPORT, "importRevert", {"importId": import_id})
    state = settle(api, import_id, UNDONE_SAMPLE)["state"]
    if state != "REVERTED":
        raise DemoFailed(f"The undo of {UNDONE_SAMPLE.name} ended {state}.")


def put_through(api: Api, account_id: str, key: str) -> dict[str, Any]:
    """Uploads the sample by a presigned form and waits until its import is settled; repeatable under the same key."""
    started = announce(api, account_id, SAMPLE, key)
    if started["state"] == "EXPIRED":
        # An earlier first start ended before its upload; its form is void by now.
        return put_through(api, account_id, f"{key}-{started['id']}")
    if started["state"] == "AWAITING_UPLOAD":
        upload(started["upload"], SAMPLE)
    require_completed(settle(api, started["id"], SAMPLE), SAMPLE)
    read: dict[str, Any] = api.ask(READ_IMPORT, id=started["id"])["node"]
    return read


def announce(api: Api, account_id: str, sample: Path, key: str) -> dict[str, Any]:
    """The import under this key, with its form and the state it is in by now."""
    values = {"accountId": account_id, "fileName": sample.name, "sizeBytes": sample.stat().st_size, "review": "NEVER"}
    started = api.change(START_IMPORT, "importStart", values | {"idempotencyKey": key})["import"]
    return {**started, "state": api.ask(WATCH_IMPORT, id=started["id"])["node"]["state"]}


def upload(form: dict[str, Any] | None, sample: Path) -> None:
    if form is None:
        raise DemoFailed("The import has no upload form any more; `make clean` starts afresh.")
    fields = {field["name"]: field["value"] for field in form["fields"]}
    file = (sample.name, sample.read_bytes(), "text/csv")
    # A request of its own: the token is for GraphQL only.
    answer = httpx2.post(form["url"], data=fields, files={"file": file}, timeout=10)
    if not answer.is_success:
        raise DemoFailed(f"S3 refused the upload with status {answer.status_code}.")


def settle(api: Api, import_id: str, sample: Path) -> dict[str, Any]:
    return wait_for(lambda: settled_import(api, import_id), f"the import of {sample.name}")


def require_completed(settled: dict[str, Any], sample: Path) -> None:
    if settled["state"] != "COMPLETED":
        raise DemoFailed(f"The import of {sample.name} ended {settled['state']}: {settled['failure']}")


def settled_import(api: Api, import_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] = api.ask(WATCH_IMPORT, id=import_id)["node"]
    return found if found["state"] in TERMINAL else None


def mail_about(mailbox_url: str, done: dict[str, Any]) -> dict[str, Any] | None:
    """The newest mail to the demo person that names this import."""
    answer = httpx2.get(f"{mailbox_url}/messages.json", timeout=10)
    mails = answer.json() if answer.is_success else []
    return next((mail for mail in mails if EMAIL in mail["to"] and done["id"] in mail["text"] + mail["html"]), None)


def wait_for(look: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
    deadline = time.monotonic() + STEP_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"Waited {STEP_SECONDS:.0f} s for {what} in vain.")
