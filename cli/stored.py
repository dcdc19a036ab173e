"""The uploads bucket as it lists itself, and what S3 announces of an object.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from cli.cloud import Cloud
from cli.exits import DEPENDENCY_DOWN, FAILED, Failure
from runtime.ids import to_id

PLACES = ("uploads_bucket", "imports_queue_url")
UPLOADS, DROPS = "imports/", "drops/"
PAGE_SIZE = 1000
PAGES_MAX = 100_000
MESSAGES_AT_ONCE = 10
UNVERSIONED = "null"
# A form is valid for a day at most, so a file comes within it of the moment that its import's id holds.
FORM_MAX = timedelta(days=2)


@dataclass(frozen=True, order=True)
class Stored:
    """One version of an object. `time` is when S3 took it, UTC; they sort by it."""

    time: datetime
    key: str
    version: str
    etag: str
    size_bytes: int

    @property
    def is_drop(self) -> bool:
        return self.key.startswith(DROPS)


async def stored_since(cloud: Cloud, since: datetime) -> AsyncIterator[Stored]:
    """What may be the file of an import: of an upload its first version, of a drop each. In the order of their keys."""
    first: Stored | None = None
    async for one in _versions(cloud, UPLOADS, after=_first_upload(since - FORM_MAX)):
        if first is not None and first.key != one.key and first.time >= since:
            yield first
        # The versions of a key come newest first.
        first = one
    if first is not None and first.time >= since:
        yield first
    async for one in _versions(cloud, DROPS):
        if one.time >= since:
            yield one


async def announce(cloud: Cloud, objects: Sequence[Stored]) -> None:
    """Tells the imports queue of the objects, in their order, as S3 did. Raises Failure where it does not take all."""
    for start in range(0, len(objects), MESSAGES_AT_ONCE):
        batch = objects[start : start + MESSAGES_AT_ONCE]
        entries = [{"Id": str(index), "MessageBody": _event(cloud, one)} for index, one in enumerate(batch)]
        answer = await cloud.call(
            "sqs", "send_message_batch", QueueUrl=cloud.places["imports_queue_url"], Entries=entries
        )
        if answer.get("Failed"):
            raise Failure("The imports queue did not take every file; the same again finds the rest.", DEPENDENCY_DOWN)


def _first_upload(time: datetime) -> str:
    """A key that sorts before those of all imports since then: their ids begin with the time (RFC 9562 §5.7)."""
    milliseconds = max(0, int(time.timestamp() * 1000))
    return UPLOADS + to_id("imp", UUID(int=milliseconds << 80))


async def _versions(cloud: Cloud, prefix: str, after: str = "") -> AsyncIterator[Stored]:
    marker: dict[str, Any] = {"KeyMarker": after} if after else {}
    for _ in range(PAGES_MAX):
        page = await cloud.call(
            "s3",
            "list_object_versions",
            Bucket=cloud.places["uploads_bucket"],
            Prefix=prefix,
            MaxKeys=PAGE_SIZE,
            **marker,
        )
        for one in page.get("Versions", []):
            time = one["LastModified"].astimezone(UTC)
            yield Stored(time, one["Key"], one["VersionId"], one["ETag"].strip('"'), one["Size"])
        if not page.get("IsTruncated"):
            return
        marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    raise Failure(f"The bucket has more than {PAGES_MAX:,} pages of files.", FAILED)


def _event(cloud: Cloud, one: Stored) -> str:
    described = {"key": quote_plus(one.key, safe="/"), "size": one.size_bytes, "eTag": one.etag}
    if one.version != UNVERSIONED:
        described["versionId"] = one.version
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        # The years of a file without any are found from it, as they were when S3 announced it.
        "eventTime": one.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": cloud.places["uploads_bucket"]}, "object": described},
    }
    return json.dumps({"Records": [record]})
