"""What 0002 added is filled in and indexed while everything else goes on; each step may be repeated.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BACKFILL = """
UPDATE import SET reading_id = id WHERE (account_id, id) IN (
  SELECT account_id, id FROM import WHERE reading_id IS NULL LIMIT 10000)
"""

# Held as a constraint first, so that no lock is held while the rows are looked at.
FILLED = (
    "ALTER TABLE import DROP CONSTRAINT IF EXISTS import_reading_filled",
    "ALTER TABLE import ADD CONSTRAINT import_reading_filled CHECK (reading_id IS NOT NULL) NOT VALID",
    "ALTER TABLE import VALIDATE CONSTRAINT import_reading_filled",
    "ALTER TABLE import ALTER COLUMN reading_id SET NOT NULL",
    "ALTER TABLE import DROP CONSTRAINT import_reading_filled",
)

# A repeat reads the object of another import. What a transaction is claimed by is found by import_row_transaction.
INDEXES = {
    "import_reading": "ON import (account_id, reading_id)",
    "import_same": "ON import (account_id, sha256)",
    "import_repeats": "ON import (repeats_id) WHERE repeats_id IS NOT NULL",
    "import_uncleared": "ON import (finish_time) WHERE state = 'DISCARDED' AND plan_version IS NOT NULL",
    "import_row_transaction": "ON import_row (account_id, transaction_id) WHERE transaction_id IS NOT NULL",
    "import_row_twins": "ON import_row (account_id, import_id, identity) WHERE twins > 1",
}
UNIQUE = {
    "import_object": "ON import (object_key, object_version) WHERE object_version IS NOT NULL AND repeats_id IS NULL",
}
REPLACED = {
    "import_open": "ON import (subject, state)"
    " WHERE state IN ('AWAITING_UPLOAD', 'PLANNING', 'READY', 'COMMITTING', 'REVERTING')",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while op.get_bind().execute(text(BACKFILL)).rowcount:
            pass
        for statement in FILLED:
            op.execute(statement)
        # Building one waits for transactions that are older than it, such as a large file's; that blocks nobody.
        op.execute("SET lock_timeout = 0")
        for name, on in INDEXES.items():
            _build("CREATE INDEX", name, on)
        for name, on in UNIQUE.items():
            _replace("CREATE UNIQUE INDEX", name, on)
        for name, on in REPLACED.items():
            _replace("CREATE INDEX", name, on)


def _build(create: str, name: str, on: str) -> None:
    # One that was interrupted is left behind invalid.
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"{create} CONCURRENTLY {name} {on}")


def _replace(create: str, name: str, on: str) -> None:
    """The one that is there stays until the new one is: it may be what keeps something unique."""
    _build(create, f"{name}_next", on)
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"ALTER INDEX {name}_next RENAME TO {name}")
