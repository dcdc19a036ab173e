"""How long calls out take and how they end, as their caller sees it: retries, breaker and deadline included."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from prometheus_client import Histogram

from runtime.refusals import Refusal
from runtime.rpc.errors import code_of

_seconds = Histogram("stori_rpc_client_seconds", "Seconds until a call out has ended.", ["method", "code"])


@contextmanager
def measured(method: str, *, only_failures: bool = False) -> Iterator[None]:
    """Observes the block under the code it ends with."""
    started = time.perf_counter()
    code = grpc.StatusCode.OK
    try:
        yield
    except Refusal as refusal:
        code = code_of(refusal)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        code = grpc.StatusCode.CANCELLED
        raise
    except BaseException:
        code = grpc.StatusCode.UNKNOWN
        raise
    finally:
        if not only_failures or code is not grpc.StatusCode.OK:
            _seconds.labels(method, code.name).observe(time.perf_counter() - started)
