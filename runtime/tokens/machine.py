"""A service's own access token: client credentials (RFC 6749 §4.4) at the user pool's domain."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from runtime.call import remaining
from runtime.refusals import DeadlineExceeded, Unavailable
from runtime.tokens.compact import MAX_TOKEN_BYTES, TokenRefused, json_object
from runtime.tokens.fetch import TIMEOUT_SECONDS, FetchFailed, fetch, open_client
from runtime.tokens.flight import SingleFlight
from runtime.tokens.settings import MachineSettings

RENEW_BEFORE_SECONDS = 60.0
RETRY_SECONDS = 5.0  # between two attempts while the last token still serves
MAX_ANSWER_STRUCTURES = 8
MAX_LIFETIME_SECONDS = 86400

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750 §2.1

log = structlog.get_logger()


@dataclass(frozen=True)
class _Grant:
    token: str = field(repr=False)
    expires_at: float


class MachineTokens:
    """The token a service calls others with. `clock` is monotonic, in seconds."""

    def __init__(self, settings: MachineSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{settings.domain_url.rstrip('/')}/oauth2/token"
        self._auth = (settings.machine_client_id, settings.machine_client_secret.get_secret_value())
        self._clock = clock
        self._client = open_client()
        self._flight = SingleFlight(self._request)
        self._grant: _Grant | None = None
        self._failed_at = float("-inf")

    async def token(self) -> str:
        """An access token with at least a minute to live, or whatever is left of it while the pool is down.

        Raises Unavailable where there is none, DeadlineExceeded where the caller does not wait as long.
        """
        if self._grant is not None and not self._is_due(self._grant):
            return self._grant.token
        try:
            async with asyncio.timeout(remaining(TIMEOUT_SECONDS + 1)):
                return (await self._flight.join()).token
        except TimeoutError as error:
            raise DeadlineExceeded("No access token came in time.") from error

    async def close(self) -> None:
        await self._flight.close()
        await self._client.aclose()

    def _is_due(self, grant: _Grant) -> bool:
        now = self._clock()
        if now >= grant.expires_at:
            return True
        return now >= grant.expires_at - RENEW_BEFORE_SECONDS and now >= self._failed_at + RETRY_SECONDS

    async def _request(self) -> _Grant:
        asked_at = self._clock()
        try:
            form = {"grant_type": "client_credentials"}
            answer = await fetch(self._client, "POST", self._url, data=form, auth=self._auth)
            self._grant = _granted(json_object(answer, MAX_ANSWER_STRUCTURES), asked_at)
        except (FetchFailed, TokenRefused) as error:
            self._failed_at = self._clock()
            log.warning("machine_token_not_granted", cause=str(error))
            if self._grant is None or self._clock() >= self._grant.expires_at:
                raise Unavailable("No access token can be had.", reason="MACHINE_TOKEN_UNAVAILABLE") from error
        return self._grant


def _granted(answer: dict[str, Any], asked_at: float) -> _Grant:
    token, lifetime = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or len(token) > MAX_TOKEN_BYTES or not _TOKEN.fullmatch(token):
        raise TokenRefused("no access token in the answer")
    if type(lifetime) is not int or not 0 < lifetime <= MAX_LIFETIME_SECONDS:
        raise TokenRefused("no lifetime in the answer")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise TokenRefused("not a bearer token")
    return _Grant(token, asked_at + lifetime)
