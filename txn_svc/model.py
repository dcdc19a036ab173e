"""The tables of txn_svc. Enum-like columns hold the proto enum's name without its prefix; amounts are minor units.

Keys start with account_id. What a trigger writes (`Account.balance_minor`, `transaction_count` and `version`, all of
`AccountMonth`) the application's role cannot; it locks the account's row before it changes the account's transactions.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Date, DateTime, FetchedValue, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from runtime.audit import audit_table
from runtime.messages.outbox import outbox_table

IMPORT_STATES_OPEN = ("AWAITING_UPLOAD", "PLANNING", "COMMITTING")
"""The states an import leaves again; the others are terminal."""


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 — SQLAlchemy's own declaration
        bytes: LargeBinary,
        date: Date,
        datetime: DateTime(timezone=True),
        int: BigInteger,
        str: Text,
        UUID: Uuid,
        list[str]: ARRAY(Text),
        list[dict[str, Any]]: JSONB,
    }


class Account(Base):
    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    currency_code: Mapped[str] = mapped_column(CHAR(3))
    opening_balance_minor: Mapped[int]
    opening_date: Mapped[date | None]
    balance_minor: Mapped[int] = mapped_column(server_default=FetchedValue())
    transaction_count: Mapped[int] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    """Grows with every change of the ledger."""
    event_sequence: Mapped[int] = mapped_column(server_default="0")
    create_time: Mapped[datetime] = mapped_column(server_default=text("now()"))
    close_time: Mapped[datetime | None]


class AccountAccess(Base):
    __tablename__ = "account_access"
    __table_args__ = (Index("account_access_subject", "subject"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    access: Mapped[str]


class MonthColumns:
    """Figures of one month; rows of amount zero count in transaction_count only."""

    month: Mapped[date] = mapped_column(primary_key=True, sort_order=2)
    transaction_count: Mapped[int] = mapped_column(sort_order=3)
    credit_count: Mapped[int] = mapped_column(sort_order=4)
    debit_count: Mapped[int] = mapped_column(sort_order=5)
    credit_total_minor: Mapped[int] = mapped_column(sort_order=6)
    debit_total_minor: Mapped[int] = mapped_column(sort_order=7)


class AccountMonth(MonthColumns, Base):
    __tablename__ = "account_month"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)


class AccountDigest(Base):
    """The ledger digest of one version of an account; of no use for another version."""

    __tablename__ = "account_digest"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    digest: Mapped[str]


class Transaction(Base):
    __tablename__ = "transaction"
    __table_args__ = (
        Index("transaction_identity", "account_id", "identity", "occurrence", unique=True),
        Index("transaction_booked", "account_id", "booked_on", "id"),
        Index("transaction_amount", "account_id", "amount_minor", "id"),
        Index("transaction_id", "id", postgresql_using="brin", postgresql_with={"pages_per_range": 16}),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    amount_minor: Mapped[int]
    description: Mapped[str]
    category: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")
    external_id: Mapped[str | None]
    identity: Mapped[UUID]
    occurrence: Mapped[int]
    """1 for the first row of its identity in a file, 2 for the next."""
    import_id: Mapped[UUID | None]
    line: Mapped[int | None]
    create_time: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StatementImport(Base):
    __tablename__ = "import"
    __table_args__ = (
        Index("import_id", "id", unique=True),
        Index(
            "import_object",
            "object_key",
            "object_version",
            unique=True,
            postgresql_where=text("object_version IS NOT NULL"),
        ),
        Index("import_newest", "account_id", text("create_time DESC"), text("id DESC")),
        Index(
            "import_open",
            "subject",
            "state",
            postgresql_where=text("state IN ('AWAITING_UPLOAD', 'PLANNING', 'COMMITTING')"),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    """Who started it; of a drop the account's owner."""
    source: Mapped[str]
    state: Mapped[str]
    review: Mapped[str]
    file_name: Mapped[str]
    size_bytes: Mapped[int]
    object_key: Mapped[str]
    object_version: Mapped[str | None]
    object_etag: Mapped[str | None]
    upload_time: Mapped[datetime | None]
    """The S3 event's, so that a redelivery dates the rows as the first delivery did."""
    sha256: Mapped[str | None]
    header: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{property, basis, value, message, lines}]"""
    row_count: Mapped[int] = mapped_column(server_default="0")
    imported_count: Mapped[int] = mapped_column(server_default="0")
    duplicate_count: Mapped[int] = mapped_column(server_default="0")
    rejected_count: Mapped[int] = mapped_column(server_default="0")
    bytes_read: Mapped[int] = mapped_column(server_default="0")
    bytes_total: Mapped[int] = mapped_column(server_default="0")
    rows_read: Mapped[int] = mapped_column(server_default="0")
    rows_written: Mapped[int] = mapped_column(server_default="0")
    failure_code: Mapped[str | None]
    failure: Mapped[str | None]
    request_id: Mapped[str]
    traceparent: Mapped[str]
    event_sequence: Mapped[int] = mapped_column(server_default="0")
    create_time: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expire_time: Mapped[datetime | None]
    """When the upload form expires."""
    start_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]


class ImportRow(Base):
    __tablename__ = "import_row"
    __table_args__ = (
        Index("import_row_rejects", "account_id", "import_id", "line", postgresql_where=text("outcome = 'REJECT'")),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]]
    outcome: Mapped[str | None]
    booked_on: Mapped[date | None]
    value_on: Mapped[date | None]
    amount_minor: Mapped[int | None]
    description: Mapped[str | None]
    external_id: Mapped[str | None]
    identity: Mapped[UUID | None]
    occurrence: Mapped[int | None]
    transaction_id: Mapped[UUID | None]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    column_name: Mapped[str | None]


class ImportMonth(MonthColumns, Base):
    """The file's own figures, written at commit."""

    __tablename__ = "import_month"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=1)


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"

    subject: Mapped[str] = mapped_column(primary_key=True)
    rpc: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    response: Mapped[bytes]
    create_time: Mapped[datetime] = mapped_column(server_default=text("now()"))


outbox = outbox_table(Base.metadata)
audit_event = audit_table(Base.metadata)
