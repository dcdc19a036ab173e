"""txn.v1.DownloadService: files for a browser, which follows a link and sends no token."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime import call
from runtime.audit import record
from runtime.aws import Aws
from runtime.call import Caller
from runtime.database import Database
from runtime.ids import from_id, to_id
from txn_svc.access import Verb, require
from txn_svc.downloads import store
from txn_svc.downloads.store import Wanted
from txn_svc.exports import Export
from txn_svc.fields import Fields
from txn_svc.imports import reading
from txn_svc.imports.exporting import ImportExports
from txn_svc.imports.settings import UploadSettings
from txn_svc.model import DownloadTicket, audit_event
from txn_svc.transactions.exporting import TransactionExports
from txn_svc.transactions.listing import filter_of

_PREFIX = "DOWNLOAD_KIND_"
_ID_PREFIXES = {"TRANSACTIONS": "acct", "REJECTS": "imp", "ORIGINAL": "imp"}


class DownloadServicer(txn_pb2_grpc.DownloadServiceServicer):
    def __init__(self, database: Database, aws: Aws, settings: UploadSettings) -> None:
        self._database, self._settings = database, settings
        self._transactions = TransactionExports(database)
        self._imports = ImportExports(database, aws, settings)

    async def CreateDownload(
        self, request: txn_pb2.CreateDownloadRequest, context: Any
    ) -> txn_pb2.CreateDownloadResponse:
        caller, wanted = call.person(), _wanted(request)
        await self._require_readable(caller, wanted)
        async with self._database.write() as session:
            seconds = self._settings.download_ticket_seconds
            ticket, expire_time = await store.create(session, caller, wanted, seconds)
            await record(session, audit_event, "CreateDownload", request.id)
        answer = txn_pb2.CreateDownloadResponse(ticket=ticket)
        answer.expire_time.FromDatetime(expire_time)
        return answer

    async def Download(self, request: txn_pb2.DownloadRequest, context: Any) -> AsyncIterator[txn_pb2.DownloadResponse]:
        async with self._database.write() as session:
            found = await store.use(session, request.ticket)
            holder = store.holder_of(found)
            with call.bind(replace(call.current(), caller=holder)):
                await record(session, audit_event, "Download", to_id(_ID_PREFIXES[found.kind], found.resource_id))
        with call.bind(replace(call.current(), caller=holder)):
            export = await self._export(found, holder)
            yield txn_pb2.DownloadResponse(file_name=export.file_name, media_type=export.media_type)
            async for data in export.chunks():
                yield txn_pb2.DownloadResponse(data=data)

    async def _require_readable(self, caller: Caller, wanted: Wanted) -> None:
        async with self._database.read() as session:
            if wanted.kind == "TRANSACTIONS":
                await require(session, caller, Verb.READ, wanted.resource_id)
            elif not await reading.find(session, caller, [wanted.resource_id]):
                raise reading.import_missing()

    async def _export(self, found: DownloadTicket, holder: Caller) -> Export:
        if found.kind == "TRANSACTIONS":
            wanted = filter_of(txn_pb2.TransactionFilter.FromString(found.filter))
            return await self._transactions.of_account(holder, found.resource_id, wanted)
        return await self._imports.of_import(holder, found.resource_id, found.kind)


def _wanted(request: txn_pb2.CreateDownloadRequest) -> Wanted:
    fields = Fields()
    kind = fields.choice("kind", txn_pb2.DownloadKind, request.kind).removeprefix(_PREFIX)
    fields.refuse()
    filter_of(request.filter)
    resource_id = from_id(_ID_PREFIXES[kind], request.id, "id")
    return Wanted(kind, resource_id, request.filter.SerializeToString())
