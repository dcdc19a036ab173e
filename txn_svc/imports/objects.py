"""What S3 announces on the imports queue, and what the key of an object says.

The messages are S3's event notifications, whose keys are form-encoded: a space is `+`, other bytes are `%xx`
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

import orjson

from runtime.ids import from_id, to_id
from runtime.refusals import InvalidArgument
from txn_svc.imports.settings import FILE_NAME_MAX_CHARACTERS

# S3's own name for the version of an object that was stored without versioning.
UNVERSIONED = "null"
_UPLOADS = "imports/"
_DROPS = "drops/"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Announced:
    """One object as S3 announced it. `key` is decoded, `version` empty where the event names none, `time` is UTC."""

    bucket: str
    key: str
    version: str
    etag: str
    size_bytes: int
    time: datetime
    record: dict[str, Any]


@dataclass(frozen=True)
class UploadKey:
    """imports/{import_id}: the file of an import that was started before."""

    import_id: UUID


@dataclass(frozen=True)
class DropKey:
    """drops/{account_id}/{file name}.csv: a file that starts an import by itself."""

    account_id: UUID
    file_name: str


class Ignored(Exception):
    """A record that is no import's business; the message is the reason, safe to log."""


def upload_key(import_id: UUID) -> str:
    return f"{_UPLOADS}{to_id('imp', import_id)}"


def records(body: str) -> list[dict[str, Any]]:
    """The records of a message; none for `s3:TestEvent`. Raises ValueError for what is not an S3 event at all."""
    event = orjson.loads(body)
    if isinstance(event, dict) and event.get("Event") == "s3:TestEvent":
        return []
    found = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise ValueError("The message is not an S3 event.")
    return found


def message_of(record: dict[str, Any]) -> str:
    """A message with this record alone."""
    return orjson.dumps({"Records": [record]}).decode()


def announced(record: dict[str, Any]) -> Announced:
    """Reads one record. Raises Ignored for other events than ObjectCreated and for what is malformed."""
    if not str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
        raise Ignored("not an ObjectCreated event")
    try:
        described = record["s3"]["object"]
        return Announced(
            bucket=str(record["s3"]["bucket"]["name"]),
            key=unquote_plus(str(described["key"]), errors="strict"),
            version=str(described.get("versionId") or ""),
            etag=str(described.get("eTag") or "").strip('"'),
            size_bytes=int(described.get("size", 0)),
            time=datetime.fromisoformat(str(record["eventTime"])).astimezone(UTC),
            record=record,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Ignored("malformed record") from None


def place(key: str) -> UploadKey | DropKey:
    """What a key stands for. It names an import or an account, never an owner. Raises Ignored for any other key."""
    if "\0" in key:
        raise Ignored("a key that PostgreSQL cannot hold")
    if key.startswith(_UPLOADS):
        return UploadKey(_id("imp", key.removeprefix(_UPLOADS)))
    if key.startswith(_DROPS):
        account, slash, name = key.removeprefix(_DROPS).partition("/")
        if not slash or "/" in name or PurePosixPath(name).suffix.lower() != ".csv":
            raise Ignored("not a drop of a .csv file into an account")
        return DropKey(_id("acct", account), clean_file_name(name))
    raise Ignored("another prefix")


def clean_file_name(name: str) -> str:
    """A name to show: without control characters and the folders some browsers send along, at most 255 characters."""
    last = re.split(r"[/\\]", name)[-1]
    return _CONTROL.sub("", last).strip()[:FILE_NAME_MAX_CHARACTERS]


def _id(prefix: str, text: str) -> UUID:
    try:
        return from_id(prefix, text)
    except InvalidArgument:
        raise Ignored("a key without a well-formed id") from None
