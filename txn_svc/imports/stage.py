"""Stage: parse the file and COPY its rows into import_row, each with what it would become."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from runtime import points
from txn_svc.imports.answers import answers_of
from txn_svc.imports.claim import Connection
from txn_svc.imports.copying import COLUMNS, blocks
from txn_svc.imports.described import described
from txn_svc.imports.fetch import Fetched
from txn_svc.imports.known import OWN_FORMAT, Remembered, is_new_shape, shared_reading
from txn_svc.imports.metrics import rows_staged
from txn_svc.imports.numbered import id_column, may_have_stable_ids
from txn_svc.imports.progress import Progress
from txn_svc.ledger.money import currency
from txn_svc.model import Account, StatementImport
from txn_svc.statement import Finding, Statement, read
from txn_svc.statement.model import Property

_FORGET = "DELETE FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s"

# Two equal rows of one file are two transactions: the first and the second of that content.
_NUMBER_TWINS = """
UPDATE import_row AS r SET occurrence = numbered.occurrence, twins = numbered.twins
FROM (
  SELECT line, row_number() OVER (PARTITION BY identity ORDER BY line) AS occurrence,
    count(*) OVER (PARTITION BY identity) AS twins
  FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s AND outcome = 'CREATE'
) AS numbered
WHERE r.account_id = %(account_id)s AND r.import_id = %(id)s AND r.line = numbered.line AND numbered.twins > 1
"""

# Where the file numbers them itself, the same number twice is the same transaction twice.
_REJECT_REPEATED = """
UPDATE import_row AS r
SET outcome = 'REJECT', reason_code = 'SAME_ID', column_name = 'occurrence', booked_on = NULL, value_on = NULL,
  amount_minor = NULL, description = NULL, external_id = NULL, identity = NULL, occurrence = NULL,
  transaction_id = NULL, category = NULL, note = NULL, has_stable_id = false, content_identity = NULL,
  reason = 'Line ' || numbered.first || ' has the same content and the same occurrence.'
FROM (
  SELECT line, min(line) OVER same AS first
  FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s AND outcome = 'CREATE'
  WINDOW same AS (PARTITION BY identity, occurrence)
) AS numbered
WHERE r.account_id = %(account_id)s AND r.import_id = %(id)s AND r.line = numbered.line AND numbered.first < r.line
"""
# One id is one transaction: the second row of it, whatever it says, is none.
_REJECT_SAME_ID = """
UPDATE import_row AS r
SET outcome = 'REJECT', reason_code = 'SAME_ID', column_name = %(id_column)s, booked_on = NULL, value_on = NULL,
  amount_minor = NULL, description = NULL, external_id = NULL, has_stable_id = false, content_identity = NULL,
  identity = NULL, occurrence = NULL, transaction_id = NULL, category = NULL, note = NULL,
  reason = 'Line ' || numbered.first || ' has the same id.'
FROM (
  SELECT line, min(line) OVER (PARTITION BY external_id) AS first
  FROM import_row
  WHERE account_id = %(account_id)s AND import_id = %(id)s AND outcome = 'CREATE' AND has_stable_id
) AS numbered
WHERE r.account_id = %(account_id)s AND r.import_id = %(id)s AND r.line = numbered.line AND numbered.first < r.line
"""

_COUNT_TWINS = """
UPDATE import_row AS r SET twins = counted.twins
FROM (
  SELECT line, count(*) OVER (PARTITION BY identity) AS twins
  FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s AND outcome = 'CREATE'
) AS counted
WHERE r.account_id = %(account_id)s AND r.import_id = %(id)s AND r.line = counted.line AND counted.twins > 1
"""

_COUNT = """
SELECT count(*), count(*) FILTER (WHERE outcome = 'REJECT'), min(booked_on), max(booked_on)
FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s
"""

_STAGED = """
UPDATE import SET
  state = %(state)s, reading_id = %(reading_id)s, sha256 = %(sha256)s, header = %(header)s, findings = %(findings)s,
  format = %(format)s, shape = %(shape)s, reader_version = %(reader_version)s,
  account_number = %(account_number)s, proof = %(proof)s, opening_minor = %(opening_minor)s,
  closing_minor = %(closing_minor)s, gaps = %(gaps)s, from_date = %(from_date)s, to_date = %(to_date)s,
  row_count = %(rows)s, rejected_count = %(rejects)s,
  bytes_read = size_bytes, rows_read = %(rows)s, rows_written = %(rows)s
