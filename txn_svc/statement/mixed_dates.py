"""Dates some of which have the day before the month: by habit, or changed by a spreadsheet.

A spreadsheet that takes `03/09/2026` for the ninth of March saves it as 2026-03-09, and leaves `13/09/2026` as it is.
One that takes `03.09.2026` so saves 03/09/2026, which is the third of September to whoever wrote it, and leaves
`13.09.2026`.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.dates import readings
from txn_svc.statement.model import Unreadable
from txn_svc.statement.spread import Spread
from txn_svc.statement.votes import Tally, is_decided

_YEAR_FIRST: Final = re.compile(r"\s*[0-9]{4}[-./ ]([0-9]{1,2})[-./ ]([0-9]{1,2})(?![0-9])")
_YEAR_LAST: Final = re.compile(r"\s*[0-9]{1,2}([-./ ])[0-9]{1,2}[-./ ][0-9]{4}(?![0-9])")
_MONTHS: Final = 12
_LEAST_TURNED: Final = 3


@dataclass(slots=True)
class MixedDates:
    """Of dates in numbers: those with the year first whose day can be no month, can be one, or stands before the month;
    and those with the year last whose day can be no month, or can be one, and the marks in either. `middle`, `last`:
    what stands there in those that can be either."""

    sure: int = 0
    either: Tally = field(default_factory=Tally)
    middle: Spread = field(default_factory=Spread)
    last: Spread = field(default_factory=Spread)
    day_first: Tally = field(default_factory=Tally)
    day_first_text: str = ""
    year_last_sure: Tally = field(default_factory=Tally)
    year_last_either: int = 0
    sure_marks: set[str] = field(default_factory=set)
    either_marks: dict[str, Tally] = field(default_factory=dict)

    def add(self, line: int, text: str) -> None:
        if (found := _YEAR_FIRST.match(text)) is not None:
            self._add_year_first(line, text, int(found[1]), int(found[2]))
        elif (found := _YEAR_LAST.match(text)) is not None:
            self._add_year_last(line, len(readings(text)), found[1])

    def _add_year_first(self, line: int, text: str, middle: int, last: int) -> None:
        if not (middle and last):
            return
        if middle > _MONTHS >= last:
            self.day_first_text = self.day_first_text or text.strip()
            self.day_first.add(line)
        elif middle <= _MONTHS < last:
            self.sure += 1
        elif middle <= _MONTHS:
            self.either.add(line)
            self.middle.add(middle)
            self.last.add(last)

    def _add_year_last(self, line: int, orders: int, mark: str) -> None:
        self.year_last_either += orders > 1
        if orders > 1:
            self.either_marks.setdefault(mark, Tally()).add(line)
        elif orders == 1:
            self.year_last_sure.add(line)
            self.sure_marks.add(mark)

    def require_months_in_place(self) -> None:
        """Refuses with Unreadable UNKNOWN_LAYOUT a file of which nobody knows which dates have the day first."""
        if self._may_have_days_first():
            where = f"{quoted(self.day_first_text)} in line {self.day_first.lines[0]}"
            message = f"{where} has the day before the month, so other dates may have it too: that is not read."
            raise Unreadable("UNKNOWN_LAYOUT", message)
        if self._are_changed():
            raise Unreadable(
                "UNKNOWN_LAYOUT",
                f"Dates begin with the year where the day is below 13, as in line {self.either.lines[0]}, and end with "
                f"it elsewhere, as in line {self.year_last_sure.lines[0]}: a spreadsheet has taken days for months. "
                "Upload the file as the bank gave it.",
            )

        if (turned := self._written_otherwise()) is not None:
            raise Unreadable(
                "UNKNOWN_LAYOUT",
                f"Dates are written in one way where the day is below 13, as in line {turned.lines[0]}, and in another "
                f"elsewhere, as in line {self.year_last_sure.lines[0]}: a spreadsheet may have taken days for months. "
                "Upload the file as the bank gave it.",
            )

    def _written_otherwise(self) -> Tally | None:
        """Those of which each can be either, beside such as have another mark and of which none can."""
        if not self.sure_marks.isdisjoint(self.either_marks) or not self.sure_marks:
            return None
        many = (tally for tally in self.either_marks.values() if tally.count >= _LEAST_TURNED)
        return next(many, None) if self.year_last_sure.count >= _LEAST_TURNED else None

    def _may_have_days_first(self) -> bool:
        """One such date is a slip where the others are nearer to each other with the month first."""
        count = self.day_first.count
        if not count or not self.either.count or is_decided(self.sure, count):
            return False
        return count > 1 or self.middle.width > self.last.width

    def _are_changed(self) -> bool:
        turned, left = self.either.count, self.year_last_sure.count
        are_many = not is_decided(turned, left) and not is_decided(left, turned)
        return turned > 0 and left > 0 and are_many and not self.sure and not self.year_last_either
