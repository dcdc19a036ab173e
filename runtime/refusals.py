"""What a part refuses to do, and why: raised anywhere, rendered once at each edge.

Refusal
├── InvalidArgument      the request is wrong whatever the state; `fields` names the places
├── NotFound             missing, or somebody else's: the two are not told apart
├── AlreadyExists
├── FailedPrecondition   right request, wrong state
├── Aborted              lost a race; a repeat may succeed
├── PermissionDenied     known caller, not allowed
├── Unauthenticated      no valid token
├── ResourceExhausted    a named bound is reached
├── Unavailable          a dependency is down; a repeat may succeed
├── DeadlineExceeded
└── Internal             a fault of ours; carries no detail
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """A refusal with a sentence for a person and a stable reason (UPPER_SNAKE) for a program.

    `fields` maps the request's field paths to what is wrong with each.
    """

    default_reason: ClassVar[str] = "REFUSED"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        fields: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.fields = dict(fields or {})
        self.metadata = dict(metadata or {})


class InvalidArgument(Refusal):
    default_reason = "INVALID_ARGUMENT"


class NotFound(Refusal):
    default_reason = "NOT_FOUND"


class AlreadyExists(Refusal):
    default_reason = "ALREADY_EXISTS"


class FailedPrecondition(Refusal):
    default_reason = "FAILED_PRECONDITION"


class Aborted(Refusal):
    default_reason = "ABORTED"


class PermissionDenied(Refusal):
    default_reason = "PERMISSION_DENIED"


class Unauthenticated(Refusal):
    default_reason = "UNAUTHENTICATED"


class ResourceExhausted(Refusal):
    default_reason = "RESOURCE_EXHAUSTED"


class Unavailable(Refusal):
    default_reason = "UNAVAILABLE"


class DeadlineExceeded(Refusal):
    default_reason = "DEADLINE_EXCEEDED"


class Internal(Refusal):
    default_reason = "INTERNAL"
