"""Fetch: exactly the announced version of an object, into a bounded temporary file, hashed on the way."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from botocore.exceptions import ClientError

from runtime.aws import Aws
from runtime.refusals import DeadlineExceeded
from txn_svc.imports.objects import UNVERSIONED, Announced
from txn_svc.imports.progress import Progress
from txn_svc.model import StatementImport
from txn_svc.statement import Unreadable

MEMORY_MAX_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 18
GONE = frozenset({"NoSuchKey", "NoSuchVersion", "PreconditionFailed", "MethodNotAllowed", "404", "405", "412"})
"""AWS's codes for an object, or a version of one, that is not there any more."""


class ObjectGone(Exception):
    """The announced version of the object is not there any more."""


@dataclass(frozen=True)
class Fetched:
    """The file, to be read from its beginning, and the SHA-256 of its bytes in hexadecimal."""

    file: BinaryIO
    sha256: str


async def version_of(aws: Aws, announced: Announced) -> str:
    """The announced version; asks S3, with the announced ETag as condition, only where the event does not name it."""
    if announced.version:
        return announced.version
    try:
        head_object = partial(aws.client("s3").head_object, **_condition(announced.etag))
        head = await aws.call(head_object, Bucket=announced.bucket, Key=announced.key)
    except ClientError as error:
        if _code(error) in GONE:
            return UNVERSIONED
        raise
    return str(head.get("VersionId") or UNVERSIONED)


async def fetch(
    aws: Aws, bucket: str, found: StatementImport, limit: int, seconds: float, progress: Progress
) -> Fetched:
    """The pinned version. Raises ObjectGone, Unreadable (TOO_LARGE) or DeadlineExceeded."""
    deadline = time.monotonic() + seconds
    s3 = aws.client("s3")

    def work() -> Fetched:
        pinned = _condition(found.object_etag or "")
        if found.object_version != UNVERSIONED:
            pinned = {"VersionId": str(found.object_version)}
        answer = s3.get_object(Bucket=bucket, Key=found.object_key, **pinned)
        return _spool(answer["Body"], limit, deadline, progress.read)

    try:
        fetched: Fetched = await aws.call(work, deadline_seconds=seconds)
    except ClientError as error:
        if _code(error) in GONE:
            raise ObjectGone from None
        raise
    return fetched


def too_large(limit: int) -> Unreadable:
    return Unreadable("TOO_LARGE", f"The file is larger than the {limit:,} bytes an import may have.")


def _spool(body: Any, limit: int, deadline: float, count: Callable[[int], None]) -> Fetched:
    file = cast("BinaryIO", SpooledTemporaryFile(MEMORY_MAX_BYTES))  # noqa: SIM115 -- whoever asked for the file closes it
    digest, size = sha256(), 0
    try:
        while block := body.read(_BLOCK_BYTES):
            size += len(block)
            _check(size, limit, deadline)
            file.write(block)
            digest.update(block)
            count(size)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    finally:
        body.close()
    return Fetched(file, digest.hexdigest())


def _check(size: int, limit: int, deadline: float) -> None:
    if size > limit:
        raise too_large(limit)
    if time.monotonic() > deadline:
        raise DeadlineExceeded("S3 did not send the file in time.")


def _condition(etag: str) -> dict[str, str]:
    return {"IfMatch": f'"{etag}"'} if etag else {}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
