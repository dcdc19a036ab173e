"""What the running stack's admin ports tell: every documented metric, and of no person anything."""

import re
from base64 import urlsafe_b64decode
from json import loads

import httpx2
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.operations import Documented, documented, mentioned
from tests.system.stack import Person, Stack, eventually, new_person
from tests.system.test_main_job import BRIEF

BAD = b"%PDF-1.7"
# An address, an id of ours, a subject.
PERSONAL = re.compile(r"@|(user|acct|txn|imp|evt)_[0-9a-z]{26}|[0-9a-f]{8}-[0-9a-f]{4}-")
ACCOUNTS = "{ viewer { user { id displayName } accounts { id name } } }"


def scraped(stack: Stack) -> dict[str, str]:
    return {name: httpx2.get(url, timeout=10).text for name, url in stack.current()["metrics_urls"].items()}


def families(text: str) -> dict[str, Metric]:
    """Ours, by the name in the documents."""
    found = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("stori_"):
            found[family.name + ("_total" if family.type == "counter" else "")] = family
    return found


def subject_of(token: str) -> str:
    payload = token.split(".")[1]
    subject: str = loads(urlsafe_b64decode(payload + "=="))["sub"]
    return subject


@pytest.fixture(scope="module")
def canaries(stack: Stack, demo: Person) -> dict[str, str]:
    """What two people's doings leave nowhere in the metrics: one of them the demo's, one with files good and bad."""
    person = new_person(stack)
    account_id = person.open_account(name="Canary 7316 account")
    import_id = person.bring(account_id, BRIEF)
    refused_id = person.bring(account_id, BAD)
    assert person.settled(import_id)["state"] == "COMPLETED"
    assert person.settled(refused_id)["state"] == "FAILED"
    stack.aws("s3").put_object(Bucket=stack.info["uploads_bucket"], Key="drops/canary7316/a.csv", Body=BRIEF)
    stack.mails_when_there(import_id)
    url = stack.info["web_url"].rstrip("/")
    httpx2.get(f"{url}/canary7316path?canary7316query", headers={"x-request-id": "canary7316header"}, timeout=10)
    seen = demo.ask(ACCOUNTS)["viewer"]
    return {
        "canary": "canary",
        "account": account_id,
        "import": import_id,
        "refused import": refused_id,
        "address": person.email,
        "subject": subject_of(person.tokens.access),
        "token": person.tokens.access,
        "demo account": stack.info["demo"]["account_id"],
        "demo address": stack.info["demo"]["email"],
        "demo user": seen["user"]["id"],
        "demo name": seen["user"]["displayName"],
        "demo account name": seen["accounts"][0]["name"],
        "demo subject": subject_of(demo.tokens.access),
        "demo token": demo.tokens.access,
        "file": "statement.csv",
    }


def value(family: Metric, **labels: str) -> float:
    return sum(sample.value for sample in family.samples if labels.items() <= sample.labels.items())


def test_every_documented_metric_is_there_where_it_is_said_to_be(stack: Stack, canaries: dict[str, str]) -> None:
    def missing() -> list[tuple[str, str]]:
        seen = {name: families(text) for name, text in scraped(stack).items()}

        def shows(process: str, one: Documented) -> bool:
            family = seen[process].get(one.name)
            return family is not None and family.type == one.type and bool(family.samples)

        return [(one.name, process) for one in documented() for process in one.processes if not shows(process, one)]

    eventually(lambda: None if missing() else True, "every documented metric")


def test_no_process_has_a_metric_that_is_not_documented(stack: Stack, canaries: dict[str, str]) -> None:
    known = {(one.name, one.type, one.labels) for one in documented()}
    for process, text in scraped(stack).items():
        for name, family in families(text).items():
            labels = {frozenset(sample.labels) - {"le"} for sample in family.samples}
            assert all((name, family.type, one) in known for one in labels), (process, name, labels)


def test_alerts_name_only_series_that_are_scraped(stack: Stack, canaries: dict[str, str]) -> None:
    series = set()
    for text in scraped(stack).values():
        for family in text_string_to_metric_families(text):
            series |= {sample.name for sample in family.samples} | {family.name, f"{family.name}_total"}

    assert mentioned() - series == set()


def test_no_metric_tells_of_a_person(stack: Stack, canaries: dict[str, str]) -> None:
    pages = scraped(stack)
    samples = [sample for text in pages.values() for family in families(text).values() for sample in family.samples]
    labels = {text for sample in samples for text in sample.labels.values()}

    found = [
        (what, name) for what, one in canaries.items() for name, text in pages.items() if one.lower() in text.lower()
    ]
    assert found == []
    assert [text for text in labels if PERSONAL.search(text)] == []


def test_the_figures_are_those_of_what_happened(stack: Stack, canaries: dict[str, str]) -> None:
    seen = {name: families(text) for name, text in scraped(stack).items()}
    importer, notifier, bff = seen["importer"], seen["notifier"], seen["bff"]

    assert value(importer["stori_imports_settled_total"], state="COMPLETED") >= 2
    assert value(importer["stori_imports_settled_total"], state="FAILED", failure_code="NOT_A_STATEMENT") >= 1
    assert value(importer["stori_import_rows_total"], outcome="CREATE") >= 8
    assert value(importer["stori_import_rows_staged_total"]) >= 8
    assert value(importer["stori_import_objects_total"], outcome="ignored") >= 1
    assert value(notifier["stori_deliveries_total"], state="SENT") >= 1
    assert value(notifier["stori_queue_messages"], kind="dead_letters", state="waiting") == 0
    assert value(bff["stori_http_request_seconds"], path="/graphql", method="POST", status="200") > 0
    assert value(bff["stori_rpc_client_seconds"], method="/txn.v1.ImportService/StartImport", code="OK") > 0
    assert value(bff["stori_rpc_breaker_open"]) == 0
