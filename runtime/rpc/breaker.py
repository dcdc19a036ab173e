"""A circuit breaker: a dependency that keeps failing is left alone for a while."""

import time
from collections.abc import Callable

from prometheus_client import Gauge

from runtime.refusals import Unavailable

_open = Gauge("stori_rpc_breaker_open", "1 while calls to a service are refused at once.", ["target"])


class Breaker:
    """Opens after `failures` in a row; after `open_seconds` lets one call through, which decides."""

    def __init__(
        self, target: str, failures: int, open_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self._limit = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._failures = 0
        self._closed_at = 0.0
        _open.labels(target).set(0)

    def admit(self) -> None:
        """Raises Unavailable (CIRCUIT_OPEN) while it is open."""
        if self._failures < self._limit:
            return
        if self._clock() < self._closed_at:
            raise Unavailable(f"{self._target} is not answering.", reason="CIRCUIT_OPEN")
        # This call is the probe; the others wait for what it finds.
        self._closed_at = self._clock() + self._open_seconds

    def succeeded(self) -> None:
        self._failures = 0
        _open.labels(self._target).set(0)

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._closed_at = self._clock() + self._open_seconds
            _open.labels(self._target).set(1)
