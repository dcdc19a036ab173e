"""Which of several ways to read them the rows of a file leave, and which lines decide it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from txn_svc.statement.model import MAX_FINDING_LINES

T = TypeVar("T", bound=str)

# A row that contradicts is a mistake of the file where at least this many rows are against it; otherwise nobody knows.
DECIDED_BY: Final = 10


def is_decided(rows_for: int, rows_against: int) -> bool:
    return rows_for > 0 and rows_for >= DECIDED_BY * rows_against


@dataclass(slots=True)
class Tally:
    """How many cells, and the first lines that they stand in."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        self.count += 1
        if len(self.lines) < MAX_FINDING_LINES and line not in self.lines[-1:]:
            self.lines.append(line)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T]):
    """`value` fits most rows; `rivals` fit as well, so that rows do not decide. `lines` are against another value."""

    value: T
    rivals: tuple[T, ...]
    lines: tuple[int, ...]


class Votes(Generic[T]):
    """Counts rows by the values that they fit, in constant memory: there are few values."""

    def __init__(self) -> None:
        self._tallies: dict[frozenset[T], Tally] = {}

    def add(self, line: int, fitting: Collection[T]) -> None:
        if fitting:
            self._tallies.setdefault(frozenset(fitting), Tally()).add(line)

    def fits(self, value: T) -> bool:
        """Whether any row fits it, or none fits anything."""
        return not self._tallies or self._count(value, None) > 0

    def contradicts(self, value: T, order: Sequence[T]) -> bool:
        """Whether rows decide for another one."""
        verdict = self.verdict(order)
        return verdict is not None and value not in {verdict.value, *verdict.rivals}

    def verdict(self, order: Sequence[T]) -> Verdict[T] | None:
        """None where no row fits anything. Of equals the first in `order` is the value."""
        fits = {value: self._count(value, None) for value in order}
        value = max(order, key=lambda one: fits[one])
        if not fits[value]:
            return None
        rivals = tuple(
            rival for rival in order if rival != value and fits[rival] and not self._is_decided(value, rival)
        )
        others = {other for other in order if fits[other]} - {value}
        lines = self._lines(value, others) or self._lines(value, set())
        return Verdict(value, rivals, tuple(sorted(lines)[:MAX_FINDING_LINES]))

    def _lines(self, value: T, others: Collection[T]) -> set[int]:
        """Those that fit the value and, where there are others, not all of these."""
        fitting = ((ones, tally) for ones, tally in self._tallies.items() if value in ones)
        return {line for ones, tally in fitting if not others or not ones.issuperset(others) for line in tally.lines}

    def _is_decided(self, value: T, rival: T) -> bool:
        return is_decided(self._count(value, rival), self._count(rival, value))

    def _count(self, fitting: T, without: T | None) -> int:
        return sum(tally.count for ones, tally in self._tallies.items() if fitting in ones and without not in ones)
