"""Amounts between a person's writing and minor units; no float on the way."""

import re

from runtime.currency import DECIMALS

_AMOUNT = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]+))?")
_INT64_MAX = 2**63 - 1


def decimals_of(currency_code: str) -> int:
    """Raises ValueError for a code that is not in ISO 4217."""
    if currency_code not in DECIMALS:
        raise ValueError("must be a currency code of ISO 4217, such as USD")
    return DECIMALS[currency_code]


def amount(minor: int, currency_code: str) -> str:
    """The exact amount with the currency's number of decimals: -15.38; of an unknown currency its minor units."""
    if currency_code not in DECIMALS:
        return f"{minor} minor units"
    decimals = DECIMALS[currency_code]
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    sign = "-" if minor < 0 else ""
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def minor_units(text: str, currency_code: str) -> int:
    """Of a plain amount such as -12.50. Raises ValueError with what is wrong with it."""
    decimals = decimals_of(currency_code)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("must be a plain amount such as 12.50")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if len(fraction) > decimals:
        raise ValueError(f"must have at most {decimals} decimals in {currency_code}")
    minor = int(whole + fraction.ljust(decimals, "0"))
    if minor > _INT64_MAX:
        raise ValueError("is too large")
    return -minor if sign == "-" else minor
