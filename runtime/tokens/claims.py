"""From the claims of a token whose signature is right to the caller it names."""

import re
from dataclasses import dataclass
from typing import Any

from runtime.call import Caller
from runtime.tokens.compact import TokenRefused
from runtime.tokens.settings import TokenSettings

LEEWAY_SECONDS = 10
MAX_LIFETIME_SECONDS = 25 * 3600  # Cognito's longest is a day.
ROLES = frozenset({"support", "admin"})

_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_SCOPES = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")  # RFC 6749 §3.3


@dataclass(frozen=True)
class _Times:
    issued: int
    expires: int


def caller_of(claims: dict[str, Any], token: str, settings: TokenSettings, now: float) -> Caller:
    """The caller of a Cognito access token at Unix time `now`. Raises TokenRefused."""
    if claims.get("iss") != settings.issuer:
        raise TokenRefused("another issuer")
    if claims.get("token_use") != "access":
        raise TokenRefused("not an access token")
    times = _times(claims, now)
    client_id, subject = _name(claims, "client_id"), _name(claims, "sub")
    if not isinstance(claims.get("jti", ""), str):
        raise TokenRefused("jti is not text")
    _check_audience(claims, client_id)
    scopes = _scopes(claims)
    if client_id in settings.person_client_ids:
        if subject in settings.person_client_ids | settings.service_client_ids:
            raise TokenRefused("a client signed in where a person must")
        return Caller("person", subject, client_id, _roles(claims), scopes, token, times.expires)
    if client_id in settings.service_client_ids:
        if subject != client_id:
            raise TokenRefused("a person signed in where a service must")
        return Caller("service", client_id, client_id, frozenset(), scopes, token, times.expires)
    raise TokenRefused("unknown client")


def _times(claims: dict[str, Any], now: float) -> _Times:
    issued, expires = _time(claims, "iat"), _time(claims, "exp")
    starts = _time(claims, "nbf") if "nbf" in claims else issued
    if expires + LEEWAY_SECONDS <= now:
        raise TokenRefused("expired")
    if max(issued, starts) > now + LEEWAY_SECONDS:
        raise TokenRefused("not valid yet")
    if not 0 < expires - issued <= MAX_LIFETIME_SECONDS:
        raise TokenRefused("its lifetime is not one the issuer gives")
    return _Times(issued, expires)


def _time(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or value < 0:  # bool is an int to isinstance
        raise TokenRefused(f"{name} is missing or not a time")
    return value


def _name(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise TokenRefused(f"{name} is missing or not a name")
    return value


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    # Cognito's access tokens have none, unless they were bound to another resource (RFC 8707).
    if "aud" in claims and claims["aud"] not in (client_id, [client_id]):
        raise TokenRefused("another audience")


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    value = claims.get("scope", "")
    if not isinstance(value, str) or not _SCOPES.fullmatch(value):
        raise TokenRefused("scope is not a list of names")
    return frozenset(value.split())


def _roles(claims: dict[str, Any]) -> frozenset[str]:
    groups = claims.get("cognito:groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise TokenRefused("cognito:groups is not a list of names")
    return ROLES.intersection(groups)
