"""What an account has met before: the bytes of a file, the header of a file."""

from typing import Any
from uuid import UUID

import psycopg

from txn_svc.model import StatementImport
from txn_svc.statement import VERSION, Statement

CANDIDATES_MAX = 20
# Nobody has to be asked how it is meant: Stori wrote it.
OWN_FORMAT = "stori"

_SAME_BYTES = """
SELECT reading_id, findings FROM import
WHERE account_id = %(account_id)s AND sha256 = %(sha256)s AND reader_version = %(reader_version)s
  AND format = %(format)s AND state IN ('COMPLETED', 'REVERTING') AND decided_count = 0 AND id <> %(id)s
ORDER BY finish_time LIMIT %(most)s
"""

_SAME_SHAPE = """
SELECT 1 FROM import
WHERE account_id = %(account_id)s AND format = %(format)s AND shape = %(shape)s
  AND state IN ('COMPLETED', 'REVERTING') LIMIT 1
"""

Cursor = psycopg.AsyncCursor[tuple[Any, ...]]


async def shared_reading(cursor: Cursor, found: StatementImport, sha256: str, statement: Statement) -> UUID | None:
    """The rows of an earlier import of the same bytes that is live, where they read the same today.

    A file without years may read otherwise than it did. An import that repeats another takes that one's claims back,
    so it has rows of its own.
    """
    if found.repeats_id is not None:
        return None
    values = {
        "account_id": found.account_id,
        "id": found.id,
        "sha256": sha256,
        "reader_version": VERSION,
        "format": statement.format_id,
        "most": CANDIDATES_MAX,
    }
    await cursor.execute(_SAME_BYTES, values)
    read_as = {(finding.property, finding.value) for finding in statement.findings}
    for reading_id, findings in await cursor.fetchall():
        if {(finding["property"], finding["value"]) for finding in findings} == read_as:
            return UUID(str(reading_id))
    return None


async def is_new_shape(cursor: Cursor, account_id: UUID, statement: Statement) -> bool:
    """Whether no file with this header has been committed into the account, or it was undone since."""
    if statement.format_id == OWN_FORMAT:
        return False
    values = {"account_id": account_id, "format": statement.format_id, "shape": statement.shape}
    await cursor.execute(_SAME_SHAPE, values)
    return await cursor.fetchone() is None
