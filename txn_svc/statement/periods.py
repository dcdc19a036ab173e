"""The year of rows without one, as a line before the header or the file's name says it."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from txn_svc.statement.words import plain, words

# Banks give no older rows; what looks like an older year is a postcode, a limit or a number.
MAX_AGE_YEARS: Final = 10
_YEAR: Final = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9]|[.,][0-9]{2}(?![0-9]))")
_DAY_MONTH_BEFORE: Final = re.compile(r"(?<![0-9])([0-9]{1,2})(?:[-./]([0-9]{1,2}))?[-./]$")
_MONTH_AFTER: Final = re.compile(r"[-./]([0-9]{1,2})(?![0-9])")
_MAX_MONTH: Final = 12
# "Statement of 2026", and no address.
_MAX_WORDS: Final = 3


class Named(NamedTuple):
    """A year, and the month beside it where there is one; `line` is 0 in a name.

    `may_be_number`: what stands before the year may be the number of a statement as well, as in 7/2026.
    """

    year: int
    month: int | None
    line: int
    may_be_number: bool = False

    @property
    def shown(self) -> str:
        """With the month, after which no row is."""
        return f"{self.year}" if self.month is None else f"{self.year}-{self.month:02}"

    def year_of(self, newest_month: int) -> int | None:
        """That of a newest row of this month, which is not after what is named; None where that may be no month."""
        if self.month is None or newest_month <= self.month:
            return self.year
        # The first statement of a year is often of the month before it.
        is_month_before = self.month + _MAX_MONTH - newest_month == 1
        return None if self.may_be_number and not is_month_before else self.year - 1


def named(texts: Iterable[tuple[int, str]], uploaded_year: int) -> Named | None:
    """The latest that lines name; a year alone only where none stands in a date."""
    found = [one for line, text in texts for one in _years(line, text)]
    possible = [one for one in found if uploaded_year - MAX_AGE_YEARS <= one.year <= uploaded_year + 1]
    dated = [one for one in possible if one.month is not None]
    return max(dated or possible, key=lambda one: (one.year, one.month or 0), default=None)


def _years(line: int, text: str) -> Iterator[Named]:
    for found in _YEAR.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        month = _month_in_numbers(before, after) or _month_by_name(before, after)
        if month is not None or _is_alone(f"{before} {after}"):
            yield Named(int(found[0]), month, line, _may_be_number(before))


def _month_in_numbers(before: str, after: str) -> int | None:
    """The later of both where day and month could be either."""
    beside = _DAY_MONTH_BEFORE.search(before) or _MONTH_AFTER.match(after)
    numbers = [int(number) for number in beside.groups() if number] if beside else []
    return max((number for number in numbers if 1 <= number <= _MAX_MONTH), default=None)


def _may_be_number(before: str) -> bool:
    """Whether a number alone stands before the year, and no day with its month."""
    beside = _DAY_MONTH_BEFORE.search(before)
    return beside is not None and beside[2] is None


def _month_by_name(before: str, after: str) -> int | None:
    near = [*re.sub("[0-9]+", " ", plain(before)).split()[-2:][::-1], *plain(after).split()[:1]]
    return next((words().months[word] for word in near if word in words().months), None)


def _is_alone(others: str) -> bool:
    return not any(map(str.isdigit, others)) and len(others.split()) <= _MAX_WORDS
