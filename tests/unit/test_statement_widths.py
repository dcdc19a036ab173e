"""A known header is recognised whether its lines, or those of the rows, end in one delimiter more or not."""

import pytest

from tests.unit.statement_text import read_text, rejected, valid

CHASE = "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #"
ROWS = ["DEBIT,11/02/2026,YOGA,-90.00,DEBIT_CARD,3020.19,", "DEBIT,10/28/2026,SHELL,-35.66,DEBIT_CARD,3110.19,"]


@pytest.mark.parametrize("header_end", ["", ","])
@pytest.mark.parametrize("row_end", ["", ","])
def test_a_blank_column_at_the_end_is_there_or_not(header_end: str, row_end: str) -> None:
    statement = read_text("".join(f"{line}\n" for line in (CHASE + header_end, *(row + row_end for row in ROWS))))

    assert statement.format_id == "chase-checking"
    assert [valid(row).amount_minor for row in statement.rows()] == [-9000, -3566]


@pytest.mark.parametrize("first", [0, 1])
def test_a_single_row_of_another_width_is_rejected(first: int) -> None:
    rows = [ROWS[0] + ",", ROWS[1] + ","]
    rows[first] = ROWS[first].replace(",YOGA", "").replace(",SHELL", "")

    found = list(read_text("\n".join([CHASE, *rows])).rows())

    assert rejected(found[first]).reason_code == "CELL_COUNT"
    assert valid(found[1 - first]).amount_minor


def test_rows_that_lack_a_column_with_a_name_are_rejected() -> None:
    rows = [row.rpartition(",")[0].rpartition(",")[0] for row in ROWS]

    assert [rejected(row).reason_code for row in read_text("\n".join([CHASE, *rows])).rows()] == ["CELL_COUNT"] * 2
