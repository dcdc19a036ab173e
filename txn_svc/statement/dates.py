"""Text of a date cell becomes a date, or a month and day where the file has no years."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final

from txn_svc.ledger.months import EARLIEST_DATE, LATEST_DATE
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.format import YEARLESS, DateOrder
from txn_svc.statement.model import Direction, ReasonCode
from txn_svc.statement.padding import PADDING, bare
from txn_svc.statement.words import plain, words

# A statement has few different dates: a bound for a file that was made to have many.
MAX_CACHED_DATES: Final = 20_000
MAX_DATE_CHARACTERS: Final = 60

EXAMPLES: Final[dict[DateOrder, str]] = {
    "YMD": "2026-07-15",
    "DMY": "15/07/2026 (day/month/year)",
    "MDY": "07/15/2026 (month/day/year)",
    "MD": "7/15 (month/day)",
    "DM": "15/7 (day/month)",
}

_CLOCK: Final = r"[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]{1,9})?)?"
_ZONE: Final = r"(?:[AaPp]\.?[Mm]\.?|Z|[A-Z]{3,5}|[+-][0-9]{2}:?[0-9]{2})"
_TIME: Final = rf"(?:[T ,-]\s*{_CLOCK}\s*{_ZONE}?)?"
# Some write it before the day.
_TIME_BEFORE: Final = rf"(?:{_CLOCK}\s+)?"
# A broker books on a day what counts from another one on.
_AS_OF: Final = r"(?:\s+as of\s+[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4})?"
_NUMERIC: Final = re.compile(
    rf"{_TIME_BEFORE}([0-9]{{1,4}})(\s?[-./ ]\s?)([0-9]{{1,2}})\2([0-9]{{1,4}})\.?{_TIME}{_AS_OF}"
)
_EASTERN: Final = re.compile(rf"([0-9]{{4}})\s?[年년]\s?([0-9]{{1,2}})\s?[月월]\s?([0-9]{{1,2}})\s?[日일]?{_TIME}")
_COMPACT: Final = re.compile(rf"([0-9]{{8}}){_TIME}")
# With dots only where one ends it: 3.01 is an amount.
_MONTH_DAY: Final = re.compile(r"([0-9]{1,2})(?:[-/](?=[0-9]+$)|\.(?=[0-9]+\.$))([0-9]{1,2})\.?")
_WEEKDAY: Final = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_OF: Final = r"(?:\s*[-./,]?\s*|\s+(?:de|di|of)\s+)"
_NAME: Final = r"([^\W\d_]{3,12})\.?"
_DAY_NAME: Final = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})(?:st|nd|rd|th|\.|º)?{_OF}{_NAME}(?:{_OF}([0-9]{{4}}|'?[0-9]{{2}}))?{_TIME}"
)
_NAME_DAY: Final = re.compile(
    rf"{_WEEKDAY}{_NAME}\s*[-./ ]?\s*([0-9]{{1,2}})(?:st|nd|rd|th)?(?:,?\s*[-./]?\s*([0-9]{{4}}))?{_TIME}"
)
_YEAR_NAME: Final = re.compile(rf"([0-9]{{4}})[-./ ]\s?{_NAME}[-./ ]([0-9]{{1,2}})\.?{_TIME}")
_LEAP_YEAR: Final = 2000
_CENTURY: Final = 100
# No statement with such years is older; what would be has another calendar, or another order.
_MAX_AGE_YEARS: Final = 15
# What programs write where there is no day.
_NO_DAYS: Final = frozenset({date(1900, 1, 1), date(1970, 1, 1)})
_TWO_DIGITS: Final = 2
_FOUR_DIGITS: Final = 4

Parts = tuple[int | None, int, int]
"""Year, month, day; a year below 100 is one of two digits."""


class DateError(ValueError):
    """A date cell that cannot be read; `is_form` tells whether it is at least written as the file has it."""

    def __init__(self, message: str, *, code: ReasonCode = "BAD_DATE", is_form: bool = False) -> None:
        super().__init__(message)
        self.code: ReasonCode = code
        self.is_form = is_form


@lru_cache(maxsize=MAX_CACHED_DATES)
def readings(text: str) -> dict[DateOrder, Parts]:
    """The orders in which text is a day that exists, each with what it then is; empty where it is no date at all.

    A month that has a name, or a year of four digits that stands first, leaves no other order. The year of a yearless
    one is None.
    """
    text = bare(text)
    if len(text) > MAX_DATE_CHARACTERS:
        return {}
    forms = _forms(text)
    return {order: parts for order, parts in forms.items() if _exists(parts)}


def order_of(days: Iterable[Parts]) -> Direction | None:
    """That of most neighbours; None where as many come after an older day as after a newer one."""
    ups = downs = 0
    for one, other in pairwise(tuple(part or 0 for part in day) for day in days):
        ups += one < other
        downs += one > other
    return None if ups == downs else "ASCENDING" if ups > downs else "DESCENDING"


def is_written_as(text: str, order: DateOrder) -> bool:
    """Whether text has the form of the order, be there such a day or not."""
    return order in _forms(bare(text)[:MAX_DATE_CHARACTERS])


class Dates(dict[str, date]):
    """Dates by their text, written in the order, which has a year; other text raises DateError.

    Years of two digits are at most one after `newest_year`; without one there are none. Where there is a
    `latest` day, they are those of bookings.
    """

    def __init__(self, order: DateOrder, newest_year: int | None, latest: date | None = None) -> None:
        super().__init__()
        assert order not in YEARLESS
        self._order, self._newest_year, self._latest = order, newest_year, latest

    def __missing__(self, text: str) -> date:
        year, month, day = _parts(text, self._order)
        assert year is not None
        full = self._full(year, text)
        found = date(full, month, day) if _fits(year, month, day) else None
        if found is None:
            raise DateError(f"The date {quoted(text)} does not exist.", is_form=True)
        _check_range(found.year, text.strip(PADDING))
        if self._latest is not None:
            require_booked(found, self._latest, text)
        if len(self) >= MAX_CACHED_DATES:
            self.clear()
        self[text] = found
        return found

    def _full(self, year: int, text: str) -> int:
        if year >= _CENTURY:
            return year
        if self._newest_year is None:
            raise DateError(_no_date(text, self._order))
        full = full_year(year, self._newest_year)
        if full < self._newest_year - _MAX_AGE_YEARS:
            raise DateError(f"The date {quoted(text)} would be of {full}: the year is not clear.", is_form=True)
        return full


class MonthDays(dict[str, tuple[int, int]]):
    """(month, day) by text in a yearless order; other text raises DateError. 2/29 is one: not every year has it."""

    def __init__(self, order: DateOrder) -> None:
        super().__init__()
        assert order in YEARLESS
        self._order = order

    def __missing__(self, text: str) -> tuple[int, int]:
        _, month, day = _parts(text, self._order)
        if len(self) >= MAX_CACHED_DATES:
            self.clear()
        self[text] = month, day
        return month, day


def date_in_year(year: int, month_day: tuple[int, int]) -> date:
    """Refuses with DateError a 2/29 that the year does not have."""
    month, day = month_day
    _check_range(year, f"{month}/{day} of {year}")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateError(f"The date {month}/{day} does not exist in {year}.", is_form=True) from None


def require_booked(day: date, latest: date, shown: str) -> None:
    """Refuses with DateError a day on which no bank has booked anything.

    PENDING one after `latest`, the day after the upload; NO_DATE one that programs write where there is none.
    """
    if day in _NO_DAYS:
        raise DateError(f"{quoted(shown)} stands where there is no date.", code="NO_DATE", is_form=True)
    if day > latest:
        which = f"{quoted(shown)} is {day}, which is after {latest}, the day after the upload"
        raise DateError(f"{which}: the bank cannot have booked it yet.", code="PENDING", is_form=True)


def is_of_two_digits(parts: Parts) -> bool:
    """Whether its year is."""
    return parts[0] is not None and parts[0] < _CENTURY


def full_year(year: int, newest_year: int) -> int:
    if year >= _CENTURY:
        return year
    century = newest_year - newest_year % _CENTURY
    return century + year if century + year <= newest_year + 1 else century + year - _CENTURY


def _parts(text: str, order: DateOrder) -> Parts:
    found = readings(text)
    if order in found:
        return found[order]
    complain = _complaint if len(text) <= MAX_DATE_CHARACTERS else _complaint.__wrapped__
    message, code, is_form = complain(text, order)
    raise DateError(message, code=code, is_form=is_form)


@lru_cache(maxsize=MAX_CACHED_DATES)
def _complaint(text: str, order: DateOrder) -> tuple[str, ReasonCode, bool]:
    """What a DateError says of text that is no such date: of many rows without one, most have the same."""
    if not text.strip(PADDING):
        return "There is no date.", "NO_DATE", False
    if plain(text) in words().pending | words().pending_days:
        return f"{quoted(text)}: the bank has not booked this row yet.", "PENDING", False
    if is_written_as(text, order):
        what = "is no month and day of any year" if order in YEARLESS else "does not exist"
        return f"The date {quoted(text)} {what}.", "BAD_DATE", True
    return _no_date(text, order), "BAD_DATE", False


def _no_date(text: str, order: DateOrder) -> str:
    return f"{quoted(text)} is not a date such as {EXAMPLES[order]}."


def _forms(text: str) -> dict[DateOrder, Parts]:
    """What text would be in each order that has its form."""
    if not text or not any("0" <= character <= "9" for character in text):
        return {}
    if found := _NUMERIC.fullmatch(text):
        return _of_three(found[1], found[3], found[4])
    if found := _EASTERN.fullmatch(text):
        return _of_three(found[1], found[2], found[3])
    if found := _COMPACT.fullmatch(text):
        digits = found[1]
        ends, month = int(digits[4:]), (int(digits[2:4]), int(digits[:2]))
        forms: dict[DateOrder, Parts] = {"YMD": (int(digits[:4]), int(digits[4:6]), int(digits[6:]))}
        forms |= {"DMY": (ends, *month), "MDY": (ends, month[1], month[0])}
        return {order: parts for order, parts in forms.items() if parts[0] is not None and parts[0] >= _CENTURY}
    if found := _MONTH_DAY.fullmatch(text):
        one, two = int(found[1]), int(found[2])
        return {"MD": (None, one, two), "DM": (None, two, one)}
    return _with_name(text)


def _of_three(first: str, middle: str, last: str) -> dict[DateOrder, Parts]:
    one, two, three = int(first), int(middle), int(last)
    if _is_no_year(first) or _is_no_year(last):
        return {}
    if len(first) > _TWO_DIGITS:
        return {"YMD": (one, two, three)} if len(first) == _FOUR_DIGITS and len(last) <= _TWO_DIGITS else {}
    if len(last) not in {_TWO_DIGITS, _FOUR_DIGITS}:
        return {}
    forms: dict[DateOrder, Parts] = {"DMY": (three, two, one), "MDY": (three, one, two)}
    if len(first) == len(last) == _TWO_DIGITS:
        forms["YMD"] = (one, two, three)
    return forms


def _is_no_year(digits: str) -> bool:
    """Whether it is as long as a year and of the first century, as 0001-01-01 is where there is no date."""
    return len(digits) == _FOUR_DIGITS and int(digits) < _CENTURY


def _with_name(text: str) -> dict[DateOrder, Parts]:
    if found := _YEAR_NAME.fullmatch(text):
        year, name, day = found[1], found[2], found[3]
    elif found := _DAY_NAME.fullmatch(text):
        day, name, year = found[1], found[2], found[3]
    elif found := _NAME_DAY.fullmatch(text):
        name, day, year = found[1], found[2], found[3]
    else:
        return {}
    month = words().months.get(plain(name))
    if month is None or (year is not None and _is_no_year(year)):
        return {}
    if year is None:
        return {"MD": (None, month, int(day)), "DM": (None, month, int(day))}
    parts = int(year.removeprefix("'")), month, int(day)
    # 26-Oct-02 begins with the year in some countries.
    may_begin = len(day) == len(year) == _TWO_DIGITS
    return {"YMD": (int(day), month, int(year)) if may_begin else parts, "DMY": parts, "MDY": parts}


def _exists(parts: Parts) -> bool:
    year, month, day = parts
    return _fits(_LEAP_YEAR if year is None else year, month, day)


def _fits(year: int, month: int, day: int) -> bool:
    # Every two-digit year that can be divided by four is one of a leap year, in 2000 as in 1904, but not in 1900.
    try:
        date(year + _LEAP_YEAR if year < _CENTURY else year, month, day)
    except ValueError:
        return False
    return True


def _check_range(year: int, shown: str) -> None:
    if not EARLIEST_DATE.year <= year <= LATEST_DATE.year:
        raise DateError(f"The date {shown} is outside {EARLIEST_DATE.year}–{LATEST_DATE.year}.", is_form=True)
