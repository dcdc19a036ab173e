"""What the form of an upload says of its import, kept by S3 with the object.

An import whose row was lost, as by the restore of an older database, can be made anew from it. Only this service signs
forms, and S3 holds an upload to what its form says; whoever may put objects into the bucket may say what he likes.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Self
from uuid import UUID

from botocore.exceptions import ClientError

from runtime.aws import Aws, error_code
from runtime.ids import from_id, to_id
from runtime.refusals import InvalidArgument
from txn_svc.imports.fetch import GONE
from txn_svc.imports.objects import UNVERSIONED, Ignored, clean_file_name
from txn_svc.statement import format_ids

_FORM_PREFIX = "x-amz-meta-"
_ACCOUNT, _FORMAT, _FILE_NAME = "stori-account", "stori-format", "stori-file-name"


@dataclass(frozen=True)
class Origin:
    """`format_id` is None where the format is found by the header."""

    account_id: UUID
    file_name: str
    format_id: str | None

    def form_fields(self) -> dict[str, str]:
        """Fields for the form, within the 2 KB of ASCII that S3 keeps with an object."""
        said = {_ACCOUNT: to_id("acct", self.account_id), _FILE_NAME: _encoded(self.file_name)}
        if self.format_id is not None:
            said[_FORMAT] = self.format_id
        return {_FORM_PREFIX + name: value for name, value in said.items()}

    @classmethod
    def from_metadata(cls, said: Mapping[str, str]) -> Self:
        """Reads an object's metadata. Raises Ignored for what no form of ours says."""
        if _ACCOUNT not in said:
            raise Ignored("no such import, and its object does not say of which account it is")
        with suppress(InvalidArgument, ValueError):
            found = cls(from_id("acct", said[_ACCOUNT]), _decoded(said.get(_FILE_NAME, "")), said.get(_FORMAT))
            if found.file_name and found.format_id in {None, *format_ids()}:
                return found
        raise Ignored("no such import, and its object says what no form does")


async def origin_of(aws: Aws, bucket: str, key: str, version: str) -> Origin:
    """What the stored object's form said. Raises Ignored as `Origin.from_metadata`, and for an object that is gone."""
    which = {} if version == UNVERSIONED else {"VersionId": version}
    try:
        head = await aws.call(partial(aws.client("s3").head_object, **which), Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in GONE:
            raise Ignored("no such import, and its object is gone") from None
        raise
    return Origin.from_metadata(head.get("Metadata", {}))


def _encoded(name: str) -> str:
    # Percent-encoding would not fit: 255 characters may be 1,020 bytes.
    return urlsafe_b64encode(name.encode()).decode()


def _decoded(text: str) -> str:
    return clean_file_name(urlsafe_b64decode(text.encode("ascii")).decode())