WHERE account_id = %(account_id)s AND id = %(id)s AND state = 'PLANNING'
"""

Cursor = psycopg.AsyncCursor[tuple[Any, ...]]
Staged = Literal["PLANNING", "COMMITTING"]


class Superseded(Exception):
    """The import was settled by somebody else meanwhile."""


async def understand(
    found: StatementImport,
    fetched: Fetched,
    account: Account,
    remembered: Remembered,
    ledger: Mapping[Property, Finding] | None = None,
) -> Statement:
    """How the file is to be read, with the answers given so far, and with what the ledger decides.

    Raises Unreadable where it is refused as a whole.
    """
    assert found.upload_time is not None
    return await asyncio.to_thread(
        read,
        fetched.file,
        uploaded_on=found.upload_time.date(),
        currency=currency(account.currency_code),
        is_credit=account.kind == "CREDIT",
        format_id=found.wanted_format,
        file_name=found.file_name,
        answers=answers_of(found),
        remembered=remembered,
        ledger=ledger,
    )


async def stage(
    connection: Connection,
    found: StatementImport,
    sha256: str,
    statement: Statement,
    currency_code: str,
    progress: Progress,
) -> Staged:
    """Stages all rows of a statement that leaves nothing open, in one transaction on the connection that holds the
    claim; the import's state afterwards, which is PLANNING where they wait for a review.

    A file whose bytes are in this account already shares the rows that were staged for them. Raises Superseded where
    the import is not PLANNING any more.
    """
    this = {"account_id": found.account_id, "id": found.id}
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_FORGET, this)
        reading_id = await shared_reading(cursor, found, sha256, statement)
        if reading_id is None:
            await _copy(cursor, found, statement, currency_code, progress)
        await cursor.execute(_COUNT, {**this, "id": reading_id or found.id})
        counted = await cursor.fetchone()
        assert counted is not None
        waits = found.review == "ALWAYS" or (
            found.review == "WHEN_NEW" and await is_new_shape(cursor, found.account_id, statement)
        )
        state: Staged = "PLANNING" if waits else "COMMITTING"
        values = described(statement)
        staged = {
            "state": state,
            "reading_id": reading_id or found.id,
            "rows": counted[0],
            "rejects": counted[1],
            "from_date": counted[2],
            "to_date": counted[3],
            "sha256": sha256,
            "findings": Jsonb(values["findings"]),
            "gaps": Jsonb(values["gaps"]),
        }
        await cursor.execute(_STAGED, {**this, **values, **staged})
        if cursor.rowcount != 1:
            raise Superseded
        await points.reach("import.staging")
    await points.reach("import.staged")
    return state


async def _copy(
    cursor: Cursor, found: StatementImport, statement: Statement, currency_code: str, progress: Progress
) -> None:
    lines = blocks(statement.rows(), found.account_id, found.id, currency_code, progress)
    async with (
        cursor.copy(f"COPY import_row ({COLUMNS}) FROM STDIN") as copy,
        aclosing(_ahead(lines)) as read_ahead,
    ):
        async for block in read_ahead:
            await copy.write(block)
            rows_staged.inc(progress.rows_read - progress.rows_written)
            progress.rows_written = progress.rows_read
    # Fresh rows have no statistics yet: taken for a few, they would be numbered once for each of them.
    await cursor.execute("SET LOCAL enable_nestloop = off")
    this = {"account_id": found.account_id, "id": found.id}
    if may_have_stable_ids(statement.format_id):
        await cursor.execute(_REJECT_SAME_ID, {**this, "id_column": id_column(statement.format_id)})
    for step in (_REJECT_REPEATED, _COUNT_TWINS) if statement.format_id == OWN_FORMAT else (_NUMBER_TWINS,):
        await cursor.execute(step, this)


async def _ahead(lines: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """The blocks, each made in a thread while the one before it is on its way to the database."""
    making = asyncio.create_task(asyncio.to_thread(next, lines, b""))
    try:
        while block := await making:
            making = asyncio.create_task(asyncio.to_thread(next, lines, b""))
            yield block
    finally:
        # The file is closed after this; nobody may read it then.
        await asyncio.wait([making])
