"""Balances and totals that stand among the rows, as a row of their own."""

import pytest

from tests.unit.statement_text import finding, read_text, rejected, rows_of, valid
from txn_svc.statement import RejectedRow, ValidRow

HEADER = "date,what,amount"


def described(text: str) -> list[str]:
    return [valid(row).description for row in rows_of(text)]


def reasons(text: str, code: str = "USD") -> dict[int, str]:
    """Of rejected rows, by their lines."""
    return {row.line: row.reason_code for row in rows_of(text, code) if isinstance(row, RejectedRow)}


def test_a_balance_where_amounts_stand_is_no_row() -> None:
    text = f"{HEADER}\n2026-03-01,Saldo iniziale,500.00\n2026-03-02,Bar,-12.50\n2026-03-31,SALDO FINALE,487.50\n"

    assert described(text) == ["Bar"]


def test_what_only_begins_like_a_balance_is_a_row() -> None:
    text = f"{HEADER}\n2026-03-01,Opening balance gift from Ann,500.00\n2026-03-02,Bar,-12.50\n2026-03-03,Bar,-1.00\n"

    assert described(text) == ["Opening balance gift from Ann", "Bar", "Bar"]


@pytest.mark.parametrize(
    "words",
    [
        "Opening Balance as of 03/01/2026",
        "SALDO INICIAL AL 28/02",
        "Saldo iniziale al 28/02/2026",
        "Kontostand am 28.02.2026",
        "SOLDE AU 28/02/2026",
        "BALANCE B/F",
        "Balance forward",
        "Saldo al 28/02/2026",
        "Ingående saldo",
        "Primosaldo",
        "Inngående saldo",
        "Alkusaldo",
        "Saldo początkowe",
        "Počáteční zůstatek",
        "Nyitó egyenleg",
        "Sold initial",
        "AÇILIŞ BAKİYESİ",
        "Αρχικό υπόλοιπο",
        "Total 02/2026",
        "TOTAL MOVIMIENTOS",
        "January net",
        "02/2026 total",
        "Net for February",
        "Neto febrero 2026",
        "Week 9 subtotal",
    ],
)
def test_what_is_called_a_balance_or_a_total_is_never_booked(words: str) -> None:
    rows = rows_of(f"{HEADER}\n2026-03-01,{words},500.00\n2026-03-02,Bar,-12.50\n2026-03-03,Bar,-1.00\n")

    assert [row.line for row in rows if isinstance(row, ValidRow)] == [3, 4]


def test_what_nothing_shows_to_be_a_balance_is_rejected_and_says_why() -> None:
    shop, *others = rows_of(f"{HEADER}\n2026-03-01,NEW BALANCE,-89.99\n2026-03-02,Bar,-12.50\n2026-03-03,Bar,-1.00\n")

    assert len(others) == 2
    assert (rejected(shop).reason_code, rejected(shop).column) == ("BAD_AMOUNT", "amount")
    assert "“NEW BALANCE”" in rejected(shop).reason


def test_balances_to_which_the_amounts_lead_are_passed_over() -> None:
    rows = ["2026-03-01,SALDO ANTERIOR,100.00", "2026-03-02,Bar,-12.50", "2026-03-02,SALDO DIA,87.50"]
    rows += ["2026-03-03,Pay,500.00", "2026-03-03,Bar,-7.50", "2026-03-03,SALDO DIA,580.00"]
    descending = rows[:0:-1] + rows[:1]

    for ordered in (rows, descending):
        assert reasons("\n".join([HEADER, *ordered])) == {}
    assert reasons("\n".join([HEADER, *rows[:-1], "2026-03-03,SALDO DIA,580.01"])) == dict.fromkeys(
        (2, 4, 7), "BAD_AMOUNT"
    )


