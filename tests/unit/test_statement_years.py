"""The year rule against a model that tries all assignments of years."""

from datetime import date, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_text import UPLOADED_ON, finding, read_text, rejected, rows_of, valid
from txn_svc.statement import RejectedRow

HEADER = "Id,Date,Transaction\n"

MonthDay = tuple[int, int]

month_days = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))
uploads = st.dates(date(2019, 1, 1), date(2030, 12, 31))


def statement(*days: str) -> str:
    return HEADER + "".join(f"{index},{day},+1\n" for index, day in enumerate(days))


def written(days: list[MonthDay]) -> list[str]:
    return [f"{month}/{day}" for month, day in days]


def years_of(*days: str, uploaded_on: date = UPLOADED_ON) -> list[int]:
    return [valid(row).booked_on.year for row in rows_of(statement(*days), uploaded_on=uploaded_on)]


def model(days: list[MonthDay], uploaded_on: date) -> list[int]:
    """The years of rows in the order of the file: the only assignment among all that keeps every part of the rule."""
    steps = [
        other > one if abs(other[0] - one[0]) <= 6 else one > other for one, other in pairwise(days) if one != other
    ]
    up, down = steps.count(True), steps.count(False)
    back_in_time = days if down > up else days[::-1]
    limit = uploaded_on + timedelta(days=1)

    def keeps_the_rule(years: tuple[int, ...]) -> bool:
        newest = (years[0], *back_in_time[0])
        next_year = (years[0] + 1, *back_in_time[0])
        return newest <= (limit.year, limit.month, limit.day) < next_year and all(
            years[i] - years[i + 1] == (back_in_time[i + 1][0] - back_in_time[i][0] > 6) for i in range(len(years) - 1)
        )

    candidates = range(limit.year - len(days), limit.year + 1)
    (years,) = filter(keeps_the_rule, product(candidates, repeat=len(days)))
    return list(years if down > up else years[::-1])


@given(st.lists(month_days, min_size=1, max_size=5), uploads)
def test_years_are_the_only_ones_that_keep_the_rule(days: list[MonthDay], uploaded_on: date) -> None:
    rows = rows_of(statement(*written(days)), uploaded_on=uploaded_on)

    for row, (month, day), year in zip(rows, days, model(days, uploaded_on), strict=True):
        try:
            expected = date(year, month, day)
        except ValueError:
            assert rejected(row).reason_code == "BAD_DATE"
        else:
            if expected > uploaded_on + timedelta(days=1):
                assert rejected(row).reason_code == "PENDING"
                assert f"is {expected}, which is after" in rejected(row).reason
            else:
                assert valid(row).booked_on == expected


@pytest.mark.parametrize(
    ("days", "years"),
    [
        (["1/3", "12/30", "12/28"], [2027, 2026, 2026]),
        (["1/2", "12/29"], [2027, 2026]),
        (["12/29", "1/2"], [2026, 2027]),
    ],
)
def test_a_new_year_among_few_rows_tells_their_order(days: list[str], years: list[int]) -> None:
    assert years_of(*days, uploaded_on=date(2027, 1, 5)) == years


@given(st.lists(st.dates(date(2019, 1, 1), date(2026, 11, 20)), min_size=2, unique=True), st.booleans())
def test_a_sorted_file_without_a_gap_of_half_a_year_gets_its_own_years_back(
    days: list[date], newest_first: bool
) -> None:
    days = sorted(days)
    dense = [
        first + timedelta(days=step) for first, last in pairwise(days) for step in range(0, (last - first).days, 31)
    ]
    dense = sorted({*dense, *days})
    uploaded_on = dense[-1]
    ascending = sum((a.month, a.day) < (b.month, b.day) for a, b in pairwise(dense))
    descending = len(dense) - 1 - ascending
    if ascending <= descending:
        return
    in_file = dense[::-1] if newest_first else dense

    rows = rows_of(statement(*(f"{day.month}/{day.day}" for day in in_file)), uploaded_on=uploaded_on)

    assert [valid(row).booked_on for row in rows] == in_file


