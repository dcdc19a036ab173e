"""The issuer's keys (JWK Set, RFC 7517): fetched when needed, kept while the issuer is down."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from runtime.refusals import Unavailable
from runtime.tokens.compact import TokenRefused, json_object
from runtime.tokens.fetch import FetchFailed, fetch, open_client
from runtime.tokens.flight import SingleFlight
from runtime.tokens.verify import PublicKey, rsa_key

UNKNOWN_KEY_SECONDS = 10.0  # between two fetches for a kid we do not have
RETRY_SECONDS = 1.0  # between two attempts while we have no key at all
FRESH_SECONDS = 300.0  # then a use refreshes them in the background, which is how a removed key leaves
MAX_SET_STRUCTURES = 256

_NEVER = float("-inf")

log = structlog.get_logger()


class KeySet:
    """Keys by `kid`, from one address. `clock` is monotonic, in seconds."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client = open_client()
        self._parts: Mapping[str, tuple[str, str]] = {}
        self._keys: Mapping[str, PublicKey] = {}
        self._generation = 0
        self._fetched_at = self._attempted_at = self._asked_unknown_at = _NEVER
        self._flight = SingleFlight(self._refresh)

    @property
    def generation(self) -> int:
        return self._generation

    async def start(self) -> None:
        """Fetches the keys. A failure leaves the set empty: `check` says so, and every `find` tries again."""
        await self._flight.join()

    async def close(self) -> None:
        await self._flight.close()
        await self._client.aclose()

    async def check(self) -> None:
        """Raises Unavailable while no key has ever been fetched, after trying."""
        await self._fill()
        if not self._keys:
            raise Unavailable("The issuer's keys have not been fetched.", reason="TOKEN_KEYS_MISSING")

    async def find(self, kid: str) -> PublicKey | None:
        """The one key of this id; None where there is none, also after asking the issuer as often as is allowed."""
        if not self._keys:
            await self._fill()
        elif kid not in self._keys:
            await self._ask_for_unknown(kid)
        return self._keys.get(kid)

    def revalidate(self) -> None:
        """Starts a refresh if the keys are old, and does not wait for it."""
        now = self._clock()
        if now - self._fetched_at >= FRESH_SECONDS and now - self._attempted_at >= UNKNOWN_KEY_SECONDS and self._keys:
            self._flight.begin()

    async def _fill(self) -> None:
        due = self._clock() - self._attempted_at >= RETRY_SECONDS
        if not self._keys and (due or self._flight.under_way):
            await self._flight.join()

    async def _ask_for_unknown(self, kid: str) -> None:
        if self._flight.under_way:
            await self._flight.join()
        if kid not in self._keys and self._clock() - self._asked_unknown_at >= UNKNOWN_KEY_SECONDS:
            self._asked_unknown_at = self._clock()
            await self._flight.join()

    async def _refresh(self) -> None:
        self._attempted_at = self._clock()
        try:
            parts = usable_parts(json_object(await fetch(self._client, "GET", self._url), MAX_SET_STRUCTURES))
            keys = {kid: rsa_key(*part) for kid, part in parts.items()}
        except (FetchFailed, TokenRefused) as error:
            log.warning("token_keys_not_fetched", cause=str(error))
            return
        self._fetched_at = self._clock()
        if parts != self._parts:
            self._parts, self._keys, self._generation = parts, keys, self._generation + 1
            log.info("token_keys_changed", keys=len(keys))


def usable_parts(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """`n` and `e` by `kid` of the set's RS256 signature keys. A `kid` that stands twice names none.

    Raises TokenRefused where no key is left: an empty answer must not replace keys that work.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise TokenRefused("not a key set")
    jwks = [jwk for jwk in listed if isinstance(jwk, dict) and isinstance(jwk.get("kid"), str)]
    times = Counter(jwk["kid"] for jwk in jwks)
    found = {jwk["kid"]: (jwk["n"], jwk["e"]) for jwk in jwks if times[jwk["kid"]] == 1 and _is_usable(jwk)}
    if not found:
        raise TokenRefused("no usable key")
    return found


def _is_usable(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("kty") != "RSA" or jwk.get("use") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return False
    if "d" in jwk or not isinstance(operations, list) or "verify" not in operations:
        return False  # a published private key proves nothing
    try:
        rsa_key(jwk["n"], jwk["e"])
    except (KeyError, TypeError, TokenRefused):
        return False
    return True