def test_a_total_that_the_amounts_add_up_to_is_passed_over() -> None:
    rows = f"{HEADER}\n2026-03-01,Bar,-12.50\n2026-03-02,Bar,-1.00\n2026-03-03,Pay,20.00\n"

    assert reasons(f"{rows}2026-03-31,Total,6.50\n") == {}
    assert reasons(f"{rows}2026-03-31,Total debits,13.50\n2026-03-31,Total credits,20.00\n") == {}
    assert reasons(f"{rows}2026-03-31,Total,6.51\n") == {5: "BAD_AMOUNT"}
    assert reasons(f"{HEADER}\n2026-03-01,Bar,-12.50\n2026-03-02,Total,-12.50\n") == {3: "BAD_AMOUNT"}


def test_a_total_of_a_month_is_that_of_the_rows_since_the_last_one() -> None:
    january = f"{HEADER}\n2026-01-05,Rent,-800.00\n2026-01-15,Pay,2100.00\n2026-01-20,Bar,-20.00\n"
    february = "2026-01-31,January net,1280.00\n2026-02-05,Rent,-800.00\n2026-02-20,Bar,-15.00\n"

    assert reasons(f"{january}{february}2026-02-28,February net,-815.00\n") == {}
    assert reasons(f"{january}{february}2026-02-28,February net,-815.01\n") == dict.fromkeys((5, 8), "BAD_AMOUNT")


@pytest.mark.parametrize("words", ["Netto 7152", "NETTO", "7152 Netto", "May", "March Hare", "2026 Marathon"])
def test_what_only_looks_like_the_sum_of_a_period_is_a_row(words: str) -> None:
    text = f"{HEADER}\n2026-03-01,{words},-5.00\n2026-03-02,Bar,-12.50\n"

    assert [valid(row).amount_minor for row in rows_of(text)] == [-5_00, -12_50]


def test_a_balance_that_is_its_own_amount_is_no_row() -> None:
    text = f"{HEADER},balance\n2026-03-01,Opening balance,500.00,500.00\n2026-03-02,Bar,-12.50,487.50\n"
    statement = read_text(text + "2026-03-03,Bar,-1.00,486.50\n")

    assert [valid(row).line for row in statement.rows()] == [3, 4]
    assert statement.proof.opening_minor == 500_00


def test_what_does_not_move_the_balance_beside_it_is_no_row() -> None:
    rows = [
        "2026-03-02,Bar,-12.50,487.50",
        "2026-03-02,Carried forward page 1,-12.50,487.50",
        "2026-03-03,Bar,-1,486.50",
    ]

    for ordered in (rows, rows[::-1]):
        statement = read_text("\n".join([f"{HEADER},balance", *ordered]))
        assert [valid(row).description for row in statement.rows()] == ["Bar", "Bar"]
        assert finding(statement, "BALANCE").value == "BALANCES_MATCH"


def test_what_moves_the_balance_by_its_amount_is_booked_whatever_it_is_called() -> None:
    rows = ["2026-03-02,Bar,-12.50,487.50", "2026-03-02,NEW BALANCE,-89.99,397.51", "2026-03-03,Bar,-1.00,396.51"]

    for ordered in (rows, rows[::-1]):
        statement = read_text("\n".join([f"{HEADER},balance", *ordered]))
        assert "NEW BALANCE" in [valid(row).description for row in statement.rows()]
        assert finding(statement, "BALANCE").value == "BALANCES_MATCH"


def test_beside_balances_what_these_contradict_is_rejected() -> None:
    rows = "2026-03-02,Bar,-12.50,487.50\n2026-03-02,NEW BALANCE,-89.99,397.50\n2026-03-03,Bar,-1.00,396.50\n"

    assert reasons(f"{HEADER},balance\n{rows}") == {3: "BAD_AMOUNT"}


def test_a_row_that_is_booked_is_no_opening_balance() -> None:
    rows = "2026-03-01,Opening balance gift from Ann,500.00\n2026-03-02,Bar,-12.50\n2026-03-02,Bar,-2.50\n"
    statement = read_text(f"{HEADER}\n{rows}Closing balance,,487.50\n")

    assert [valid(row).line for row in statement.rows()] == [2, 3, 4]
    assert statement.proof.opening_minor is None


