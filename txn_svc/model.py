"""The tables of txn_svc. Enum-like columns hold the proto enum's name without its prefix; amounts are minor units.

Keys start with account_id. What a trigger writes (`Account.initial_balance_minor`, `balance_minor`, `transaction_count`
and `version`, all of `AccountMonth`) the application's role cannot; it locks the account's row before it changes the
account's transactions.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Date, DateTime, FetchedValue, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from runtime.audit import audit_table
from runtime.messages.outbox import outbox_table

IMPORT_STATES_OPEN = ("AWAITING_UPLOAD", "PLANNING", "NEEDS_ANSWER", "READY", "COMMITTING", "REVERTING")
"""The states an import leaves again by itself or is waited for in; the others are terminal."""

IMPORT_STATES_DUE = ("PLANNING", "COMMITTING", "REVERTING")
"""Those in which it is the importer's turn."""

IMPORT_STATES_WAITING = ("NEEDS_ANSWER", "READY")
"""Those in which it waits for a person."""

IMPORT_STATES_LIVE = ("COMPLETED", "REVERTING")
"""Those in which its accepted rows claim their transactions."""


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
    """As the holder said it: before the first transaction, or at the beginning of `opening_date`."""
    opening_date: Mapped[date | None]
    initial_balance_minor: Mapped[int] = mapped_column(server_default=FetchedValue())
    """The balance before the first transaction; with an `opening_date` it moves as older rows come and go."""
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
        Index("transaction_stable_id", "account_id", "external_id", postgresql_where=text("has_stable_id")),
        Index("transaction_content", "account_id", "content_identity", postgresql_where=text("has_stable_id")),
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
    has_stable_id: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the bank's format declares `external_id` its for ever; then it is part of the identity."""
    content_identity: Mapped[UUID | None]
    """The identity without the stable id, where there is one."""
    identity: Mapped[UUID]
    occurrence: Mapped[int]
    """1 for the first row of its identity in a file, 2 for the next."""
    import_id: Mapped[UUID | None]
    """The oldest import that claims it; None where it was recorded by hand, which is older than any import's claim."""
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
            postgresql_where=text("object_version IS NOT NULL AND repeats_id IS NULL"),
        ),
        Index("import_newest", "account_id", text("create_time DESC"), text("id DESC")),
        Index(
            "import_open",
            "subject",
            "state",
            postgresql_where=text(
                "state IN ('AWAITING_UPLOAD', 'PLANNING', 'NEEDS_ANSWER', 'READY', 'COMMITTING', 'REVERTING')"
            ),
        ),
        Index("import_reading", "account_id", "reading_id"),
        Index("import_same", "account_id", "sha256"),
        Index("import_request", "request_id"),
        Index("import_repeats", "repeats_id", postgresql_where=text("repeats_id IS NOT NULL")),
        Index(
            "import_uncleared",
            "finish_time",
            postgresql_where=text("state = 'DISCARDED' AND plan_version IS NOT NULL"),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    reading_id: Mapped[UUID]
    """The import whose rows these are: its own, or those of an earlier one of the same bytes that is still live."""
    repeats_id: Mapped[UUID | None]
    """The import whose object this one reads again, and which it undoes; perhaps of another account."""
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
    wanted_format: Mapped[str | None]
    format: Mapped[str | None]
    shape: Mapped[str | None]
    """The header as it is compared with other files' headers."""
    reader_version: Mapped[int | None]
    header: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    answers: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{property, value}], by property."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{property, message, options: [{id, label, rows}]}] while NEEDS_ANSWER; a row as in `questions.py`."""
    findings: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{property, basis, value, message, lines}]"""
    from_date: Mapped[date | None]
    """The day of the oldest row that was understood; `to_date` that of the newest."""
    to_date: Mapped[date | None]
    account_number: Mapped[str | None]
    """The account that the file names, as it stands there."""
    proof: Mapped[str | None]
    opening_minor: Mapped[int | None]
    """The balance before the oldest row, as the file's balances say it; `closing_minor` that after the newest."""
    closing_minor: Mapped[int | None]
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """[{after_line, before_line, missing_minor, rejected_line}], the first ten."""
    row_count: Mapped[int] = mapped_column(server_default="0")
    imported_count: Mapped[int] = mapped_column(server_default="0")
    duplicate_count: Mapped[int] = mapped_column(server_default="0")
    rejected_count: Mapped[int] = mapped_column(server_default="0")
    decided_count: Mapped[int] = mapped_column(server_default="0")
    """Rows whose outcome a person has overridden."""
    plan: Mapped[bytes | None]
    """A txn.v1.ImportPlan, since the import was planned for review."""
    plan_version: Mapped[int | None]
    """The account's version that the plan was made for; None again once the rows of a DISCARDED import are gone."""
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
    """A row of a reading: `import_id` is the import that staged it, `transaction_id` what it creates or is equal to.

    The row claims its transaction for every live import of its reading, unless it is rejected.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        Index("import_row_rejects", "account_id", "import_id", "line", postgresql_where=text("outcome = 'REJECT'")),
        Index(
            "import_row_transaction",
            "account_id",
            "transaction_id",
            postgresql_where=text("transaction_id IS NOT NULL"),
        ),
        Index("import_row_twins", "account_id", "import_id", "identity", postgresql_where=text("twins > 1")),
        Index(
            "import_row_stable_id",
            "account_id",
            "external_id",
            postgresql_where=text("has_stable_id AND outcome = 'DUPLICATE'"),
        ),
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
    has_stable_id: Mapped[bool] = mapped_column(server_default=text("false"))
    content_identity: Mapped[UUID | None]
    identity: Mapped[UUID | None]
    occurrence: Mapped[int | None]
    transaction_id: Mapped[UUID | None]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    """A sentence; of a SIMILAR row, the text of the transaction that it is taken for."""
    column_name: Mapped[str | None]
    category: Mapped[str | None]
    note: Mapped[str | None]
    twins: Mapped[int] = mapped_column(server_default="1")
    """How many rows of the file have this content."""
    here: Mapped[int] = mapped_column(server_default="0")
    """Of this content, how many the account held when the rows were matched last; kept for several twins only."""
    file_occurrence: Mapped[int | None]
    """What the file said, where a decision has made `occurrence` one more than the account holds."""


class ImportMonth(MonthColumns, Base):
    """The file's own figures, written at commit."""

    __tablename__ = "import_month"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=1)


