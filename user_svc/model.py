"""The tables of user_svc. Personal data lives in `user_profile` and nowhere else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, FetchedValue, Index, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from runtime.audit import audit_table
from runtime.messages.outbox import outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy's own declaration
        datetime: DateTime(timezone=True),
        int: BigInteger,
        str: Text,
        UUID: Uuid,
    }


class User(Base):
    # `user` is a reserved word of SQL, and what psql answers to it is the role's name.
    __tablename__ = "user_profile"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(unique=True)
    """Cognito's `sub`."""
    email: Mapped[str]
    email_state: Mapped[str] = mapped_column(server_default="DELIVERABLE")
    display_name: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str]
    event_sequence: Mapped[int] = mapped_column(server_default="0")
    create_time: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    update_time: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Mail(Base):
    """How the mail of an event ended: never an address, nor a word of it."""

    __tablename__ = "mail"
    __table_args__ = (
        Index("mail_resource", "resource", "delivery_id"),
        Index("mail_ses_message", "ses_message_id"),
        Index("mail_create_time", "create_time"),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    """The event's id."""
    type: Mapped[str]
    resource: Mapped[str]
    holder_subject: Mapped[str]
    """Empty where the notifier does not know it any more."""
    state: Mapped[str]
    code: Mapped[str]
    attempt: Mapped[int]
    ses_message_id: Mapped[str]
    """Empty where SES did not accept it, or is not known to have."""
    request_id: Mapped[str]
    settle_time: Mapped[datetime]
    create_time: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class MailFeedback(Base):
    """What SES said of a message that it had accepted; what it says twice is kept once."""

    __tablename__ = "mail_feedback"
    __table_args__ = (
        Index("mail_feedback_delivery", "delivery_id", postgresql_where=text("delivery_id IS NOT NULL")),
        Index("mail_feedback_create_time", "create_time"),
    )

    ses_message_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID | None]
    """As the message's tag says: it also names an attempt whose answer was lost."""
    time: Mapped[datetime]
    create_time: Mapped[datetime] = mapped_column(server_default=FetchedValue())


outbox = outbox_table(Base.metadata)
audit_event = audit_table(Base.metadata)
