"""Keyset pages: a token says where to go on, and for which list it was made."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from uuid import UUID

from runtime.refusals import InvalidArgument

PAGE_SIZE_MAX = 100
_VERSION = 1
# version, list, key, id
_LAYOUT = struct.Struct(">B8sq16s")


@dataclass(frozen=True)
class Position:
    """A row of an ordered list: the value it is ordered by, as an int64, and its id, which breaks ties."""

    key: int
    id: UUID


def page_size(value: int, default: int = 50) -> int:
    """1 to 100; 0 is the default. Raises InvalidArgument (INVALID_PAGE_SIZE) for any other."""
    if not 0 <= value <= PAGE_SIZE_MAX:
        what = f"must be from 1 to {PAGE_SIZE_MAX}, or 0 for {default}"
        raise InvalidArgument(f"page_size {what}.", reason="INVALID_PAGE_SIZE", fields={"page_size": what})
    return value or default


def list_of(*parts: str | bytes | int) -> bytes:
    """The fingerprint of a list: its kind, its order, its filter. A token of one list is refused by every other."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(struct.pack(">I", len(raw)) + raw)
    return digest.digest()[:8]


def page_token(listed: bytes, position: Position) -> str:
    """An opaque token: go on after, or before, this row of the list with this fingerprint."""
    packed = _LAYOUT.pack(_VERSION, listed, position.key, position.id.bytes)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def position_of(listed: bytes, token: str) -> Position | None:
    """Where a token points; None for an empty one. Raises InvalidArgument (INVALID_PAGE_TOKEN) for any but ours."""
    if not token:
        return None
    try:
        version, made_for, key, raw_id = _LAYOUT.unpack(base64.b64decode(token.encode() + b"==", b"-_"))
    except (UnicodeEncodeError, binascii.Error, struct.error):
        raise invalid_page_token() from None
    found = Position(key, UUID(bytes=raw_id))
    # Encoding it again is the one test that also refuses a second spelling of the same token.
    if version != _VERSION or made_for != listed or page_token(listed, found) != token:
        raise invalid_page_token()
    return found


def invalid_page_token() -> InvalidArgument:
    what = "must be a token from an earlier page of the same list"
    return InvalidArgument(f"page_token {what}.", reason="INVALID_PAGE_TOKEN", fields={"page_token": what})
