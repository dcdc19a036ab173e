"""How long calls out take and how they end, as their caller sees it: retries, breaker and deadline included."""

import asyncio
import time
from types import TracebackType

import grpc
from prometheus_client import Histogram

from runtime.refusals import Refusal
from runtime.rpc.errors import code_of

_seconds = Histogram("stori_rpc_client_seconds", "Seconds until a call out has ended.", ["method", "code"])


class Measured:
    """Observes its block under the code it ends with.

    No generator: one that is garbage runs its end inside of the collector, which may come by while this very metric is
    locked.
    """

    def __init__(self, method: str, *, only_failures: bool = False) -> None:
        self._method, self._only_failures = method, only_failures
        self._started = time.perf_counter()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        code = _code(error)
        if not self._only_failures or code is not grpc.StatusCode.OK:
            _seconds.labels(self._method, code.name).observe(time.perf_counter() - self._started)


def _code(error: BaseException | None) -> grpc.StatusCode:
    if error is None:
        return grpc.StatusCode.OK
    if isinstance(error, Refusal):
        return code_of(error)
    is_cancelled = isinstance(error, asyncio.CancelledError | GeneratorExit)
    return grpc.StatusCode.CANCELLED if is_cancelled else grpc.StatusCode.UNKNOWN
