"""Stage: parse the file and COPY its rows into import_row, each with what it would become."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import asdict

from psycopg.types.json import Jsonb

from txn_svc.imports.claim import Connection
from txn_svc.imports.copying import COLUMNS, blocks
from txn_svc.imports.fetch import Fetched
from txn_svc.imports.metrics import rows_staged
from txn_svc.imports.progress import Progress
from txn_svc.ledger.money import currency
from txn_svc.model import StatementImport
from txn_svc.statement import Statement, read

_FORGET = "DELETE FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s"

# Two equal rows of one file are two transactions: the first and the second of that content.
_NUMBER_TWINS = """
UPDATE import_row AS r SET occurrence = twins.occurrence
FROM (
  SELECT line, row_number() OVER (PARTITION BY identity ORDER BY line) AS occurrence
  FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s AND outcome = 'CREATE'
) AS twins
WHERE r.account_id = %(account_id)s AND r.import_id = %(id)s AND r.line = twins.line AND twins.occurrence > 1
"""

_STAGED = """
UPDATE import SET
  state = 'COMMITTING', sha256 = %(sha256)s, header = %(header)s, findings = %(findings)s,
  row_count = counted.rows, rejected_count = counted.rejects,
  bytes_read = size_bytes, rows_read = counted.rows, rows_written = counted.rows
FROM (
  SELECT count(*) AS rows, count(*) FILTER (WHERE outcome = 'REJECT') AS rejects
  FROM import_row WHERE account_id = %(account_id)s AND import_id = %(id)s
) AS counted
WHERE account_id = %(account_id)s AND id = %(id)s AND state = 'PLANNING'
"""


class Superseded(Exception):
    """The import was settled by somebody else meanwhile."""


async def stage(
    connection: Connection, found: StatementImport, fetched: Fetched, currency_code: str, progress: Progress
) -> None:
    """Makes the import COMMITTING with all its rows, in one transaction on the connection that holds the claim.

    Raises Unreadable for a file that is refused as a whole, Superseded where the import is not PLANNING any more.
    """
    assert found.upload_time is not None
    statement = await asyncio.to_thread(
        read,
        fetched.file,
        uploaded_on=found.upload_time.date(),
        currency=currency(currency_code),
    )
    this = {"account_id": found.account_id, "id": found.id}
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_FORGET, this)
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
        await cursor.execute(_NUMBER_TWINS, this)
        await cursor.execute(_STAGED, {**this, **_described(statement), "sha256": fetched.sha256})
        if cursor.rowcount != 1:
            raise Superseded


def _described(statement: Statement) -> dict[str, object]:
    return {
        "header": list(statement.header),
        "findings": Jsonb([{**asdict(finding), "lines": list(finding.lines)} for finding in statement.findings]),
    }


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
