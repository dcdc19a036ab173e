from datetime import UTC, datetime
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from notifier.language import Language, plain
from runtime.currency import DECIMALS

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("minor", "currency_code", "text"),
    [
        (3974, "USD", "39.74"),
        (-1538, "USD", "-15.38"),
        (0, "USD", "0.00"),
        (-7, "USD", "-0.07"),
        (1234567, "USD", "12,345.67"),
        (-1538, "JPY", "-1,538"),
        (1538, "BHD", "1.538"),
        (1538, "CLF", "0.1538"),
        (-(2**63), "USD", "-92,233,720,368,547,758.08"),
    ],
)
def test_an_amount_has_the_currency_s_decimals(minor: int, currency_code: str, text: str) -> None:
    assert Language("en-US", "UTC").amount(minor, currency_code) == text


@given(INT64, st.sampled_from(sorted(DECIMALS)))
def test_an_amount_read_back_is_the_same_amount(minor: int, currency_code: str) -> None:
    text = Language("en-US", "UTC").amount(minor, currency_code)

    assert Decimal(text.replace(",", "")).scaleb(DECIMALS[currency_code]) == minor


@pytest.mark.parametrize("locale", ["sv-SE", "ar-EG", "he-IL", "fa-IR", "de-CH", "es-MX"])
def test_a_negative_amount_is_an_ascii_minus_before_latin_digits(locale: str) -> None:
    text = Language(locale, "UTC").amount(-1538, "USD")

    assert text[0] == "-"
    assert [c for c in text if c.isdigit()] == ["1", "5", "3", "8"]


@pytest.mark.parametrize(
    ("locale", "amount", "name"), [("es-MX", "12,345.67", "julio de 2026"), ("de-DE", "12.345,67", "Juli 2026")]
)
def test_figures_and_months_are_the_holder_s(locale: str, amount: str, name: str) -> None:
    language = Language(locale, "UTC")

    assert language.amount(1234567, "USD") == amount
    assert language.month("2026-07") == name


def test_a_time_is_the_holder_s() -> None:
    time = Timestamp()
    time.FromDatetime(datetime(2026, 11, 20, 3, 4, tzinfo=UTC))

    assert Language("en-US", "America/Mexico_City").time(time) == "November 19, 2026, 9:04 PM CST"


@pytest.mark.parametrize(("locale", "zone"), [("", ""), ("xx-YY", "Mars/Olympus"), ("../..", "../../etc/passwd")])
def test_an_unknown_locale_or_zone_falls_back(locale: str, zone: str) -> None:
    language = Language(locale, zone)

    assert language.month("2026-07") == "July 2026"
    assert language.time(Timestamp()).startswith("January 1, 1970, 12:00 AM")


@given(st.text())
def test_a_plain_text_is_one_printable_line_within_its_bound(text: str) -> None:
    shown = plain(text, 20)

    assert len(shown) <= 20
    assert shown.isprintable()
