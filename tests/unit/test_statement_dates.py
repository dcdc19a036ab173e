"""Years that are none: where a system has no date it writes the first day of its calendar."""

from datetime import date

import pytest

from tests.unit.statement_text import read_text, rejected, rows_of, valid
from txn_svc.statement.dates import readings

GOOD = "2026-07-15,Coffee,-3.50"
OWN = "booked_on,value_on,amount,currency,description,category,note,external_id,occurrence"


@pytest.mark.parametrize("text", ["0001-01-01", "0000-01-01", "01/01/0001", "00010101", "1 Jan 0001", "Jan 1, 0001"])
def test_a_year_of_the_first_century_is_no_date(text: str) -> None:
    good, bad = rows_of(f'date,what,amount\n{GOOD}\n"{text}",Coffee,-3.50\n')

    assert valid(good).booked_on.year == 2026
    assert rejected(bad).reason_code == "BAD_DATE"


def test_an_export_has_no_years_of_two_digits() -> None:
    (row,) = rows_of(f"{OWN}\n20-03-05,,1.00,USD,x,,,,1\n")

    assert (rejected(row).reason_code, rejected(row).column) == ("BAD_DATE", "booked_on")


def test_two_digits_are_a_year_elsewhere() -> None:
    (row,) = rows_of("date,what,amount\n15.07.26,Coffee,-3.50\n")

    assert valid(row).booked_on.isoformat() == "2026-07-15"


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-15 10:11:12 EDT",
        "15/10/2026-10:11:12",
        '="15-10-2026 10:11:12"',
        "15 października 2026",
        "15. října 2026",
        "2026. október 15.",
        "15 octombrie 2026",
        "15 Ekim 2026",
        "15. lokakuuta 2026",
        "15. oktober 2026",
        "15 Οκτωβρίου 2026",
    ],
)
def test_a_day_is_read_with_its_time_and_in_any_language(text: str) -> None:
    assert set(readings(text).values()) == {(2026, 10, 15)}


@pytest.mark.parametrize("text", ["15 listopada 2026", "15 lis 2026", "15 lip 2026", "15 srp 2026"])
def test_a_month_that_is_another_one_elsewhere_is_none(text: str) -> None:
    assert readings(text) == {}


def test_a_year_of_two_digits_that_is_long_ago_is_not_guessed_at() -> None:
    # Of the Buddhist calendar, 69 is 2026.
    rows = "02-10-69,Bar,-12.50\n13-10-69,Salary,2000.00\n14-10-69,Bar,-2.50\n"
    one, two, three = map(rejected, rows_of(f"date,what,amount\n{rows}", "THB"))

    assert {one.reason_code, two.reason_code, three.reason_code} == {"BAD_DATE"}
    assert one.reason == "The date “02-10-69” would be of 1969: the year is not clear."


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["15/01/23", "15/07/23", "15/07/25"], "DMY"),
        (["15/01/23", "15/01/24", "15/01/25", "15/01/26"], "DMY"),
        (["15/10/24", "15/10/26"], "DMY"),
        (["26.10.05", "26.10.13", "26.10.28"], "YMD"),
        (["20/10/24", "20/10/25", "20/10/26"], "DMY"),
        (["22/10/24", "22/10/25", "22/10/26"], None),
        (["26.10.24", "26.10.25"], None),
        (["26/10/24", "26/10/25"], None),
        (["05/05/26", "06/06/26", "07/07/26"], "DMY"),
    ],
)
def test_years_of_two_digits_are_near_the_upload_or_asked_about(days: list[str], order: str | None) -> None:
    rows = "".join(f"{day},Rent,-{number}.00\n" for number, day in enumerate(days, start=1))

    statement = read_text(f"date,what,amount\n{rows}", "EUR", date(2026, 11, 1))

    said = [one.value for one in statement.findings if one.property == "DATE_ORDER"]
    asked = [one.property for one in statement.questions]
    assert (said, asked) == (([], ["DATE_ORDER"]) if order is None else ([order], []))
