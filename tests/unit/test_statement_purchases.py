"""Rows that repeat a purchase in the currency of the shop are no bookings; what only names a currency is one."""

import pytest

from tests.unit.statement_text import rejected, rows_of, valid
from txn_svc.statement import RejectedRow

LAYOUTS = (
    "date,description,amount\n2026-10-13,Lidl,-1.00\n2026-10-14,Rent,-2.00\n2026-10-15,{0},{1}\n",
    "Date;Payee;Amount;Category\n2026-10-13;Lidl;-1.00;x\n2026-10-14;Rent;-2.00;x\n2026-10-15;{0};{1};x\n",
)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("USD 50.00 at 1.0799", "-50.00", "EUR"),
        ("GBP 1,250.00", "-1250.00", "EUR"),
        ("EUR 50.00", "-50.00", "USD"),
    ],
)
def test_an_amount_in_another_currency_is_not_booked(layout: str, text: str, amount: str, currency: str) -> None:
    *_, row = rows_of(layout.format(f'"{text}"', amount), currency)

    assert rejected(row).reason_code == "OTHER_CURRENCY"
    assert rejected(row).reason.startswith(f"“{text}” says that this amount is in {text[:3].upper()}")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("USD 50.00 at 1.0799", "-46.30"),
        ("EUR 50.00", "-50.00"),
        ("All 4 one", "-4.00"),
        ("USD", "-1"),
        ("TOP 10 NAILS", "-10.00"),
    ],
)
def test_what_only_names_a_currency_is_a_row(layout: str, text: str, amount: str) -> None:
    *_, row = rows_of(layout.format(text, amount), "EUR")

    assert valid(row).description == text


def test_where_the_two_are_worth_the_same_it_is_a_row() -> None:
    *_, row = rows_of(LAYOUTS[0].format("USD 10.00 AMAZON", "-10.00"), "PAB")

    assert valid(row).amount_minor == -1000


def test_a_balance_beside_it_shows_that_it_is_booked() -> None:
    text = "Date;Payee;Amount;Balance\n2026-10-13;Lidl;-1.00;99.00\n2026-10-14;USD 50.00 out;-50.00;49.00\n"

    assert not [row for row in rows_of(text, "EUR") if isinstance(row, RejectedRow)]
