"""Links with which a browser fetches a file."""

from typing import Self

import strawberry

from bff.context import Context, Info
from bff.downloads import download_path
from bff.schema.enums import DownloadKind
from bff.schema.fields import field
from bff.schema.filters import TransactionFilter
from bff.schema.money import decimals_in
from bff.schema.refusals import UserError, attempt
from bff.schema.scalars import URL, DateTime, time_of
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import InvalidArgument


@strawberry.input
class DownloadCreateInput:
    kind: DownloadKind
    id: strawberry.ID = strawberry.field(description="Of the account, or, for REJECTS and ORIGINAL, of the import.")
    filter: TransactionFilter | None = strawberry.field(
        default=None, description="Of TRANSACTIONS only; its amounts are in the account's currency."
    )

    async def to_proto(self, context: Context) -> pb.CreateDownloadRequest:
        """Raises NotFound and InvalidArgument."""
        kind = pb.DownloadKind.ValueType(self.kind.value)
        if self.filter is None:
            return pb.CreateDownloadRequest(kind=kind, id=self.id)
        if self.kind is not DownloadKind.TRANSACTIONS:
            raise _invalid_filter("Only TRANSACTIONS can be filtered.", "filter")
        if self.filter.account_ids is not None:
            raise _invalid_filter("`accountIds` narrows the viewer's transactions only.", "filter.account_ids")
        # Without amounts the decimals do not matter, and the account need not be read.
        decimals = decimals_in(await context.currency_of(self.id, "id")) if self.filter.has_amounts else 0
        return pb.CreateDownloadRequest(kind=kind, id=self.id, filter=self.filter.to_proto(decimals))


@strawberry.type
class DownloadPayload:
    url: URL | None = strawberry.field(
        description="Relative to this server, as graphqlUrl in /config.json. To be opened without a token."
    )
    expire_time: DateTime | None
    user_errors: list[UserError]

    @classmethod
    def from_proto(cls, message: pb.CreateDownloadResponse) -> Self:
        return cls(url=URL(download_path(message.ticket)), expire_time=time_of(message.expire_time), user_errors=[])


@strawberry.type
class DownloadMutation:
    @field(description="A link that works once, for 60 seconds.")
    async def download_create(self, info: Info, input: DownloadCreateInput) -> DownloadPayload:  # noqa: A002
        created, errors = await attempt(_create(info.context, input))
        return created or DownloadPayload(url=None, expire_time=None, user_errors=errors)


async def _create(context: Context, given: DownloadCreateInput) -> DownloadPayload:
    request = await given.to_proto(context)
    return DownloadPayload.from_proto(await context.clients.downloads.CreateDownload(request))


def _invalid_filter(message: str, field_name: str) -> InvalidArgument:
    return InvalidArgument(message, reason="INVALID_FILTER", fields={field_name: message})
