"""What measurements stand on: one durable PostgreSQL and one AWS emulator, in a temporary folder."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from local.emulator import Emulator
from local.postgres import Postgres
from local.roles import DatabaseUrls
from runtime.migrations import MigrationSettings, upgrade
from txn_svc import app as txn_app
from user_svc import app as user_app

MIGRATIONS = {"txn": txn_app.MIGRATIONS, "user": user_app.MIGRATIONS}
# A row of one round: in import_row, in each contender's table with its indexes, in S3 and in files.
BYTES_OF_ONE_ROW = 2_000


class NoRoom(Exception):
    """The disk is too small for what is to be measured."""


@dataclass(frozen=True)
class Ground:
    folder: Path
    postgres: Postgres
    emulator: Emulator

    @contextmanager
    def database(self, name: str, service: Literal["txn", "user"] = "txn") -> Iterator[DatabaseUrls]:
        """A database with a service's schema, as its migrations make it; dropped at the end of the block."""
        urls = self.postgres.create(service, f"_{name}")
        settings = MigrationSettings(environment="local", migration_database_url=SecretStr(urls.owner))
        upgrade(MIGRATIONS[service], settings)
        try:
            yield urls
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(f"stori_{service}_{name}")))

    def settle(self, urls: DatabaseUrls) -> None:
        """What a server does by itself when there is time, so that nobody pays for it who did not cause it."""
        self._execute(sql.SQL("VACUUM (ANALYZE)"), str(conninfo_to_dict(urls.owner)["dbname"]))
        self._execute(sql.SQL("CHECKPOINT"))

    def require_room(self, rows: int) -> None:
        """Raises NoRoom."""
        needed, free = rows * BYTES_OF_ONE_ROW, shutil.disk_usage(self.folder).free
        if free < needed:
            raise NoRoom(f"{rows:,} rows need {needed >> 30} GiB in {self.folder}; {free >> 30} GiB are free.")

    def _execute(self, statement: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        with psycopg.connect(self.postgres.url(database), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Everything in it ends with the block, and with this process, however it ends."""
    folder = Path(tempfile.mkdtemp(prefix="stori-bench-"))
    folder.chmod(0o711)
    try:
        with (
            Postgres.start(folder / "postgres") as postgres,
            Emulator.start(folder / "emulator", persist=False) as emulator,
        ):
            yield Ground(folder, postgres, emulator)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
