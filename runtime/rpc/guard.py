"""The one way into every RPC: request id, caller, access, deadline, errors, one log line."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from prometheus_client import Histogram

from protos.rpc.v1 import access_pb2
from runtime import call
from runtime.call import Call, Caller
from runtime.refusals import DeadlineExceeded, Internal, InvalidArgument, PermissionDenied, Refusal, Unauthenticated
from runtime.rpc.errors import code_of, trailing_metadata
from runtime.rpc.methods import OPEN_SERVICES

# The longest a unary call may take where its caller set no deadline.
DEFAULT_DEADLINE_SECONDS = 30.0

Verify = Callable[[str], Awaitable[Caller]]
log = structlog.get_logger()
_seconds = Histogram("stori_rpc_server_seconds", "Seconds to serve a call.", ["method", "code"])


class Guard(grpc.aio.ServerInterceptor):
    """Enforces each method's `access` option. Health and reflection are open; a method without a rule is refused."""

    def __init__(self, verify: Verify, rules: Mapping[str, access_pb2.AccessRule]) -> None:
        self._verify = verify
        self._rules = rules

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler: Any = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.lstrip("/").partition("/")[0] in OPEN_SERVICES:
            return handler
        # The request stays bytes until it is parsed below: grpc would tell the caller its parser's own text.
        if handler.response_streaming:
            behaviour = self._stream(method, handler)
            return grpc.unary_stream_rpc_method_handler(behaviour, None, handler.response_serializer)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, handler), None, handler.response_serializer)

    def _unary(self, method: str, handler: Any) -> Callable[..., Awaitable[Any]]:
        async def served(body: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            async with self._served(method, context, DEFAULT_DEADLINE_SECONDS):
                return await handler.unary_unary(_parsed(handler, body), context)

        return served

    def _stream(self, method: str, handler: Any) -> Callable[..., AsyncIterator[Any]]:
        async def served(body: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            async with self._served(method, context, None):
                async for response in handler.unary_stream(_parsed(handler, body), context):
                    yield response

        return served

    @asynccontextmanager
    async def _served(
        self, method: str, context: grpc.aio.ServicerContext[Any, Any], default_seconds: float | None
    ) -> AsyncIterator[None]:
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        seconds = _seconds_left(context, default_seconds)
        served = Call(
            request_id=call.new_request_id(metadata.get("x-request-id")),
            traceparent=call.new_traceparent(metadata.get("traceparent")),
            deadline=None if seconds is None else time.monotonic() + seconds,
        )
        started = time.perf_counter()
        code, reason, subject = grpc.StatusCode.OK, "", ""
        with call.bind(served):
            try:
                async with asyncio.timeout(seconds):
                    caller = await self._admit(method, metadata)
                    subject = caller.subject if caller else ""
                    with call.bind(replace(served, caller=caller)):
                        yield
            except asyncio.CancelledError:
                code = grpc.StatusCode.CANCELLED
                raise
            except grpc.aio.AbortError:
                code = grpc.StatusCode.UNKNOWN
                raise
            except Exception as error:  # noqa: BLE001 -- nothing may leave as grpc's own text
                refusal = _refusal(error)
                code, reason = code_of(refusal), refusal.reason
                await context.abort(code, refusal.message, trailing_metadata(refusal, served.request_id))
            finally:
                elapsed = time.perf_counter() - started
                _seconds.labels(method, code.name).observe(elapsed)
                log.info(
                    "rpc",
                    method=method,
                    code=code.name,
                    reason=reason,
                    caller=subject,
                    milliseconds=round(elapsed * 1000),
                )

    async def _admit(self, method: str, metadata: Mapping[str, str]) -> Caller | None:
        rule = self._rules.get(method)
        if rule is not None and rule.public:
            return None
        caller = await self._verify(_bearer(metadata))
        if rule is not None and _admits(rule, caller):
            return caller
        raise PermissionDenied("This caller may not use this method.", reason="METHOD_NOT_ALLOWED")


def _parsed(handler: Any, body: bytes) -> Any:
    try:
        return handler.request_deserializer(body)
    except DecodeError:
        raise InvalidArgument("The request is not a message of this method.", reason="MALFORMED_REQUEST") from None


def _admits(rule: access_pb2.AccessRule, caller: Caller) -> bool:
    if caller.kind == "person":
        return rule.person
    return bool(rule.service_scope) and rule.service_scope in caller.scopes


def _bearer(metadata: Mapping[str, str]) -> str:
    scheme, _, token = metadata.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("A valid access token is required.")
    return token


def _seconds_left(context: grpc.aio.ServicerContext[Any, Any], default: float | None) -> float | None:
    left = context.time_remaining()
    if left is None:
        return default
    return left if default is None else min(left, default)


def _refusal(error: Exception) -> Refusal:
    """What the caller is told. An unforeseen error's text stays here: it may quote anything."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError):
        return DeadlineExceeded("The call took longer than it was given.")
    log.error("unforeseen", exc_info=error)
    return Internal("Something went wrong on our side.")
