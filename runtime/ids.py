"""TypeIDs (https://github.com/jetify-com/typeid): a type's prefix and a UUIDv7, sortable, the same text everywhere."""

from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

from runtime.refusals import InvalidArgument


def new_id() -> UUID:
    """A new UUIDv7."""
    return UUID(bytes=TypeID().uuid_bytes)


def to_id(prefix: str, value: UUID) -> str:
    return str(TypeID.from_uuid(uuid_utils.UUID(bytes=value.bytes), prefix))


def from_id(prefix: str, text: str, field: str = "id") -> UUID:
    """The UUID of a TypeID. Raises InvalidArgument (INVALID_ID) unless it is a canonical one of this prefix."""
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError):
        parsed = None
    if parsed is None or parsed.prefix != prefix or str(parsed) != text:
        raise InvalidArgument(
            f"This is not an id of the kind {prefix}_….",
            reason="INVALID_ID",
            fields={field: f"must be a whole id that begins with {prefix}_"},
        )
    return UUID(bytes=parsed.uuid_bytes)


def prefix_of(text: str) -> str | None:
    """The prefix of a well-formed TypeID, else None."""
    try:
        return str(TypeID.from_string(text).prefix) or None
    except (TypeIDException, ValueError):
        return None
