"""Years that are none: where a system has no date it writes the first day of its calendar."""

import pytest

from tests.unit.statement_text import rejected, rows_of, valid

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
