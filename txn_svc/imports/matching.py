"""Matching: which rows of an import the ledger holds already.

A row is known if the account holds the same content for the same how-manieth time: the second of two equal rows of a
file is new where the ledger holds one of them. Where a bank's ids are stable, they decide (`numbered.py`). What a
person has decided about a row stays decided.
"""

from sqlalchemy import select, text

from runtime.database import ReadSession, WriteSession
from txn_svc.imports.numbered import match_numbered
from txn_svc.model import IMPORT_STATES_LIVE, StatementImport

_COLUMNS = (
    "line, cells, booked_on, value_on, amount_minor, description, external_id, identity, occurrence, transaction_id, "
    "reason, column_name, category, note, twins, has_stable_id, content_identity"
)

# What they were equal to is gone, perhaps, and then they bring it back under the id it had.
_OWN_ROWS = text(f"""
INSERT INTO import_row (account_id, import_id, outcome, reason_code, {_COLUMNS})
SELECT account_id, :import_id, CASE outcome WHEN 'REJECT' THEN outcome ELSE 'DUPLICATE' END,
  CASE WHEN outcome = 'REJECT' OR reason_code = 'SIMILAR' THEN reason_code ELSE 'SAME_CONTENT' END, {_COLUMNS}
FROM import_row WHERE account_id = :account_id AND import_id = :reading_id
""")  # noqa: S608 -- names of columns only

# A transaction is looked up by what the row says, never by a constant account: of an account that the statistics do not
# know yet every index would seem as good as the right one, and a scalar subquery is never made a join.
_KNOWN = """(
  SELECT t.id FROM transaction AS t
  WHERE t.account_id = r.account_id AND t.identity = r.identity AND t.occurrence = r.occurrence)"""

_FORGET_LOST = text(f"""
UPDATE import_row AS r SET outcome = 'CREATE', reason_code = NULL
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'DUPLICATE'
  AND r.reason_code IS DISTINCT FROM 'SIMILAR' AND r.transaction_id IS DISTINCT FROM {_KNOWN}
""")  # noqa: S608 -- no value in it

# What looked like a transaction of another text stays its claim as long as that is there, and has no part in its id.
_FORGET_LOST_SIMILAR = text("""
UPDATE import_row AS r SET outcome = 'CREATE', reason_code = NULL, reason = NULL, transaction_id = uuidv7()
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'DUPLICATE' AND r.reason_code = 'SIMILAR'
  AND NOT EXISTS (SELECT FROM transaction AS t WHERE t.account_id = r.account_id AND t.id = r.transaction_id)
""")

# One more of another text than what it looks like has kept its number, and may be known by it later.
_MARK_KNOWN = text(f"""
UPDATE import_row AS r
SET outcome = 'DUPLICATE', reason_code = 'SAME_CONTENT', reason = NULL, transaction_id = {_KNOWN}
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'CREATE'
  AND r.file_occurrence IS NULL AND {_KNOWN} IS NOT NULL
""")  # noqa: S608 -- no value in it

# What is to be one more comes after all that the account holds and the file says of this content, in the file's order.
_RENUMBER_DECIDED = text("""
UPDATE import_row AS r SET occurrence = numbered.occurrence
FROM (
  SELECT d.account_id, d.import_id, d.line, row_number() OVER (PARTITION BY d.identity ORDER BY d.line) + greatest(
    max(d.file_occurrence) OVER (PARTITION BY d.identity),
    (SELECT max(t.occurrence) FROM transaction AS t WHERE t.account_id = d.account_id AND t.identity = d.identity),
    (SELECT max(o.occurrence) FROM import_row AS o
      WHERE o.account_id = d.account_id AND o.import_id = d.import_id AND o.identity = d.identity AND o.twins > 1
        AND o.reason_code IS DISTINCT FROM 'DECIDED')) AS occurrence
  FROM import_row AS d
  WHERE d.account_id = :account_id AND d.import_id = :import_id AND d.outcome = 'CREATE' AND d.reason_code = 'DECIDED'
    AND d.file_occurrence IS NOT NULL AND NOT d.has_stable_id
  OFFSET 0
) AS numbered
WHERE r.account_id = numbered.account_id AND r.import_id = numbered.import_id AND r.line = numbered.line
  AND r.occurrence <> numbered.occurrence
""")

_COUNT_TWINS = text("""
UPDATE import_row AS r SET here = twins.here
FROM (
  SELECT several.identity, (SELECT count(*) FROM transaction AS t
    WHERE t.account_id = several.account_id AND t.identity = several.identity)
    + (SELECT count(*) FROM transaction AS t WHERE t.account_id = several.account_id
    AND t.content_identity = several.identity AND t.has_stable_id) AS here
  FROM (SELECT DISTINCT account_id, identity FROM import_row
    WHERE account_id = :account_id AND import_id = :import_id AND twins > 1) AS several
) AS twins
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.twins > 1
  AND r.identity = twins.identity AND r.here <> twins.here
""")


async def match(session: WriteSession, found: StatementImport, *, again: bool) -> None:
    """Marks the rows CREATE or DUPLICATE as the ledger is now; `again` where they were matched before.

    Rows shared with an import that is still live are all in the ledger: that is what live means.
    """
    if found.reading_id != found.id:
        if await is_live(session, found):
            return
        await own_rows(session, found)
        again = True
    this = {"account_id": found.account_id, "import_id": found.id}
    if again:
        await session.execute(_FORGET_LOST, this)
        await session.execute(_FORGET_LOST_SIMILAR, this)
    await session.execute(_MARK_KNOWN, this)
    await match_numbered(session, found, again=again)
    if found.decided_count:
        await session.execute(_RENUMBER_DECIDED, this)
    # Fresh rows have no statistics yet: taken for a few, the twins would be counted once for each of them.
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    await session.execute(_COUNT_TWINS, this)
    await session.execute(text("SET LOCAL enable_nestloop = on"))


async def is_live(session: ReadSession, found: StatementImport) -> bool:
    """Whether another import whose rows these are too claims their transactions."""
    same_rows = (StatementImport.account_id == found.account_id, StatementImport.reading_id == found.reading_id)
    query = select(StatementImport.id).where(*same_rows, StatementImport.state.in_(IMPORT_STATES_LIVE))
    return await session.scalar(query.where(StatementImport.id != found.id).limit(1)) is not None


async def own_rows(session: WriteSession, found: StatementImport) -> None:
    """Gives an import that shares its rows a copy of its own, each as the duplicate it was."""
    await session.execute(
        _OWN_ROWS, {"account_id": found.account_id, "import_id": found.id, "reading_id": found.reading_id}
    )
    found.reading_id = found.id
    await session.flush()
