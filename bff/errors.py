"""What a client is told of a refusal: one table for GraphQL errors, one for HTTP.

A fault of ours, and a service that is down, are told in fixed sentences: their own texts name hosts and causes.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from graphql import GraphQLError

from runtime import call
from runtime.refusals import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Refusal,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL = "INTERNAL"

# In a mutation these are the person's to act on, and come back as userErrors.
USER_ERRORS = (InvalidArgument, NotFound, AlreadyExists, FailedPrecondition, Aborted, ResourceExhausted)

_SENTENCES: dict[type[Refusal], str] = {
    Unavailable: "This part is not available right now. Try again in a moment.",
    DeadlineExceeded: "This part took too long to answer. Try again in a moment.",
}
# What txn_svc says of its own field names, in the words of this API.
_REWORDED = {"INVALID_PAGE_TOKEN": "`after` or `before` is not a cursor of this list."}
_TOLD = (*USER_ERRORS, PermissionDenied, Unauthenticated)
_FAULT = "Something went wrong on our side."

log = structlog.get_logger()


class HttpRefusal(Exception):
    """A request that is refused before, or instead of, an execution; rendered as a GraphQL error with this status."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.errors = [{"message": message, "extensions": {"code": code}}]


def request_error(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error of the document or its variables, as graphql-core words it."""
    return {**_formatted(error, error.message), "extensions": {"code": code, "requestId": call.current().request_id}}


def field_error(error: GraphQLError) -> dict[str, Any]:
    """An error of a resolver, with its path. `extensions.code` is stable; `reason` refines BAD_USER_INPUT."""
    cause = error.original_error
    extensions = {"requestId": call.current().request_id}
    if cause is None:
        return {**_formatted(error, error.message), "extensions": {"code": BAD_USER_INPUT, **extensions}}
    if isinstance(cause, InvalidArgument):
        details = {"code": BAD_USER_INPUT, "reason": cause.reason, **extensions}
        return {**_formatted(error, _REWORDED.get(cause.reason, cause.message)), "extensions": details}
    if isinstance(cause, _TOLD):
        return {**_formatted(error, cause.message), "extensions": {"code": cause.reason, **extensions}}
    if type(cause) in _SENTENCES and isinstance(cause, Refusal):
        log.warning("a part of an answer is missing", path=_dotted(error), reason=cause.reason)
        return {
            **_formatted(error, _SENTENCES[type(cause)]),
            "extensions": {"code": cause.default_reason, **extensions},
        }
    log.error("a resolver failed", path=_dotted(error), exception=type(cause).__name__, at=_place(cause))
    return {**_formatted(error, _FAULT), "extensions": {"code": INTERNAL, **extensions}}


def _formatted(error: GraphQLError, message: str) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    return formatted


def _dotted(error: GraphQLError) -> str:
    return ".".join(str(step) for step in error.path or ())


def _place(cause: BaseException) -> str:
    """Where it was raised; never its text, which may quote what it handled."""
    trace = cause.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
