"""What a file proves and which days it covers; ids by which a bank knows a transaction for ever.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

from runtime.migrations import LOCK_TIMEOUT_SECONDS

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Constant defaults: no table is rewritten.
EXPAND = (
    """
    ALTER TABLE import
      ADD COLUMN IF NOT EXISTS from_date date,
      ADD COLUMN IF NOT EXISTS to_date date,
      ADD COLUMN IF NOT EXISTS account_number text,
      ADD COLUMN IF NOT EXISTS proof text,
      ADD COLUMN IF NOT EXISTS opening_minor bigint,
      ADD COLUMN IF NOT EXISTS closing_minor bigint,
      ADD COLUMN IF NOT EXISTS gaps jsonb NOT NULL DEFAULT '[]'
    """,
    """
    ALTER TABLE import_row
      ADD COLUMN IF NOT EXISTS has_stable_id boolean NOT NULL DEFAULT false,
      ADD COLUMN IF NOT EXISTS content_identity uuid
    """,
    """
    ALTER TABLE transaction
      ADD COLUMN IF NOT EXISTS has_stable_id boolean NOT NULL DEFAULT false,
      ADD COLUMN IF NOT EXISTS content_identity uuid
    """,
)

INDEXES = {
    "transaction_stable_id": "ON transaction (account_id, external_id) WHERE has_stable_id",
    "transaction_content": "ON transaction (account_id, content_identity) WHERE has_stable_id",
    "import_row_stable_id": "ON import_row (account_id, external_id) WHERE has_stable_id AND outcome = 'DUPLICATE'",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in EXPAND:
            op.execute(statement)
        # Building one waits for transactions that are older than it, such as a large file's; that blocks nobody.
        op.execute("SET lock_timeout = 0")
        for name, index in INDEXES.items():
            # One that was interrupted is left behind invalid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} {index}")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