def test_a_known_format_does_not_book_balances_either() -> None:
    opening, bar = rows_of("Date,Description,Amount\n2026-03-01,Opening balance,500.00\n2026-03-02,Bar,-12.50\n")

    assert (rejected(opening).reason_code, valid(bar).amount_minor) == ("BAD_AMOUNT", -1250)


def test_a_word_beside_an_amount_is_never_passed_over() -> None:
    (known,) = map(valid, rows_of("date,description,amount\n2026-03-01,Bar,12.50 DR\n"))
    (declared,) = map(valid, rows_of("Fecha;Concepto;Importe;Saldo\n13/03/2026;Bar;12,50 DR;-12,50\n", "EUR"))

    assert (known.amount_minor, declared.amount_minor) == (-1250, -1250)


def test_a_carried_balance_in_the_turkish_code_page_is_none_that_is_booked() -> None:
    text = "Tarih;Açıklama;Tutar\n01.10.2026;DEVİR;1.000,00\n13.10.2026;Market;-10,50\n14.10.2026;Kira;-20,00\n"

    statement = read_text(text.encode("cp1254"), "TRY")

    assert [row.amount_minor for row in statement.rows() if isinstance(row, ValidRow)] == [-1050, -2000]


def test_a_comma_without_quotes_does_not_cut_off_a_balance_before_the_rows() -> None:
    text = (
        "Account: 12345678\nOpening Balance: $2,500.00\n\nDate,Description,Amount,Balance\n"
        '2026-10-13,Shop,-50.00,"2,450.00"\n2026-10-14,Shop,-20.00,"2,430.00"\n2026-10-15,Pay,30.00,"2,460.00"\n'
    )

    proof = read_text(text).proof

    assert (proof.verdict, proof.opening_minor, proof.closing_minor) == ("BALANCES_MATCH", 2_500_00, 2_460_00)


SUMMED = ["01/10/2026;a;-1,00", "02/10/2026;b;-2,00", "03/10/2026;c;9,00", "04/10/2026;d;-4,00"]


@pytest.mark.parametrize(
    ("above", "last", "is_sum"), [(SUMMED, "2,00", True), (SUMMED, "2,01", False), (SUMMED[:2], "-3,00", False)]
)
def test_a_last_row_that_is_the_sum_of_many_above_it_is_rejected_whatever_it_is_called(
    above: list[str], last: str, is_sum: bool
) -> None:
    *rows, foot = rows_of("\n".join(["Fecha;Concepto;Importe", *above, f"30/10/2026;Nadie lo sabe;{last}\n"]), "EUR")

    assert [valid(row).line for row in rows] == list(range(2, 2 + len(above)))
    assert isinstance(foot, RejectedRow) == is_sum
    assert not is_sum or "what the rows above it add up to" in rejected(foot).reason


def test_a_sum_below_the_rows_stands_in_no_option_as_left_out() -> None:
    asked = read_text("Fecha;Concepto;Importe\n03/10/2026;a;-1,00\n04/10/2026;b;-2,00\n05/10/2026;c;-3,00\n", "EUR")

    (question,) = asked.questions
    assert [len(option.rows) for option in question.options] == [3, 3]


def test_an_option_shows_a_sum_below_the_rows_as_it_is_read_then() -> None:
    rows = ["3/10/2026;a;-1,00", "4/10/2026;b;-2,00", "5/10/2026;c;9,00", "6/10/2026;d;-4,00", "7/10/2026;e;2,00"]
    text = "\n".join(["Fecha;Concepto;Importe", *rows])

    (question,) = read_text(text, "EUR").questions
    statement = read_text(text, "EUR", answers={question.property: question.options[0].id})

    assert question.options[0].rows == tuple(statement.rows())
    assert isinstance(question.options[0].rows[-1], RejectedRow)
