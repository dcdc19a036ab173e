"""What passes to another import says from then on what that import's row says, where a bank's id makes them one.

Rows with the same stable id claim the same transaction, whatever their dates and texts; it is as the oldest says.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from runtime.database import WriteSession

# Fenced, so that what is joined to it is looked up by the row's own account: of a constant account that the statistics
# do not know yet, every index would seem as good as the right one.
MINE: Final = """(
  SELECT account_id, transaction_id FROM import_row
  WHERE account_id = :account_id AND import_id = :reading_id AND outcome <> 'REJECT' OFFSET 0) AS mine"""

_HAS_CLAIMS = text("""
SELECT EXISTS (SELECT FROM import_row WHERE account_id = :account_id AND has_stable_id AND outcome = 'DUPLICATE')
""")


def _retell(mine: str) -> str:
    # Its figures never change: it is taken out and put in again.
    return f"""
WITH told AS MATERIALIZED (
  SELECT t.id, t.account_id, t.category, t.note, t.import_id, t.line, t.create_time, r.booked_on, r.value_on,
    r.amount_minor, r.description, r.external_id, r.content_identity, r.identity, r.occurrence
  FROM {mine}
  CROSS JOIN LATERAL (
    SELECT * FROM transaction WHERE account_id = mine.account_id AND id = mine.transaction_id OFFSET 0) AS t
  CROSS JOIN LATERAL (
    SELECT row.* FROM import AS i JOIN import_row AS row
      ON row.account_id = i.account_id AND row.import_id = i.reading_id
    WHERE i.account_id = t.account_id AND i.id = t.import_id AND row.line = t.line OFFSET 0) AS r
  WHERE r.has_stable_id AND r.transaction_id = t.id AND r.identity <> t.identity
), gone AS (
  DELETE FROM transaction AS t USING told WHERE t.account_id = told.account_id AND t.id = told.id RETURNING told.*
)
INSERT INTO transaction (account_id, id, booked_on, value_on, amount_minor, description, category, note, external_id,
  has_stable_id, content_identity, identity, occurrence, import_id, line, create_time)
SELECT account_id, id, booked_on, value_on, amount_minor, description, category, note, external_id,
  true, content_identity, identity, occurrence, import_id, line, create_time
FROM gone
"""  # noqa: S608 -- no value in it


_RETELL_IMPORT = text(_retell(MINE))
_RETELL_ONE = text(
    _retell("(SELECT CAST(:account_id AS uuid) AS account_id, CAST(:id AS uuid) AS transaction_id) AS mine")
)


async def retell_import(session: WriteSession, this: Mapping[str, Any]) -> None:
    """What passed on from the import with the rows of `reading_id`; the caller holds the lock of the account."""
    if await session.scalar(_HAS_CLAIMS, this):
        await session.execute(_RETELL_IMPORT, this)


async def retell_one(session: WriteSession, this: Mapping[str, Any]) -> None:
    """What passed on from a record by hand; `this` are its `account_id` and `id`."""
    if await session.scalar(_HAS_CLAIMS, this):
        await session.execute(_RETELL_ONE, this)