def test_a_file_over_new_year_gets_two_years_in_both_directions() -> None:
    assert years_of("11/30", "12/30", "1/2", "2/3") == [2025, 2025, 2026, 2026]
    assert years_of("2/3", "1/2", "12/30", "11/30") == [2026, 2026, 2025, 2025]


def test_a_jump_of_six_months_is_no_new_year_and_one_of_seven_is() -> None:
    assert years_of("7/1", "1/1", "1/2", "1/3") == [2026] * 4
    assert years_of("8/1", "1/1", "1/2", "1/3") == [2025, 2026, 2026, 2026]


@pytest.mark.parametrize(
    ("day", "year"), [("11/20", 2026), ("11/21", 2026), ("11/22", 2025), ("12/31", 2025), ("1/1", 2026)]
)
def test_the_newest_row_is_not_after_the_day_after_the_upload(day: str, year: int) -> None:
    assert years_of(day) == [year]


def test_an_upload_on_the_last_day_of_a_year_may_hold_the_next_ones_first() -> None:
    assert years_of("12/30", "12/31", "1/1", uploaded_on=date(2026, 12, 31)) == [2026, 2026, 2027]
    assert years_of("1/1", uploaded_on=date(2026, 12, 31)) == [2027]
    assert years_of("1/1", uploaded_on=date(2026, 12, 30)) == [2026]


def test_as_many_pairs_up_as_down_are_ascending() -> None:
    assert years_of("12/1", "1/1", "1/2") == [2025, 2026, 2026]
    assert years_of("1/2", "1/1", "12/1") == [2026, 2026, 2025]
    assert years_of("11/29", "11/28", "11/29") == [2025, 2025, 2025]


def test_pairs_of_one_day_count_for_neither_direction() -> None:
    assert years_of("1/2", "1/2", "1/2", "1/1", "12/30", "12/29", "12/29") == [2026] * 4 + [2025] * 3


def test_the_29th_of_february_is_rejected_in_a_year_without_one_and_kept_in_one_with() -> None:
    rows = rows_of(statement("2/28", "2/29", "3/1"))

    reject = rejected(rows[1])
    assert (reject.line, reject.reason_code, reject.column) == (3, "BAD_DATE", "Date")
    assert reject.reason == "The date 2/29 does not exist in 2026."
    assert [valid(row).booked_on.year for row in (rows[0], rows[2])] == [2026, 2026]
    assert years_of("2/28", "2/29", "3/1", uploaded_on=date(2024, 3, 1)) == [2024] * 3


def test_a_newest_row_on_a_29th_of_february_that_does_not_exist_still_dates_the_others() -> None:
    rows = rows_of(statement("2/27", "2/28", "2/29"))

    assert [valid(row).booked_on.year for row in rows[:2]] == [2026, 2026]
    assert rejected(rows[2]).reason_code == "BAD_DATE"


@pytest.mark.parametrize("malformed", ["0,13/1,+1\n", "0,xx,+1\n", "0,,+1\n", "0,12/31\n", '0,"12/31,+1\n'])
def test_rows_without_a_month_and_day_take_no_part(malformed: str) -> None:
    text = HEADER + "0,12/30,+1\n" + malformed + "1,1/2,+1\n" + malformed + "2,1/3,+1\n" + malformed

    rows = rows_of(text)

    assert [valid(row).booked_on.year for row in rows[::2]] == [2025, 2026, 2026]
    assert all(isinstance(row, RejectedRow) for row in rows[1::2])


def test_a_row_with_a_date_takes_part_though_its_amount_is_bad() -> None:
    rows = rows_of(HEADER + "0,12/30,+1\n1,1/2,x\n2,1/3,+1\n3,1/4,+1\n")

    assert valid(rows[0]).booked_on == date(2025, 12, 30)


