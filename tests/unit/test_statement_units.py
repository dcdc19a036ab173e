"""Amounts in cents or in thousands are refused where the file says it, wherever it does."""

import pytest

from tests.unit.statement_text import read_text, refusal
from txn_svc.statement import ValidRow

ROWS = "2026-10-13,Bread,-420\n2026-10-16,Salary,185000\n2026-10-19,Rent,-72000\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"Date,Text,Amount\nYYYY-MM-DD,,cent\n{ROWS}", "Line 2 says"),
        (f"거래내역 (단위: 천원),,\n일자,내용,금액\n{ROWS}", "Line 1 says"),
        (f"All amounts in thousands\nDate,Text,Amount\n{ROWS}", "Line 1 says"),
        (f"Date,Text,Amount in TEUR\n{ROWS}", "Line 1 says"),
    ],
)
def test_another_unit_is_refused_by_the_line_that_names_it(text: str, said: str) -> None:
    refused = refusal(text)

    assert refused.code == "UNKNOWN_LAYOUT"
    assert refused.message.startswith(f"{said} that amounts are in another unit than the currency's: ")


@pytest.mark.parametrize(
    "text",
    [
        f"Miles and more,,\nDate,Text,Amount\n{ROWS}",
        f"Thousand Oaks branch,,\nDate,Text,Amount\n{ROWS}",
        f"Date,Text,Amount\n2026-10-12,50 Cent,-20\n{ROWS}",
    ],
)
def test_names_that_only_sound_so_are_none(text: str) -> None:
    assert not read_text(text).questions


@pytest.mark.parametrize("cents", [("05", "50"), ("-05", "-50"), ("05", "n/a", "50", "20", "30")])
def test_cents_in_a_column_of_their_own_are_refused(cents: tuple[str, ...]) -> None:
    rows = "".join(f"2026-10-{day};Bar;-10;{one}\n" for day, one in enumerate(cents, start=13))

    assert "in a column of its own" in refusal(f"Date;Text;Amount;Cents\n{rows}").message


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("date;text;amount;scale", ["-80000;3", "46366;2", "-13288;2"], "“scale” says how many digits"),
        ("Datum;Text;Betrag;Nachkommastellen", ["-80000;2", "46366;2", "-13288;2"], "“Nachkommastellen” says"),
        ("BOEKDAT;OMSCHR;BEDRAG;D/C", ["000006613;D", "000132340;C", "000003838;D"], "“BEDRAG” has amounts filled up"),
    ],
)
def test_amounts_whose_decimals_are_only_counted_are_refused(header: str, rows: list[str], said: str) -> None:
    text = "".join(f"2026-10-{day};Bar;{row}\n" for day, row in enumerate(rows, start=13))

    refused = refusal(f"{header}\n{text}")

    assert (refused.code, refused.message.startswith(said)) == ("UNKNOWN_LAYOUT", True)


@pytest.mark.parametrize("rows", [["-800.00;2", "463.66;2", "-132.88;2"], ["-800.00;", "463.66;", "-132.88;"]])
def test_beside_a_decimal_mark_a_scale_says_nothing_new(rows: list[str]) -> None:
    text = "".join(f"2026-10-{day};Bar;{row}\n" for day, row in enumerate(rows, start=13))

    assert [
        row.amount_minor for row in read_text(f"date;text;amount;scale\n{text}").rows() if isinstance(row, ValidRow)
    ] == [
        -80000,
        46366,
        -13288,
    ]


def test_a_currency_without_decimals_may_fill_up_its_amounts() -> None:
    text = "date;text;amount;D/C\n2026-10-13;Bar;0006613;D\n2026-10-14;Bar;0132340;C\n2026-10-15;Bar;0003838;D\n"

    rows = read_text(text, "JPY").rows()

    assert [row.amount_minor for row in rows if isinstance(row, ValidRow)] == [-6613, 132340, -3838]
