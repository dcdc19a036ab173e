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


NUMBERED = (
    "Date;Payee;Category;Amount;Memo\n2026-10-13;Bar;Fun;-5.00;\n2026-10-14;Shop;Split;-91.20;\n"
    "2026-10-14;Shop;Food;{};Split (1/2)\n2026-10-14;Shop;House;-36.48;Split (2/2)\n2026-10-19;Wages;Pay;900.00;\n"
)
NAMED = (
    "Date;Libellé;Montant\n13/10/2026;EDF;-13,94\n31/10/2026;RELEVE CARTE;{}\n14/10/2026;   dont FNAC PARIS;-23,90\n"
    "15/10/2026;   dont SNCF;-45,15\n04/11/2026;CAF;102,54\n"
)


@pytest.mark.parametrize(("amount", "lines"), [("-54.72", [4, 5]), ("-54.71", [])])
def test_numbered_parts_are_not_booked_if_together_they_are_the_row_above(amount: str, lines: list[int]) -> None:
    rows = rows_of(NUMBERED.format(amount))

    assert [row.line for row in rows if isinstance(row, RejectedRow)] == lines
    assert len(rows) == 5


@pytest.mark.parametrize(("amount", "lines"), [("-69,05", [4, 5]), ("-69,04", [])])
def test_so_are_such_as_begin_with_a_word_for_parts(amount: str, lines: list[int]) -> None:
    rows = rows_of(NAMED.format(amount), "EUR")

    assert [row.line for row in rows if isinstance(row, RejectedRow)] == lines


def test_instalments_with_a_number_are_bookings() -> None:
    text = NUMBERED.replace("1/2", "3/12").replace("2/2", "4/12").format("-54.72")

    assert not [row for row in rows_of(text) if isinstance(row, RejectedRow)]


def test_text_of_the_lines_after_a_part_goes_with_it() -> None:
    text = (
        "Date;Payee;Amount\n2026-10-13;Shop;-91.20\n2026-10-14;Split (1/2);-54.72\n;of food;\n"
        "2026-10-14;Split (2/2);{};\n;of the house;\n2026-10-19;Wages;900.00\n"
    ).replace("{};", "{}")
    parts, others = rows_of(text.format("-36.48")), rows_of(text.format("-36.47"))

    assert [row.line for row in parts if isinstance(row, RejectedRow)] == [3, 5]
    assert [valid(row).description for row in others] == [
        "Shop",
        "Split (1/2) of food",
        "Split (2/2) of the house",
        "Wages",
    ]


def test_days_in_texts_are_no_numbers_of_parts() -> None:
    text = "Date,What,Amount\n2026-09-30,ATM 30/09,-100.00\n2026-10-01,ATM {},-50.00\n2026-10-02,ATM {},-50.00\n"

    for first, second in (("01/10", "02/10"), ("1/10", "2/10"), ("1/3", "2/3"), ("1/2", "2/3")):
        assert not [row for row in rows_of(text.format(first, second)) if isinstance(row, RejectedRow)]
