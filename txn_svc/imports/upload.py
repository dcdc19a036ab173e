"""The form with which a browser posts a file straight to S3 (a SigV4 POST policy).

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
"""

import math
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from protos.txn.v1 import txn_pb2
from runtime.aws import Aws
from txn_svc.imports.objects import upload_key
from txn_svc.imports.origin import Origin
from txn_svc.imports.settings import UploadSettings


class UploadForms:
    """Signs forms; S3 itself holds them to the key, the size and the expiry they state."""

    def __init__(self, aws: Aws, settings: UploadSettings) -> None:
        self._aws, self._s3, self._settings = aws, aws.client("s3"), settings

    async def form(self, import_id: UUID, origin: Origin, expire_time: datetime) -> txn_pb2.ImportUpload:
        """The form for exactly this import's key, 0 to the limit's bytes, until `expire_time`.

        S3 keeps with the object what the form says of its origin.
        """
        limit, fields = self._settings.import_max_bytes, origin.form_fields()
        seconds = (expire_time - datetime.now(UTC)).total_seconds()
        signed = await self._aws.call(
            self._s3.generate_presigned_post,
            Bucket=self._settings.uploads_bucket,
            Key=upload_key(import_id),
            Fields=fields,
            Conditions=[["content-length-range", 0, limit], *({name: value} for name, value in fields.items())],
            ExpiresIn=max(1, math.ceil(seconds)),
        )
        return txn_pb2.ImportUpload(
            url=signed["url"],
            fields=[txn_pb2.UploadField(name=name, value=value) for name, value in signed["fields"].items()],
            expire_time=_timestamp(expire_time),
            max_size_bytes=limit,
        )


def _timestamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
