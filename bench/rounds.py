"""Side-by-side measurement: A B A B …, medians of rounds, ratios."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Figure:
    """One contender's median over the rounds, with the least and the most."""

    name: str
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, name: str, taken: Sequence[float]) -> "Figure":
        return cls(name, statistics.median(taken), min(taken), max(taken))


@dataclass(frozen=True)
class Goal:
    """What is due: at most the limit, or at least."""

    limit: float
    at_least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Result:
    """One comparison. `ratio` is first ÷ second, the median of the rounds' own; None where nothing is compared.

    The goal is the ratio's; without one, that of the first figure at its worst.
    """

    bench: str
    unit: str
    figures: tuple[Figure, ...]
    rounds: int
    ratio: float | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def judged(self) -> float:
        first = self.figures[0]
        worst = first.least if self.goal is not None and self.goal.at_least else first.most
        return worst if self.ratio is None else self.ratio

    @property
    def holds(self) -> bool | None:
        """None where there is no goal."""
        return None if self.goal is None else self.goal.holds(self.judged)


def side_by_side(
    bench: str,
    unit: str,
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    goal: Goal | None = None,
    note: str = "",
) -> Result:
    """Two contenders, each with its figure of every round, in the same order."""
    ratio = statistics.median(one / other for one, other in zip(first[1], second[1], strict=True))
    return Result(bench, unit, (Figure.of(*first), Figure.of(*second)), len(first[1]), ratio, goal, note)


async def compare(
    bench: str, contenders: Mapping[str, Callable[[], Awaitable[None]]], *, repeats: Mapping[str, int], goal: Goal
) -> Result:
    """CPU time of this process for each of two contenders in turn, after one round each that is not counted.

    `repeats` is operations per round.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(ROUNDS + 1):
        for name, operation in contenders.items():
            started = time.process_time_ns()
            for _ in range(repeats[name]):
                await operation()
            if round_number:
                taken[name].append((time.process_time_ns() - started) / 1000 / repeats[name])
    first, second = taken.items()
    return side_by_side(bench, "CPU µs", first, second, goal)
