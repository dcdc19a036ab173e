"""The call being served: who asks, under which request id, and how long they will wait."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

import structlog

from runtime.refusals import PermissionDenied, Unauthenticated

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=/+-]{1,128}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Caller:
    """Who a verified token names. `subject` is Cognito's `sub`, a service's client id; `expires_at` is Unix time."""

    kind: Literal["person", "service"]
    subject: str
    client_id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    token: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True)
class Call:
    """One request, message or job. `deadline` is on the clock of time.monotonic(), in seconds."""

    request_id: str
    traceparent: str
    caller: Caller | None = None
    deadline: float | None = None


_current: ContextVar[Call | None] = ContextVar("stori_call", default=None)


def current() -> Call:
    """The call being served; outside of any, a new one."""
    call = _current.get()
    return call if call is not None else Call(new_request_id(), new_traceparent())


def caller() -> Caller:
    """The verified caller. Raises Unauthenticated where there is none."""
    found = current().caller
    if found is None:
        raise Unauthenticated("A valid access token is required.")
    return found


def person() -> Caller:
    """The verified caller, who must be a person. Raises PermissionDenied for a service."""
    found = caller()
    if found.kind != "person":
        raise PermissionDenied("Only a signed-in person may do this.", reason="PERSON_REQUIRED")
    return found


@contextmanager
def bind(call: Call) -> Iterator[None]:
    """Serves `call` inside the block; its request id stands in every log line."""
    token = _current.set(call)
    with structlog.contextvars.bound_contextvars(request_id=call.request_id):
        try:
            yield
        finally:
            _current.reset(token)


def remaining(default: float) -> float:
    """Seconds left for a call out: `default`, or less where the caller will not wait as long; never below 0."""
    deadline = current().deadline
    return default if deadline is None else max(0.0, min(default, deadline - time.monotonic()))


def new_request_id(incoming: str | None = None) -> str:
    """The incoming id where it is well-formed (1–128 of A-Z a-z 0-9 and ._:=/+-), else a new one."""
    if incoming is not None and _REQUEST_ID.fullmatch(incoming):
        return incoming
    return secrets.token_hex(16)


def new_traceparent(incoming: str | None = None) -> str:
    """A W3C trace context for this hop: the incoming trace with a new parent id, or a new trace."""
    if incoming is not None and _TRACEPARENT.fullmatch(incoming):
        version, trace, _, flags = incoming.split("-")
        return f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
