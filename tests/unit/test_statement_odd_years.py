"""A row of another year than all around it is a slip; rows of an account that rested for years are none."""

import pytest

from tests.unit.statement_text import read_text, rejected, rows_of
from txn_svc.statement import RejectedRow

HEADERS = ("date,description,amount\n", "Date;Payee;Amount\n")


def text(header: str, years: list[int]) -> str:
    mark = "," if "," in header else ";"
    days = (f"{year}-03-{number:02}" for number, year in enumerate(years, start=1))
    return header + "".join(f"{day}{mark}Bar{mark}-5.00\n" for day in days)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    ("years", "odd"),
    [
        ([2026, 2016, 2026], [3]),
        ([2026, 2026, 2026, 2016], [5]),
        ([2016, 2026, 2026, 2026], [2]),
        ([2026, 2016, 2026, 2016, 2026], [3, 5]),
        ([2026, 2026, 2016], []),
        ([2016, 2026, 2026], []),
        ([2016], []),
        ([2026, 2016], []),
        ([2026, 2026, 2026, 2016, 2016], []),
        ([2016, 2016, 2026, 2026, 2026], []),
        ([2026, 2022, 2026], []),
        ([2010, 2014, 2018, 2022, 2026], []),
        ([2026, 2020, 2014, 2008], []),
    ],
)
def test_one_row_alone_in_a_far_year_is_rejected(header: str, years: list[int], odd: list[int]) -> None:
    rows = rows_of(text(header, years))

    assert [row.line for row in rows] == list(range(2, 2 + len(years)))
    assert [row.line for row in rows if isinstance(row, RejectedRow)] == odd


def test_the_reject_says_which_date_is_far_away() -> None:
    (row,) = (row for row in rows_of(text(HEADERS[0], [2026, 2016, 2026])) if isinstance(row, RejectedRow))

    assert (row.reason_code, row.column, row.cells) == ("BAD_DATE", "date", ("2016-03-02", "Bar", "-5.00"))
    assert row.reason == "“2016-03-02” is years away from the rows around it, which are near each other."


def test_rejected_rows_between_keep_their_places() -> None:
    lines = text(HEADERS[0], [2026, 2016, 2026]).splitlines()
    lines[3:3] = ["not a day,Bar,-5.00"] * 3

    rows = rows_of("".join(f"{line}\n" for line in lines))

    assert [row.line for row in rows] == [2, 3, 4, 5, 6, 7]
    assert rejected(rows[1]).reason_code == "BAD_DATE"
    assert "years away" in rejected(rows[1]).reason


def test_a_far_row_before_very_many_rejected_ones_is_booked() -> None:
    lines = text(HEADERS[0], [2026, 2016, 2026]).splitlines()
    lines[3:3] = ["not a day,Bar,-5.00"] * 101

    statement = read_text("".join(f"{line}\n" for line in lines))

    assert sum(isinstance(row, RejectedRow) for row in statement.rows()) == 101
