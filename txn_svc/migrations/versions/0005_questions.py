"""An import may wait for answers; each step may be repeated.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

from runtime.migrations import LOCK_TIMEOUT_SECONDS

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Not valid at first, so that no lock is held while the rows are looked at.
EXPAND = """
ALTER TABLE import
  ADD COLUMN IF NOT EXISTS questions jsonb NOT NULL DEFAULT '[]',
  DROP CONSTRAINT IF EXISTS import_state_check,
  ADD CONSTRAINT import_state_check CHECK (state IN ('AWAITING_UPLOAD', 'PLANNING', 'NEEDS_ANSWER', 'READY',
    'COMMITTING', 'COMPLETED', 'FAILED', 'REVERTING', 'REVERTED', 'DISCARDED', 'EXPIRED')) NOT VALID
"""

OPEN = (
    "ON import (subject, state)"
    " WHERE state IN ('AWAITING_UPLOAD', 'PLANNING', 'NEEDS_ANSWER', 'READY', 'COMMITTING', 'REVERTING')"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(EXPAND)
        op.execute("ALTER TABLE import VALIDATE CONSTRAINT import_state_check")
        # Building one waits for transactions that are older than it, such as a large file's; that blocks nobody.
        op.execute("SET lock_timeout = 0")
        # One that was interrupted is left behind invalid. The one that is there stays until the new one is.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS import_open_next")
        op.execute(f"CREATE INDEX CONCURRENTLY import_open_next {OPEN}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS import_open")
        op.execute("ALTER INDEX import_open_next RENAME TO import_open")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
