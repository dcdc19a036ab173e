"""Fixtures of the tests of imports: one txn_svc with its ImportService, one bucket and queue, for each module."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from local.emulator import Emulator
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2_grpc
from runtime.aws import Aws
from runtime.database import Database
from tests.service.importing import Uploads, until_stopped
from tests.service.messaging import open_aws
from tests.service.stori import Stori, shell_of
from tests.service.tokens import Issuer
from tests.service.txn import Client, Txn, ledger_servicers, serving_txn
from txn_svc.app import SERVICES as ALL_SERVICES
from txn_svc.downloads.servicer import DownloadServicer
from txn_svc.imports.servicer import ImportServicer
from txn_svc.imports.watch import Watch
from txn_svc.settings import LedgerSettings


@pytest.fixture(scope="module")
def imports_aws(emulator: Emulator) -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        opened = open_aws(emulator)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def uploads(imports_aws: Aws, emulator: Emulator, txn_urls: DatabaseUrls) -> Uploads:
    return Uploads.create(imports_aws, emulator, txn_urls)


@pytest.fixture(scope="module")
async def watch(txn_database: Database) -> AsyncIterator[Watch]:
    async with watching(txn_database) as running:
        yield running


@asynccontextmanager
async def watching(database: Database) -> AsyncIterator[Watch]:
    watch = Watch(database, watchers_max=20)
    async with until_stopped(watch.run):
        yield watch


@pytest.fixture(scope="module")
async def txn_whole(txn_database: Database, issuer: Issuer, uploads: Uploads, watch: Watch) -> AsyncIterator[Txn]:
    """All of its services."""
    async with serving_all(issuer, txn_database, uploads, watch) as running:
        yield running


@asynccontextmanager
async def serving_all(issuer: Issuer, database: Database, uploads: Uploads, watch: Watch) -> AsyncIterator[Txn]:
    ledger = ledger_servicers(database, LedgerSettings(environment="local"))

    def register(server: grpc.aio.Server) -> None:
        ledger(server)
        servicer = ImportServicer(database, uploads.aws, uploads.settings, watch)
        txn_pb2_grpc.add_ImportServiceServicer_to_server(servicer, server)
        downloads = DownloadServicer(database, uploads.aws, uploads.settings)
        txn_pb2_grpc.add_DownloadServiceServicer_to_server(downloads, server)

    async with serving_txn(issuer, register, ALL_SERVICES) as running:
        yield running


@pytest.fixture(scope="module")
async def txn_importing(txn_whole: Txn, uploads: Uploads, txn_database: Database) -> AsyncIterator[Txn]:
    """All of its services and an importer: what is uploaded is imported."""
    async with uploads.running(txn_database):
        yield txn_whole


@pytest.fixture
async def person(txn_importing: Txn) -> Client:
    """Somebody new, with all services and an importer."""
    return await txn_importing.person()


@pytest.fixture
async def account_id(person: Client) -> str:
    """An account of that person's, which began with 100.00."""
    return (await person.open_account(opening_balance_minor=10_000)).id


@pytest.fixture
def stori(txn_importing: Txn, person: Client, tmp_path: Path) -> Stori:
    """That person's command line."""
    return shell_of(txn_importing, person, tmp_path)
