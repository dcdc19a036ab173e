"""The one way into and out of every RPC, over real gRPC."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc.aio import Metadata
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from protos.user.v1 import user_pb2, user_pb2_grpc
from runtime import call
from runtime.call import Call, Caller
from runtime.refusals import (
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from runtime.rpc.client import RpcClientSettings, open_channel
from runtime.rpc.errors import refusal_of
from runtime.rpc.server import RpcServer, RpcServerSettings, serve_rpc

SERVICE = "user.v1.UserService"
Behaviour = Callable[[Any], Awaitable[Any]]


class Servicer(user_pb2_grpc.UserServiceServicer):
    """Answers as the test tells it to."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.calls: list[Call] = []

    async def GetUser(self, request: Any, context: Any) -> Any:
        self.calls.append(call.current())
        return await self.behaviour(request)

    async def UpdateUser(self, request: Any, context: Any) -> Any:
        self.calls.append(call.current())
        return await self.behaviour(request)

    async def EnsureUser(self, request: Any, context: Any) -> Any:
        raise AssertionError

    async def BatchGetUsers(self, request: Any, context: Any) -> Any:
        raise AssertionError

    async def ReportMail(self, request: Any, context: Any) -> Any:
        raise AssertionError

    async def ListMails(self, request: Any, context: Any) -> Any:
        raise AssertionError


async def verify(token: str) -> Caller:
    kinds = {"person": ("person", ""), "reader": ("service", "stori/users.read"), "stranger": ("service", "other")}
    if token not in kinds:
        raise Unauthenticated("A valid access token is required.")
    kind, scope = kinds[token]
    return Caller(kind, f"sub-{token}", "client", frozenset(), frozenset({scope}), token, 2**31)  # type: ignore[arg-type]


async def answer(request: Any) -> Any:
    return user_pb2.GetUserResponse(user=user_pb2.User(id="user_1"))


@asynccontextmanager
async def serving(behaviour: Behaviour, *, drain_seconds: float = 2.0) -> AsyncIterator[tuple[RpcServer, Servicer]]:
    servicer = Servicer(behaviour)
    settings = RpcServerSettings(environment="local", rpc_bind="127.0.0.1:0", drain_seconds=drain_seconds)

    def register(server: grpc.aio.Server) -> None:
        user_pb2_grpc.add_UserServiceServicer_to_server(servicer, server)

    async with serve_rpc(settings, verify, register, [SERVICE]) as server:
        yield server, servicer


@asynccontextmanager
async def client(port: int, token: str | None = "person", **changes: Any) -> AsyncIterator[Any]:
    async def credential() -> str | None:
        return token

    settings = RpcClientSettings(environment="local", rpc_backoff_seconds=0.001, **changes)
    async with open_channel(f"127.0.0.1:{port}", credential=credential, settings=settings) as channel:
        yield user_pb2_grpc.UserServiceStub(channel)


async def test_a_call_with_a_token_is_served_as_its_caller() -> None:
    async with serving(answer) as (server, servicer), client(server.port) as users:
        response = await users.GetUser(user_pb2.GetUserRequest())

    assert response.user.id == "user_1"
    assert servicer.calls[0].caller is not None
    assert servicer.calls[0].caller.subject == "sub-person"


@pytest.mark.parametrize("token", [None, "", "forged"])
async def test_without_a_valid_token_no_method_is_reached(token: str | None) -> None:
    async with serving(answer) as (server, servicer), client(server.port, token) as users:
        with pytest.raises(Unauthenticated):
            await users.GetUser(user_pb2.GetUserRequest())

    assert servicer.calls == []


async def test_a_service_needs_the_scope_of_the_method() -> None:
    async with serving(answer) as (server, servicer), AsyncExitStack() as stack:
        reader = await stack.enter_async_context(client(server.port, "reader"))
        stranger = await stack.enter_async_context(client(server.port, "stranger"))
        await reader.GetUser(user_pb2.GetUserRequest())

        with pytest.raises(PermissionDenied) as refused:
            await stranger.GetUser(user_pb2.GetUserRequest())
        with pytest.raises(PermissionDenied):
            await reader.UpdateUser(user_pb2.UpdateUserRequest())

    assert refused.value.reason == "METHOD_NOT_ALLOWED"
    assert len(servicer.calls) == 1


async def test_health_and_reflection_need_no_token() -> None:
    async with serving(answer) as (server, _), grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE))
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        listing = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        names = [service.name async for reply in listing for service in reply.list_services_response.service]

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert SERVICE in names


async def test_a_refusal_arrives_with_reason_fields_and_request_id() -> None:
    async def refuse(_: Any) -> Any:
        raise InvalidArgument(
            "The name is too long.", reason="NAME_TOO_LONG", fields={"user.display_name": "at most 100"}
        )

    async with serving(refuse) as (server, _), client(server.port) as users:
        with pytest.raises(InvalidArgument) as refused:
            await users.UpdateUser(user_pb2.UpdateUserRequest())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            metadata = [("authorization", "Bearer person"), ("x-request-id", "from-outside-1")]
            with pytest.raises(grpc.aio.AioRpcError) as on_the_wire:
                await user_pb2_grpc.UserServiceStub(channel).GetUser(user_pb2.GetUserRequest(), metadata=metadata)

    assert refused.value.reason == "NAME_TOO_LONG"
    assert refused.value.fields == {"user.display_name": "at most 100"}
    status = rpc_status.from_call(on_the_wire.value)
    info = error_details_pb2.RequestInfo()
    assert [detail.Unpack(info) for detail in status.details] == [False, False, True]
    assert info.request_id == "from-outside-1"


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe"], ids=["corrupt", "invalid UTF-8"])
async def test_a_malformed_request_is_an_invalid_argument(body: bytes) -> None:
    async with serving(answer) as (server, servicer), grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call: Any = channel.unary_unary(f"/{SERVICE}/GetUser")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(body, metadata=[("authorization", "Bearer person")])

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "DecodeError" not in str(refused.value.details())
    assert servicer.calls == []


