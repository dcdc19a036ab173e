"""An import that asks for work: the wanted state is written, and the worker is told by the imports queue."""

from uuid import UUID

import orjson

from protos.events.v1 import events_pb2
from runtime.database import WriteSession
from runtime.ids import from_id, to_id
from runtime.messages import outbox
from runtime.messages.envelope import Event, event_of
from txn_svc.model import StatementImport
from txn_svc.model import outbox as outbox_rows

SOURCE = "stori/txn_svc"
IMPORTS = "imports"
"""The destination in the outbox that stands for the imports queue."""

_TYPE = f"stori.txn.v1.{events_pb2.ImportDue.DESCRIPTOR.name}"


async def due(session: WriteSession, found: StatementImport) -> None:
    """Has the worker look at the import after the commit; the caller holds the lock of the import's row."""
    found.event_sequence += 1
    name = to_id("imp", found.id)
    event = event_of(
        events_pb2.ImportDue(import_id=name), type=_TYPE, source=SOURCE, subject=name, sequence=found.event_sequence
    )
    await outbox.put(session, outbox_rows, event, IMPORTS)


def due_import(body: str) -> UUID | None:
    """The import that a message of the queue is about; None for what is no such event, as S3's are not.

    Raises ValueError for an event that is malformed, or of another type.
    """
    found = orjson.loads(body)
    if not isinstance(found, dict) or "specversion" not in found:
        return None
    event = Event.from_json(body)
    if event.type != _TYPE:
        raise ValueError("The event is not for the importer.")
    return from_id("imp", event.read(events_pb2.ImportDue).import_id)
