"""Months are contiguous and their figures add up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.ledger.months import (
    MonthFigures,
    Totals,
    fill,
    format_month,
    month_of,
    month_range,
    parse_month,
    totals,
)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))

JULY = MonthFigures(2, 1, 1, 6050, -1030, date(2026, 7, 1))
AUGUST = MonthFigures(2, 1, 1, 1000, -2046, date(2026, 8, 1))


@given(days)
def test_a_month_reads_back_as_it_is_written(day: date) -> None:
    month = month_of(day)

    assert parse_month(format_month(month)) == month
    assert format_month(month) == day.strftime("%Y-%m")


@pytest.mark.parametrize(
    "text", ["", "2026-7", "2026-13", "2026-00", "2026-07-01", "２０２６-07", "2026-07\n", "0001-01"]
)
def test_other_text_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month such as 2026-07"):
        parse_month(text)


@given(days, days)
def test_a_range_holds_each_month_that_has_a_day_between_its_ends_once(one: date, other: date) -> None:
    first, last = sorted((one, other))
    expected = {date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)}

    assert month_range(first, last) == sorted(m for m in expected if month_of(first) <= m <= last)


def test_a_range_that_ends_before_it_begins_is_empty() -> None:
    assert month_range(date(2026, 2, 1), date(2026, 1, 31)) == []


def test_months_without_figures_are_zero() -> None:
    filled = fill([AUGUST, JULY], date(2026, 6, 15), date(2026, 9, 1))

    assert filled == [
        MonthFigures(0, 0, 0, 0, 0, date(2026, 6, 1)),
        JULY,
        AUGUST,
        MonthFigures(0, 0, 0, 0, 0, date(2026, 9, 1)),
    ]
    assert filled[0].average_credit_minor is None


def test_the_briefs_averages_are_over_all_rows_and_not_over_months() -> None:
    figures = totals([JULY, AUGUST])

    assert figures == Totals(4, 2, 2, 7050, -3076)
    assert (figures.average_credit_minor, figures.average_debit_minor) == (3525, -1538)
    assert (JULY.average_credit_minor, JULY.average_debit_minor) == (6050, -1030)


def test_no_months_have_totals_of_zero() -> None:
    assert totals([]) == Totals(0, 0, 0, 0, 0)
