"""Commas without quotes in texts and amounts, where commas separate the cells."""

import pytest

from tests.unit.statement_text import read_text, refusal

ROWS = ("2026-09-03,Bakery,-8,65", "2026-09-04,Transfer,150,00")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Date,What,Amount", *ROWS], "Line 2 has 4 cells, and the header has 3 names"),
        (["Date,What,Amount", "2026-09-04,Rent,-900", *ROWS], "Line 3 has 4 cells, and the header has 3 names"),
        (["Amount,Date,What", "-8,65,2026-09-03,Bakery"], "Line 2 has 4 cells, and the header has 3 names"),
        (["Date,What,Amount", "2026-09-03,Lotto 6, 49,-8.65"], "Line 2 has 4 cells, and the header has 3 names"),
        (["Date,What,Amount,", *ROWS], "In line 2 the decimal comma of “-8,65” separates cells"),
        (["Date,What,Amount,Note", *ROWS], "In line 2 the decimal comma of “-8,65” separates cells"),
        (list(ROWS), "In line 1 the decimal comma of “-8,65” separates cells"),
    ],
)
def test_a_comma_that_divides_an_amount_or_a_text_is_refused(lines: list[str], said: str) -> None:
    refused = refusal("\n".join(lines))

    assert (refused.code, said in refused.message) == ("UNKNOWN_LAYOUT", True), refused.message


@pytest.mark.parametrize(
    "lines",
    [
        ["Date,What,Amount", *(f"{row}," for row in ("2026-09-03,Bakery,-8.65", "2026-09-04,Bar,-1.00"))],
        ["Date,What,Amount,Check", "2026-09-03,Bakery,-8.65,41", "2026-09-04,Bar,-150,42"],
        ["Date,What,Amount,Note", '2026-09-03,Bakery,"-8,65",65', '2026-09-04,Bar,"-150,00",12'],
        ["Date,What,Amount,Balance", "2026-09-03,Bakery,-8,92", "2026-09-04,Bar,-12,80"],
    ],
)
def test_other_numbers_and_empty_cells_divide_nothing(lines: list[str]) -> None:
    assert len(list(read_text("\n".join(lines)).rows())) == 2
