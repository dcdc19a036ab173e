"""A txn_svc that is stopped, whose database is copied aside and later put back, and that is started again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from pydantic import SecretStr

from local.postgres import Postgres
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2
from runtime.database import Database, DatabaseSettings, open_database
from tests.service.importing import SETTLED, Uploads, account
from tests.service.imports_fixtures import serving_all, watching
from tests.service.messaging import eventually
from tests.service.tokens import Issuer
from tests.service.txn import Client, Txn


@dataclass(frozen=True)
class Installation:
    """What stays while txn_svc is stopped: the database, the bucket, the queue, and who signs in."""

    postgres: Postgres
    urls: DatabaseUrls
    uploads: Uploads
    issuer: Issuer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Txn, Database]]:
        """All services, without an importer."""
        settings = DatabaseSettings(environment="local", database_url=SecretStr(self.urls.application))
        async with (
            open_database(settings) as database,
            watching(database) as watch,
            serving_all(self.issuer, database, self.uploads, watch) as txn,
        ):
            yield txn, database

    def back_up(self) -> None:
        """Copies the database; nobody may be connected to it."""
        self._execute("CREATE DATABASE {copy} TEMPLATE {name} OWNER {owner}")

    def restore(self) -> None:
        """Puts the copy in the place of the database."""
        self._execute("DROP DATABASE {name} WITH (FORCE)")
        self._execute("ALTER DATABASE {copy} RENAME TO {name}")

    def _execute(self, command: str) -> None:
        name = urlsplit(self.urls.owner).path.lstrip("/")
        words = {"name": name, "copy": f"{name}_copy", "owner": f"{name}_owner"}
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(**{key: sql.Identifier(each) for key, each in words.items()}))


class Ledger(NamedTuple):
    """All that the figures of an account are, and each of its transactions without its id."""

    balance_minor: int
    digest: str
    months: tuple[str, ...]
    transactions: tuple[tuple[str, int, str], ...]


async def ledger(client: Client, account_id: str) -> Ledger:
    seen = await account(client, account_id)
    summary = (await client.accounts.GetSummary(txn_pb2.GetSummaryRequest(account_id=account_id))).summary
    request = txn_pb2.ListTransactionsRequest(account_ids=[account_id], page_size=100)
    booked = (await client.transactions.ListTransactions(request)).transactions
    rows = sorted((one.booked_on, one.amount_minor, one.description) for one in booked)
    return Ledger(seen.balance_minor, seen.ledger_digest, tuple(map(str, summary.months)), tuple(rows))


async def imports(client: Client, account_id: str) -> list[txn_pb2.Import]:
    request = txn_pb2.ListImportsRequest(account_id=account_id, page_size=100)
    return list((await client.imports.ListImports(request)).imports)


async def dropped(client: Client, uploads: Uploads, account_id: str, name: str, content: bytes) -> None:
    """Drops a file and follows it to its end; an importer must be running."""
    before = len(await imports(client, account_id))
    await uploads.put(f"drops/{account_id}/{name}", content)

    async def is_settled() -> bool:
        found = await imports(client, account_id)
        return len(found) > before and all(one.state in SETTLED for one in found)

    await eventually(is_settled)