class KeptAnnotation(Base):
    """Category and note of a transaction that an undo took away; they come back with the same row."""

    __tablename__ = "kept_annotation"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    identity: Mapped[UUID] = mapped_column(primary_key=True)
    occurrence: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str | None]
    note: Mapped[str]


class DownloadTicket(Base):
    """A download that its holder may fetch once until `expire_time`; `filter` is a txn.v1.TransactionFilter."""

    __tablename__ = "download"
    __table_args__ = (Index("download_subject", "subject", "expire_time"),)

    ticket_hash: Mapped[bytes] = mapped_column(primary_key=True)
    subject: Mapped[str]
    roles: Mapped[list[str]]
    kind: Mapped[str]
    resource_id: Mapped[UUID]
    filter: Mapped[bytes]
    expire_time: Mapped[datetime]


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"

    subject: Mapped[str] = mapped_column(primary_key=True)
    rpc: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    response: Mapped[bytes]
    create_time: Mapped[datetime] = mapped_column(server_default=text("now()"))


outbox = outbox_table(Base.metadata)
Index("outbox_subject", outbox.c.subject, outbox.c.position)
audit_event = audit_table(Base.metadata)
IS_OF_IMPORT = text("resource LIKE 'imp\\_%'")
"""SQL: whether a row of the audit is about an import. Written as the index has it, or PostgreSQL does not see it."""
Index("audit_event_request", audit_event.c.request_id, postgresql_where=IS_OF_IMPORT)
