"""The services as a signed-in person: one request id for all calls of a command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import grpc
from pydantic import ValidationError

from cli.credentials import Credentials
from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, FAILED, Failure
from cli.settings import CliSettings, read_settings
from cli.target import Target, find_target
from protos.txn.v1 import txn_pb2_grpc as txn
from protos.user.v1 import user_pb2_grpc as user
from runtime import call
from runtime.call import Call
from runtime.refusals import Aborted, DeadlineExceeded, Refusal, Unauthenticated, Unavailable
from runtime.rpc.client import Credential, RpcClientSettings, open_channel

DEADLINE_SECONDS = 15.0

T = TypeVar("T")


@dataclass(frozen=True)
class Clients:
    """Channels by service, and generated stubs on them; a call raises Refusals."""

    channels: dict[str, grpc.aio.Channel]
    users: "user.UserServiceAsyncStub"
    accounts: "txn.AccountServiceAsyncStub"
    transactions: "txn.TransactionServiceAsyncStub"
    imports: "txn.ImportServiceAsyncStub"


def run(
    work: Callable[[Clients], Awaitable[T]], target: Target | None = None, settings: CliSettings | None = None
) -> T:
    """What `work` gives. Raises Failure with the exit code that a refusal stands for, and the request id."""
    settings = settings or read_settings()
    found = target or find_target(settings)
    found.require_services()
    credentials = Credentials(found, settings)
    request_id = call.new_request_id()

    async def credential() -> str:
        return (await credentials.token())[0]

    async def working() -> T:
        with call.bind(Call(request_id, call.new_traceparent())):
            # Nobody is asked before it is known who asks.
            await credential()
            async with _clients(found, credential) as clients:
                return await work(clients)

    try:
        return asyncio.run(working())
    except Refusal as refusal:
        raise _failure(refusal, found, request_id) from None


@asynccontextmanager
async def _clients(target: Target, credential: Credential) -> AsyncIterator[Clients]:
    settings = _rpc_settings(target)
    async with (
        open_channel(
            target.user_svc_address, credential=credential, settings=settings, deadline_seconds=DEADLINE_SECONDS
        ) as users,
        open_channel(
            target.txn_svc_address, credential=credential, settings=settings, deadline_seconds=DEADLINE_SECONDS
        ) as txns,
    ):
        yield Clients(
            {"user.v1": users, "txn.v1": txns},
            user.UserServiceStub(users),
            txn.AccountServiceStub(txns),
            txn.TransactionServiceStub(txns),
            txn.ImportServiceStub(txns),
        )


def _rpc_settings(target: Target) -> RpcClientSettings:
    certificates = {name: getattr(target, name) or None for name in ("rpc_tls_ca", "rpc_tls_cert", "rpc_tls_key")}
    try:
        return RpcClientSettings(environment=target.environment, **certificates)
    except ValidationError as error:
        reasons = "; ".join(problem["msg"] for problem in error.errors(include_url=False, include_input=False))
        raise Failure(f"The connection to the services is not set up: {reasons}", BAD_CONFIGURATION) from None


def _failure(refusal: Refusal, target: Target, request_id: str) -> Failure:
    if isinstance(refusal, Unauthenticated):
        sentence = "The services do not take this access token; `stori login` gets a new one."
        return Failure(sentence, FAILED, request_id)
    if isinstance(refusal, Unavailable) and refusal.reason == Unavailable.default_reason:
        sentence = f"Stori does not answer at {target.user_svc_address} or {target.txn_svc_address}."
        return Failure(sentence, DEPENDENCY_DOWN, request_id)
    # Aborted lost a race, as against an account that is committing something large: the same again may succeed.
    code = DEPENDENCY_DOWN if isinstance(refusal, Unavailable | DeadlineExceeded | Aborted) else FAILED
    details = "; ".join(f"{field} {what}" for field, what in refusal.fields.items())
    # The message of some lists the fields, which the details name again.
    message = refusal.message.rstrip(".").removesuffix(", ".join(refusal.fields)).rstrip(": ")
    sentence = f"{message}: {details}." if details else refusal.message
    return Failure(sentence, code, request_id)
