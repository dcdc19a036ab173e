"""Calls out are counted by how they end."""

import asyncio
import gc

import pytest
from prometheus_client import REGISTRY

from runtime.refusals import NotFound
from runtime.rpc.measure import Measured


def counted(method: str) -> dict[str, float]:
    """How many calls of a method ended with each code."""
    [metric] = [one for one in REGISTRY.collect() if one.name == "stori_rpc_client_seconds"]
    return {
        sample.labels["code"]: sample.value
        for sample in metric.samples
        if sample.name.endswith("_count") and sample.labels["method"] == method
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("There is none."), "NOT_FOUND"),
        (asyncio.CancelledError(), "CANCELLED"),
        (GeneratorExit(), "CANCELLED"),
        (ValueError(), "UNKNOWN"),
    ],
)
def test_a_block_that_fails_is_counted_under_its_code(error: BaseException, code: str) -> None:
    method = f"/test/{type(error).__name__}"

    with pytest.raises(type(error)), Measured(method, only_failures=True):
        raise error

    assert counted(method) == {code: 1}


def test_a_block_that_ends_well_is_counted_unless_only_failures_are() -> None:
    with Measured("/test/Well"):
        pass
    with Measured("/test/Silent", only_failures=True):
        pass

    assert (counted("/test/Well"), counted("/test/Silent")) == ({"OK": 1}, {})


def test_a_block_that_becomes_garbage_is_not_counted_while_the_collector_runs() -> None:
    # The collector may come by inside of the metric, whose lock is then taken: counting would wait for ever.
    left = Measured("/test/Garbage")
    left.__enter__()

    del left
    gc.collect()

    assert counted("/test/Garbage") == {}
