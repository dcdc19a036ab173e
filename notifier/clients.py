"""The services as the notifier asks them: with its own token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from notifier.settings import NotifierSettings
from protos.txn.v1 import txn_pb2_grpc as txn_rpc
from protos.user.v1 import user_pb2_grpc as user_rpc
from runtime.rpc.client import open_channel
from runtime.tokens.machine import MachineTokens


@dataclass(frozen=True)
class Clients:
    """Generated stubs; a call raises Refusals."""

    users: "user_rpc.UserServiceAsyncStub"
    accounts: "txn_rpc.AccountServiceAsyncStub"
    imports: "txn_rpc.ImportServiceAsyncStub"


@asynccontextmanager
async def open_clients(settings: NotifierSettings) -> AsyncIterator[Clients]:
    tokens = MachineTokens(settings)
    try:
        async with (
            open_channel(settings.user_svc_address, credential=tokens.token, settings=settings) as users,
            open_channel(settings.txn_svc_address, credential=tokens.token, settings=settings) as txns,
        ):
            yield Clients(
                user_rpc.UserServiceStub(users),
                txn_rpc.AccountServiceStub(txns),
                txn_rpc.ImportServiceStub(txns),
            )
    finally:
        await tokens.close()
