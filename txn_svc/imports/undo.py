"""Undo: the claims of one import are taken back. A transaction that something else claims stays, the others go."""

from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from protos.txn.v1 import txn_pb2
from runtime.database import ReadSession, WriteSession
from runtime.ids import to_id
from txn_svc.claimed import MINE, retell_import
from txn_svc.model import Account, StatementImport
from txn_svc.summary import require_int64

KEEPERS_MAX = 20

# The oldest claim of another live import on the same transaction. Fenced for the same reason: all rows of that import
# would seem as good a way to it as the transaction.
_OTHER = """(
  SELECT other.id AS import_id, claim.line FROM (
    SELECT account_id, import_id, line FROM import_row
    WHERE account_id = mine.account_id AND transaction_id = mine.transaction_id AND outcome <> 'REJECT' OFFSET 0
  ) AS claim
  JOIN import AS other ON other.account_id = claim.account_id AND other.reading_id = claim.import_id
  WHERE other.state IN ('COMPLETED', 'REVERTING') AND other.id <> :import_id
  ORDER BY other.finish_time, other.id, claim.line LIMIT 1) AS other"""

_PASS_ON = text(f"""
UPDATE transaction AS t SET import_id = claim.import_id, line = claim.line
FROM (
  SELECT mine.account_id, mine.transaction_id, other.import_id, other.line
  FROM {MINE} CROSS JOIN LATERAL {_OTHER} OFFSET 0
) AS claim
WHERE t.account_id = claim.account_id AND t.id = claim.transaction_id AND t.import_id = :import_id
""")  # noqa: S608 -- no value in it

# What is still this import's after that is claimed by nothing else.
_REMOVE = text(f"""
WITH gone AS (
  DELETE FROM transaction AS t USING {MINE}
  WHERE t.account_id = mine.account_id AND t.id = mine.transaction_id AND t.import_id = :import_id
  RETURNING t.identity, t.occurrence, t.category, t.note
), kept AS (
  INSERT INTO kept_annotation (account_id, identity, occurrence, category, note)
  SELECT :account_id, identity, occurrence, category, note FROM gone WHERE category IS NOT NULL OR note <> ''
  ON CONFLICT (account_id, identity, occurrence) DO UPDATE SET category = excluded.category, note = excluded.note
)
SELECT count(*) FROM gone
""")  # noqa: S608 -- no value in it

_CLAIMED = text("""
SELECT count(*) FROM import_row WHERE account_id = :account_id AND import_id = :reading_id AND outcome <> 'REJECT'
""")

_PREVIEW = text(f"""
SELECT keeper.id AS keeper_id, keeper.file_name, held.goes,
  CAST(sum(held.transactions) AS bigint) AS transactions, CAST(sum(held.edited) AS bigint) AS edited,
  sum(held.amount) AS amount,
  sum(held.earlier) AS earlier
FROM (
  SELECT
    CASE t.import_id WHEN :import_id THEN other.import_id ELSE t.import_id END AS keeper_id,
    coalesce(t.import_id = :import_id AND other.import_id IS NULL, false) AS goes,
    count(*) AS transactions,
    count(*) FILTER (WHERE t.category IS NOT NULL OR t.note <> '') AS edited,
    sum(t.amount_minor) AS amount,
    coalesce(sum(t.amount_minor) FILTER (WHERE t.booked_on < CAST(:opening_date AS date)), 0) AS earlier
  FROM {MINE}
  JOIN transaction AS t ON t.account_id = mine.account_id AND t.id = mine.transaction_id
  LEFT JOIN LATERAL {_OTHER} ON true
  GROUP BY 1, 2
) AS held
LEFT JOIN import AS keeper ON keeper.id = held.keeper_id
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1
""")  # noqa: S608 -- no value in it


class Undone(NamedTuple):
    removed: int
    kept: int


async def undo(session: WriteSession, found: StatementImport) -> Undone:
    """Takes the import's claims back; the caller holds the lock of its account and makes it REVERTED.

    The oldest of the other claims gets what stays. Category and note of what goes are kept for the same row.
    """
    this = _this(found)
    claimed = int(await session.scalar(_CLAIMED, this))
    await session.execute(_PASS_ON, this)
    await retell_import(session, this)
    removed = int(await session.scalar(_REMOVE, this))
    return Undone(removed, claimed - removed)


async def preview(session: ReadSession, account: Account, found: StatementImport) -> txn_pb2.RevertPreview:
    """What `undo` would do now. The session must be a snapshot.

    Raises FailedPrecondition (FIGURES_TOO_LARGE) where the balance after it does not fit 64 bits.
    """
    rows = (await session.execute(_PREVIEW, {**_this(found), "opening_date": account.opening_date})).all()
    gone, kept = [row for row in rows if row.goes], [row for row in rows if not row.goes]
    moved = sum(int(row.amount - row.earlier) for row in gone)
    message = txn_pb2.RevertPreview(
        remove_count=sum(row.transactions for row in gone),
        keep_count=sum(row.transactions for row in kept),
        edited_count=sum(row.edited for row in gone),
        currency_code=account.currency_code,
        balance_before_minor=account.balance_minor,
        balance_after_minor=require_int64(account.balance_minor - moved),
        keepers=[
            txn_pb2.RevertKeeper(
                import_id=to_id("imp", row.keeper_id) if row.keeper_id else "",
                file_name=row.file_name or "",
                count=row.transactions,
            )
            for row in kept[:KEEPERS_MAX]
        ],
    )
    message.digest = sha256(found.id.bytes + message.SerializeToString(deterministic=True)).hexdigest()
    return message


def _this(found: StatementImport) -> dict[str, Any | UUID]:
    return {"account_id": found.account_id, "import_id": found.id, "reading_id": found.reading_id}
