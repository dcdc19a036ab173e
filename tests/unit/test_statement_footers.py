"""Behind the last row a footer is passed over, and nothing that may have been a row."""

from tests.unit.statement_text import finding, read_text, rejected, rows_of, valid

HEADER = "date,what,amount,balance"
ROW = "2026-03-02,Bar,-12.50,487.50"


def test_text_alone_is_a_footer() -> None:
    (row,) = rows_of(f"{HEADER}\n{ROW}\n,End of list,,\nPrinted for Ann\nPage;one\n")

    assert valid(row).description == "Bar"


def test_a_last_row_that_breaks_off_in_its_date_is_rejected() -> None:
    _, last = rows_of(f"{HEADER}\n{ROW}\n2026-0")

    assert (rejected(last).line, rejected(last).reason_code) == (3, "CELL_COUNT")


def test_a_last_row_whose_amount_and_date_are_none_is_rejected() -> None:
    _, last = rows_of(f"{HEADER}\n{ROW}\nBar,2026-03-03,-12/50,475/00\n")

    assert (rejected(last).line, rejected(last).reason_code) == (3, "BAD_DATE")


def test_where_no_row_can_be_read_none_is_a_footer() -> None:
    rows = rows_of("Fecha;Concepto;Importe;Saldo\n13/03/2026;Bar;12/50;0,00\nmarzo;Bar;1/50;0,00\nmarzo;Bar;;\n", "EUR")

    assert [(rejected(row).line, rejected(row).reason_code) for row in rows] == [
        (2, "BAD_AMOUNT"),
        (3, "BAD_DATE"),
        (4, "BAD_DATE"),
    ]


def test_without_a_header_the_only_row_without_a_text_may_be_a_balance_if_it_is_the_last() -> None:
    rows = "15/10/2026;-45,60;Carte;;SHOP;0\n12/10/2026;1000,00;Virement;;ACME;0\n11/10/2026;-40,00;Carte;;CAFE;0\n"
    rows += "10/10/2026;-1,00;Carte;;CAFE;0\n"
    *others, last = rows_of(f"{rows}31/10/2026;914,40;;00123 456789A;;\n", "EUR")

    assert [valid(row).amount_minor for row in others] == [-4560, 100000, -4000, -100]
    assert rejected(last).reason_code == "BAD_AMOUNT"
    assert "Only the last row has no text" in rejected(last).reason


def test_without_a_header_a_last_row_without_text_and_balance_is_passed_over_only_as_the_balance_before_it() -> None:
    text = (
        "13/10/2026;Bar;-1,50;\n14/10/2026;Pub;-2,50;997,50\n15/10/2026;Pay;300,50;1298,00\n"
        "16/10/2026;Inn;-4,50;1293,50\n17/10/2026;Inn;-5,50;1288,00\n19/10/2026;;{};\n"
    )

    assert len(rows_of(text.format("1288,00"), "EUR")) == 5
    assert rejected(rows_of(text.format("-10,50"), "EUR")[5]).reason_code == "BAD_AMOUNT"


def test_without_a_header_the_first_row_is_named_whatever_stands_before_it() -> None:
    more = "2026-03-03,Bar,-1.50,486.00\n2026-03-04,Bar,-2.00,484.00\n"

    statement = read_text(f'"Opening balance\nof March",487.50\n\n{ROW}\n{more}')

    assert [finding(statement, name).lines for name in ("HEADER", "DELIMITER", "COLUMNS")] == [(4,), (4,), (4,)]
