"""Downloads put together in one file: what stands there twice is booked once, and the pages of one lose nothing."""

import pytest

from tests.unit.statement_text import read_text, rejected
from txn_svc.statement import RejectedRow

HEADER = "Date,Text,Amount"
WITH_ID = "Date,Text,Amount,Transaction ID"
FIRST = ["2026-10-13,Lidl,-34.20", "2026-10-15,Salary,1500.00", "2026-10-19,Rent,-850.00"]
SECOND = ["2026-10-15,Salary,1500.00", "2026-10-19,Rent,-850.00", "2026-10-23,Spar,-12.00"]


def lines_rejected(*lines: str) -> list[int]:
    rows = read_text("\n".join(lines) + "\n").rows()
    return [row.line for row in rows if isinstance(row, RejectedRow)]


@pytest.mark.parametrize("step", [1, -1])
def test_rows_of_downloads_that_overlap_are_booked_once(step: int) -> None:
    first, second = (FIRST, SECOND) if step == 1 else (SECOND[::-1], FIRST[::-1])

    assert lines_rejected(HEADER, *first, HEADER, *second) == [6, 7]


def test_the_reject_names_the_other_line() -> None:
    rows = list(read_text("\n".join([HEADER, *FIRST, HEADER, *SECOND])).rows())

    row = rejected(rows[3])

    assert (row.line, row.reason_code, row.column) == (6, "BAD_DATE", "Date")
    assert row.reason.startswith("The same row stands in line 3, above a header that is there again")


def test_equal_rows_of_one_download_are_as_many_as_before() -> None:
    twice = ["2026-10-13,Coffee,-2.50", "2026-10-13,Coffee,-2.50", "2026-10-15,Salary,1500.00"]
    three = ["2026-10-13,Coffee,-2.50", *twice]

    assert lines_rejected(HEADER, *twice, HEADER, *three) == [6, 7, 9]


def test_pages_of_one_download_lose_nothing() -> None:
    pages = [*FIRST, HEADER, "2026-10-19,Rent,-850.00", "2026-10-20,Lidl,-34.20", HEADER, "2026-10-20,Lidl,-34.20"]

    assert lines_rejected(HEADER, *pages) == []


IDS = [f"2026-10-{day},Lidl,-34.20,TX{day}" for day in range(13, 19)]


def test_the_same_id_is_the_same_booking_wherever_it_stands() -> None:
    assert lines_rejected(WITH_ID, *IDS, WITH_ID, IDS[-1], IDS[0].replace("TX13", "TX4")) == [9]
    assert lines_rejected(WITH_ID, *IDS[:4], IDS[3], *IDS[4:]) == [6]


def test_a_reference_that_is_the_same_in_other_rows_is_no_id() -> None:
    rows = [row.replace("TX18", "TX17") for row in IDS]

    assert lines_rejected(WITH_ID, *rows[:4], rows[3], *rows[4:]) == []
    assert lines_rejected(WITH_ID, *[f"{row[:-4]}0000" for row in [*IDS[:4], IDS[3], *IDS[4:]]]) == []


def test_one_equal_row_below_another_header_may_be_a_booking() -> None:
    second = ["2026-10-15,Salary,1500.00", "2026-10-23,Spar,-12.00"]

    assert lines_rejected(HEADER, *FIRST, HEADER, *second) == []
    assert lines_rejected(HEADER, *FIRST, HEADER, *SECOND[:1], "2026-10-16,Other,-1.00", *SECOND[1:]) == []


def test_the_third_download_is_compared_with_all_above_it() -> None:
    third = ["2026-10-13,Lidl,-34.20", "2026-10-23,Spar,-12.00", "2026-10-30,Zara,-59.00"]

    assert lines_rejected(HEADER, *FIRST, HEADER, *SECOND, HEADER, *third) == [6, 7, 10, 11]


def test_the_header_of_a_known_format_counts_as_well() -> None:
    header = "date,description,amount"

    assert lines_rejected(header, *FIRST, header, *SECOND) == [6, 7]
