"""The year of a file without years, by the rows that the ledger has already."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text

from runtime.database import Database, ReadSession
from txn_svc.imports.known import NEWEST_IMPORTS_MAX, same_file
from txn_svc.ledger.identity import identity
from txn_svc.model import StatementImport
from txn_svc.statement import Statement
from txn_svc.statement.model import MAX_FINDING_LINES, MAX_OPTION_ROWS, Finding, Option, Question, ValidRow
from txn_svc.statement.sampling import moved_by, sampled

SAMPLE_ROWS: Final = 1_000
# The year that is assumed, and so many before it.
YEARS_BEFORE: Final = 3
# Of the rows on days that the account knows so much has to be known as well.
ENOUGH: Final = 0.9
MIN_ROWS: Final = 3

_KNOWN = text("""
SELECT DISTINCT t.identity FROM unnest(CAST(:identities AS uuid[])) AS wanted(identity)
JOIN transaction AS t ON t.account_id = :account_id AND t.identity = wanted.identity
  AND (t.import_id IS NULL OR t.import_id IS DISTINCT FROM CAST(:repeats_id AS uuid))
""")

_PERIODS = text("""
SELECT from_date, to_date FROM (
  SELECT id, from_date, to_date, state FROM import
  WHERE account_id = :account_id ORDER BY create_time DESC, id DESC LIMIT :most
) AS newest
WHERE state IN ('COMPLETED', 'REVERTING') AND from_date IS NOT NULL AND id IS DISTINCT FROM CAST(:repeats_id AS uuid)
""")


class Candidate(NamedTuple):
    """A year that the newest row may have: how many rows lie on days that the account knows, and those it has.

    The first of all candidates is the year that is assumed.
    """

    year: int
    covered: int
    known: Sequence[ValidRow]


async def year_of(
    database: Database, found: StatementImport, statement: Statement, sha256: str, currency_code: str
) -> Finding | Question | None:
    """The year where it was only assumed and the ledger decides it; the question where that speaks for another.

    None where it says nothing. The file is read once more, in a thread.
    """
    assumed = next((one for one in statement.findings if one.property == "YEAR"), None)
    if assumed is None or assumed.basis != "ASSUMPTION":
        return None
    newest = int(assumed.value[-4:])
    async with database.read() as session:
        before = await _of_same_bytes(session, found, sha256)
    if before is not None:
        message = f"The dates have no year; this very file was imported before, with {before}."
        return Finding("YEAR", "EVIDENCE", before[-4:], message)
    rows = await asyncio.to_thread(sampled, statement.rows(), SAMPLE_ROWS)
    async with database.read() as session:
        candidates = [
            await _candidate(session, found, rows, newest, newest - back, currency_code)
            for back in range(YEARS_BEFORE + 1)
        ]
    return _judged(candidates, len(rows))


def _judged(candidates: Sequence[Candidate], count: int) -> Finding | Question | None:
    enough = [one for one in candidates if _is_enough(one, count, is_assumed=one is candidates[0])]
    if len(enough) == 1:
        (one,) = enough
        message = (
            f"The dates have no year; as of {one.year}, this account has {_rows(len(one.known), one.covered)} on days "
            "that it knows."
        )
        return Finding("YEAR", "EVIDENCE", str(one.year), message, _lines(one.known))
    if not any(one.known for one in candidates[1:]):
        return None
    return _question(candidates, count)


def _is_enough(candidate: Candidate, count: int, *, is_assumed: bool) -> bool:
    """Another year than the assumed wants more: what is paid each year on the same day is in the account as well."""
    known = len(candidate.known)
    is_most = known >= MIN_ROWS and candidate.covered * 2 >= count
    return known > 0 and known >= ENOUGH * candidate.covered and (is_assumed or is_most)


def _question(candidates: Sequence[Candidate], count: int) -> Question:
    options = [
        Option(
            str(one.year),
            f"{one.year}: this account has {_rows(len(one.known), count)} already",
            tuple(one.known[:MAX_OPTION_ROWS]),
        )
        for one in candidates
        if one.known or one is candidates[0]
    ]
    message = "The dates have no year, and rows of this file are in this account as of another year than the latest."
    return Question("YEAR", message, tuple(options))


async def _candidate(
    session: ReadSession, found: StatementImport, rows: Sequence[ValidRow], newest: int, year: int, currency_code: str
) -> Candidate:
    """The rows where the newest of them is of that year, of `newest` as they are."""
    moved = [row._replace(booked_on=day) for row in rows if (day := moved_by(row.booked_on, year - newest)) is not None]
    by_identity = {_identity(row, currency_code): row for row in moved}
    this = {"account_id": found.account_id, "repeats_id": found.repeats_id}
    identities = list(by_identity)
    here = set(await session.scalars(_KNOWN, {**this, "identities": identities}))
    known = [row for row in moved if _identity(row, currency_code) in here]
    periods = (await session.execute(_PERIODS, {**this, "most": NEWEST_IMPORTS_MAX})).all()
    days = {row.booked_on for row in known}
    covered = [row for row in moved if row.booked_on in days or _is_within(row.booked_on, periods)]
    return Candidate(year, len(covered), known)


async def _of_same_bytes(session: ReadSession, found: StatementImport, sha256: str) -> str | None:
    """The years with which this very file was read into this account."""
    findings = await same_file(session, found, sha256) or []
    return next((str(one["value"]) for one in findings if one["property"] == "YEAR"), None)


def _identity(row: ValidRow, currency_code: str) -> UUID:
    stable_id = row.external_id if row.has_stable_id else None
    return identity(row.booked_on, row.amount_minor, currency_code, row.description, stable_id)


def _is_within(day: date, periods: Collection[Row[Any]]) -> bool:
    return any(period.from_date <= day <= period.to_date for period in periods)


def _rows(known: int, count: int) -> str:
    return f"{known:,} of {count:,} rows"


def _lines(rows: Sequence[ValidRow]) -> tuple[int, ...]:
    return tuple(row.line for row in rows[:MAX_FINDING_LINES])
