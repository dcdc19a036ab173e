"""Take: find the import that an announced object is the file of, and pin the object's version."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from runtime import call
from runtime.audit import record
from runtime.call import Call
from runtime.database import Database, WriteSession
from runtime.ids import new_id, to_id
from txn_svc.imports import store
from txn_svc.imports.objects import Announced, DropKey, Ignored, UploadKey
from txn_svc.model import IMPORT_STATES_DUE, StatementImport, audit_event


async def holder_of(database: Database, place: UploadKey | DropKey) -> str:
    """Whose import this is or will be, as the database knows. Raises Ignored: no such import, no such open account."""
    async with database.read() as session:
        if isinstance(place, UploadKey):
            holder = await store.holder(session, place.import_id)
            unknown = "no such import"
        else:
            holder = await store.owner_of_open(session, place.account_id)
            unknown = "no such open account"
    if holder is None:
        raise Ignored(unknown)
    return holder


async def take(
    database: Database, place: UploadKey | DropKey, announced: Announced, version: str
) -> StatementImport | None:
    """The import that this object is the file of, PLANNING or wherever it stands; None where it is settled already.

    The first version of an object is the import's file: raises Ignored for a later one. A drop is an import of its own
    for each version. The form of an EXPIRED import was still valid when S3 took the file, or S3 would not have.
    """
    async with database.write() as session:
        if isinstance(place, UploadKey):
            found = await store.locked(session, place.import_id)
        else:
            found = await store.locked_by_object(session, announced.key, version)
            found = found or await _dropped(session, place, announced, version)
        if found is None:
            raise Ignored("no such import")
        if found.object_version is None and found.state in {"AWAITING_UPLOAD", "EXPIRED"}:
            await _pin(session, found, announced, version)
        if found.object_version != version:
            raise Ignored("another version of this import's file came first")
    return found if found.state in IMPORT_STATES_DUE else None


async def due_now(database: Database, import_id: UUID) -> StatementImport | None:
    """The import of this id, where its state asks for work; None for any other."""
    query = select(StatementImport).where(
        StatementImport.id == import_id, StatementImport.state.in_((*IMPORT_STATES_DUE, "DISCARDED"))
    )
    async with database.read() as session:
        found: StatementImport | None = await session.scalar(query)
    return found


def as_call(found: StatementImport) -> Call:
    """The call in which an import is worked on: that which started it."""
    return Call(found.request_id, call.new_traceparent(found.traceparent), deadline=call.current().deadline)


async def _dropped(session: WriteSession, place: DropKey, announced: Announced, version: str) -> StatementImport:
    served, import_id = call.current(), new_id()
    found = StatementImport(
        account_id=place.account_id,
        id=import_id,
        reading_id=import_id,
        subject=await store.owner(session, place.account_id),
        source="DROP",
        state="AWAITING_UPLOAD",
        review="NEVER",
        file_name=place.file_name,
        size_bytes=announced.size_bytes,
        object_key=announced.key,
        request_id=served.request_id,
        traceparent=served.traceparent,
    )
    session.add(found)
    await _pin(session, found, announced, version)
    await session.flush()
    return found


async def _pin(session: WriteSession, found: StatementImport, announced: Announced, version: str) -> None:
    found.state = "PLANNING"
    found.object_version, found.object_etag = version, announced.etag
    found.size_bytes = found.bytes_total = announced.size_bytes
    found.upload_time = announced.time
    found.start_time, found.finish_time = datetime.now(UTC), None
    with call.bind(as_call(found)):
        await record(session, audit_event, "TakeImport", to_id("imp", found.id))
    await store.announce(session, found)
