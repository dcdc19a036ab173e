"""Ids that a bank declares its for ever: a row whose id the ledger knows is that transaction, whatever else it says.

A row with such an id and one without, of the same date, amount and text, are one transaction too, as long as no other
id claims it: the same account comes from several exports, and from the time before its format declared the ids.
"""

from typing import Final

from sqlalchemy import select, text

from runtime.database import WriteSession
from txn_svc.ledger.money import currency
from txn_svc.model import Account, StatementImport
from txn_svc.statement.formats import formats
from txn_svc.statement.own import STORI

SAME_ID: Final = "SAME_ID"

# A reject of the staging has no identity: what the file itself repeats is rejected whatever the ledger holds.
_FORGET_REJECTED = text("""
UPDATE import_row AS r SET outcome = 'CREATE', reason_code = NULL, reason = NULL, column_name = NULL
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'REJECT' AND r.reason_code = 'SAME_ID'
  AND r.identity IS NOT NULL
""")

# The transaction that has the id; else the one that a row with this id claims though it came without.
_OF_ID = """(
  SELECT t.id, t.booked_on, t.amount_minor, 0 AS place FROM transaction AS t
  WHERE t.account_id = n.account_id AND t.external_id = n.external_id AND t.has_stable_id
  UNION ALL
  SELECT t.id, t.booked_on, t.amount_minor, 1 FROM import_row AS c
  JOIN import AS i ON i.account_id = c.account_id AND i.reading_id = c.import_id
    AND i.state IN ('COMPLETED', 'REVERTING')
  JOIN transaction AS t ON t.account_id = c.account_id AND t.id = c.transaction_id
  WHERE c.account_id = n.account_id AND c.external_id = n.external_id AND c.has_stable_id AND c.outcome = 'DUPLICATE'
  ORDER BY place LIMIT 1)"""

_MATCH_IDS = text(f"""
UPDATE import_row AS r SET (outcome, reason_code, transaction_id, reason, column_name) = (
  SELECT 'DUPLICATE', 'SAME_ID', known.id, NULL, NULL WHERE known.amount_minor = r.amount_minor
  UNION ALL
  SELECT 'REJECT', 'SAME_ID', r.transaction_id, format('The transaction of %s with this id has another amount: %s.',
    to_char(known.booked_on, 'YYYY-MM-DD'),
    round(known.amount_minor / power(10::numeric, CAST(:decimals AS integer)), CAST(:decimals AS integer))), :id_column
  WHERE known.amount_minor <> r.amount_minor)
FROM (
  SELECT n.account_id, n.import_id, n.line, t.id, t.booked_on, t.amount_minor
  FROM import_row AS n CROSS JOIN LATERAL {_OF_ID} AS t
  WHERE n.account_id = :account_id AND n.import_id = :import_id AND n.outcome = 'CREATE' AND n.reason_code IS NULL
    AND n.has_stable_id
  OFFSET 0
) AS known
WHERE r.account_id = known.account_id AND r.import_id = known.import_id AND r.line = known.line
""")  # noqa: S608 -- no value in it


def _match_contents(row: str, content: str, transaction: str, claimed: str) -> str:
    """SQL: rows of one content, in the order of the file, are the transactions of that content that are free.

    A row that was decided keeps its place among them. All of one content is looked at once, however much it is. Claims
    are fenced, so that they are looked up by their transaction: of fresh rows the statistics do not know yet, the whole
    import would seem as good.
    """
    return f"""
UPDATE import_row AS r SET outcome = 'DUPLICATE', reason_code = 'SAME_CONTENT', transaction_id = pair.id
FROM (
  SELECT wanted.account_id, wanted.import_id, one.line, one.id
  FROM (
    SELECT n.account_id, n.import_id, {content} AS content, array_agg(n.line ORDER BY n.occurrence, n.line) AS lines
    FROM import_row AS n
    WHERE n.account_id = :account_id AND n.import_id = :import_id AND {row}
      AND (n.outcome = 'CREATE' AND n.reason_code IS NULL OR n.reason_code = 'DECIDED' AND NOT EXISTS (
        SELECT FROM transaction AS t WHERE t.account_id = n.account_id AND t.identity = n.identity
          AND t.occurrence = coalesce(n.file_occurrence, n.occurrence)))
    GROUP BY 1, 2, 3
  ) AS wanted
  CROSS JOIN LATERAL (
    SELECT array_agg(t.id ORDER BY t.occurrence, t.id) AS ids FROM transaction AS t
    WHERE t.account_id = wanted.account_id AND {transaction} AND NOT EXISTS (
      SELECT FROM (
        SELECT account_id, import_id, outcome, has_stable_id FROM import_row
        WHERE account_id = t.account_id AND transaction_id = t.id AND outcome <> 'REJECT' OFFSET 0
      ) AS c
      WHERE c.import_id = wanted.import_id AND c.outcome = 'DUPLICATE'{claimed})
  ) AS free
  CROSS JOIN LATERAL unnest(wanted.lines, free.ids) AS one(line, id)
  WHERE one.line IS NOT NULL AND one.id IS NOT NULL
  OFFSET 0
) AS pair
WHERE r.account_id = pair.account_id AND r.import_id = pair.import_id AND r.line = pair.line
  AND r.outcome = 'CREATE' AND r.reason_code IS NULL
"""  # noqa: S608 -- no value in it


