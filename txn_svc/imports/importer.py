"""One message of the imports queue: an object that S3 announces, or an import whose state asks for work.

Every step may be repeated: a redelivery goes on where the import stands, and does nothing where it is settled.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import structlog

from runtime import call, points
from runtime.aws import Aws
from runtime.database import Database
from runtime.ids import to_id
from runtime.messages.message import Message
from txn_svc.imports import metrics, store
from txn_svc.imports.asking import ask_about
from txn_svc.imports.claim import Busy, Connection, claim, file_of
from txn_svc.imports.commit import commit
from txn_svc.imports.consult import consult
from txn_svc.imports.due import due_import
from txn_svc.imports.fetch import ObjectGone, fetch, too_large, version_of
from txn_svc.imports.known import remembered
from txn_svc.imports.objects import Ignored, announced, message_of, place, records
from txn_svc.imports.progress import reported
from txn_svc.imports.revert import revert
from txn_svc.imports.review import plan_for_review
from txn_svc.imports.settings import ImporterSettings
from txn_svc.imports.settle import Refused, clear, fail, internal, too_long
from txn_svc.imports.stage import Superseded, stage
from txn_svc.imports.take import as_call, due_now, holder_of, known_or_lost, take
from txn_svc.model import StatementImport
from txn_svc.statement import Unreadable

# The queue's redrive policy (deploy/app.yaml) takes a message away after this many receives.
RECEIVES_MAX = 5
# SQS keeps no message hidden for longer, however often it is prolonged.
WORK_SECONDS_MAX = 12 * 3600.0
# What an attempt keeps of its time to end an import that it could not finish: a quarter, at most this.
SETTLE_SECONDS = 60.0

log = structlog.get_logger()


class OutOfTime(Exception):
    """The attempt's time would not have been enough for the import."""


