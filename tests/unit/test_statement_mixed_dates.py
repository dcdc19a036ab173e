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


@pytest.mark.parametrize(
    ("days", "left_out"),
    [
        # A slip, where the others are near each other.
        (["2026-11-02", "2026-13-11", "2026-11-09"], [3]),
        # What programs write where there is no day.
        (["0000-00-00", "13/11/2026", "14/11/2026", "15/11/2026"], [2]),
        # Eleven against one.
        ([*(f"2026-10-{day:02}" for day in range(2, 13)), "13/11/2026"], [13]),
    ],
)
def test_one_line_says_nothing_of_all_the_others(days: list[str], left_out: list[int]) -> None:
    statement = read_text(HEADERS[0] + rows(*days))

    assert [row.line for row in statement.rows() if isinstance(row, RejectedRow)] == left_out


def test_days_before_months_that_are_far_from_each_other_are_refused_by_one_that_tells() -> None:
    assert refusal(HEADERS[0] + rows("2026-04-03", "2026-09-03", "2026-10-03", "2026-23-03")).code == "UNKNOWN_LAYOUT"


def test_a_footer_with_a_day_and_no_amount_is_no_date_of_a_row() -> None:
    statement = read_text("Datum;Text;Betrag\n2026-10-02;A;-1,00\n2026-10-03;B;-1,00\n30.11.2026;Stand;\n", "EUR")

    assert not statement.questions
