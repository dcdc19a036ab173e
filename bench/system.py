"""All of Stori as `make up` deploys it: deploy/app.yaml, both databases, both services, and people who sign in."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc

from bench.ground import Ground
from bench.processes import Running, running
from local.environment import service_environments
from local.ports import LOOPBACK, free_port
from local.sign_in import sign_in
from local.stack import Outputs, aws_client, deploy
from protos.txn.v1 import txn_pb2_grpc
from protos.user.v1 import user_pb2, user_pb2_grpc


@dataclass(frozen=True)
class Person:
    """Registered, with what its calls carry."""

    user_id: str
    who: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True)
class System:
    ground: Ground
    outputs: Outputs = field(repr=False)
    web_url: str
    environments: Mapping[str, Mapping[str, str]] = field(repr=False)
    user_svc: Running
    txn_svc: Running
    users: "user_pb2_grpc.UserServiceAsyncStub"
    accounts: "txn_pb2_grpc.AccountServiceAsyncStub"

    def aws(self, service: str) -> Any:
        return aws_client(service, self.ground.emulator.url)

    def running(self, name: str) -> AbstractAsyncContextManager[Running]:
        """One more of its processes, within the block."""
        return running(name, self.environments[name], self.ground.folder)

    async def person(self, name: str) -> Person:
        """Somebody who has signed in, and whom user_svc knows since then."""
        token = await asyncio.to_thread(self._token, f"{name}@stori.example")
        who = (("authorization", f"Bearer {token}"),)
        user = (await self.users.EnsureUser(user_pb2.EnsureUserRequest(), metadata=who)).user
        return Person(user.id, who)

    def _token(self, email: str) -> str:
        cognito, pool, password = self.aws("cognito-idp"), self.outputs["UserPoolId"], str(uuid4())
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            MessageAction="SUPPRESS",
        )
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
        callback = f"{self.web_url}/callback"
        return sign_in(self.ground.emulator.url, self.outputs["WebClientId"], callback, email, password).access


@asynccontextmanager
async def open_system(ground: Ground) -> AsyncIterator[System]:
    """The two services; relays and workers are started by who needs them."""
    ports = {name: free_port() for name in ("user_svc", "txn_svc", "bff")}
    web_url = f"http://{LOOPBACK}:{ports['bff']}"
    outputs = deploy(ground.emulator.url, web_url)
    async with AsyncExitStack() as stack:
        user = stack.enter_context(ground.database("whole", "user"))
        txn = stack.enter_context(ground.database("whole", "txn"))
        environments = service_environments(ports, ground.emulator.url, outputs, user, txn)

        async def started(name: str) -> tuple[Running, grpc.aio.Channel]:
            process = await stack.enter_async_context(running(name, environments[name], ground.folder))
            channel = grpc.aio.insecure_channel(f"{LOOPBACK}:{ports[name]}")
            return process, await stack.enter_async_context(channel)

        user_svc, users = await started("user_svc")
        txn_svc, txns = await started("txn_svc")
        yield System(
            ground=ground,
            outputs=outputs,
            web_url=web_url,
            environments=environments,
            user_svc=user_svc,
            txn_svc=txn_svc,
            users=user_pb2_grpc.UserServiceStub(users),
            accounts=txn_pb2_grpc.AccountServiceStub(txns),
        )
