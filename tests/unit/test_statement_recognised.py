"""A format that was only recognised by its header declares what rows leave open, and no more."""

import pytest

from tests.unit.statement_text import finding, read_text, refusal, rejected, valid
from txn_svc.statement import RejectedRow

BANK = "Fecha;Concepto;Importe;Saldo\n"
PLAIN = "date,description,amount\n"
BRIEF = "Id,Date,Transaction\n"
PROPERTIES = ("DATE_ORDER", "DECIMAL_MARK", "SIGN")

# Each with the format that its header is, and what its rows decide instead.
CONTRADICTED = {
    "dates": (BANK + "03/13/2026;a;-1,00;9,00\n03/04/2026;b;-2,00;7,00\n", "caixabank", "DATE_ORDER", "MDY"),
    "dates against one": (
        BANK + "03/13/2026;a;-1,00;9,00\n" * 10 + "13/03/2026;b;-2,00;7,00\n",
        "caixabank",
        "DATE_ORDER",
        "MDY",
    ),
    "marks": (BANK + "13/03/2026;a;-1.00;9.00\n14/03/2026;b;-1.200;7.00\n", "caixabank", "DECIMAL_MARK", "."),
    "signs": (
        BANK + "13/03/2026;a;-1,00;11,00\n14/03/2026;b;-2,00;13,00\n15/03/2026;c;2,00;11,00\n",
        "caixabank",
        "SIGN",
        "INVERTED",
    ),
    "dates that are read fast": (
        PLAIN + "15/07/2026,x,-1.50\n" * 10 + "2026-07-15,x,-2.50\n",
        "plain",
        "DATE_ORDER",
        "DMY",
    ),
    "marks that are read fast": (
        PLAIN + '2026-07-15,x,-1.200\n2026-07-15,x,"-12,50"\n',
        "plain",
        "DECIMAL_MARK",
        ",",
    ),
    "dates without a year": (BRIEF + "0,15/7,-1.5\n1,3/4,-2.5\n", "brief", "DATE_ORDER", "DM"),
}


@pytest.mark.parametrize("name", CONTRADICTED)
def test_rows_decide_against_a_format_nobody_asked_for(name: str) -> None:
    text, _, decided, value = CONTRADICTED[name]

    statement = read_text(text, "EUR")

    found = finding(statement, decided)
    assert (statement.format_id, found.basis, found.value) == ("inferred", "EVIDENCE", value)


@pytest.mark.parametrize(
    ("name", "rejects"),
    [("dates against one", 10), ("signs", 0), ("dates that are read fast", 10), ("dates without a year", 1)],
)
def test_a_format_that_was_asked_for_rejects_the_rows_that_are_against_it(name: str, rejects: int) -> None:
    text, format_id, decided, _ = CONTRADICTED[name]

    statement = read_text(text, "EUR", format_id=format_id)

    assert (statement.format_id, finding(statement, decided).basis) == (format_id, "DECLARED")
    assert sum(isinstance(row, RejectedRow) for row in statement.rows()) == rejects


def test_a_format_that_was_asked_for_is_refused_where_no_row_is_as_it_says() -> None:
    text = BANK + "03/13/2026;a;-1,00;9,00\n"

    assert refusal(text, "caixabank").code == "UNKNOWN_LAYOUT"


@pytest.mark.parametrize(
    "rows",
    [
        "03/04/2026;a;-1,00;9,00\n04/04/2026;b;-2,00;7,00\n",
        "03/04/2026;a;1.000;9.000\n04/04/2026;b;2.000;11.000\n",
        "13/03/2026;a;-1,00;9,00\n03/13/2026;b;-2,00;7,00\n",
    ],
)
def test_a_recognised_format_declares_what_rows_leave_open(rows: str) -> None:
    statement = read_text(BANK + rows, "EUR")

    assert statement.format_id == "caixabank"
    assert [finding(statement, one).basis for one in PROPERTIES] == ["DECLARED"] * 3
    assert not statement.questions


def test_a_row_against_many_of_a_recognised_format_is_rejected() -> None:
    rows = list(read_text(PLAIN + "2026-07-15,x,1\n" * 10 + "15/07/2026,x,1\n").rows())

    assert rejected(rows[10]).reason_code == "BAD_DATE"
    assert all(map(valid, rows[:10]))