class Importer:
    """The core of both the worker and the Lambda handler."""

    def __init__(self, database: Database, aws: Aws, settings: ImporterSettings) -> None:
        self._database, self._aws, self._settings = database, aws, settings

    async def handle(self, message: Message) -> None:
        """Returns when all that the message names is settled, ignored or put back. Raises to get the message again.

        A message that is neither an S3 event nor an import's own raises ValueError, so that it ends in the dead-letter
        queue to be looked at.
        """
        is_last = message.receive_count >= RECEIVES_MAX
        import_id = due_import(message.body)
        if import_id is not None:
            await self._settle(self._go_on(import_id, is_last=is_last), message.body)
            return
        for one in records(message.body):
            await self._settle(self._import(one, is_last=is_last), message_of(one))

    async def _settle(self, work: Awaitable[str], body: str) -> None:
        try:
            outcome = await work
        except Ignored as ignored:
            log.warning("object ignored", reason=str(ignored))
            outcome = "ignored"
        except Busy as busy:
            log.info("import put back", busy=str(busy))
            await self._put_back(body)
            outcome = "put_back"
        metrics.objects.labels(outcome).inc()

    async def _import(self, one: dict[str, Any], *, is_last: bool) -> str:
        found = announced(one)
        if found.bucket != self._settings.uploads_bucket:
            raise Ignored("another bucket")
        named = place(found.key)
        version = await version_of(self._aws, found)
        where = await known_or_lost(self._database, self._aws, named, found, version)
        holder = await holder_of(self._database, where)
        async with self._claim(found.key, version, holder) as connection:
            taken = await take(self._database, where, found, version)
            await points.reach("import.taken")
            return await self._work(connection, taken, is_last=is_last)

    async def _go_on(self, import_id: UUID, *, is_last: bool) -> str:
        found = await due_now(self._database, import_id)
        if found is None:
            return "repeated"
        async with self._claim(found.object_key, found.object_version or "", found.subject) as connection:
            # Whoever had the claim may have done it.
            return await self._work(connection, await due_now(self._database, import_id), is_last=is_last)

    def _claim(self, key: str, version: str, holder: str) -> AbstractAsyncContextManager[Connection]:
        return claim(self._database.url, file_of(key, version), holder, self._settings.running_imports_max)

    async def _work(self, connection: Connection, taken: StatementImport | None, *, is_last: bool) -> str:
        if taken is None:
            return "repeated"
        with call.bind(as_call(taken)), structlog.contextvars.bound_contextvars(import_id=to_id("imp", taken.id)):
            try:
                outcome = await self._advance_in_time(connection, taken)
            except Refused as refused:
                await fail(self._database, taken, refused)
                log.info("import failed", code=refused.code)
                return "failed"
            except Superseded:
                log.warning("import settled by another")
                return "repeated"
            except Exception as error:
                if not is_last:
                    raise
                log.exception("import given up")
                await fail(self._database, taken, too_long() if isinstance(error, OutOfTime) else internal())
                return "given_up"
            log.info("import advanced", outcome=outcome)
            return outcome

    async def _advance_in_time(self, connection: Connection, taken: StatementImport) -> str:
        """Raises OutOfTime while there is still time to act on it: a cancelled attempt could not even say so."""
        left = call.remaining(WORK_SECONDS_MAX)
        seconds = left - min(SETTLE_SECONDS, left / 4)
        try:
            async with asyncio.timeout(seconds) as timeout:
                return await self._advance(connection, taken)
        except TimeoutError:
            if not timeout.expired():
                raise
        log.error("import out of time", seconds=round(seconds), size_bytes=taken.size_bytes)
        raise OutOfTime

    async def _advance(self, connection: Connection, taken: StatementImport) -> str:
        """Does what the import's state asks for, as far as it goes without a person."""
        if taken.state == "DISCARDED":
            await clear(self._database, taken)
            return "discarded"
        if taken.state == "REVERTING":
            with metrics.step_seconds.labels("revert").time():
                await revert(self._database, taken)
            return "reverted"
        if taken.state == "PLANNING":
            state = await self._stage_or_refuse(connection, taken)
            if state == "NEEDS_ANSWER":
                return "asked"
            if state == "PLANNING":
                with metrics.step_seconds.labels("plan").time():
                    return await plan_for_review(self._database, taken)
            async with self._database.write() as session:
                await store.announce(session, taken)
        with metrics.step_seconds.labels("commit").time():
            return await commit(self._database, taken)

    async def _stage_or_refuse(self, connection: Connection, taken: StatementImport) -> str:
        try:
            return await self._stage(connection, taken)
        except Unreadable as unreadable:
            raise Refused(unreadable.code, unreadable.message) from None
        except ObjectGone:
            raise Refused("OBJECT_GONE", "The file was removed before it could be read. Upload it again.") from None

    async def _stage(self, connection: Connection, taken: StatementImport) -> str:
        """Gives the import's state afterwards."""
        limit = self._settings.import_max_bytes
        if taken.size_bytes > limit:
            raise too_large(limit)
        async with self._database.read() as session:
            account = await store.account(session, taken.account_id)
            known = await remembered(session, taken)
        async with reported(self._database, taken) as progress:
            bucket, seconds = self._settings.uploads_bucket, self._settings.download_seconds
            with metrics.step_seconds.labels("fetch").time():
                fetched = await fetch(self._aws, bucket, taken, limit, seconds, progress)
            try:
                await points.reach("import.fetched")
                with metrics.step_seconds.labels("stage").time():
                    statement = await consult(self._database, taken, fetched, account, known)
                    if statement.questions:
                        await ask_about(self._database, taken, fetched.sha256, statement)
                        return "NEEDS_ANSWER"
                    return await stage(connection, taken, fetched.sha256, statement, account.currency_code, progress)
            finally:
                await asyncio.to_thread(fetched.file.close)

    async def _put_back(self, body: str) -> None:
        """Sends the message to the queue again, for later: waiting for one's turn is not to be counted as a failure."""
        await self._aws.call(
            self._aws.client("sqs").send_message,
            QueueUrl=self._settings.imports_queue_url,
            MessageBody=body,
            DelaySeconds=self._settings.busy_retry_seconds,
        )