async def test_an_unforeseen_error_keeps_its_text_to_itself() -> None:
    async def fail(_: Any) -> Any:
        raise RuntimeError("password=hunter2")

    async with serving(fail) as (server, _), client(server.port) as users:
        with pytest.raises(Internal) as refused:
            await users.GetUser(user_pb2.GetUserRequest())

    assert "hunter2" not in str(refused.value)


async def test_what_remains_of_the_callers_deadline_travels_on() -> None:
    async with serving(answer) as (server, servicer), client(server.port) as users:
        loop = asyncio.get_running_loop()
        with call.bind(Call("r", call.new_traceparent(), deadline=loop.time() + 0.5)):
            await users.GetUser(user_pb2.GetUserRequest())

        deadline = servicer.calls[0].deadline
        assert deadline is not None
        # On the wire it is a whole number of milliseconds, rounded up.
        assert 0 < deadline - loop.time() <= 0.501


async def test_a_call_that_outlasts_its_deadline_ends_and_is_cancelled_at_the_server() -> None:
    cancelled = asyncio.Event()

    async def hang(_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(hang) as (server, _), client(server.port, rpc_deadline_seconds=0.2) as users:
        with pytest.raises(DeadlineExceeded):
            await users.GetUser(user_pb2.GetUserRequest())
        async with asyncio.timeout(2):
            await cancelled.wait()


def test_a_call_that_the_servers_side_cancels_has_outlived_its_deadline() -> None:
    """At a deadline a loaded server resets the stream, and grpc then says CANCELLED to the client."""
    cancelled = grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, Metadata(), Metadata())

    assert isinstance(refusal_of(cancelled), DeadlineExceeded)


class Draining(user_pb2_grpc.UserServiceServicer):
    """Cancels the first call, as a server does that stops before it has begun it."""

    def __init__(self) -> None:
        self.calls = 0

    async def GetUser(self, request: Any, context: Any) -> Any:
        self.calls += 1
        if self.calls == 1:
            await context.abort(grpc.StatusCode.CANCELLED)
        return user_pb2.GetUserResponse()


async def test_a_call_that_a_draining_service_cancels_in_time_is_repeated() -> None:
    server, servicer = grpc.aio.server(), Draining()  # type: ignore[abstract]  # nothing else is asked
    user_pb2_grpc.add_UserServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async with client(port) as users:
        await users.GetUser(user_pb2.GetUserRequest())
    await server.stop(None)

    assert servicer.calls == 2


async def test_only_an_idempotent_call_is_repeated_while_the_service_is_unavailable() -> None:
    async def unavailable(_: Any) -> Any:
        raise Unavailable("Not now.")

    async with serving(unavailable) as (server, servicer), client(server.port) as users:
        with pytest.raises(Unavailable):
            await users.GetUser(user_pb2.GetUserRequest())
        repeated = len(servicer.calls)
        with pytest.raises(Unavailable):
            await users.UpdateUser(user_pb2.UpdateUserRequest())

    assert repeated == 3
    assert len(servicer.calls) == repeated + 1


async def test_a_refusal_is_not_repeated() -> None:
    async def refuse(_: Any) -> Any:
        raise FailedPrecondition("Closed.")

    async with serving(refuse) as (server, servicer), client(server.port) as users:
        with pytest.raises(FailedPrecondition):
            await users.GetUser(user_pb2.GetUserRequest())

    assert len(servicer.calls) == 1


async def test_an_open_breaker_refuses_without_a_call() -> None:
    async def unavailable(_: Any) -> Any:
        raise Unavailable("Not now.")

    async with (
        serving(unavailable) as (server, servicer),
        client(server.port, rpc_attempts=1, rpc_breaker_failures=2, rpc_breaker_seconds=60) as users,
    ):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await users.GetUser(user_pb2.GetUserRequest())
        with pytest.raises(Unavailable) as refused:
            await users.GetUser(user_pb2.GetUserRequest())

    assert refused.value.reason == "CIRCUIT_OPEN"
    assert len(servicer.calls) == 2


async def test_a_drain_turns_health_first_and_finishes_what_is_in_flight() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def slow(request: Any) -> Any:
        entered.set()
        await release.wait()
        return await answer(request)

    async with AsyncExitStack() as clients, AsyncExitStack() as servers:
        server, _ = await servers.enter_async_context(serving(slow))
        users = await clients.enter_async_context(client(server.port))
        in_flight = asyncio.ensure_future(users.GetUser(user_pb2.GetUserRequest()))
        await entered.wait()
        channel = await clients.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{server.port}"))
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        states = aiter(watch)
        first = await anext(states)
        closing = asyncio.ensure_future(servers.aclose())
        second = await anext(states)
        release.set()
        response = await in_flight
        await closing

    assert first.status == health_pb2.HealthCheckResponse.SERVING
    assert second.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert response.user.id == "user_1"


async def test_a_message_beyond_the_limit_is_refused_before_the_servicer_sees_it() -> None:
    async with serving(answer) as (server, servicer), client(server.port) as users:
        request = user_pb2.UpdateUserRequest(user=user_pb2.User(display_name="x" * (4 * 1024 * 1024 + 1)))
        with pytest.raises(Exception, match=r"RESOURCE_EXHAUSTED|larger"):
            await users.UpdateUser(request)

    assert servicer.calls == []
