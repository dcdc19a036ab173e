"""The kept file of an import, and its rejected rows as a file to mend."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO
from uuid import UUID

from runtime.aws import Aws
from runtime.call import Caller
from runtime.database import Database
from runtime.refusals import FailedPrecondition, NotFound
from txn_svc.access import audit_reading
from txn_svc.exports import CSV, CSV_OF_OURS, Export, chunks_of, spooled
from txn_svc.imports import reading
from txn_svc.imports.fetch import ObjectGone, fetch
from txn_svc.imports.progress import Progress
from txn_svc.imports.reading import Seen, import_missing
from txn_svc.imports.settings import UploadSettings
from txn_svc.model import ImportRow, StatementImport
from txn_svc.statement.rejects import Reject, rejects_csv

ROWS_AT_ONCE = 1000
_COMMA = ","


class ImportExports:
    def __init__(self, database: Database, aws: Aws, settings: UploadSettings) -> None:
        self._database, self._aws, self._settings = database, aws, settings

    async def of_import(self, caller: Caller, import_id: UUID, part: str) -> Export:
        """The part ORIGINAL or REJECTS; `chunks` raises NotFound (OBJECT_GONE) where the file is not kept any more.

        Raises NotFound (IMPORT_NOT_FOUND), FailedPrecondition (IMPORT_NOT_READ) where there is no file yet, or no rows
        of it are kept.
        """
        async with self._database.read() as session:
            seen = (await reading.find(session, caller, [import_id])).get(import_id)
        if seen is None:
            raise import_missing()
        await audit_reading(self._database, "ExportImport", {seen.found.account_id: seen.access})
        return self._original(seen.found) if part == "ORIGINAL" else self._rejects(seen)

    def _original(self, found: StatementImport) -> Export:
        if found.object_version is None:
            raise _not_read()
        return Export(found.file_name, CSV, partial(self._original_chunks, found))

    async def _original_chunks(self, found: StatementImport) -> AsyncIterator[bytes]:
        limits = self._settings.import_max_bytes, self._settings.download_seconds
        try:
            fetched = await fetch(self._aws, self._settings.uploads_bucket, found, *limits, Progress())
        except ObjectGone:
            raise NotFound("The file of this import is not kept any more.", reason="OBJECT_GONE") from None
        try:
            async for data in chunks_of(fetched.file):
                yield data
        finally:
            fetched.file.close()

    def _rejects(self, seen: Seen) -> Export:
        if seen.found.header is None or not reading.are_rows_told(seen):
            raise _not_read()
        name = PurePosixPath(seen.found.file_name)
        file_name = f"{name.stem}-rejects{name.suffix or '.csv'}"
        return Export(file_name, CSV_OF_OURS, partial(self._rejects_chunks, seen.found))

    async def _rejects_chunks(self, found: StatementImport) -> AsyncIterator[bytes]:
        with spooled() as file:
            await asyncio.to_thread(_append, file, found, [], has_header=True)
            after_line = 0
            while rows := await self._page(found, after_line):
                await asyncio.to_thread(_append, file, found, rows, has_header=False)
                after_line = rows[-1].line
            async for data in chunks_of(file):
                yield data

    async def _page(self, found: StatementImport, after_line: int) -> Sequence[ImportRow]:
        # What was rejected does not change any more, so the pages need not be of one moment.
        async with self._database.read() as session:
            return await reading.rows(session, found, "REJECT", after_line, ROWS_AT_ONCE)


def _append(file: BinaryIO, found: StatementImport, rows: Sequence[ImportRow], *, has_header: bool) -> None:
    delimiter = next((one["value"] for one in found.findings if one["property"] == "DELIMITER"), _COMMA)
    rejects = (Reject(row.line, row.cells, row.reason_code or "", row.reason or "") for row in rows)
    file.writelines(
        text.encode(errors="replace")
        for text in rejects_csv(found.header or (), delimiter, rejects, has_header=has_header)
    )


def _not_read() -> FailedPrecondition:
    return FailedPrecondition("There is no such file of this import.", reason="IMPORT_NOT_READ")
