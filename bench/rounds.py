"""Side-by-side measurement: A B A B …, CPU time of this process, medians of rounds, ratios."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Figure:
    """One contender: median CPU microseconds for one operation over the rounds, with the least and the most."""

    name: str
    median: float
    least: float
    most: float


@dataclass(frozen=True)
class Result:
    """One comparison. `ratio` is first ÷ second; `goal` what it should be at most."""

    bench: str
    unit: str
    figures: tuple[Figure, ...]
    ratio: float
    goal: float


async def compare(
    bench: str, contenders: Mapping[str, Callable[[], Awaitable[None]]], *, repeats: Mapping[str, int], goal: float
) -> Result:
    """Times the two contenders in turn, after one round each that is not counted. `repeats` is operations per round."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(ROUNDS + 1):
        for name, operation in contenders.items():
            started = time.process_time_ns()
            for _ in range(repeats[name]):
                await operation()
            if round_number:
                taken[name].append((time.process_time_ns() - started) / 1000 / repeats[name])
    figures = tuple(Figure(name, statistics.median(of), min(of), max(of)) for name, of in taken.items())
    pairs = zip(*taken.values(), strict=True)
    return Result(bench, "CPU µs", figures, statistics.median(first / second for first, second in pairs), goal)
