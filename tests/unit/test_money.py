"""Amounts against decimal and fractions on text that is known to be an amount."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.currency import DECIMALS
from txn_svc.ledger.money import (
    MAX_MINOR,
    MIN_MINOR,
    AmountError,
    Currency,
    average_minor,
    currency,
    format_amount,
    parse_amount,
)

USD, JPY, KWD, CLF = (currency(code) for code in ("USD", "JPY", "KWD", "CLF"))
currencies = st.sampled_from([USD, JPY, KWD, CLF])
minors = st.integers(MIN_MINOR, MAX_MINOR)


@st.composite
def written_amounts(draw: st.DrawFn) -> tuple[str, Currency]:
    unit = draw(currencies)
    whole = draw(st.text("0123456789", min_size=1, max_size=14))
    fraction = draw(st.text("0123456789", max_size=unit.decimals))
    return draw(st.sampled_from(["", "+", "-"])) + whole + ("." + fraction if fraction else ""), unit


@given(written_amounts())
def test_an_amount_is_what_decimal_says_of_the_same_text(written: tuple[str, Currency]) -> None:
    text, unit = written

    assert parse_amount(text, unit) == Decimal(text).scaleb(unit.decimals)


@given(written_amounts())
def test_a_decimal_comma_reads_as_a_point_does(written: tuple[str, Currency]) -> None:
    text, unit = written

    assert parse_amount(text.replace(".", ","), unit, ",") == parse_amount(text, unit)


@given(minors, currencies)
def test_a_formatted_amount_reads_back(minor: int, unit: Currency) -> None:
    text = format_amount(minor, unit)

    assert parse_amount(text, unit) == minor
    assert Fraction(text) == Fraction(minor, 10**unit.decimals)
    assert len(text.partition(".")[2]) == unit.decimals


@pytest.mark.parametrize(
    ("minor", "unit", "text"),
    [(3974, USD, "39.74"), (-5, USD, "-0.05"), (0, USD, "0.00"), (-1500, JPY, "-1500"), (5, KWD, "0.005")],
)
def test_amounts_are_written_with_all_decimals_of_their_currency(minor: int, unit: Currency, text: str) -> None:
    assert format_amount(minor, unit) == text


@given(st.text(max_size=50))
@example("")
@example("1_000")
@example("\N{ARABIC-INDIC DIGIT ONE}")
@example("\N{FULLWIDTH DIGIT ONE}2")
@example("NaN")
@example("Infinity")
@example("1e2000000")
@example("1,000.00")
@example(".5")
@example("5.")
@example("--5")
@example("− 5")
@example(" 5")
@example("5\n")
@example("0x10")
@example("9" * 5000)
def test_any_text_is_an_amount_of_the_grammar_or_refused_with_a_sentence(text: str) -> None:
    digits = text[1:] if text[:1] in {"+", "-"} else text
    whole, point, fraction = digits.partition(".")
    fits = (
        all(part and set(part) <= set("0123456789") for part in ([whole, fraction] if point else [whole]))
        and len(fraction) <= 2
        and len(text) <= 40
        and abs(int(whole + fraction.ljust(2, "0"))) <= MAX_MINOR
    )

    if fits:
        assert parse_amount(text, USD) == Decimal(text) * 100
    else:
        with pytest.raises(AmountError) as refused:
            parse_amount(text, USD)
        assert str(refused.value).endswith(".")
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize("unit", [USD, JPY, KWD, CLF])
def test_the_edges_of_64_bits_are_amounts_and_one_beyond_is_refused(unit: Currency) -> None:
    for edge, beyond in ((MAX_MINOR, MAX_MINOR + 1), (MIN_MINOR, MIN_MINOR - 1)):
        assert parse_amount(format_amount(edge, unit), unit) == edge
        with pytest.raises(AmountError, match="too large"):
            parse_amount(format_amount(beyond, unit), unit)


@pytest.mark.parametrize(
    ("text", "unit", "sentence"),
    [
        ("1.234", USD, "“1.234” has 3 decimals, but USD has 2."),
        ("1.0", JPY, "“1.0” has 1 decimal, but JPY has none."),
        ("1.0000", KWD, "“1.0000” has 4 decimals, but KWD has 3."),
        ("", USD, "There is no amount."),
        ("abc", USD, "“abc” is not an amount such as -1234.00."),
    ],
)
def test_a_refusal_names_what_is_wrong(text: str, unit: Currency, sentence: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text, unit)

    assert str(refused.value) == sentence


def test_a_refusal_quotes_at_most_eighty_characters_and_none_that_do_not_print() -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount("\x1b[31m\r\n" + "x" * 500, USD)

    assert "\x1b" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "x" * 73 + "…" in str(refused.value)
    assert "x" * 74 not in str(refused.value)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_an_average_is_rounded_half_to_even(total: int, count: int) -> None:
    expected = round(Fraction(total, count))

    assert average_minor(total, count) == expected


@given(st.integers(-(10**9), 10**9), st.sampled_from([1, 2, 4, 5, 8, 10]))
def test_an_average_is_what_decimal_quantizes_to(total: int, count: int) -> None:
    exact = Decimal(total) / Decimal(count)

    assert average_minor(total, count) == exact.quantize(Decimal(1), ROUND_HALF_EVEN)


def test_nothing_has_no_average() -> None:
    assert average_minor(0, 0) is None


@pytest.mark.parametrize(
    ("code", "decimals"),
    # Where ISO and CLDR (babel) differ, and the currencies with other than two decimals.
    [("AFN", 2), ("HUF", 2), ("IQD", 3), ("UGX", 0), ("CLF", 4), ("UYW", 4), ("ISK", 0), ("MGA", 2), ("XAD", 2)],
)
def test_decimals_are_those_of_iso_4217(code: str, decimals: int) -> None:
    assert currency(code).decimals == decimals


@pytest.mark.parametrize("code", ["", "usd", "XXX", "XAU", "XDR", "BGN", "ZWL", "USDX"])
def test_codes_that_no_account_can_be_kept_in_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is not the code of a currency"):
        currency(code)


def test_the_table_is_sorted_and_has_every_active_currency_once() -> None:
    assert list(DECIMALS) == sorted(DECIMALS)
    assert len(DECIMALS) == 165
    assert all(len(code) == 3 and code.isupper() for code in DECIMALS)
