"""All SQL of user_svc. Functions that change something expect the caller to commit."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from protos.events.v1.events_pb2 import UserRegistered, UserUpdated
from runtime.audit import record
from runtime.database import ReadSession, WriteSession
from runtime.ids import new_id, to_id
from runtime.messages.envelope import PREFIX, event_of
from runtime.messages.outbox import put
from user_svc.mails import Wanted
from user_svc.model import Mail, MailFeedback, User, audit_event, outbox
from user_svc.userinfo import UserInfo

SOURCE = "stori/user_svc"
DESTINATION = "user-events"
# As long as the notifier keeps its record of a delivery; more is forgotten with each report than it adds.
MAILS_KEPT = timedelta(days=140)
FORGOTTEN_MAX = 10
FEEDBACK_MAX = 20
_FORGETTING = int.from_bytes(b"mails")


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


async def keep_mail(session: WriteSession, values: Mapping[str, Any]) -> None:
    """Keeps how a mail ended, with an audit row, and forgets old ones; where it is kept already nothing happens."""
    statement = insert(Mail).values(**values).on_conflict_do_nothing(index_elements=["delivery_id"])
    if await session.scalar(statement.returning(Mail.delivery_id)) is not None:
        await record(session, audit_event, "mail.report", to_id(PREFIX, values["delivery_id"]))
        await _forget_mails(session)


async def keep_feedback(session: WriteSession, values: Mapping[str, Any]) -> None:
    """Keeps what SES said of a message; where it is kept already nothing happens."""
    await session.execute(insert(MailFeedback).values(**values).on_conflict_do_nothing())


async def mails(
    session: ReadSession, holder_subject: str | None, wanted: Wanted, after: UUID | None, size: int
) -> Sequence[Mail]:
    """In the order of their events, those after `after`; of everybody where `holder_subject` is None."""
    query = select(Mail).where(
        true() if holder_subject is None else Mail.holder_subject == holder_subject,
        true() if after is None else Mail.delivery_id > after,
    )
    if wanted.delivery_id is not None:
        query = query.where(Mail.delivery_id == wanted.delivery_id)
    if wanted.resources is not None:
        query = query.where(Mail.resource.in_(wanted.resources))
    if wanted.ses_message_id is not None:
        this = MailFeedback.ses_message_id == wanted.ses_message_id
        told = select(MailFeedback.delivery_id).where(this, MailFeedback.delivery_id.is_not(None))
        query = query.where(or_(Mail.ses_message_id == wanted.ses_message_id, Mail.delivery_id.in_(told)))
    return (await session.scalars(query.order_by(Mail.delivery_id).limit(size))).all()


async def feedback(session: ReadSession, found: Sequence[Mail]) -> Mapping[UUID, Sequence[MailFeedback]]:
    """What SES said of these mails, by delivery, oldest first: of any attempt, by its tag or by its message id."""
    by_message = {mail.ses_message_id: mail.delivery_id for mail in found if mail.ses_message_id}
    deliveries = {mail.delivery_id for mail in found}
    of_these = or_(MailFeedback.ses_message_id.in_(by_message), MailFeedback.delivery_id.in_(deliveries))
    query = select(MailFeedback).where(of_these).order_by(MailFeedback.time).limit(FEEDBACK_MAX * len(found))
    said: dict[UUID, list[MailFeedback]] = defaultdict(list)
    for one in await session.scalars(query):
        said[by_message.get(one.ses_message_id) or one.delivery_id].append(one)
    return said


async def _forget_mails(session: WriteSession) -> None:
    # One transaction at a time: two would wait for each other's rows.
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(_FORGETTING))):
        return
    for table, key in (
        (Mail, (Mail.delivery_id,)),
        (MailFeedback, (MailFeedback.ses_message_id, MailFeedback.kind, MailFeedback.detail)),
    ):
        old = select(*key).where(table.create_time < func.now() - MAILS_KEPT)
        oldest = old.order_by(table.create_time).limit(FORGOTTEN_MAX)
        await session.execute(delete(table).where(tuple_(*key).in_(oldest)))
