"""All SQL of user_svc. Functions that change something expect the caller to commit."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from protos.events.v1.events_pb2 import UserRegistered, UserUpdated
from runtime.audit import record
from runtime.database import ReadSession, WriteSession
from runtime.ids import new_id, to_id
from runtime.messages.envelope import event_of
from runtime.messages.outbox import put
from user_svc.model import User, audit_event, outbox
from user_svc.userinfo import UserInfo

SOURCE = "stori/user_svc"
DESTINATION = "user-events"


async def by_subjects(session: ReadSession, subjects: Collection[str]) -> dict[str, User]:
    found = await session.scalars(select(User).where(User.subject.in_(subjects)))
    return {user.subject: user for user in found}


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, User]:
    found = await session.scalars(select(User).where(User.id.in_(ids)))
    return {user.id: user for user in found}


async def register(session: WriteSession, subject: str, info: UserInfo) -> User | None:
    """The new person with their UserRegistered event; None where the subject is registered already."""
    values = {
        "email": info.email,
        "display_name": info.display_name,
        "locale": info.locale,
        "time_zone": info.time_zone,
    }
    statement = insert(User).values(id=new_id(), subject=subject, event_sequence=1, **values)
    user: User | None = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=["subject"]).returning(User)
    )
    if user is not None:
        user_id = to_id("user", user.id)
        event = event_of(
            UserRegistered(user_id=user_id),
            type="stori.user.v1.UserRegistered",
            source=SOURCE,
            subject=user_id,
            sequence=user.event_sequence,
        )
        await put(session, outbox, event, DESTINATION)
        await record(session, audit_event, "user.register", user_id)
    return user


async def locked(session: WriteSession, subject: str) -> User | None:
    """The person of this subject, locked until the transaction ends."""
    user: User | None = await session.scalar(select(User).where(User.subject == subject).with_for_update())
    return user


async def locked_by_email(session: WriteSession, email: str) -> list[User]:
    """Everybody of this address, whatever its case, locked until the transaction ends."""
    matches = select(User).where(func.lower(User.email) == email.lower()).order_by(User.id).with_for_update()
    return list(await session.scalars(matches))


async def change(session: WriteSession, user: User, values: Mapping[str, Any], action: str) -> User:
    """Writes what differs, with a UserUpdated event and an audit row; without a difference nothing happens."""
    changed = {name: value for name, value in values.items() if getattr(user, name) != value}
    if not changed:
        return user
    statement = (
        update(User)
        .where(User.id == user.id)
        .values(**changed, event_sequence=User.event_sequence + 1, update_time=func.now())
        .returning(User)
    )
    fresh: User = await session.scalar(statement.execution_options(populate_existing=True))
    user_id = to_id("user", fresh.id)
    event = event_of(
        UserUpdated(user_id=user_id, changed_fields=sorted(changed)),
        type="stori.user.v1.UserUpdated",
        source=SOURCE,
        subject=user_id,
        sequence=fresh.event_sequence,
    )
    await put(session, outbox, event, DESTINATION)
    await record(session, audit_event, action, user_id)
    return fresh
