"""What Cognito says of a person: its userInfo endpoint, asked with the person's token (OpenID Connect Core §5.3)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from runtime.refusals import FailedPrecondition, PermissionDenied, Unavailable
from runtime.tokens.fetch import FetchFailed, fetch
from user_svc import profile

# The caller's fault, and so no reason for anybody to think that user_svc is down.
_REFUSALS = frozenset({"status 400", "status 401", "status 403"})


@dataclass(frozen=True)
class UserInfo:
    """A person's verified address, and how they would like to be addressed."""

    email: str = field(repr=False)
    display_name: str = field(repr=False)
    locale: str
    time_zone: str


class UserInfoEndpoint:
    """`domain_url` is the user pool's domain. Close the client it is given after use."""

    def __init__(self, domain_url: str, client: httpx2.AsyncClient) -> None:
        self._url = f"{domain_url.rstrip('/')}/oauth2/userInfo"
        self._client = client

    async def of(self, token: str, subject: str) -> UserInfo:
        """What the token's person, `subject`, has told Cognito.

        Raises Unavailable (USER_INFO_UNAVAILABLE) where Cognito does not answer within 3 s, PermissionDenied
        (USER_INFO_REFUSED) where it does not take the token: revoked, or without the scope `openid`;
        FailedPrecondition (EMAIL_NOT_VERIFIED) where it has no verified address.
        """

        def bearer(request: httpx2.Request) -> httpx2.Request:
            request.headers["authorization"] = f"Bearer {token}"
            return request

        try:
            body = await fetch(self._client, "GET", self._url, auth=bearer)
            claims = orjson.loads(body)
        except (FetchFailed, orjson.JSONDecodeError) as error:
            if str(error) in _REFUSALS:
                raise PermissionDenied("Cognito does not take this token.", reason="USER_INFO_REFUSED") from error
            raise Unavailable("Cognito did not say who this is.", reason="USER_INFO_UNAVAILABLE") from error
        # OpenID Connect Core §5.3.2: an answer about another subject must not be used.
        if not isinstance(claims, dict) or claims.get("sub") != subject:
            raise Unavailable("Cognito did not say who this is.", reason="USER_INFO_UNAVAILABLE")
        return _user_info(claims)


def _user_info(claims: dict[str, Any]) -> UserInfo:
    # Cognito writes the boolean as a string.
    verified = str(claims.get("email_verified", "")).lower() == "true"
    try:
        email = profile.email(str(claims.get("email", "")))
    except ValueError:
        verified, email = False, ""
    if not verified:
        raise FailedPrecondition("The address has not been verified.", reason="EMAIL_NOT_VERIFIED")
    return UserInfo(
        email=email,
        display_name=_first_good(
            profile.display_name, [claims.get("name"), claims.get("given_name")], _local_part(email)
        ),
        locale=_first_good(profile.locale, [claims.get("locale")], profile.DEFAULT_LOCALE),
        time_zone=_first_good(profile.time_zone, [claims.get("zoneinfo")], profile.DEFAULT_TIME_ZONE),
    )


def _first_good(check: Callable[[str], str], values: list[object], default: str) -> str:
    for value in values:
        if isinstance(value, str):
            with suppress(ValueError):
                return check(value)
    return default


def _local_part(email: str) -> str:
    return email.partition("@")[0][: profile.DISPLAY_NAME_MAX]
