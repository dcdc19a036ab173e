"""The year rule: which years the rows of a file have whose dates are only month and day."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from txn_svc.statement.model import MAX_FINDING_LINES, Finding
from txn_svc.statement.votes import Tally

_JUMP_MONTHS: Final = 6

MonthDay = tuple[int, int]


class YearSurvey:
    """What the rule needs of a whole file, collected row by row in constant memory.

    Both directions are counted, because only the last row tells which one is the file's.
    """

    def __init__(self) -> None:
        self._first: tuple[int, MonthDay] | None = None
        self._last: tuple[int, MonthDay] = (0, (0, 0))
        self._ascending_pairs = 0
        self._descending_pairs = 0
        # The lines after which the month has jumped by more than six.
        self._falls = Tally()
        self._rises = Tally()

    def add(self, line: int, month_day: MonthDay) -> None:
        previous = self._last[1]
        self._last = (line, month_day)
        if self._first is None:
            self._first = self._last
        elif month_day != previous:
            self._compare(line, previous, month_day)

    def plan(self, uploaded_on: date) -> "YearPlan | None":
        """None where no row has a date."""
        if self._first is None:
            return None
        is_descending = self._descending_pairs > self._ascending_pairs
        newest_line, newest = self._first if is_descending else self._last
        limit = uploaded_on + timedelta(days=1)
        newest_year = limit.year if newest <= (limit.month, limit.day) else limit.year - 1
        turn = self._rises if is_descending else self._falls
        return YearPlan(
            is_descending=is_descending,
            newest_line=newest_line,
            newest=newest,
            newest_year=newest_year,
            oldest_year=newest_year - turn.count,
            turn_lines=tuple(turn.lines),
            limit=limit,
        )

    def _compare(self, line: int, previous: MonthDay, month_day: MonthDay) -> None:
        rises, falls = month_day[0] - previous[0] > _JUMP_MONTHS, previous[0] - month_day[0] > _JUMP_MONTHS
        # From January to December it is a few days back, over New Year.
        if falls or (month_day > previous and not rises):
            self._ascending_pairs += 1
        else:
            self._descending_pairs += 1
        if rises:
            self._rises.add(line)
        if falls:
            self._falls.add(line)


@dataclass(frozen=True, slots=True)
class YearPlan:
    """The rule applied to a surveyed file: its first row's year, and where the year changes."""

    is_descending: bool
    newest_line: int
    newest: MonthDay
    newest_year: int
    oldest_year: int
    turn_lines: tuple[int, ...]
    limit: date

    @property
    def value(self) -> str:
        years = str(self.newest_year)
        return years if self.oldest_year == self.newest_year else f"{self.oldest_year}–{years}"

    def ending_in(self, year: int) -> "YearPlan":
        """The same rows where the newest is of that year."""
        return replace(self, newest_year=year, oldest_year=year - (self.newest_year - self.oldest_year))

    def is_possible(self) -> bool:
        """Whether the newest row is not after the limit."""
        return (self.newest_year, *self.newest) <= (self.limit.year, self.limit.month, self.limit.day)

    def finding(self) -> Finding:
        month, day = self.newest
        return Finding(
            "YEAR",
            "ASSUMPTION",
            self.value,
            f"The dates have no year. The newest row, line {self.newest_line} with {month}/{day}, is read as "
            f"{self.newest_year}: the latest year in which it is not after {self.limit.isoformat()}, the day after the "
            f"upload. {self.turns()}",
            (self.newest_line, *self.turn_lines)[:MAX_FINDING_LINES],
        )

    def turns(self) -> str:
        if not self.turn_lines:
            return "No New Year lies between the rows, so all are of that year."
        shown = ", ".join(map(str, self.turn_lines))
        more = self.newest_year - self.oldest_year - len(self.turn_lines)
        lines = f"line {shown}" if len(self.turn_lines) == 1 else f"lines {shown}"
        return (
            f"Going back in time, an earlier year begins where the month jumps up by more than six: at {lines}"
            f"{f' and {more} more' if more else ''}."
        )


class YearWalk:
    """Gives each row its year, fed with the same rows in the same order as the survey."""

    def __init__(self, plan: YearPlan) -> None:
        self._is_descending = plan.is_descending
        self._year = plan.newest_year if plan.is_descending else plan.oldest_year
        self._month: int | None = None

    def year_of(self, month: int) -> int:
        previous, self._month = self._month, month
        if previous is None or previous == month:
            return self._year
        if self._is_descending and month - previous > _JUMP_MONTHS:
            self._year -= 1
        elif not self._is_descending and previous - month > _JUMP_MONTHS:
            self._year += 1
        return self._year
