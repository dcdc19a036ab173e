"""Whether a year of two digits stands first or last: rows of a statement are near each other, and near its upload."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from txn_svc.statement.dates import Parts, full_year, is_of_two_digits
from txn_svc.statement.format import DateOrder
from txn_svc.statement.spread import Spread

_LEAST_SPREAD_MORE: Final = 2
# What spreads less may be years as well as days.
_LEAST_SPREAD_OF_DAYS: Final = 7
_FAR_YEARS: Final = 5


@dataclass(slots=True)
class TwoDigitYears:
    """Of the dates that may have such a year at either end: what it then is."""

    first: Spread = field(default_factory=Spread)
    last: Spread = field(default_factory=Spread)

    def add(self, found: Mapping[DateOrder, Parts]) -> None:
        """`found`: the orders in which a text is a date, as `readings` gives them."""
        others = [parts for order, parts in found.items() if order != "YMD"]
        if "YMD" not in found or not others or found["YMD"] in others or not is_of_two_digits(found["YMD"]):
            return
        self.first.add(found["YMD"][0] or 0)
        self.last.add(others[0][0] or 0)

    def narrowed(self, orders: Sequence[DateOrder], newest_year: int | None = None) -> Sequence[DateOrder]:
        """Those of the orders that are left. `newest_year`: that of the upload, which decides where dates do not."""
        is_first = None if self.is_empty else self._is_first(newest_year)
        return orders if is_first is None else [order for order in orders if (order == "YMD") == is_first]

    @property
    def is_empty(self) -> bool:
        return self.first.is_empty

    def _is_first(self, newest_year: int | None) -> bool | None:
        """Nearness comes first: what is paid on the same day of each year has days that differ less than its years."""
        if newest_year is not None and _is_far(self.first, newest_year) != _is_far(self.last, newest_year):
            return _is_far(self.last, newest_year)
        is_first = self.first.width < self.last.width
        is_clear = abs(self.first.width - self.last.width) >= _LEAST_SPREAD_MORE
        return is_first if is_clear and not (is_first and self.last.width < _LEAST_SPREAD_OF_DAYS) else None


def _is_far(years: Spread, newest_year: int) -> bool:
    return newest_year - full_year(years.most, newest_year) >= _FAR_YEARS


def narrowed(dates: Iterable[Mapping[DateOrder, Parts]], orders: Sequence[DateOrder]) -> Sequence[DateOrder]:
    """The orders that these dates leave."""
    years = TwoDigitYears()
    for found in dates:
        years.add(found)
    return years.narrowed(orders)
