"""One message of the imports queue: each announced object is taken, staged and committed.

Every step may be repeated: a redelivery goes on where the import stands, and does nothing where it is settled.
"""

import asyncio
from typing import Any

import structlog

from runtime import call
from runtime.aws import Aws
from runtime.database import Database
from runtime.ids import to_id
from runtime.messages.message import Message
from txn_svc.imports import metrics, store
from txn_svc.imports.claim import Busy, Connection, claim, file_of
from txn_svc.imports.commit import commit
from txn_svc.imports.fetch import ObjectGone, fetch, too_large, version_of
from txn_svc.imports.objects import Announced, Ignored, announced, message_of, place, records
from txn_svc.imports.progress import reported
from txn_svc.imports.settings import ImporterSettings
from txn_svc.imports.settle import Refused, fail, internal
from txn_svc.imports.stage import Superseded, stage
from txn_svc.imports.take import as_call, holder_of, take
from txn_svc.model import StatementImport
from txn_svc.statement import Unreadable

# The queue's redrive policy (deploy/app.yaml) takes a message away after this many receives.
RECEIVES_MAX = 5

log = structlog.get_logger()


class Importer:
    """The core of both the worker and the Lambda handler."""

    def __init__(self, database: Database, aws: Aws, settings: ImporterSettings) -> None:
        self._database, self._aws, self._settings = database, aws, settings

    async def handle(self, message: Message) -> None:
        """Returns when every object of the message is settled, ignored or put back. Raises to get the message again.

        A message that is no S3 event raises ValueError, so that it ends in the dead-letter queue to be looked at.
        """
        is_last = message.receive_count >= RECEIVES_MAX
        for one in records(message.body):
            outcome = await self._settle(one, is_last=is_last)
            metrics.objects.labels(outcome).inc()

    async def _settle(self, one: dict[str, Any], *, is_last: bool) -> str:
        try:
            return await self._import(announced(one), is_last=is_last)
        except Ignored as ignored:
            log.warning("object ignored", reason=str(ignored))
            return "ignored"
        except Busy as busy:
            log.info("object put back", busy=str(busy))
            await self._put_back(one)
            return "put_back"

    async def _import(self, found: Announced, *, is_last: bool) -> str:
        if found.bucket != self._settings.uploads_bucket:
            raise Ignored("another bucket")
        where = place(found.key)
        holder = await holder_of(self._database, where)
        version = await version_of(self._aws, found)
        file, running_max = file_of(found.key, version), self._settings.running_imports_max
        async with claim(self._database.url, file, holder, running_max) as connection:
            taken = await take(self._database, where, found, version)
            if taken is None:
                return "repeated"
            with call.bind(as_call(taken)):
                return await self._work(connection, taken, is_last=is_last)

    async def _work(self, connection: Connection, taken: StatementImport, *, is_last: bool) -> str:
        name = to_id("imp", taken.id)
        try:
            await self._stage_and_commit(connection, taken)
        except Refused as refused:
            await fail(self._database, taken, refused)
            log.info("import failed", import_id=name, code=refused.code)
            return "failed"
        except Superseded:
            log.warning("import settled by another", import_id=name)
            return "repeated"
        except Exception:
            if not is_last:
                raise
            log.exception("import given up", import_id=name)
            await fail(self._database, taken, internal())
            return "given_up"
        log.info("import completed", import_id=name)
        return "completed"

    async def _stage_and_commit(self, connection: Connection, taken: StatementImport) -> None:
        try:
            if taken.state == "PLANNING":
                await self._stage(connection, taken)
                async with self._database.write() as session:
                    await store.announce(session, taken)
            with metrics.step_seconds.labels("commit").time():
                await commit(self._database, taken)
        except Unreadable as unreadable:
            raise Refused(unreadable.code, unreadable.message) from None
        except ObjectGone:
            raise Refused("OBJECT_GONE", "The file was removed before it could be read. Upload it again.") from None

    async def _stage(self, connection: Connection, taken: StatementImport) -> None:
        limit = self._settings.import_max_bytes
        if taken.size_bytes > limit:
            raise too_large(limit)
        async with self._database.read() as session:
            currency_code = await store.currency_code(session, taken.account_id)
        async with reported(self._database, taken) as progress:
            bucket, seconds = self._settings.uploads_bucket, self._settings.download_seconds
            with metrics.step_seconds.labels("fetch").time():
                fetched = await fetch(self._aws, bucket, taken, limit, seconds, progress)
            try:
                with metrics.step_seconds.labels("stage").time():
                    await stage(connection, taken, fetched, currency_code, progress)
            finally:
                await asyncio.to_thread(fetched.file.close)

    async def _put_back(self, one: dict[str, Any]) -> None:
        """Sends the object to the queue again, for later: waiting for one's turn is no failure to be counted as one."""
        await self._aws.call(
            self._aws.client("sqs").send_message,
            QueueUrl=self._settings.imports_queue_url,
            MessageBody=message_of(one),
            DelaySeconds=self._settings.busy_retry_seconds,
        )
