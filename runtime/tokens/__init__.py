"""Who is calling: access tokens of one issuer, verified against its keys, and a service's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime.tokens.jwks import KeySet
from runtime.tokens.machine import MachineTokens
from runtime.tokens.settings import DomainSettings, MachineSettings, TokenSettings
from runtime.tokens.verify import Verifier

__all__ = [
    "DomainSettings",
    "KeySet",
    "MachineSettings",
    "MachineTokens",
    "TokenSettings",
    "Verifier",
    "open_verifier",
]


@asynccontextmanager
async def open_verifier(settings: TokenSettings) -> AsyncIterator[Verifier]:
    """A verifier with its keys. It opens without them too: then it accepts nobody and `check` raises."""
    keys = KeySet(settings.jwks_url)
    try:
        await keys.start()
        yield Verifier(settings, keys)
    finally:
        await keys.close()
