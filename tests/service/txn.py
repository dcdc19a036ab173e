"""txn_svc for tests: a database of the module's own, and a real server in this process."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from local.postgres import Postgres
from local.roles import DatabaseUrls
from protos.txn.v1 import txn_pb2, txn_pb2_grpc
from runtime.database import Database, DatabaseSettings, open_database
from runtime.migrations import MigrationSettings, upgrade
from runtime.rpc.client import RpcClientSettings, open_channel
from runtime.rpc.server import RpcServerSettings, serve_rpc
from runtime.tokens import open_verifier
from tests.service.tokens import MACHINE_CLIENT, SERVICE_SCOPE, Issuer
from txn_svc.accounts.servicer import AccountServicer
from txn_svc.app import MIGRATIONS
from txn_svc.settings import LedgerSettings
from txn_svc.transactions.servicer import TransactionServicer

SERVICES = ("txn.v1.AccountService", "txn.v1.TransactionService")

_numbers = count(1)


@pytest.fixture(scope="module")
def txn_urls(postgres: Postgres) -> DatabaseUrls:
    """A database with today's schema, one for each test module."""
    urls = postgres.create("txn", f"_{next(_numbers)}")
    upgrade(MIGRATIONS, MigrationSettings(environment="local", migration_database_url=SecretStr(urls.owner)))
    return urls


@pytest.fixture(scope="module")
async def txn_database(txn_urls: DatabaseUrls) -> AsyncIterator[Database]:
    settings = DatabaseSettings(environment="local", database_url=SecretStr(txn_urls.application))
    async with open_database(settings) as database:
        yield database


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


class Client:
    """The stubs of one caller, with his token."""

    def __init__(self, channel: grpc.aio.Channel, subject: str) -> None:
        self.subject = subject
        self.accounts = txn_pb2_grpc.AccountServiceStub(channel)
        self.transactions = txn_pb2_grpc.TransactionServiceStub(channel)
        self.imports = txn_pb2_grpc.ImportServiceStub(channel)
        self.downloads = txn_pb2_grpc.DownloadServiceStub(channel)

    async def open_account(self, **changes: Any) -> txn_pb2.Account:
        """A debit account in USD."""
        values = {"name": "Main", "kind": txn_pb2.ACCOUNT_KIND_DEBIT, "currency_code": "USD", **changes}
        answer = await self.accounts.OpenAccount(txn_pb2.OpenAccountRequest(**values))
        return answer.account


class Txn:
    """A running txn_svc; `person()`, `support()` and `service()` give clients of it. Refusals are raised as such."""

    def __init__(self, port: int, issuer: Issuer, stack: contextlib.AsyncExitStack) -> None:
        self.port, self.issuer, self._stack = port, issuer, stack

    async def person(self, subject: str | None = None, groups: tuple[str, ...] = ()) -> Client:
        subject = subject or f"person-{next(_numbers)}"
        return await self._client(subject, self.issuer.token(subject=subject, groups=groups))

    async def support(self) -> Client:
        return await self.person(groups=("support",))

    async def service(self, scope: str = SERVICE_SCOPE) -> Client:
        token = self.issuer.token(subject=MACHINE_CLIENT, client_id=MACHINE_CLIENT, scope=scope)
        return await self._client(MACHINE_CLIENT, token)

    async def _client(self, subject: str, token: str) -> Client:
        async def credential() -> str:
            return token

        settings = RpcClientSettings(environment="local", rpc_deadline_seconds=30)
        opening = open_channel(f"127.0.0.1:{self.port}", credential=credential, settings=settings)
        return Client(await self._stack.enter_async_context(opening), subject)


Register = Callable[[grpc.aio.Server], None]


@asynccontextmanager
async def serving_txn(issuer: Issuer, register: Register, services: tuple[str, ...]) -> AsyncIterator[Txn]:
    """txn_svc with the servicers that `register` adds, on a free port."""
    settings = RpcServerSettings(environment="local", rpc_bind="127.0.0.1:0", drain_seconds=1)
    async with (
        open_verifier(issuer.settings()) as verifier,
        serve_rpc(settings, verifier.verify, register, services) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        yield Txn(server.port, issuer, stack)


def ledger_servicers(database: Database, settings: LedgerSettings) -> Register:
    def register(server: grpc.aio.Server) -> None:
        txn_pb2_grpc.add_AccountServiceServicer_to_server(AccountServicer(database, settings), server)
        txn_pb2_grpc.add_TransactionServiceServicer_to_server(TransactionServicer(database, settings), server)

    return register


@pytest.fixture(scope="module")
async def txn(txn_database: Database, issuer: Issuer) -> AsyncIterator[Txn]:
    """AccountService and TransactionService."""
    register = ledger_servicers(txn_database, LedgerSettings(environment="local"))
    async with serving_txn(issuer, register, SERVICES) as running:
        yield running
