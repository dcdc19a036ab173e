import pytest

from runtime.refusals import Unavailable
from runtime.rpc.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_lets_one_probe_through_and_closes_when_that_succeeds() -> None:
    clock = Clock()
    breaker = Breaker("svc", failures=2, open_seconds=10, clock=clock)
    breaker.admit()
    breaker.failed()
    breaker.admit()
    breaker.failed()
    with pytest.raises(Unavailable):
        breaker.admit()

    clock.now = 10
    breaker.admit()
    with pytest.raises(Unavailable):
        breaker.admit()
    breaker.succeeded()

    breaker.admit()


def test_a_failed_probe_keeps_it_open() -> None:
    clock = Clock()
    breaker = Breaker("svc", failures=1, open_seconds=10, clock=clock)
    breaker.failed()
    clock.now = 10
    breaker.admit()
    breaker.failed()

    clock.now = 19
    with pytest.raises(Unavailable):
        breaker.admit()


def test_a_success_between_failures_starts_the_count_again() -> None:
    breaker = Breaker("svc", failures=2, open_seconds=10, clock=Clock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()

    breaker.admit()
