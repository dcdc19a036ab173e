"""Text of a date cell becomes a date, or a month and day where the file has no years."""

import re
from datetime import date
from typing import Final

from txn_svc.ledger.months import EARLIEST_DATE, LATEST_DATE
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.model import ReasonCode

# A statement has few different dates: a bound for a file that was made to have many.
MAX_CACHED_DATES: Final = 20_000
PADDING: Final = " \t"

_ISO_DATE: Final = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH_DAY: Final = re.compile("([0-9]{1,2})/([0-9]{1,2})")
_LEAP_YEAR: Final = 2000


class DateError(ValueError):
    """A date cell that cannot be read; `is_form` tells whether it is at least written as the layout has it."""

    def __init__(self, message: str, *, code: ReasonCode = "BAD_DATE", is_form: bool = False) -> None:
        super().__init__(message)
        self.code: ReasonCode = code
        self.is_form = is_form


class IsoDates(dict[str, date]):
    """Dates by their text, such as 2026-07-15; other text raises DateError."""

    def __missing__(self, text: str) -> date:
        found = _match(_ISO_DATE, text, "2026-07-15")
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise DateError(f"The date {quoted(text)} does not exist.", is_form=True) from None
        _check_range(day.year, text.strip(PADDING))
        if len(self) >= MAX_CACHED_DATES:
            self.clear()
        self[text] = day
        return day


class MonthDays(dict[str, tuple[int, int]]):
    """(month, day) by text such as 7/15; other text raises DateError. 2/29 is one: whether it exists tells its year."""

    def __missing__(self, text: str) -> tuple[int, int]:
        found = _match(_MONTH_DAY, text, "7/15 (month/day)")
        month_day = int(found[1]), int(found[2])
        try:
            date(_LEAP_YEAR, *month_day)
        except ValueError:
            raise DateError(f"{quoted(text)} is no month and day of any year.", is_form=True) from None
        if len(self) >= MAX_CACHED_DATES:
            self.clear()
        self[text] = month_day
        return month_day


def date_in_year(year: int, month_day: tuple[int, int]) -> date:
    """Refuses with DateError a 2/29 that the year does not have."""
    month, day = month_day
    _check_range(year, f"{month}/{day} of {year}")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateError(f"The date {month}/{day} does not exist in {year}.", is_form=True) from None


def _match(form: re.Pattern[str], text: str, example: str) -> re.Match[str]:
    found = form.fullmatch(text.strip(PADDING))
    if found is not None:
        return found
    if not text.strip():
        raise DateError("There is no date.", code="NO_DATE")
    raise DateError(f"{quoted(text)} is not a date such as {example}.")


def _check_range(year: int, shown: str) -> None:
    if not EARLIEST_DATE.year <= year <= LATEST_DATE.year:
        raise DateError(f"The date {shown} is outside {EARLIEST_DATE.year}–{LATEST_DATE.year}.", is_form=True)
