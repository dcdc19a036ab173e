"""A gRPC channel as every process uses it: one policy of token, request id, deadline, retry and breaker."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc.aio import ClientCallDetails, Metadata
from pydantic import Field

from runtime import call
from runtime.refusals import DeadlineExceeded, Refusal, Unavailable
from runtime.rpc.breaker import Breaker
from runtime.rpc.errors import refusal_of
from runtime.rpc.measure import Measured
from runtime.rpc.methods import is_idempotent
from runtime.rpc.server import MAX_MESSAGE_BYTES
from runtime.rpc.tls import RpcTlsSettings, channel_credentials

Credential = Callable[[], Awaitable[str | None]]


class RpcClientSettings(RpcTlsSettings):
    rpc_deadline_seconds: float = Field(2.5, gt=0, description="Longest unary call, its retries included.")
    rpc_attempts: int = Field(3, ge=1, le=5, description="For idempotent calls that end UNAVAILABLE.")
    rpc_backoff_seconds: float = Field(
        0.05, gt=0, description="Before the second attempt; doubled for the next, with jitter."
    )
    rpc_breaker_failures: int = Field(10, ge=1, description="Failures in a row that open the breaker.")
    rpc_breaker_seconds: float = Field(2.0, gt=0, description="How long it stays open before one call probes.")


async def caller_token() -> str | None:
    """The credential of a process that acts for its caller: the caller's own token."""
    caller = call.current().caller
    return caller.token if caller else None


@asynccontextmanager
async def open_channel(
    address: str, *, credential: Credential, settings: RpcClientSettings, deadline_seconds: float | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel for generated stubs. Calls raise Refusals; Unavailable too where the service cannot be reached."""
    policy = _Policy(address, credential, settings, deadline_seconds or settings.rpc_deadline_seconds)
    interceptors = [_UnaryPolicy(policy), _StreamPolicy(policy)]
    options = [
        ("grpc.enable_retries", 0),  # one layer of retries: ours
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
        ("grpc.keepalive_time_ms", 30_000),
    ]
    credentials = channel_credentials(settings)
    channel = (
        grpc.aio.insecure_channel(address, options=options, interceptors=interceptors)
        if credentials is None
        else grpc.aio.secure_channel(address, credentials, options=options, interceptors=interceptors)
    )
    try:
        yield channel
    finally:
        await channel.close()


class _Policy:
    def __init__(self, address: str, credential: Credential, settings: RpcClientSettings, seconds: float) -> None:
        self.settings = settings
        self.seconds = seconds
        self.breaker = Breaker(address, settings.rpc_breaker_failures, settings.rpc_breaker_seconds)
        self._credential = credential

    async def details(self, details: ClientCallDetails, seconds: float | None) -> ClientCallDetails:
        """The same call with our metadata and what is left of the deadline."""
        if seconds is not None and seconds <= 0:
            raise DeadlineExceeded("There was no time left for a call.")
        served = call.current()
        metadata = Metadata(*(details.metadata or ()))
        metadata["x-request-id"] = served.request_id
        metadata["traceparent"] = call.new_traceparent(served.traceparent)
        token = await self._credential()
        if token is not None:
            metadata["authorization"] = f"Bearer {token}"
        return ClientCallDetails(details.method, seconds, metadata, details.credentials, details.wait_for_ready)

    def judge(self, error: grpc.aio.AioRpcError, *, is_in_time: bool) -> Refusal:
        """The refusal of a failed call; tells the breaker whether the service itself failed.

        A server that drains cancels calls that it has not begun; one that is late cancels those whose time is over.
        """
        refusal = refusal_of(error)
        if is_in_time and error.code() is grpc.StatusCode.CANCELLED:
            refusal = Unavailable("The service ended the call.")
        if isinstance(refusal, Unavailable | DeadlineExceeded):
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        return refusal


class _UnaryPolicy(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, policy: _Policy) -> None:
        self._policy = policy

    async def intercept_unary_unary(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: ClientCallDetails, request: Any
    ) -> Any:
        with Measured(_path(client_call_details)):
            return await self._call(continuation, client_call_details, request)

    async def _call(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: ClientCallDetails, request: Any
    ) -> Any:
        policy, settings = self._policy, self._policy.settings
        loop = asyncio.get_running_loop()
        give_up = loop.time() + call.remaining(client_call_details.timeout or policy.seconds)
        attempts = settings.rpc_attempts if is_idempotent(_path(client_call_details)) else 1
        for attempt in range(1, attempts + 1):
            policy.breaker.admit()
            try:
                response = await (
                    await continuation(
                        await policy.details(client_call_details, give_up - loop.time()),
                        request,
                    )
                )
            except grpc.aio.AioRpcError as error:
                refusal = policy.judge(error, is_in_time=loop.time() < give_up)
                pause = settings.rpc_backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
                last = attempt == attempts or loop.time() + pause >= give_up
                if last or not isinstance(refusal, Unavailable):
                    raise refusal from None
                await asyncio.sleep(pause)
            else:
                policy.breaker.succeeded()
                return response
        raise AssertionError


class _StreamPolicy(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, policy: _Policy) -> None:
        self._policy = policy

    async def intercept_unary_stream(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: ClientCallDetails, request: Any
    ) -> Any:
        # A stream has no deadline of its own: it lasts as long as its reader.
        method = _path(client_call_details)
        with Measured(method, only_failures=True):
            self._policy.breaker.admit()
            details = await self._policy.details(client_call_details, client_call_details.timeout)
            stream = await continuation(details, request)
        return self._responses(method, stream, time.monotonic() + (details.timeout or math.inf))

    async def _responses(self, method: str, stream: Any, give_up: float) -> AsyncIterator[Any]:
        with Measured(method):
            try:
                async for response in stream:
                    self._policy.breaker.succeeded()
                    yield response
            except grpc.aio.AioRpcError as error:
                raise self._policy.judge(error, is_in_time=time.monotonic() < give_up) from None
            finally:
                stream.cancel()


def _path(details: ClientCallDetails) -> str:
    method = details.method
    return method.decode() if isinstance(method, bytes) else str(method)
