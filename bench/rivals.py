"""Others who fill the same table, with rows that are ready for it: no parsing, no identity, no matching.

Each has a database of his own with the same schema, hence the same constraints, indexes and triggers, and commits
durably on the same server.
"""

import asyncio
import os
import shutil
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import uuid_utils
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from bench.processes import STOP_SECONDS, NotRight
from bench.rows import Statement, Totals
from local.launch import start_child, stop_child
from local.roles import DatabaseUrls
from runtime.database import sqlalchemy_url
from runtime.ids import new_id
from txn_svc.ledger.identity import identity
from txn_svc.model import Transaction

# The columns of a ready-made file, each with what makes a Python value of its text.
READERS: dict[str, Callable[[str], Any]] = {
    "account_id": UUID,
    "id": UUID,
    "booked_on": date.fromisoformat,
    "amount_minor": int,
    "description": str,
    "identity": UUID,
    "occurrence": int,
    "import_id": UUID,
    "line": int,
    "create_time": datetime.fromisoformat,
}
COLUMNS = ", ".join(READERS)
# Stands in a ready-made file for the account that a round fills.
ACCOUNT = UUID(int=0)
BLOCK_BYTES = 1 << 20
BATCH_ROWS = 10_000
PGLOADER = shutil.which("pgloader")
NOT_INSTALLED = {} if PGLOADER else {"pgloader": "pgloader is not installed"}
PASSED = ("PATH", "HOME", "LANG")


def write_ready(statement: Statement, path: Path) -> None:
    """The rows of a statement as lines of PostgreSQL's COPY text format, for `of_account`."""
    import_id, now = uuid_utils.uuid7(), "2026-11-20 12:00:00+00"
    rows = enumerate(statement.rows(), start=2)
    lines = (
        f"{ACCOUNT}\t{uuid_utils.uuid7()}\t{row.booked_on}\t{row.amount_minor}\t{row.description}\t"
        f"{identity(row.booked_on, row.amount_minor, 'USD', row.description)}\t{row.occurrence}\t{import_id}\t{line}\t"
        f"{now}\n"
        for line, row in rows
    )
    with path.open("w", encoding="ascii") as file:
        while block := list(islice(lines, BATCH_ROWS)):
            file.writelines(block)


def of_account(ready: Path, account_id: UUID, separator: bytes) -> Path:
    """The same lines for this account, in a file of their own. No field holds a tab, a comma or a quote."""
    path, placeholder, account = ready.with_suffix(".round"), str(ACCOUNT).encode(), str(account_id).encode()
    with ready.open("rb") as lines, path.open("wb") as file:
        while block := lines.readlines(BLOCK_BYTES):
            file.write(b"".join(block).replace(placeholder, account).replace(b"\t", separator))
    return path


@dataclass(frozen=True)
class Rival(ABC):
    rows_max: ClassVar[int] = 10**9
    name: str
    urls: DatabaseUrls

    async def fill(self, ready: Path, totals: Totals) -> float:
        """Fills a new account with the ready-made rows; the seconds it took. Raises NotRight."""
        account_id = new_id()
        await asyncio.to_thread(self._open, account_id)
        lines = await asyncio.to_thread(of_account, ready, account_id, self.separator)
        seconds = await self.load(lines)
        lines.unlink()
        await asyncio.to_thread(self._require, account_id, totals)
        return seconds

    @property
    def separator(self) -> bytes:
        return b"\t"

    @abstractmethod
    async def load(self, lines: Path) -> float: ...

    def _open(self, account_id: UUID) -> None:
        with psycopg.connect(self.urls.application) as connection:
            connection.execute(
                "INSERT INTO account (id, name, kind, currency_code, opening_balance_minor)"
                " VALUES (%s, 'Bench', 'DEBIT', 'USD', 0)",
                [account_id],
            )

    def _require(self, account_id: UUID, totals: Totals) -> None:
        with psycopg.connect(self.urls.application) as connection:
            found = connection.execute(
                "SELECT to_char(month, 'YYYY-MM'), transaction_count, credit_total_minor, debit_total_minor"
                " FROM account_month WHERE account_id = %s",
                [account_id],
            )
            if {month: figures for month, *figures in found} != dict(totals.months):
                raise NotRight(f"{self.name} did not load all rows.")


class Copy(Rival):
    """What psql's \\copy does: COPY FROM STDIN, from the first byte to the commit."""

    async def load(self, lines: Path) -> float:
        return await asyncio.to_thread(self._copy, lines)

    def _copy(self, path: Path) -> float:
        with psycopg.connect(self.urls.application) as connection, path.open("rb") as file:
            started = time.perf_counter()
            with connection.cursor().copy(f"COPY transaction ({COLUMNS}) FROM STDIN") as copy:
                while block := file.read(BLOCK_BYTES):
                    copy.write(block)
            connection.commit()
            return time.perf_counter() - started


class SqlAlchemy(Rival):
    """session.execute(insert(…), list of dicts) in batches, all in one transaction; making the lists is not counted.

    RETURNING makes SQLAlchemy send many rows in one statement. Without it psycopg sends one for each row, each of which
    fires the triggers: several times slower at 10,000 rows, and ever slower after that.
    """

    rows_max = 1_000_000

    async def load(self, lines: Path) -> float:
        return await asyncio.to_thread(self._insert, lines)

    def _insert(self, path: Path) -> float:
        engine = create_engine(sqlalchemy_url(self.urls.application))
        statement, seconds = insert(Transaction).returning(Transaction.id), 0.0
        with Session(engine) as session, path.open() as lines:
            while batch := [_values(line) for line in islice(lines, BATCH_ROWS)]:
                started = time.perf_counter()
                session.execute(statement, batch)
                seconds += time.perf_counter() - started
            started = time.perf_counter()
            session.commit()
            seconds += time.perf_counter() - started
        engine.dispose()
        return seconds


class PgLoader(Rival):
    """pgloader as it comes: a COPY and a commit for each of its batches; its start is counted too."""

    @property
    def separator(self) -> bytes:
        return b","

    async def load(self, lines: Path) -> float:
        commands = lines.with_suffix(".load")
        commands.touch(mode=0o600)
        commands.write_text(
            f"LOAD CSV FROM '{lines}' ({COLUMNS})"
            f" INTO {self.urls.application} TARGET TABLE public.transaction ({COLUMNS})"
            " WITH fields terminated by ',', fields not enclosed;\n"
        )
        with commands.with_suffix(".log").open("wb") as output:
            started = time.perf_counter()
            process = start_child(
                [str(PGLOADER), "--root-dir", str(lines.parent), "--on-error-stop", str(commands)],
                death_signal=signal.SIGKILL,
                environment={name: value for name, value in os.environ.items() if name in PASSED},
                output=output.fileno(),
            )
        try:
            await asyncio.to_thread(process.wait)
            return time.perf_counter() - started
        finally:
            stop_child(process, signal.SIGTERM, STOP_SECONDS)


def _values(line: str) -> dict[str, Any]:
    texts = line.rstrip("\n").split("\t")
    return {name: read(text) for (name, read), text in zip(READERS.items(), texts, strict=True)}
