"""What is shown of a dead letter, whatever stands in it."""

import json
from typing import Any

import pytest

from cli.letter import FOREIGN, IDS_MAX, UNREADABLE, Letter, described
from runtime.ids import new_id, to_id
from runtime.messages.dead_letters import ATTRIBUTE

EVENT, IMPORT, ACCOUNT = (to_id(prefix, new_id()) for prefix in ("evt", "imp", "acct"))
CANARY = "ana@example.com"


def cloud_event(**changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": EVENT, "type": "stori.txn.v1.ImportDue", "subject": IMPORT, **changes}


def s3_event(*keys: str, name: str = "ObjectCreated:Post") -> dict[str, Any]:
    return {"Records": [{"eventName": name, "s3": {"object": {"key": key}}} for key in keys]}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (cloud_event(), ("stori.txn.v1.ImportDue", (EVENT, IMPORT))),
        (cloud_event(type=CANARY, subject=CANARY), (FOREIGN, (EVENT,))),
        (cloud_event(type=["x"], id=None, subject={}), (FOREIGN, ())),
        (s3_event(f"imports/{IMPORT}"), ("ObjectCreated:Post", (IMPORT,))),
        (s3_event(f"drops%2F{ACCOUNT}/{CANARY}.csv"), ("ObjectCreated:Post", (ACCOUNT,))),
        (s3_event("x", name=CANARY), (FOREIGN, ())),
        ({"Records": []}, (FOREIGN, ())),
        ({"Records": ["x", {"s3": []}]}, (FOREIGN, ())),
        ({"notificationType": "Bounce", "mail": CANARY}, ("Bounce", ())),
        ({"eventType": CANARY}, (FOREIGN, ())),
        ({"eventType": ["Bounce"]}, (FOREIGN, ())),
        ({"TopicArn": "arn", "Message": CANARY}, (FOREIGN, ())),
        ([CANARY], (FOREIGN, ())),
    ],
)
def test_types_and_ids_of_a_known_form_and_nothing_else(content: Any, found: tuple[str, tuple[str, ...]]) -> None:
    assert described(json.dumps(content)) == found


@pytest.mark.parametrize("body", ["", CANARY, "{", "[" * 100_000, "\0"])
def test_what_is_no_json_is_unreadable(body: str) -> None:
    assert described(body) == (UNREADABLE, ())


def test_ids_are_bounded() -> None:
    keys = [f"imports/{to_id('imp', new_id())}" for _ in range(IDS_MAX + 5)]

    assert len(described(json.dumps(s3_event(*keys)))[1]) == IDS_MAX


def letter(value: str) -> Letter:
    attributes = {ATTRIBUTE: {"DataType": "String", "StringValue": value}}
    raw = {"MessageId": "m-1", "Body": "x", "Attributes": {"SentTimestamp": "1763640000123"}}
    return Letter.of(raw | {"MessageAttributes": attributes})


WRITTEN = {
    "message_id": "m-0",
    "sent_at": "2025-11-20 11:00:00+00:00",
    "reason": "UNAVAILABLE",
    "receive_count": "5",
    "failed_at": "2025-11-20 11:05:00+00:00",
}


def test_a_letter_says_what_the_worker_wrote() -> None:
    assert letter(json.dumps(WRITTEN)).to_document() == {
        "id": "m-0",
        "type": UNREADABLE,
        "ids": [],
        "reason": "UNAVAILABLE",
        "receiveCount": 5,
        "sentTime": "2025-11-20T11:00:00Z",
        "failTime": "2025-11-20T11:05:00Z",
    }


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "[]",
        "1",
        *(json.dumps({**WRITTEN, name: CANARY}) for name in WRITTEN),
        *(json.dumps({**WRITTEN, name: None}) for name in WRITTEN),
    ],
)
def test_what_a_stranger_wrote_there_counts_as_nothing(value: str) -> None:
    found = letter(value)

    assert (found.id, found.reason, found.to_document()["sentTime"]) == ("m-1", "not recorded", "2025-11-20T12:00:00Z")
