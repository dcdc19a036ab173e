"""The tables of user_svc. Personal data lives in `user_profile` and nowhere else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, FetchedValue, Text, Uuid
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


outbox = outbox_table(Base.metadata)
audit_event = audit_table(Base.metadata)
