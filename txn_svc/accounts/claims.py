"""Claims, recomputed: every transaction is claimed, every claim has its transaction, and the oldest import owns it."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import text

from runtime.database import ReadSession
from runtime.ids import to_id

# A record made by hand is a claim of its own, and older than any import's: nothing has to claim it besides.
# One that has a bank's id and one that has not can be the same, though only one of them has it in its identity.
_DIFFERENCES = text("""
SELECT coalesce(t.id, claim.transaction_id) AS id, t.id IS NULL AS is_missing, t.import_id, t.line, t.occurrence,
  claim.import_id AS claim_import_id, claim.line AS claim_line, claim.occurrence AS claim_occurrence
FROM (SELECT * FROM transaction WHERE account_id = :account_id) AS t
FULL JOIN (
  SELECT DISTINCT ON (r.transaction_id) r.transaction_id, r.identity, r.occurrence, r.has_stable_id,
    i.id AS import_id, r.line, r.booked_on, r.amount_minor, coalesce(r.reason_code = 'SIMILAR', false) AS is_similar
  FROM import AS i
  JOIN import_row AS r ON r.account_id = i.account_id AND r.import_id = i.reading_id AND r.outcome <> 'REJECT'
  WHERE i.account_id = :account_id AND i.state IN ('COMPLETED', 'REVERTING')
  ORDER BY r.transaction_id, i.finish_time, i.id, r.line
) AS claim ON claim.transaction_id = t.id
WHERE t.id IS NULL
  OR (claim.identity, claim.occurrence) IS DISTINCT FROM (t.identity, t.occurrence) AND claim.import_id IS NOT NULL
    AND NOT claim.is_similar
    AND NOT (claim.has_stable_id AND t.import_id IS NULL) AND NOT (t.has_stable_id AND NOT claim.has_stable_id)
  OR (claim.booked_on, claim.amount_minor) IS DISTINCT FROM (t.booked_on, t.amount_minor) AND claim.is_similar
  OR (t.import_id IS NOT NULL AND (t.import_id, t.line) IS DISTINCT FROM (claim.import_id, claim.line))
ORDER BY 1 LIMIT :most
""")


async def claims_that_differ(session: ReadSession, account_id: UUID, most: int) -> AsyncIterator[tuple[str, str, str]]:
    """(figure, kept, computed) for each transaction whose claim is not what the imports' rows say; at most `most`."""
    for row in await session.execute(_DIFFERENCES, {"account_id": account_id, "most": most}):
        # Of a row that names no transaction only its place can be told.
        figure = f"{to_id('txn', row.id)} claim" if row.id else "claim"
        kept = "no transaction" if row.is_missing else _place(row.import_id, row.line, row.occurrence)
        yield figure, kept, _place(row.claim_import_id, row.claim_line, row.claim_occurrence)


def _place(import_id: UUID | None, line: int | None, occurrence: int | None) -> str:
    """Who claims it, and as the how-manieth of its content."""
    return f"{to_id('imp', import_id)} line {line} #{occurrence}" if import_id else "no import"
