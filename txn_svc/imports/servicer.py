"""txn.v1.ImportService: checks the request, opens the transactions of the call, makes the answer."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime import call
from runtime.audit import record
from runtime.aws import Aws
from runtime.database import Database, WriteSession
from runtime.ids import from_id, new_id, to_id
from runtime.pages import Position, list_of, page_size, page_token, position_of
from txn_svc.access import SUPPORT, Verb, audit_reading, require, require_staff
from txn_svc.fields import batch_ids
from txn_svc.idempotency import once
from txn_svc.imports import changes, reading, store, trace, undo
from txn_svc.imports.changes import account_closed
from txn_svc.imports.exporting import ImportExports
from txn_svc.imports.mapping import formats_to_proto, import_to_proto, row_to_proto
from txn_svc.imports.objects import upload_key
from txn_svc.imports.origin import Origin
from txn_svc.imports.plan import plan_of
from txn_svc.imports.reading import Seen, import_missing
from txn_svc.imports.requests import (
    LIST_SIZE,
    NewImport,
    after,
    answers_in,
    decision_of,
    new_import,
    outcome_of,
    part_of,
    position_after,
    repetition,
    states_of,
    stored_objects,
)
from txn_svc.imports.settings import UploadSettings
from txn_svc.imports.stored import HAVE_IMPORT, look_at
from txn_svc.imports.stream import Stream
from txn_svc.imports.upload import UploadForms
from txn_svc.imports.watch import Watch
from txn_svc.ledger.months import MonthFigures
from txn_svc.model import IMPORT_STATES_WAITING, StatementImport, audit_event


class ImportServicer(txn_pb2_grpc.ImportServiceServicer):
    def __init__(self, database: Database, aws: Aws, settings: UploadSettings, watch: Watch) -> None:
        self._database, self._aws, self._settings, self._watch = database, aws, settings, watch
        self._forms = UploadForms(aws, settings)
        self._exports = ImportExports(database, aws, settings)

    async def StartImport(self, request: txn_pb2.StartImportRequest, context: Any) -> txn_pb2.StartImportResponse:
        call.person()
        wanted = new_import(request, self._settings.import_max_bytes)
        import_id, now = new_id(), datetime.now(UTC)
        expire_time = now + timedelta(seconds=self._settings.upload_form_seconds)
        # Signing may ask for credentials over the network, so it comes before the transaction.
        origin = Origin(wanted.account_id, wanted.file_name, wanted.format_id)
        form = await self._forms.form(import_id, origin, expire_time)

        async def work(session: WriteSession) -> txn_pb2.StartImportResponse:
            seen = await self._start(session, wanted, import_id, now, expire_time)
            return txn_pb2.StartImportResponse(statement_import=import_to_proto(seen, upload=form))

        return await once(
            self._database, "StartImport", request.idempotency_key, request, txn_pb2.StartImportResponse, work
        )

    async def BatchGetImports(
        self, request: txn_pb2.BatchGetImportsRequest, context: Any
    ) -> txn_pb2.BatchGetImportsResponse:
        import_ids = batch_ids("imp", "import_ids", request.import_ids)
        async with self._database.read(snapshot=True) as session:
            seen = await reading.find(session, call.caller(), import_ids)
            months = await reading.months(session, seen.values())
        await self._audit("BatchGetImports", seen.values())
        found = {key: await self._to_proto(one, months) for key, one in seen.items()}
        results = [
            txn_pb2.BatchGetImportsResult(import_id=text, statement_import=found.get(import_id))
            for text, import_id in zip(request.import_ids, import_ids, strict=True)
        ]
        return txn_pb2.BatchGetImportsResponse(results=results)

    async def ListImports(self, request: txn_pb2.ListImportsRequest, context: Any) -> txn_pb2.ListImportsResponse:
        caller, size = call.caller(), page_size(request.page_size, LIST_SIZE)
        account_id = from_id("acct", request.account_id, "account_id") if request.account_id else None
        states = states_of(request.states)
        this_list = list_of("imports", request.account_id or caller.subject, *states)
        start = after(position_of(this_list, request.page_token))
        async with self._database.read(snapshot=True) as session:
            if account_id is not None:
                await require(session, caller, Verb.READ, account_id)
            where = reading.listed(caller, account_id, states)
            seen = await reading.page(session, caller, where, start, size + 1)
            page = seen[:size]
            months = await reading.months(session, page)
            total = await reading.count(session, where) if request.with_total_count else None
        await self._audit("ListImports", page)
        tokens = [page_token(this_list, position_after(one.found.create_time, one.found.id)) for one in page]
        return txn_pb2.ListImportsResponse(
            imports=[await self._to_proto(one, months) for one in page],
            page_tokens=tokens,
            next_page_token=tokens[-1] if len(seen) > size else "",
            total_count=total,
        )

    async def ListImportRows(
        self, request: txn_pb2.ListImportRowsRequest, context: Any
    ) -> txn_pb2.ListImportRowsResponse:
        import_id, outcome = from_id("imp", request.import_id, "import_id"), outcome_of(request.outcome)
        size, this_list = page_size(request.page_size), list_of("import rows", request.import_id, outcome or "")
        start = position_of(this_list, request.page_token)
        async with self._database.read(snapshot=True) as session:
            seen = (await reading.find(session, call.caller(), [import_id])).get(import_id)
            if seen is None:
                raise import_missing()
            is_told = reading.are_rows_told(seen)
            rows = (
                await reading.rows(session, seen.found, outcome, start.key if start else 0, size + 1) if is_told else []
            )
            page = rows[:size]
            held = await reading.held(session, seen.found, page) if seen.state == "READY" else {}
        await self._audit("ListImportRows", [seen])
        tokens = [page_token(this_list, Position(row.line, import_id)) for row in page]
        return txn_pb2.ListImportRowsResponse(
            rows=[row_to_proto(seen.found, row, seen.currency_code, held) for row in page],
            page_tokens=tokens,
            next_page_token=tokens[-1] if len(rows) > size else "",
            total_count=_count_of(seen.found, outcome) if is_told else 0,
        )

    async def AnswerImport(self, request: txn_pb2.AnswerImportRequest, context: Any) -> txn_pb2.AnswerImportResponse:
        import_id, given = from_id("imp", request.import_id, "import_id"), answers_in(request)
        async with self._database.write() as session:
            found = await changes.answer(session, import_id, given)
        return txn_pb2.AnswerImportResponse(statement_import=await self._now(found))

    async def DecideImportRow(
        self, request: txn_pb2.DecideImportRowRequest, context: Any
    ) -> txn_pb2.DecideImportRowResponse:
        import_id, outcome = from_id("imp", request.import_id, "import_id"), decision_of(request.outcome)
        async with self._database.write() as session:
            limits = self._settings.decisions_max, self._settings.inline_rows_max
            found = await changes.decide(session, import_id, request.line, outcome, *limits)
        return txn_pb2.DecideImportRowResponse(statement_import=await self._now(found))

    async def CommitImport(self, request: txn_pb2.CommitImportRequest, context: Any) -> txn_pb2.CommitImportResponse:
        import_id, most = from_id("imp", request.import_id, "import_id"), self._settings.inline_rows_max
        async with self._database.write() as session:
            found = await changes.commit_plan(session, import_id, request.plan_digest, most)
        # Only now: a plan that has become stale is replaced in the transaction that found it out.
        if found.state in IMPORT_STATES_WAITING:
            raise changes.stale_plan(found)
        return txn_pb2.CommitImportResponse(statement_import=await self._now(found))

    async def DiscardImport(self, request: txn_pb2.DiscardImportRequest, context: Any) -> txn_pb2.DiscardImportResponse:
        import_id = from_id("imp", request.import_id, "import_id")
        async with self._database.write() as session:
            found = await changes.discard(session, import_id)
        return txn_pb2.DiscardImportResponse(statement_import=await self._now(found))

    async def PreviewRevert(self, request: txn_pb2.PreviewRevertRequest, context: Any) -> txn_pb2.PreviewRevertResponse:
        import_id = from_id("imp", request.import_id, "import_id")
        async with self._database.read(snapshot=True) as session:
            seen = (await reading.find(session, call.caller(), [import_id])).get(import_id)
            if seen is None:
                raise import_missing()
            changes.require_completed(seen.found)
            preview = await undo.preview(session, await store.account(session, seen.found.account_id), seen.found)
        await self._audit("PreviewRevert", [seen])
        return txn_pb2.PreviewRevertResponse(preview=preview)

    async def RevertImport(self, request: txn_pb2.RevertImportRequest, context: Any) -> txn_pb2.RevertImportResponse:
        import_id = from_id("imp", request.import_id, "import_id")
        async with self._database.write() as session:
            found = await changes.revert(session, import_id, request.preview_digest)
        return txn_pb2.RevertImportResponse(statement_import=await self._now(found))

    async def RepeatImport(self, request: txn_pb2.RepeatImportRequest, context: Any) -> txn_pb2.RepeatImportResponse:
        call.person()
        wanted = repetition(request)

        async def work(session: WriteSession) -> txn_pb2.RepeatImportResponse:
            found = await changes.repeat(session, wanted, self._settings.waiting_imports_max)
            currency_code = await store.currency_code(session, found.account_id)
            seen = Seen(found, found.state, currency_code, None)
            return txn_pb2.RepeatImportResponse(statement_import=import_to_proto(seen))

        return await once(
            self._database, "RepeatImport", request.idempotency_key, request, txn_pb2.RepeatImportResponse, work
        )

    async def ListStatementFormats(
        self, request: txn_pb2.ListStatementFormatsRequest, context: Any
    ) -> txn_pb2.ListStatementFormatsResponse:
        return txn_pb2.ListStatementFormatsResponse(formats=formats_to_proto())

    async def ExportImport(
        self, request: txn_pb2.ExportImportRequest, context: Any
    ) -> AsyncIterator[txn_pb2.ExportImportResponse]:
        import_id, part = from_id("imp", request.import_id, "import_id"), part_of(request.part)
        export = await self._exports.of_import(call.caller(), import_id, part)
        async for data in export.chunks():
            yield txn_pb2.ExportImportResponse(data=data)

    async def BatchGetStoredObjects(
        self, request: txn_pb2.BatchGetStoredObjectsRequest, context: Any
    ) -> txn_pb2.BatchGetStoredObjectsResponse:
        caller = call.caller()
        require_staff(caller)
        objects = stored_objects(request)
        results = await look_at(self._database, self._aws, self._settings.uploads_bucket, objects)
        if caller.kind == "person":
            known = {from_id("acct", one.account_id) for one in results if one.state in HAVE_IMPORT}
            await audit_reading(self._database, "BatchGetStoredObjects", dict.fromkeys(known, SUPPORT))
        return txn_pb2.BatchGetStoredObjectsResponse(results=results)

    async def TraceImports(self, request: txn_pb2.TraceImportsRequest, context: Any) -> txn_pb2.TraceImportsResponse:
        caller, size, key = call.caller(), page_size(request.page_size, LIST_SIZE), trace.key_of(request)
        this_list = list_of("traces", caller.subject, *key)
        start = after(position_of(this_list, request.page_token))
        async with self._database.read(snapshot=True) as session:
            seen = await reading.page(session, caller, await trace.found_by(session, caller, key), start, size + 1)
            page = seen[:size]
            traces = await trace.traces(session, page)
        await self._audit("TraceImports", page)
        is_last = len(seen) <= size
        last = None if is_last else position_after(page[-1].found.create_time, page[-1].found.id)
        return txn_pb2.TraceImportsResponse(traces=traces, next_page_token=page_token(this_list, last) if last else "")

    async def WatchImports(
        self, request: txn_pb2.WatchImportsRequest, context: Any
    ) -> AsyncIterator[txn_pb2.WatchImportsResponse]:
        caller = call.person()
        import_id = from_id("imp", request.import_id, "import_id") if request.import_id else None
        with self._watch.watching(import_id or caller.subject) as watcher:
            audited = False
            async for seen, message in Stream(self._database, watcher, caller, import_id).changes():
                if not audited:
                    await self._audit("WatchImports", [seen])
                    audited = True
                form = await self._form(seen)
                if form is not None:
                    message.upload.CopyFrom(form)
                yield txn_pb2.WatchImportsResponse(statement_import=message)

    async def _start(
        self, session: WriteSession, wanted: NewImport, import_id: UUID, now: datetime, expire_time: datetime
    ) -> Seen:
        served, caller = call.current(), call.person()
        account = await require(session, caller, Verb.CHANGE, wanted.account_id)
        if account.close_time is not None:
            raise account_closed()
        await store.require_room(session, caller.subject, self._settings.waiting_imports_max)
        found = StatementImport(
            account_id=account.id,
            id=import_id,
            reading_id=import_id,
            subject=caller.subject,
            source="UPLOAD",
            state="AWAITING_UPLOAD",
            review=wanted.review,
            wanted_format=wanted.format_id,
            file_name=wanted.file_name,
            size_bytes=wanted.size_bytes,
            object_key=upload_key(import_id),
            request_id=served.request_id,
            traceparent=served.traceparent,
            create_time=now,
            expire_time=expire_time,
        )
        session.add(found)
        await session.flush()
        await record(session, audit_event, "StartImport", to_id("imp", import_id))
        await store.announce(session, found)
        return Seen(found, found.state, account.currency_code, None)

    async def _to_proto(self, seen: Seen, months: dict[UUID, list[MonthFigures]]) -> txn_pb2.Import:
        return import_to_proto(seen, months.get(seen.found.id), await self._form(seen))

    async def _now(self, found: StatementImport) -> txn_pb2.Import:
        """The import as its caller has left it."""
        async with self._database.read(snapshot=True) as session:
            seen = (await reading.find(session, call.caller(), [found.id]))[found.id]
            months = await reading.months(session, [seen])
        return await self._to_proto(seen, months)

    async def _form(self, seen: Seen) -> txn_pb2.ImportUpload | None:
        """The form, for the one who started the import, as long as it awaits its file."""
        found, caller = seen.found, call.caller()
        if seen.state != "AWAITING_UPLOAD" or found.expire_time is None or found.subject != caller.subject:
            return None
        origin = Origin(found.account_id, found.file_name, found.wanted_format)
        return await self._forms.form(found.id, origin, found.expire_time)

    async def _audit(self, action: str, seen: Collection[Seen]) -> None:
        await audit_reading(self._database, action, {one.found.account_id: one.access for one in seen})


def _count_of(found: StatementImport, outcome: str | None) -> int:
    plan = plan_of(found)
    if plan is not None and found.state not in reading.COMMITTED:
        counts = {"CREATE": plan.create_count, "DUPLICATE": plan.duplicate_count, "REJECT": plan.reject_count}
    else:
        counts = {"CREATE": found.imported_count, "DUPLICATE": found.duplicate_count, "REJECT": found.rejected_count}
    return found.row_count if outcome is None else counts[outcome]
