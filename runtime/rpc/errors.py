"""Refusals on the wire: google.rpc.Status with ErrorInfo, BadRequest and RequestInfo, in both directions (AIP-193)."""

from collections.abc import Iterable

import grpc
from google.rpc import error_details_pb2, status_pb2

from runtime import refusals
from runtime.refusals import Refusal

DOMAIN = "stori"
MAX_FIELD_VIOLATIONS = 20
MAX_TEXT = 500
_DETAILS_KEY = "grpc-status-details-bin"

_CODES: dict[type[Refusal], grpc.StatusCode] = {
    refusals.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    refusals.NotFound: grpc.StatusCode.NOT_FOUND,
    refusals.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    refusals.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    refusals.Aborted: grpc.StatusCode.ABORTED,
    refusals.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    refusals.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    refusals.ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    refusals.Unavailable: grpc.StatusCode.UNAVAILABLE,
    refusals.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    refusals.Internal: grpc.StatusCode.INTERNAL,
}
# A call that we cancel ourselves raises CancelledError; one that the server's side cancels has outlived its deadline.
_KINDS = {code: kind for kind, code in _CODES.items()} | {grpc.StatusCode.CANCELLED: refusals.DeadlineExceeded}


def code_of(refusal: Refusal) -> grpc.StatusCode:
    return _CODES.get(type(refusal), grpc.StatusCode.INTERNAL)


def trailing_metadata(refusal: Refusal, request_id: str) -> tuple[tuple[str, bytes], ...]:
    """The rich status of a refusal, as the trailer that carries it."""
    status = status_pb2.Status(code=code_of(refusal).value[0], message=refusal.message[:MAX_TEXT])
    info = error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=refusal.metadata)
    status.details.add().Pack(info)
    if refusal.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=field[:MAX_TEXT], description=description[:MAX_TEXT])
            for field, description in list(refusal.fields.items())[:MAX_FIELD_VIOLATIONS]
        ]
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    status.details.add().Pack(error_details_pb2.RequestInfo(request_id=request_id))
    return ((_DETAILS_KEY, status.SerializeToString()),)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """The refusal that a failed call stands for. A status of another origin keeps its code and loses its text."""
    kind = _KINDS.get(error.code(), refusals.Internal)
    status = _rich_status(error.trailing_metadata())
    if status is None:
        return kind(f"The call ended with {error.code().name}.")
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info) or detail.Unpack(bad_request)
    return kind(
        status.message,
        reason=info.reason or None,
        fields={violation.field: violation.description for violation in bad_request.field_violations},
        metadata=dict(info.metadata),
    )


def _rich_status(metadata: Iterable[tuple[str, str | bytes]] | None) -> status_pb2.Status | None:
    for key, value in metadata or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return None
