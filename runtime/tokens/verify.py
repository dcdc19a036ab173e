"""The one place that accepts a token, and the one that knows python-jose.

python-jose is lenient (a missing exp, an unknown crit, another key's kid, non-canonical base64url all pass), so it
only checks the RSA signature, between the rules of `compact` before it and those of `claims` after it.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

import structlog
from cachetools import TLRUCache
from jose import jwk, jws
from jose.backends.base import Key

from runtime.call import Caller
from runtime.refusals import Unauthenticated
from runtime.tokens.claims import LEEWAY_SECONDS, caller_of
from runtime.tokens.compact import TokenRefused, bounded, canonical, json_object, key_id
from runtime.tokens.settings import TokenSettings

MAX_CACHED_TOKENS = 4096
MAX_CLAIM_STRUCTURES = 64
MIN_KEY_BITS = 2048
MAX_KEY_BITS = 8192
MAX_EXPONENT = 2**32

PublicKey: TypeAlias = Key

_MESSAGE = "A valid access token is required."

log = structlog.get_logger()


class Keys(Protocol):
    """Where keys come from: `generation` changes with the set, `revalidate` may start a refresh and never waits."""

    @property
    def generation(self) -> int: ...
    async def find(self, kid: str) -> PublicKey | None: ...
    def revalidate(self) -> None: ...
    async def check(self) -> None: ...


class Verifier:
    """Turns access tokens into callers. `now` is Unix time in seconds."""

    def __init__(self, settings: TokenSettings, keys: Keys, *, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._keys = keys
        self._now = now
        self._generation = keys.generation
        self._verified: TLRUCache[bytes, Caller, float] = TLRUCache(
            MAX_CACHED_TOKENS, lambda _key, caller, _now: caller.expires_at + LEEWAY_SECONDS, timer=now
        )

    async def verify(self, token: str) -> Caller:
        """The caller this token names. Raises Unauthenticated, the same whatever is wrong; the log says what."""
        try:
            return await self._verify(token)
        except TokenRefused as refused:
            log.info("token_refused", cause=str(refused))
        raise Unauthenticated(_MESSAGE)

    async def check(self) -> None:
        """Raises Unavailable until the issuer's keys are here: a process that can accept nobody is not ready."""
        await self._keys.check()

    async def _verify(self, token: str) -> Caller:
        digest = hashlib.sha256(bounded(token)).digest()
        self._keys.revalidate()
        self._forget_when_keys_changed()
        caller = self._verified.get(digest)
        if caller is None:
            key = await self._keys.find(key_id(token))
            if key is None:
                raise TokenRefused("its key is not known")
            self._forget_when_keys_changed()
            claims = json_object(signed_payload(token, key), MAX_CLAIM_STRUCTURES)
            caller = self._verified[digest] = caller_of(claims, token, self._settings, self._now())
        return caller

    def _forget_when_keys_changed(self) -> None:
        if self._generation != self._keys.generation:
            self._verified.clear()
            self._generation = self._keys.generation


def rsa_key(modulus: str, exponent: str) -> PublicKey:
    """The RS256 key of a JWK's `n` and `e`. Raises TokenRefused for one that is too small or malformed."""
    n, e = (int.from_bytes(canonical(part), "big") for part in (modulus, exponent))
    if not MIN_KEY_BITS <= n.bit_length() <= MAX_KEY_BITS or not 1 < e < MAX_EXPONENT:
        raise TokenRefused("the key's size is not accepted")
    try:
        return jwk.construct({"kty": "RSA", "n": modulus, "e": exponent}, "RS256")
    except Exception as error:  # python-jose lets the backend's errors through
        raise TokenRefused("not an RSA key") from error


def signed_payload(token: str, key: PublicKey) -> bytes:
    """The payload, if `key` signed the token with RS256. Raises TokenRefused."""
    try:
        return jws.verify(token, key, algorithms=["RS256"])
    except Exception as error:  # also RecursionError and the backend's, beside JWSError
        raise TokenRefused("the signature is not the key's") from error
