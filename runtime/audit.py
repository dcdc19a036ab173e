"""Who changed what, when, in which request: one row in the transaction of every state change."""

from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, insert

from runtime import call
from runtime.database import WriteSession
from runtime.ids import new_id


def audit_table(metadata: MetaData) -> Table:
    """The table `audit_event`. It carries ids only: no names, addresses or amounts."""
    return Table(
        "audit_event",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("actor_kind", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("resource", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Index("audit_event_resource", "resource", "id"),
        Index("audit_event_actor", "actor", "id"),
    )


async def record(session: WriteSession, table: Table, action: str, resource: str) -> None:
    """Writes one audit row for the call being served; without a caller the actor is the system itself."""
    served = call.current()
    actor = served.caller
    await session.execute(
        insert(table).values(
            id=new_id(),
            time=datetime.now(UTC),
            actor_kind=actor.kind if actor else "system",
            actor=actor.subject if actor else "stori",
            action=action,
            resource=resource,
            request_id=served.request_id,
        )
    )
