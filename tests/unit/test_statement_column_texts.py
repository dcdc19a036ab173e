"""What a column without a name of a text is taken for, and what has the name of something that it does not hold."""

import pytest

from tests.unit.statement_text import read_text, refusal, valid

ROWS = (
    "13.10.2026;2026101311270;Bolt;-11.06\n14.10.2026;2026101411271;Bolt;-5.00\n19.10.2026;2026101911272;Telia;90.00\n"
)


def test_the_description_has_letters_where_a_column_has() -> None:
    rows = list(read_text(f"Päev;Arhiiv;Kellele;Amount\n{ROWS}", "EUR").rows())

    assert [valid(row).description for row in rows] == ["Bolt", "Bolt", "Telia"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Date;Text;No;Betrag\n13.10.2026;Bar;626136;-4x40\n14.10.2026;Bar;626137;-5x00\n15.10.2026;Bar;626139;9x00\n",
            "“Betrag” has the name of an amount, and “-4x40” in it cannot be read as one.",
        ),
        (
            "Datum;Text;Betrag;Erstellt\n28. ruj 2026;Bar;-4.40;13.10.2026\n30. ruj 2026;Bar;-5.00;14.10.2026\n",
            "“Datum” has the name of a date, and “28. ruj 2026” in it cannot be read as one.",
        ),
    ],
)
def test_no_other_column_is_taken_for_one_that_has_the_name_and_cannot_be_read(text: str, said: str) -> None:
    refused = refusal(text)

    assert (refused.code, refused.message) == ("UNKNOWN_LAYOUT", said)


def test_a_column_with_the_name_that_holds_no_figures_says_nothing() -> None:
    text = "Date;Credit;Value\n2026-10-13;yes;-4.40\n2026-10-14;no;-5.00\n2026-10-15;no;9.00\n"

    assert [valid(row).amount_minor for row in read_text(text).rows()] == [-440, -500, 900]
