"""How often one may ask: per signed-in person and per network address, in windows of a minute.

Counted in this process, or in Redis for all replicas. While Redis is away each process counts for itself.
"""

import asyncio
import time
from collections import OrderedDict
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from bff.errors import HttpRefusal
from bff.settings import BffSettings

MAX_KEYS: Final = 100_000
STORAGE_SECONDS: Final = 0.25
MEMORY: Final = "memory://"

log = structlog.get_logger()


class BoundedMemory(Storage):
    """Counts in this process for at most MAX_KEYS keys; the oldest gives way. limits' own scans all at each hit."""

    STORAGE_SCHEME = ["async+bounded-memory"]  # noqa: RUF012 -- the name and the type are limits' own

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        super().__init__()
        self._max_keys = max_keys
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        now = time.time()
        if ends <= now:
            self._windows.pop(key, None)
            count, ends = 0, now + expiry
        self._windows[key] = (count + amount, ends)
        if len(self._windows) > self._max_keys:
            self._windows.popitem(last=False)
        return count + amount

    async def get(self, key: str) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, time.time()))[1]

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        count = len(self._windows)
        self._windows.clear()
        return count

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)


class Rates:
    """Raises HttpRefusal 429 with Retry-After where a limit is reached."""

    def __init__(self, settings: BffSettings) -> None:
        self._user = RateLimitItemPerMinute(settings.user_requests_per_minute)
        self._address = RateLimitItemPerMinute(settings.address_requests_per_minute)
        self._own = FixedWindowRateLimiter(BoundedMemory())
        self._shared = _shared(settings.rate_limit_storage)

    async def spend_user(self, subject: str) -> None:
        await self._spend(self._user, "user", subject)

    async def spend_address(self, address: str) -> None:
        await self._spend(self._address, "address", network_of(address))

    async def _spend(self, item: RateLimitItem, kind: str, key: str) -> None:
        wait = await self._hit_shared(self._shared, item, kind, key) if self._shared else None
        if wait is None:
            wait = await _hit(self._own, item, kind, key)
        if wait:
            message = "Too many requests. Wait before the next one."
            raise HttpRefusal(429, "TOO_MANY_REQUESTS", message, {"retry-after": str(wait)})

    async def _hit_shared(
        self, limiter: FixedWindowRateLimiter, item: RateLimitItem, kind: str, key: str
    ) -> int | None:
        try:
            async with asyncio.timeout(STORAGE_SECONDS):
                return await _hit(limiter, item, kind, key)
        except Exception as error:  # noqa: BLE001 -- whichever client is configured, its failure means the same
            log.warning("the shared rate limits are away", exception=type(error).__name__)
            return None


async def _hit(limiter: FixedWindowRateLimiter, item: RateLimitItem, kind: str, key: str) -> int:
    """0, or the seconds until the window ends where it is full."""
    if await limiter.hit(item, kind, key):
        return 0
    stats = await limiter.get_window_stats(item, kind, key)
    return max(1, round(stats.reset_time - time.time()))


def network_of(address: str) -> str:
    """One household: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def _shared(uri: str) -> FixedWindowRateLimiter | None:
    if uri == MEMORY:
        return None
    storage = storage_from_string(uri if uri.startswith("async+") else f"async+{uri}")
    assert isinstance(storage, Storage)
    return FixedWindowRateLimiter(storage)
