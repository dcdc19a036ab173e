"""Amounts as the command line writes and reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.money import amount, minor_units
from runtime.currency import DECIMALS

INT64_MAX = 2**63 - 1


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (-1538, "USD", "-15.38"),
        (0, "USD", "0.00"),
        (-5, "EUR", "-0.05"),
        (1500, "JPY", "1500"),
        (-1, "BHD", "-0.001"),
        (12345, "CLF", "1.2345"),
        (INT64_MAX, "USD", "92233720368547758.07"),
        (7, "???", "7 minor units"),
    ],
)
def test_an_amount_has_its_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert amount(minor, currency) == text


@given(st.integers(-INT64_MAX, INT64_MAX), st.sampled_from(sorted(DECIMALS)))
def test_what_is_written_is_read_back_exactly(minor: int, currency: str) -> None:
    written = amount(minor, currency)

    if len(written.lstrip("-").partition(".")[0]) <= 18:
        assert minor_units(written, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1e5", "USD"),
        ("NaN", "USD"),
        ("1_000", "USD"),
        ("١٢", "USD"),
        ("1,5", "USD"),
        ("", "USD"),
        (".5", "USD"),
        ("1.505", "USD"),
        ("1.5", "JPY"),
        ("92233720368547758.08", "USD"),
        ("9" * 5000, "USD"),
        ("1", "XXX"),
        ("1", "usd"),
    ],
)
def test_what_is_no_plain_amount_of_the_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError):
        minor_units(text, currency)
