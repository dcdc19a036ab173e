"""The user pool's endpoints as a public client uses them: authorization code with PKCE (RFC 6749, 7636, 8252)."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cli.exits import DEPENDENCY_DOWN, Failure
from cli.target import Target

SCOPE = "openid email profile"
_REFUSED = frozenset({"status 400", "status 401", "status 403"})


class Refused(Exception):
    """The user pool does not take what it was given."""


class Unreachable(Failure):
    """The user pool does not answer."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"The sign-in at {target.domain_url} does not answer.", DEPENDENCY_DOWN)


@dataclass(frozen=True)
class Grant:
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class Attempt:
    """One sign-in: what only this process knows until its code comes back."""

    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def address(self, target: Target) -> str:
        """The page where the person signs in."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": target.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPE,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{target.domain_url.rstrip('/')}/oauth2/authorize?{urlencode(query)}"


async def exchange(target: Target, attempt: Attempt, code: str) -> Grant:
    """The tokens for a code. Raises Refused, Unreachable."""
    form = {"code": code, "redirect_uri": attempt.redirect_uri, "code_verifier": attempt.verifier}
    return _granted(target, await _post(target, "token", form | {"grant_type": "authorization_code"}))


async def refresh(target: Target, refresh_token: str) -> Grant:
    """A new access token. Raises Refused, Unreachable."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _granted(target, await _post(target, "token", form))


async def revoke(target: Target, refresh_token: str) -> None:
    """Ends a refresh token and its access tokens (RFC 7009). Raises Refused, Unreachable."""
    await _post(target, "revoke", {"token": refresh_token})


async def _post(target: Target, endpoint: str, form: dict[str, str]) -> bytes:
    from runtime.tokens.fetch import FetchFailed, fetch, open_client

    url = f"{target.domain_url.rstrip('/')}/oauth2/{endpoint}"
    async with open_client() as client:
        try:
            return await fetch(client, "POST", url, data=form | {"client_id": target.client_id})
        except FetchFailed as error:
            if str(error) in _REFUSED:
                raise Refused from error
            raise Unreachable(target) from error


def _granted(target: Target, body: bytes) -> Grant:
    try:
        answer: dict[str, Any] = json.loads(body)
        grant = Grant(answer["access_token"], answer.get("refresh_token", ""), answer["expires_in"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreachable(target) from None
    texts = isinstance(grant.access_token, str) and isinstance(grant.refresh_token, str)
    if not texts or not grant.access_token or type(grant.expires_in) is not int:
        raise Unreachable(target)
    return grant
