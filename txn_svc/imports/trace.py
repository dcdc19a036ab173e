"""What happened to imports, for whoever follows one: from the audit and the outbox, and no word of a file."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import ColumnElement, Row, and_, false, or_, select, text

from protos.txn.v1 import txn_pb2
from runtime.call import Caller, new_request_id
from runtime.database import ReadSession
from runtime.ids import from_id, prefix_of, to_id
from runtime.messages.envelope import PREFIX as EVENT_PREFIX
from runtime.refusals import InvalidArgument
from txn_svc.access import Verb, may
from txn_svc.imports.mapping import STATE_PREFIX
from txn_svc.imports.reading import Seen
from txn_svc.model import IS_OF_IMPORT, StatementImport, audit_event, outbox

ENDS_MAX: Final = 50
"""Of what one import has too many of, so many are told from its beginning and from its end."""

CHANGED_MAX: Final = 100
"""The most imports that one request is looked up to have changed, beside those it has started."""

_KEYS: Final = ("import_id", "request_id", "event_id")
_ENDS: Final = """
SELECT * FROM (
  SELECT {columns}, row_number() OVER (PARTITION BY {of} ORDER BY {order}) AS place,
    count(*) OVER (PARTITION BY {of}) AS total
  FROM {table} WHERE {of} = ANY(:names)) AS every
WHERE place <= :most OR place > total - :most
ORDER BY {of}, place
"""
_MOMENTS: Final = text(
    _ENDS.format(columns="resource, time, action, request_id", table="audit_event", of="resource", order="id")
)
# The event's own time: the row's is that of the beginning of its transaction, which may be a large file's.
_EVENTS: Final = text(
    _ENDS.format(
        columns="subject, event_id, type, CAST(CAST(body AS json) ->> 'time' AS timestamptz) AS time, publish_time",
        table="outbox",
        of="subject",
        order="position",
    )
)


class Key(NamedTuple):
    """What to look for: the name of a field of TraceImportsRequest, and its value."""

    field: str
    value: str


def key_of(request: txn_pb2.TraceImportsRequest) -> Key:
    """The one id of the request. Raises InvalidArgument where there is none, or more than one, or no request's id."""
    given = [Key(field, getattr(request, field)) for field in _KEYS if getattr(request, field)]
    if len(given) != 1:
        raise InvalidArgument("Name exactly one id.", fields=dict.fromkeys(_KEYS, "exactly one of the three"))
    [key] = given
    if key.field == "request_id" and new_request_id(key.value) != key.value:
        what = "must be 1 to 128 of A-Z a-z 0-9 and ._:=/+-"
        raise InvalidArgument("This is not the id of a request.", fields={"request_id": what})
    return key


async def found_by(session: ReadSession, caller: Caller, key: Key) -> ColumnElement[bool]:
    """SQL: whether an import is one of those to trace, and the caller may read it. Raises INVALID_ID."""
    return and_(may(caller, Verb.READ, StatementImport.account_id), await _is_of(session, key))


async def traces(session: ReadSession, seen: Sequence[Seen]) -> list[txn_pb2.ImportTrace]:
    """In their order."""
    found = {to_id("imp", one.found.id): _trace(one) for one in seen}
    these = {"names": list(found), "most": ENDS_MAX}
    for row in await session.execute(_MOMENTS, these):
        found[row.resource].moments.append(_moment(row))
        found[row.resource].moment_count = row.total
    for row in await session.execute(_EVENTS, these):
        found[row.subject].events.append(_event(row))
        found[row.subject].event_count = row.total
    return list(found.values())


async def _is_of(session: ReadSession, key: Key) -> ColumnElement[bool]:
    if key.field == "import_id":
        return StatementImport.id == from_id("imp", key.value, key.field)
    if key.field == "event_id":
        event_id = from_id(EVENT_PREFIX, key.value, key.field)
        subject = await session.scalar(select(outbox.c.subject).where(outbox.c.event_id == event_id))
        is_of_import = subject is not None and prefix_of(subject) == "imp"
        return StatementImport.id == from_id("imp", subject) if is_of_import else false()
    changed = select(audit_event.c.resource).where(audit_event.c.request_id == key.value, IS_OF_IMPORT)
    names = await session.scalars(changed.distinct().limit(CHANGED_MAX))
    ids = [from_id("imp", name) for name in names]
    return or_(StatementImport.request_id == key.value, StatementImport.id.in_(ids))


def _trace(seen: Seen) -> txn_pb2.ImportTrace:
    found = seen.found
    trace = txn_pb2.ImportTrace(
        import_id=to_id("imp", found.id),
        account_id=to_id("acct", found.account_id),
        request_id=found.request_id,
        state=txn_pb2.ImportState.Value(STATE_PREFIX + seen.state),
        failure_code=txn_pb2.ImportFailureCode.Value(f"IMPORT_FAILURE_CODE_{found.failure_code or 'UNSPECIFIED'}"),
        repeats_import_id=to_id("imp", found.repeats_id) if found.repeats_id else "",
    )
    if found.upload_time is not None:
        trace.upload_time.FromDatetime(found.upload_time)
    return trace


def _moment(row: Row[Any]) -> txn_pb2.ImportMoment:
    return txn_pb2.ImportMoment(time=_timestamp(row.time), action=row.action, request_id=row.request_id)


def _event(row: Row[Any]) -> txn_pb2.ImportEvent:
    return txn_pb2.ImportEvent(
        event_id=to_id(EVENT_PREFIX, row.event_id),
        type=row.type,
        create_time=_timestamp(row.time),
        publish_time=None if row.publish_time is None else _timestamp(row.publish_time),
    )


def _timestamp(value: Any) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(value)
    return timestamp
