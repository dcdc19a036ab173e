"""Dates with the year first whose days stand before the months, or were taken for months: refused, as nobody knows."""

import pytest

from tests.unit.statement_text import finding, read_text, refusal, rejected
from txn_svc.statement import RejectedRow

HEADERS = ("Date,Text,Amount\n", "date,description,amount\n")


def rows(*days: str) -> str:
    return "".join(f"{day},Bar,-{number}.00\n" for number, day in enumerate(days, start=1))


@pytest.mark.parametrize("header", HEADERS)
def test_year_day_month_is_refused_with_the_first_such_line(header: str) -> None:
    refused = refusal(header + rows("2026-02-10", "2026-13-10", "2026-25-10"))

    assert refused.code == "UNKNOWN_LAYOUT"
    assert refused.message == (
        "“2026-13-10” in line 3 has the day before the month, so other dates may have it too: that is not read."
    )


@pytest.mark.parametrize("header", HEADERS)
def test_one_such_date_among_many_is_a_mistake_and_rejected_alone(header: str) -> None:
    days = [f"2026-10-{day}" for day in range(13, 23)]

    statement = read_text(header + rows("2026-10-02", "2026-13-10", *days))

    assert [rejected(row).line for row in statement.rows() if isinstance(row, RejectedRow)] == [3]
    assert finding(statement, "DATE_ORDER").value == "YMD"


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("other", ["13/09/2026", "09/13/2026"])
def test_dates_that_a_spreadsheet_has_turned_are_refused(header: str, other: str) -> None:
    refused = refusal(header + rows("2026-03-09", other, "2026-05-09"))

    assert refused.code == "UNKNOWN_LAYOUT"
    assert refused.message == (
        "Dates begin with the year where the day is below 13, as in line 2, and end with it elsewhere, as in line 3: a "
        "spreadsheet has taken days for months. Upload the file as the bank gave it."
    )


def test_two_forms_whose_days_are_any_are_no_work_of_a_spreadsheet() -> None:
    statement = read_text(HEADERS[0] + rows("2026-03-09", "2026-03-19", "2026-03-20", "21/03/2026"))

    assert [row.line for row in statement.rows() if isinstance(row, RejectedRow)] == [5]
