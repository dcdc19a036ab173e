"""Overlaps: rows that look like transactions of the account, of the same day and amount but with another text.

A transaction is looked at for that if no row of the file is equal to it. Of k such rows and n such transactions of one
day and amount the first min(k, n) are paired, in the order of the file and of the ids.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text

from runtime.database import ReadSession, WriteSession
from txn_svc.imports.answers import answers_of
from txn_svc.ledger.quoting import quoted
from txn_svc.model import ImportRow, StatementImport
from txn_svc.statement.model import (
    MAX_FINDING_LINES,
    MAX_OPTION_ROWS,
    Basis,
    Finding,
    KnownRow,
    Option,
    Question,
    ValidRow,
)

SIMILAR: Final = "SIMILAR"

# Cheap, and seldom true: all else is looked at only then.
_ANY = text("""
SELECT EXISTS (SELECT FROM import_row AS r
  JOIN transaction AS t ON t.account_id = r.account_id AND t.booked_on = r.booked_on AND t.amount_minor = r.amount_minor
    AND t.booked_on BETWEEN :from_date AND :to_date
  WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'CREATE' AND r.reason_code IS NULL)
""")

# A text is not held against itself, as long as no row of it, of this file or another, was taken for another one: only
# then the account may have its second occurrence and not its first. What a bank numbers for ever has two numbers where
# it is two transactions.
_PAIRS = """
WITH fresh AS (
  SELECT r.account_id, r.line, r.booked_on, r.amount_minor, r.identity, r.occurrence, r.has_stable_id,
    r.content_identity
  FROM import_row AS r
  WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.outcome = 'CREATE' AND r.reason_code IS NULL
), near AS (
  SELECT t.account_id, t.id, t.booked_on, t.amount_minor, t.description, t.identity, t.has_stable_id
  FROM (SELECT DISTINCT booked_on, amount_minor FROM fresh) AS wanted
  JOIN transaction AS t USING (booked_on, amount_minor)
  WHERE t.account_id = :account_id AND t.booked_on BETWEEN :from_date AND :to_date
), free AS (
  SELECT t.account_id, t.id, t.booked_on, t.amount_minor, t.description
  FROM near AS t
  LEFT JOIN import_row AS c ON c.account_id = :account_id AND c.import_id = :import_id AND c.outcome = 'DUPLICATE'
    AND c.transaction_id = t.id
  LEFT JOIN (SELECT identity FROM fresh UNION SELECT content_identity FROM fresh) AS same
    ON same.identity = t.identity
  LEFT JOIN (SELECT DISTINCT c.identity FROM near JOIN import_row AS c
    ON c.account_id = near.account_id AND c.transaction_id = near.id
    WHERE c.outcome = 'DUPLICATE' AND c.reason_code = 'SIMILAR') AS alike
    ON alike.identity = t.identity
  WHERE c.line IS NULL AND (same.identity IS NULL OR alike.identity IS NOT NULL)
    AND NOT (t.has_stable_id AND (SELECT bool_and(has_stable_id) FROM fresh))
), pairs AS (
  SELECT r.account_id, r.line, r.amount_minor, t.id, t.description
  FROM (SELECT *, row_number() OVER (PARTITION BY booked_on, amount_minor ORDER BY line) AS place FROM fresh) AS r
  JOIN (SELECT *, row_number() OVER (PARTITION BY booked_on, amount_minor ORDER BY id) AS place FROM free) AS t
    USING (booked_on, amount_minor, place)
)
"""

# What was taken for the same once is so again, under the same text.
_REMEMBER = text(f"""
{_PAIRS}, known AS (
  SELECT DISTINCT ON (line) line, id, description FROM (
    SELECT DISTINCT ON (t.id) r.line, t.id, t.description
    FROM fresh AS r JOIN free AS t USING (booked_on, amount_minor)
    JOIN import_row AS c ON c.account_id = t.account_id AND c.transaction_id = t.id AND c.reason_code = 'SIMILAR'
      AND c.outcome = 'DUPLICATE' AND c.identity = r.identity AND c.occurrence = r.occurrence
    JOIN import AS i ON i.account_id = c.account_id AND i.reading_id = c.import_id
      AND i.state IN ('COMPLETED', 'REVERTING')
    ORDER BY t.id, r.line
  ) AS of_transactions ORDER BY line, id
)
UPDATE import_row AS r
SET outcome = 'DUPLICATE', reason_code = 'SIMILAR', transaction_id = known.id, reason = known.description
FROM known WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.line = known.line
""")  # noqa: S608 -- no value in it

_MARK = text(f"""
{_PAIRS}
UPDATE import_row AS r
SET outcome = 'DUPLICATE', reason_code = 'SIMILAR', transaction_id = pairs.id, reason = pairs.description
FROM pairs WHERE r.account_id = :account_id AND r.import_id = :import_id AND r.line = pairs.line
""")  # noqa: S608 -- no value in it

_FIRST = text(f"""
{_PAIRS}, first AS (
  SELECT pairs.*, count(*) OVER () AS row_count, sum(amount_minor) OVER () AS total FROM pairs ORDER BY line LIMIT :most
)
SELECT first.line, first.description AS known_as, first.row_count, first.total,
  r.cells, r.booked_on, r.amount_minor, r.description
FROM first JOIN import_row AS r ON r.account_id = :account_id AND r.import_id = :import_id AND r.line = first.line
ORDER BY first.line
""")  # noqa: S608 -- no value in it

# What the days of the file would hold if all of its new rows were booked, and what its balances say that they hold.
_TOTAL = text("""
SELECT (SELECT coalesce(sum(amount_minor), 0) FROM transaction
    WHERE account_id = :account_id AND booked_on BETWEEN :from_date AND :to_date)
  + (SELECT coalesce(sum(amount_minor), 0) FROM import_row
    WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'CREATE')
