"""user_svc for tests: a database of the test's own, an issuer, and a real server in this process."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import orjson
import psycopg
import pytest
from pydantic import SecretStr

from local.postgres import Postgres
from protos.user.v1 import user_pb2 as pb
from protos.user.v1 import user_pb2_grpc
from runtime.database import Database, DatabaseSettings, open_database
from runtime.migrations import MigrationSettings, upgrade
from runtime.rpc.client import RpcClientSettings, open_channel
from runtime.rpc.server import RpcServerSettings, serve_rpc
from runtime.tokens import open_verifier
from runtime.tokens.fetch import open_client
from tests.service.tokens import Issuer
from user_svc import app
from user_svc.servicer import UserServicer
from user_svc.userinfo import UserInfoEndpoint


@dataclass
class UserSvc:
    """A running service, and a look behind it."""

    port: int
    issuer: Issuer
    database: Database
    owner_url: str

    @asynccontextmanager
    async def client(self, token: str) -> AsyncIterator["user_pb2_grpc.UserServiceAsyncStub"]:
        async def credential() -> str:
            return token

        settings = RpcClientSettings(environment="local", rpc_deadline_seconds=10, rpc_attempts=1)
        async with open_channel(f"127.0.0.1:{self.port}", credential=credential, settings=settings) as channel:
            yield user_pb2_grpc.UserServiceStub(channel)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner_url) as connection:
            return connection.execute(statement).fetchall()

    def events(self, user_id: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.owner_url) as connection:
            found = connection.execute("SELECT body FROM outbox WHERE subject = %s ORDER BY position", (user_id,))
            return [orjson.loads(body) for (body,) in found.fetchall()]


@pytest.fixture(scope="module")
async def users(postgres: Postgres) -> AsyncIterator[UserSvc]:
    urls = postgres.create("user", f"_{secrets.token_hex(4)}")
    upgrade(app.MIGRATIONS, MigrationSettings(migration_database_url=SecretStr(urls.owner)))
    settings = DatabaseSettings(database_url=SecretStr(urls.application))
    with Issuer() as issuer:
        async with (
            open_database(settings) as database,
            open_verifier(issuer.settings()) as verifier,
            open_client() as client,
        ):
            servicer = UserServicer(database, UserInfoEndpoint(issuer.url, client))

            def register(server: grpc.aio.Server) -> None:
                user_pb2_grpc.add_UserServiceServicer_to_server(servicer, server)

            rpc = RpcServerSettings(environment="local", rpc_bind="127.0.0.1:0", drain_seconds=1)
            async with serve_rpc(rpc, verifier.verify, register, app.SERVICES) as server:
                yield UserSvc(server.port, issuer, database, urls.owner)


def new_subject() -> str:
    return f"sub-{secrets.token_hex(8)}"


async def ensured(users: UserSvc, subject: str) -> pb.User:
    async with users.client(users.issuer.token(subject)) as client:
        return (await client.EnsureUser(pb.EnsureUserRequest())).user
