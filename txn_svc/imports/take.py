"""Take: find the import that an announced object is the file of, and pin the object's version."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from runtime import call
from runtime.audit import record
from runtime.aws import Aws
from runtime.call import Call
from runtime.database import Database, WriteSession
from runtime.ids import new_id, to_id
from txn_svc.imports import store
from txn_svc.imports.objects import Announced, DropKey, Ignored, UploadKey
from txn_svc.imports.origin import Origin, origin_of
from txn_svc.model import IMPORT_STATES_DUE, StatementImport, audit_event

NO_OPEN_ACCOUNT = "no such open account"


@dataclass(frozen=True)
class LostUpload:
    """The file of an import that the database does not know, or not any more, and what its form said of it."""

    import_id: UUID
    origin: Origin


Place = UploadKey | LostUpload | DropKey


async def known_or_lost(
    database: Database, aws: Aws, place: UploadKey | DropKey, announced: Announced, version: str
) -> Place:
    """The place, or what the form said of an upload that is not known. Raises Ignored where no form of ours sent it."""
    if isinstance(place, DropKey):
        return place
    async with database.read() as session:
        is_known = await store.account_of(session, place.import_id) is not None
    if is_known:
        return place
    return LostUpload(place.import_id, await origin_of(aws, announced.bucket, announced.key, version))


async def holder_of(database: Database, place: Place) -> str:
    """Whose import this is or will be, as the database knows. Raises Ignored: no such import, no such open account."""
    async with database.read() as session:
        if isinstance(place, UploadKey):
            holder = await store.holder(session, place.import_id)
        else:
            holder = await store.owner_of_open(session, _account_of(place))
    if holder is None:
        raise Ignored(NO_OPEN_ACCOUNT)
    return holder


async def take(database: Database, place: Place, announced: Announced, version: str) -> StatementImport | None:
    """The import that this object is the file of, PLANNING or wherever it stands; None where it is settled already.

    The first version of an object is the import's file: raises Ignored for a later one. A drop is an import of its own
    for each version. The form of an EXPIRED import was still valid when S3 took the file, or S3 would not have. A lost
    import is made anew under its own id; no plan of it waits, for it may have been committed before.
    """
    async with database.write() as session:
        found = await _found(session, place, announced, version)
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


async def _found(session: WriteSession, place: Place, announced: Announced, version: str) -> StatementImport:
    """The import, its row locked. Of two versions of a lost upload at once, the later one fails and comes again."""
    if isinstance(place, DropKey):
        found = await store.locked_by_object(session, announced.key, version)
        origin = Origin(place.account_id, place.file_name, None)
        return found or await _made(session, new_id(), "DROP", origin, announced, version)
    found = await store.locked(session, place.import_id)
    if found is None and isinstance(place, LostUpload):
        await record(session, audit_event, "RestoreImport", to_id("imp", place.import_id))
        return await _made(session, place.import_id, "UPLOAD", place.origin, announced, version)
    assert found is not None
    return found


async def _made(
    session: WriteSession, import_id: UUID, source: str, origin: Origin, announced: Announced, version: str
) -> StatementImport:
    served = call.current()
    found = StatementImport(
        account_id=origin.account_id,
        id=import_id,
        reading_id=import_id,
        subject=await store.owner(session, origin.account_id),
        source=source,
        state="AWAITING_UPLOAD",
        review="NEVER",
        wanted_format=origin.format_id,
        file_name=origin.file_name,
        size_bytes=announced.size_bytes,
        object_key=announced.key,
        request_id=served.request_id,
        traceparent=served.traceparent,
    )
    session.add(found)
    await _pin(session, found, announced, version)
    await session.flush()
    return found


def _account_of(place: LostUpload | DropKey) -> UUID:
    return place.origin.account_id if isinstance(place, LostUpload) else place.account_id


async def _pin(session: WriteSession, found: StatementImport, announced: Announced, version: str) -> None:
    found.state = "PLANNING"
    found.object_version, found.object_etag = version, announced.etag
    found.size_bytes = found.bytes_total = announced.size_bytes
    found.upload_time = announced.time
    found.start_time, found.finish_time = datetime.now(UTC), None
    with call.bind(as_call(found)):
        await record(session, audit_event, "TakeImport", to_id("imp", found.id))
    await store.announce(session, found)