""")

_PARTNER = text("""
SELECT t.id, t.description FROM transaction AS t
WHERE t.account_id = :account_id AND t.booked_on = :booked_on AND t.amount_minor = :amount_minor
  AND t.identity <> :identity AND NOT (t.has_stable_id AND :has_stable_id)
  AND NOT EXISTS (SELECT FROM import_row AS c WHERE c.account_id = t.account_id AND c.transaction_id = t.id
    AND c.import_id = :import_id AND c.outcome = 'DUPLICATE')
ORDER BY t.id LIMIT 1
""")

_SIMILAR_LINES = text("""
SELECT line, count(*) OVER () AS row_count FROM import_row
WHERE account_id = :account_id AND import_id = :import_id AND outcome = 'DUPLICATE' AND reason_code = 'SIMILAR'
ORDER BY line LIMIT :most
""")


class Partner(NamedTuple):
    """A transaction that a row looks like."""

    id: UUID
    description: str


async def overlap_of(session: WriteSession, found: StatementImport, *, is_met: bool) -> Finding | Question | None:
    """Marks what is known to be the same as SIMILAR; the question where nothing tells, None where nothing looks alike.

    `is_met`: the file's balances prove it complete and begin where the ledger stands.
    """
    this = {
        "account_id": found.account_id,
        "import_id": found.id,
        "from_date": found.from_date,
        "to_date": found.to_date,
    }
    # Fresh rows have no statistics yet: taken for a few, they would be compared once for each of them.
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    overlap = await _looked_at(session, found, this, is_met=is_met) if await session.scalar(_ANY, this) else None
    await session.execute(text("SET LOCAL enable_nestloop = on"))
    return overlap


async def _looked_at(
    session: WriteSession, found: StatementImport, this: Mapping[str, Any], *, is_met: bool
) -> Finding | Question | None:
    remembered = await session.changed(_REMEMBER, this)
    pairs = (await session.execute(_FIRST, {**this, "most": MAX_FINDING_LINES})).all()
    if pairs:
        decided = await _decided(session, found, this, int(pairs[0].total), is_met=is_met)
        if decided is None:
            return _question(pairs)
        if decided.answer == "NEW":
            return _finding(decided, pairs[0].row_count, [row.line for row in pairs])
        await session.execute(_MARK, this)
    elif remembered:
        decided = _Decision("SAME", "REMEMBERED", "As in an earlier file.")
    else:
        return None
    marked = (await session.execute(_SIMILAR_LINES, {**this, "most": MAX_FINDING_LINES})).all()
    return _finding(decided, marked[0].row_count, [row.line for row in marked])


class _Decision(NamedTuple):
    answer: str
    basis: Basis
    why: str


async def _decided(
    session: ReadSession, found: StatementImport, this: Mapping[str, Any], total_minor: int, *, is_met: bool
) -> _Decision | None:
    """Whether the rows, which amount to `total_minor`, are the same or new; None where nothing tells."""
    answer = answers_of(found).get("OVERLAP")
    if answer in {"SAME", "NEW"}:
        return _Decision(answer, "ANSWERED", "You answered so.")
    if not is_met or not total_minor:
        return None
    assert found.opening_minor is not None
    assert found.closing_minor is not None
    too_much = int(await session.scalar(_TOTAL, this)) - (found.closing_minor - found.opening_minor)
    if too_much == total_minor:
        return _Decision("SAME", "EVIDENCE", "Only so the file ends with the balance that your account then has.")
    if too_much == 0:
        return _Decision("NEW", "EVIDENCE", "Only so the file ends with the balance that your account then has.")
    return None


def _question(pairs: Sequence[Row[Any]]) -> Question:
    shown = [
        ValidRow(row.line, tuple(row.cells), row.booked_on, None, row.amount_minor, row.description, *(None,) * 4)
        for row in pairs[:MAX_OPTION_ROWS]
    ]
    known = [KnownRow(row, similar_to(pair.known_as)) for row, pair in zip(shown, pairs, strict=False)]
    is_one = pairs[0].row_count == 1
    label = "It is the same and not booked again", "It is another one and booked"
    labels = label if is_one else ("They are the same and not booked again", "They are others and booked")
    return Question(
        "OVERLAP",
        f"{_rows(pairs[0].row_count)}: same day and amount, another text.",
        (Option("SAME", labels[0], tuple(known)), Option("NEW", labels[1], tuple(shown))),
    )


def _finding(decided: _Decision, count: int, lines: Sequence[int]) -> Finding:
    what = "not booked again" if decided.answer == "SAME" else "booked as new"
    message = f"{_rows(count)}, and {'is' if count == 1 else 'are'} {what}. {decided.why}"
    return Finding("OVERLAP", decided.basis, decided.answer, message, tuple(lines))


def _rows(count: int) -> str:
    return "1 row looks like a row you have" if count == 1 else f"{count:,} rows look like rows you have"


def similar_to(description: str) -> str:
    """What a SIMILAR row says of the transaction that it is taken for."""
    return f"It looks like {quoted(description)}, which is already in this account."


async def partner_of(session: ReadSession, row: ImportRow) -> Partner | None:
    """The transaction that one row may be a duplicate of though its text is another."""
    values = {name: getattr(row, name) for name in ("account_id", "import_id", "booked_on", "amount_minor", "identity")}
    partner = (await session.execute(_PARTNER, {**values, "has_stable_id": row.has_stable_id})).one_or_none()
    return None if partner is None else Partner(partner.id, partner.description)
