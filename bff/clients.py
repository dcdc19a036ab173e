"""The services behind the bff, called with the caller's own token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bff.settings import BffSettings
from protos.txn.v1 import txn_pb2_grpc as txn
from protos.user.v1 import user_pb2_grpc as user
from runtime.rpc.client import caller_token, open_channel


@dataclass(frozen=True)
class Clients:
    """Generated stubs; a call raises Refusals."""

    users: "user.UserServiceAsyncStub"
    accounts: "txn.AccountServiceAsyncStub"
    transactions: "txn.TransactionServiceAsyncStub"
    imports: "txn.ImportServiceAsyncStub"
    downloads: "txn.DownloadServiceAsyncStub"


@asynccontextmanager
async def open_clients(settings: BffSettings) -> AsyncIterator[Clients]:
    async with (
        open_channel(settings.user_svc_address, credential=caller_token, settings=settings) as users,
        open_channel(settings.txn_svc_address, credential=caller_token, settings=settings) as txns,
    ):
        yield Clients(
            user.UserServiceStub(users),
            txn.AccountServiceStub(txns),
            txn.TransactionServiceStub(txns),
            txn.ImportServiceStub(txns),
            txn.DownloadServiceStub(txns),
        )
