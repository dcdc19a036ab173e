"""Rows that are a part of the row above them: a tax in it, or a fee."""

import pytest

from tests.unit.statement_text import rejected, rows_of, valid
from txn_svc.statement import RejectedRow

PLAIN = "date,description,amount\n2026-01-05,Acme Ltd,-119.00\n2026-01-05,{},-19.00\n2026-01-15,Wages,2100.00\n"
WITH_BALANCE = (
    "Datum;Text;Betrag;Saldo\n05.01.2026;Acme;-119,00;881,00\n05.01.2026;davon MwSt 19 %;-19,00;{}\n"
    "15.01.2026;Lohn;2100,00;{}\n16.01.2026;Miete;-700,00;{}\n17.01.2026;Bar;-20,00;{}\n"
)


@pytest.mark.parametrize("words", ["of which VAT 19%", "Of which: ATM fee", "davon MwSt", "dont frais", "di cui IVA"])
def test_a_part_of_the_row_above_is_not_booked_beside_it(words: str) -> None:
    first, part, wages = rows_of(PLAIN.format(words))

    assert [valid(row).amount_minor for row in (first, wages)] == [-119_00, 2100_00]
    assert (rejected(part).reason_code, rejected(part).column) == ("BAD_AMOUNT", "description")
    assert f"“{words}”" in rejected(part).reason


@pytest.mark.parametrize("words", ["Davon Johnson", "Don't tell Mama", "Incl Coffee", "Dont"])
def test_what_only_begins_alike_is_a_row(words: str) -> None:
    assert [valid(row).amount_minor for row in rows_of(PLAIN.format(words))] == [-119_00, -19_00, 2100_00]


def test_a_balance_beside_it_shows_that_it_is_a_booking() -> None:
    booked = rows_of(WITH_BALANCE.format("862,00", "2962,00", "2262,00", "2242,00"), "EUR")
    unbooked = rows_of(WITH_BALANCE.format("", "2981,00", "2281,00", "2261,00"), "EUR")

    assert [row.line for row in booked if isinstance(row, RejectedRow)] == []
    assert [row.line for row in unbooked if isinstance(row, RejectedRow)] == [3]