# What another id claims is another transaction; what this id claims was found by it.
_MATCH_WITHOUT_ID = text(
    _match_contents(
        "n.has_stable_id",
        "n.content_identity",
        "t.identity = wanted.content AND NOT t.has_stable_id",
        """
          OR c.has_stable_id AND EXISTS (SELECT FROM import AS i WHERE i.account_id = c.account_id
            AND i.reading_id = c.import_id AND i.state IN ('COMPLETED', 'REVERTING'))""",
    )
)
_MATCH_WITH_ID = text(
    _match_contents(
        "NOT n.has_stable_id AND n.identity IS NOT NULL",
        "n.identity",
        "t.content_identity = wanted.content AND t.has_stable_id",
        "",
    )
)

_HOLDS_IDS = text("SELECT EXISTS (SELECT FROM transaction WHERE account_id = :account_id AND has_stable_id)")

# It was to bring back what it was equal to, but that is there again, or is taken for another row.
_RENEW_TAKEN = text("""
UPDATE import_row AS r SET transaction_id = uuidv7()
WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'CREATE'
  AND EXISTS (SELECT FROM transaction AS t WHERE t.account_id = r.account_id AND t.id = r.transaction_id)
""")

_COUNT_REJECTS = text("""
SELECT count(*) FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'REJECT'
  AND reason_code IS DISTINCT FROM 'DECIDED'
""")


def may_have_stable_ids(format_id: str | None) -> bool:
    """Whether rows of this format can have them; in Stori's own export each row says so itself."""
    known = formats().get(format_id or "")
    return format_id == STORI.id or (known is not None and known.has_stable_ids)


def id_column(format_id: str | None) -> str:
    """The column of the ids, as the bank names it."""
    known = formats().get(format_id or "")
    if known is None or known.roles.external_id is None:
        return "external_id"
    at = known.roles.external_id
    return known.header[at] if known.header else f"column {at + 1}"


async def match_numbered(session: WriteSession, found: StatementImport, *, again: bool) -> None:
    """Marks the rows that are no exact duplicates but are known by an id, or by their content beside one.

    A known id with another amount makes a REJECT. Of rows without ids, in an account without, nothing is looked at.
    """
    this = {"account_id": found.account_id, "import_id": found.id}
    has_ids = may_have_stable_ids(found.format)
    if has_ids:
        if again:
            await session.execute(_FORGET_REJECTED, this)
        code = await session.scalar(select(Account.currency_code).where(Account.id == found.account_id))
        shown = {"decimals": currency(code).decimals, "id_column": id_column(found.format)}
        await session.execute(_MATCH_IDS, {**this, **shown})
        await session.execute(_MATCH_WITHOUT_ID, this)
        found.rejected_count = int(await session.scalar(_COUNT_REJECTS, this))
    holds_ids = bool(await session.scalar(_HOLDS_IDS, {"account_id": found.account_id}))
    if holds_ids:
        await session.execute(_MATCH_WITH_ID, this)
    if again and (has_ids or holds_ids):
        await session.execute(_RENEW_TAKEN, this)
