"""Imports are found by the requests that started or changed them, and events by what they are about.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

from runtime.migrations import LOCK_TIMEOUT_SECONDS

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Of what requests did, only what they did to imports is looked up: most of the audit is about other things.
INDEXES = {
    "import_request": "ON import (request_id)",
    "audit_event_request": r"ON audit_event (request_id) WHERE resource LIKE 'imp\_%'",
    "outbox_subject": "ON outbox (subject, position)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Building one waits for transactions that are older than it, such as a large file's; that blocks nobody.
        op.execute("SET lock_timeout = 0")
        for name, on in INDEXES.items():
            # One that was interrupted is left behind invalid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} {on}")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
