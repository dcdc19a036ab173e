"""Balances that stand among the rows, as a row of their own."""

from tests.unit.statement_text import rows_of, valid

HEADER = "date,what,amount"


def described(text: str) -> list[str]:
    return [valid(row).description for row in rows_of(text)]


def test_a_balance_where_amounts_stand_is_no_row() -> None:
    text = f"{HEADER}\n2026-03-01,Saldo iniziale,500.00\n2026-03-02,Bar,-12.50\n2026-03-31,SALDO FINALE,487.50\n"

    assert described(text) == ["Bar"]


def test_what_only_begins_like_a_balance_is_a_row() -> None:
    text = f"{HEADER}\n2026-03-01,Opening balance gift from Ann,500.00\n2026-03-02,Bar,-12.50\n2026-03-03,Bar,-1.00\n"

    assert described(text) == ["Opening balance gift from Ann", "Bar", "Bar"]


def test_beside_a_column_of_balances_an_amount_is_an_amount() -> None:
    text = f"{HEADER},balance\n2026-03-01,Opening balance,500.00,500.00\n2026-03-02,Bar,-12.50,487.50\n"

    assert described(text) == ["Opening balance", "Bar"]


def test_a_word_beside_an_amount_is_never_passed_over() -> None:
    (known,) = map(valid, rows_of("date,description,amount\n2026-03-01,Bar,12.50 DR\n"))
    (declared,) = map(valid, rows_of("Fecha;Concepto;Importe;Saldo\n13/03/2026;Bar;12,50 DR;-12,50\n", "EUR"))

    assert (known.amount_minor, declared.amount_minor) == (-1250, -1250)
