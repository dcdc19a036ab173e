"""What S3 announces, and what the keys say."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.ids import to_id
from txn_svc.imports.objects import (
    Announced,
    DropKey,
    Ignored,
    UploadKey,
    announced,
    clean_file_name,
    message_of,
    place,
    records,
    upload_key,
)

# Fixed: they stand in the names of tests.
IMPORT, ACCOUNT = UUID("01890a5d-ac96-774b-bcce-b302099a8057"), UUID("01890a5d-ac96-774b-bcce-b302099a8058")
IMP, ACCT = to_id("imp", IMPORT), to_id("acct", ACCOUNT)


def record(key: str = "imports/x", **changes: Any) -> dict[str, Any]:
    described = {"key": quote_plus(key, safe="/"), "size": 3, "eTag": "e", "versionId": "v"}
    return {
        "eventName": "ObjectCreated:Post",
        "eventTime": "2026-11-20T12:00:00.000Z",
        "s3": {"bucket": {"name": "b"}, "object": described},
        **changes,
    }


def read(key: str) -> Announced:
    return announced(json.loads(message_of(record(key)))["Records"][0])


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=300))
def test_a_key_is_decoded_as_s3_encodes_it(key: str) -> None:
    assert read(key).key == key


def test_an_uploads_key_names_its_import() -> None:
    assert place(upload_key(IMPORT)) == UploadKey(IMPORT)


@pytest.mark.parametrize("name", ["a.csv", "a b+c é.CSV", "..csv", "%2e.csv", "x" * 251 + ".csv"])
def test_a_drops_key_names_its_account_and_file(name: str) -> None:
    assert place(read(f"drops/{ACCT}/{name}").key) == DropKey(ACCOUNT, name)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "imports/",
        f"imports/{ACCT}",
        f"imports/{IMP}/x",
        f"imports/../{IMP}",
        f"imports//{IMP}",
        f"imports/{IMP.upper()}",
        f"imports/{IMP} ",
        f"/imports/{IMP}",
        f"drops/{ACCT}",
        f"drops/{ACCT}/",
        f"drops/{ACCT}/.csv",
        f"drops/{ACCT}/a.txt",
        f"drops/{ACCT}/a.csv.exe",
        f"drops/{ACCT}/b/a.csv",
        f"drops/{ACCT}//a.csv",
        f"drops/{IMP}/a.csv",
        f"drops/../{ACCT}/a.csv",
        f"drops/{ACCT}/a\0.csv",
        "drops/" + "é" * 506,
        f"elsewhere/{IMP}",
    ],
)
def test_any_other_key_is_ignored(key: str) -> None:
    with pytest.raises(Ignored):
        place(key)


@given(st.text(max_size=200))
def test_no_key_does_worse_than_being_ignored(key: str) -> None:
    with suppress(Ignored):
        found = place(f"drops/{ACCT}/{key}")
        assert isinstance(found, DropKey)
        assert found.account_id == ACCOUNT
        assert clean_file_name(found.file_name) == found.file_name != ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"eventName": "ObjectRemoved:Delete"},
        {"eventName": None},
        {"eventTime": "yesterday"},
        {"eventTime": None},
        {"s3": None},
        {"s3": {"bucket": {"name": "b"}, "object": {}}},
        {"s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}}},
        {"s3": {"bucket": {"name": "b"}, "object": {"key": "a", "size": "many"}}},
        {"s3": {"bucket": "b", "object": {"key": "a"}}},
    ],
)
def test_a_malformed_record_is_ignored(wrong: dict[str, Any]) -> None:
    with pytest.raises(Ignored):
        announced(record(**wrong))


def test_the_test_event_holds_no_records() -> None:
    assert (
        records('{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-20T12:00:00.000Z","Bucket":"b"}') == []
    )


@pytest.mark.parametrize("body", ["", "x", "1", "null", "[]", "{}", '{"Records":{}}', '{"Records":["x"]}'])
def test_what_is_no_event_is_an_error(body: str) -> None:
    with pytest.raises(ValueError):
        records(body)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("a.csv", "a.csv"),
        ("C:\\Users\\me\\a.csv", "a.csv"),
        ("../../a.csv", "a.csv"),
        ("a\x00\r\n\x1b[31mb.csv", "a[31mb.csv"),
        ("a\u202evsc.csv", "avsc.csv"),
        ("x" * 300, "x" * 255),
        (" \t ", ""),
    ],
)
def test_a_file_name_is_cleaned_for_showing(given_name: str, shown: str) -> None:
    assert clean_file_name(given_name) == shown