def test_one_year_is_stated_with_the_newest_row() -> None:
    found = finding(read_text(statement("7/15", "8/13")), "YEAR")

    assert (found.basis, found.value, found.lines) == ("ASSUMPTION", "2026", (3,))
    assert "line 3 with 8/13" in found.message
    assert "2026-11-21" in found.message


def test_two_years_are_stated_with_the_line_where_they_meet() -> None:
    ascending = finding(read_text(statement("12/29", "12/30", "1/2", "1/3")), "YEAR")
    descending = finding(read_text(statement("1/3", "1/2", "12/30", "12/29")), "YEAR")

    assert (ascending.value, ascending.lines) == ("2025–2026", (5, 4))
    assert (descending.value, descending.lines) == ("2025–2026", (2, 4))
    assert "line 4" in ascending.message


def test_a_file_with_thousands_of_turns_states_a_few_and_rejects_years_out_of_range() -> None:
    statement_read = read_text(statement(*["12/1", "1/1"] * 3000))
    found = finding(statement_read, "YEAR")

    assert found.value == "-974–2026"
    assert len(found.lines) == 10
    assert "more" in found.message
    first, *_ = statement_read.rows()
    assert "outside 1900–2199" in rejected(first).reason


def test_a_file_without_any_date_has_no_year() -> None:
    statement_read = read_text(HEADER + "0,x,+1\n")

    assert all(found.property != "YEAR" for found in statement_read.findings)
    assert "“x” is not a date such as 7/15" in rejected(next(statement_read.rows())).reason


def test_dates_with_a_year_are_never_assumed() -> None:
    assert all(found.basis != "ASSUMPTION" for found in read_text("date,description,amount\n2026-01-02,,1\n").findings)


def test_a_value_date_is_the_nearest_to_its_booking() -> None:
    text = "Date,Value date,Text,Amount\n12/30,12/30,Bar,-1.00\n12/31,1/2,Bar,-2.00\n1/3,12/31,Bar,-3.00\n"

    rows = [valid(row) for row in rows_of(text)]

    assert [(row.booked_on, row.value_on) for row in rows] == [
        (date(2025, 12, 30), date(2025, 12, 30)),
        (date(2025, 12, 31), date(2026, 1, 2)),
        (date(2026, 1, 3), date(2025, 12, 31)),
    ]


def test_a_total_is_no_row_that_counts_years() -> None:
    text = "Date,Text,Amount,Balance\n12/20,Bar,-1.00,9.00\n1/1,Total,,9.00\n12/25,Bar,-2.00,7.00\n"

    rows = [valid(row) for row in rows_of(text)]

    assert [row.booked_on for row in rows] == [date(2025, 12, 20), date(2025, 12, 25)]


@pytest.mark.parametrize(
    ("before", "month", "year"),
    [
        ("Statement of 2024", 12, 2024),
        ("Period: 01.10.2025 - 31.10.2025", 10, 2025),
        ("October 2025", 9, 2025),
        ("Printed on 2025-11-02", 10, 2025),
        # No row is after what is named: these are of December.
        ("Payment due: January 14 2026", 12, 2025),
        ("From 15/12/2024 to 14/01/2025", 12, 2024),
        ("From 15/12/2024 to 14/01/2025", 1, 2025),
        ('"1 George St, Sydney NSW 2000"', 9, None),
        ("Sydney NSW 2000", 9, None),
        ("Credit limit,2025.00", 9, None),
        ("Account number,1234 2025", 9, None),
        ("Phone 2020 2021", 9, None),
    ],
)
def test_only_a_year_that_belongs_to_a_date_or_stands_alone_is_one(before: str, month: int, year: int | None) -> None:
    found = finding(read_text(f"{before}\ndate,what,amount\n{month}/13,Bar,-1\n{month}/14,Bar,-2\n"), "YEAR")

    assert (found.basis, found.value) == (("ASSUMPTION", "2026") if year is None else ("EVIDENCE", str(year)))
