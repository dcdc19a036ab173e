"""The outside of a token: three segments of canonical base64url (RFC 7515 §7.1) and a small, plain header.

Nothing here trusts or checks a signature; what passes names one key to check it with.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

MAX_TOKEN_BYTES = 8192
MAX_HEADER_BYTES = 1024
MAX_HEADER_STRUCTURES = 4
MAX_INTEGER_DIGITS = 15

_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES = frozenset({"jwt", "at+jwt"})
# They bring their own key, change what is signed, or wrap another token.
_REFUSED_MEMBERS = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "cty"})


class TokenRefused(Exception):
    """Why a token is not accepted: for the log, never for the caller, and never with any of the token's content."""


def bounded(token: str) -> bytes:
    """The bytes of a token of acceptable size. Raises TokenRefused."""
    if not token.isascii() or len(token) > MAX_TOKEN_BYTES:
        raise TokenRefused("too long or not ASCII")
    return token.encode()


def key_id(token: str) -> str:
    """The `kid` of a bounded token in the one accepted form. Raises TokenRefused."""
    if not _SEGMENTS.fullmatch(token):
        raise TokenRefused("not three base64url segments")
    header, *others = token.split(".")
    for segment in others:
        canonical(segment)
    if len(header) > MAX_HEADER_BYTES:
        raise TokenRefused("header too long")
    return _checked(json_object(canonical(header), MAX_HEADER_STRUCTURES))


def _checked(header: dict[str, Any]) -> str:
    if header.get("alg") != "RS256":
        raise TokenRefused("alg is not RS256")
    if not _REFUSED_MEMBERS.isdisjoint(header):
        raise TokenRefused("header has a refused member")
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise TokenRefused("typ is not JWT")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("no kid")
    return kid


def canonical(segment: str) -> bytes:
    """Decodes base64url that has no padding, no stray bits, no other spelling. Raises TokenRefused."""
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise TokenRefused("not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise TokenRefused("base64url is not canonical")
    return raw


def json_object(raw: bytes, most_structures: int) -> dict[str, Any]:
    """One JSON object in UTF-8 with unique names, integers of ≤ 15 digits and no NaN. Raises TokenRefused.

    Opening brackets are counted before parsing: their number bounds the depth, which Python's parser does not.
    """
    if raw.count(b"{") + raw.count(b"[") > most_structures:
        raise TokenRefused("JSON nests too much")
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_int=_integer, parse_constant=_refuse_constant)
    except ValueError as error:
        raise TokenRefused("not JSON") from error
    if not isinstance(value, dict):
        raise TokenRefused("not a JSON object")
    return value


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenRefused("a JSON name stands twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise TokenRefused("a number is too long")
    return int(digits)


def _refuse_constant(_name: str) -> float:
    raise TokenRefused("JSON holds NaN or Infinity")
