"""What an account has met before: the bytes of a file, the header of a file, how a header was read."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from runtime.database import ReadSession
from txn_svc.model import StatementImport
from txn_svc.statement import VERSION, Statement
from txn_svc.statement.model import Property

CANDIDATES_MAX = 20
# Of an account's newest imports so many are looked at: for shapes, numbers and days that it knows.
NEWEST_IMPORTS_MAX = 500
REMEMBERED_SHAPES_MAX = 50
REMEMBERED_PROPERTIES: tuple[Property, ...] = ("ENCODING", "COLUMNS", "DATE_ORDER", "DECIMAL_MARK", "SIGN", "STATUS")
# Nobody has to be asked how it is meant: Stori wrote it.
OWN_FORMAT = "stori"
# What the ledger said of an earlier import says nothing about how its file was read.
LEDGER_PROPERTIES: tuple[Property, ...] = ("BALANCE", "OVERLAP")

# What the ledger rejected it may accept by now, and a day to come may be there.
_SAME_BYTES = """
SELECT reading_id, findings FROM import
WHERE account_id = %(account_id)s AND sha256 = %(sha256)s AND reader_version = %(reader_version)s
  AND format = %(format)s AND state IN ('COMPLETED', 'REVERTING') AND decided_count = 0 AND id <> %(id)s
  AND NOT EXISTS (SELECT FROM import_row AS r WHERE r.account_id = import.account_id AND r.import_id = reading_id
    AND r.outcome = 'REJECT' AND (r.reason_code = 'PENDING' OR (r.reason_code = 'SAME_ID' AND r.identity IS NOT NULL)))
ORDER BY finish_time LIMIT %(most)s
"""

_SAME_SHAPE = """
SELECT 1 FROM import
WHERE account_id = %(account_id)s AND format = %(format)s AND shape = %(shape)s
  AND state IN ('COMPLETED', 'REVERTING') LIMIT 1
"""

# What a repeat reads again is not remembered for it: it may be what was wrong.
_NEWEST_OF_SHAPES = text("""
SELECT shape, findings FROM (
  SELECT DISTINCT ON (shape) shape, findings, create_time FROM (
    SELECT id, shape, findings, state, create_time FROM import
    WHERE account_id = :account_id ORDER BY create_time DESC, id DESC LIMIT :imports
  ) AS newest
  WHERE state IN ('COMPLETED', 'REVERTING') AND shape IS NOT NULL AND id IS DISTINCT FROM CAST(:repeats_id AS uuid)
  ORDER BY shape, create_time DESC
) AS remembered
ORDER BY create_time DESC LIMIT :shapes
""")

_SAME_FILE = text("""
SELECT findings FROM import
WHERE account_id = :account_id AND sha256 = :sha256 AND state IN ('COMPLETED', 'REVERTING')
  AND id IS DISTINCT FROM CAST(:repeats_id AS uuid) ORDER BY finish_time DESC LIMIT 1
""")

Remembered = Mapping[str, Mapping[Property, str]]
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
    read_as = {
        (finding.property, finding.value) for finding in statement.findings if finding.property not in LEDGER_PROPERTIES
    }
    for reading_id, findings in await cursor.fetchall():
        before = {(finding["property"], finding["value"]) for finding in findings}
        if {one for one in before if one[0] not in LEDGER_PROPERTIES} == read_as:
            return UUID(str(reading_id))
    return None


async def same_file(session: ReadSession, found: StatementImport, sha256: str) -> Sequence[Mapping[str, Any]] | None:
    """The findings of the account's last live import of these bytes, however it read them; None where there is none."""
    values = {"account_id": found.account_id, "sha256": sha256, "repeats_id": found.repeats_id}
    findings: Sequence[Mapping[str, Any]] | None = await session.scalar(_SAME_FILE, values)
    return findings


async def is_new_shape(cursor: Cursor, account_id: UUID, statement: Statement) -> bool:
    """Whether no file with this header has been committed into the account, or it was undone since."""
    if statement.format_id == OWN_FORMAT:
        return False
    values = {"account_id": account_id, "format": statement.format_id, "shape": statement.shape}
    await cursor.execute(_SAME_SHAPE, values)
    return await cursor.fetchone() is None


async def remembered(session: ReadSession, found: StatementImport) -> Remembered:
    """How files of each header were read, as the account's newest live import of it found, or was told."""
    bounds = {"imports": NEWEST_IMPORTS_MAX, "shapes": REMEMBERED_SHAPES_MAX}
    values = {"account_id": found.account_id, "repeats_id": found.repeats_id, **bounds}
    newest = await session.execute(_NEWEST_OF_SHAPES, values)
    return {row.shape: {one["property"]: one["value"] for one in row.findings if _is_remembered(one)} for row in newest}


def _is_remembered(finding: Mapping[str, Any]) -> bool:
    return finding["property"] in REMEMBERED_PROPERTIES
