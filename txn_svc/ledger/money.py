"""Money is a whole number of minor units with a currency; text becomes money only through one strict grammar."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from runtime.currency import DECIMALS
from txn_svc.ledger.quoting import quoted

MIN_MINOR: Final = -(2**63)
MAX_MINOR: Final = 2**63 - 1
MAX_AMOUNT_CHARACTERS: Final = 40

DecimalMark = Literal[".", ","]


class AmountError(ValueError):
    """Text that is not an amount of the currency; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Currency:
    code: str
    decimals: int


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code, with ISO's own number of decimals. Refuses other codes with ValueError."""
    decimals = DECIMALS.get(code)
    if decimals is None:
        raise ValueError(f"{quoted(code)} is not the code of a currency in ISO 4217, such as USD.")
    return Currency(code, decimals)


def parse_amount(text: str, currency: Currency, decimal_mark: DecimalMark = ".") -> int:
    """Minor units of an optional sign, ASCII digits, and at most the currency's decimals; fewer are fine.

    No thousands marks, exponents, spaces or other scripts' digits; a signed 64-bit result. Refuses with AmountError.
    """
    return amount_parser(currency, decimal_mark)(text)


@lru_cache(maxsize=512)
def amount_parser(currency: Currency, decimal_mark: DecimalMark = ".") -> Callable[[str], int]:
    """`parse_amount` with everything but the text decided once, for loops over many rows."""
    decimals, scale = currency.decimals, 10**currency.decimals
    match = _grammar(decimals, decimal_mark).fullmatch

    def parse(text: str) -> int:
        # The length comes first: the cost of int() grows with the square of its digits.
        found = match(text) if len(text) <= MAX_AMOUNT_CHARACTERS else None
        if found is None:
            raise AmountError(_complaint(text, currency, decimal_mark))
        whole, fraction = found.groups()
        minor = int(whole) * scale if fraction is None else int(whole + fraction.ljust(decimals, "0"))
        if not MIN_MINOR <= minor <= MAX_MINOR:
            raise AmountError(f"The amount {quoted(text)} is too large.")
        return minor

    return parse


def format_amount(minor: int, currency: Currency) -> str:
    """Exact text with all of the currency's decimals, such as -10.30, 1500 (JPY) or 0.005 (KWD)."""
    sign, digits = "-" if minor < 0 else "", str(abs(minor))
    if currency.decimals == 0:
        return sign + digits
    digits = digits.rjust(currency.decimals + 1, "0")
    return f"{sign}{digits[: -currency.decimals]}.{digits[-currency.decimals :]}"


def average_minor(total: int, count: int) -> int | None:
    """The average in minor units, rounded half to even; None where there is nothing to average."""
    if count == 0:
        return None
    quotient, remainder = divmod(total, count)
    above_half = 2 * remainder > count
    odd_at_half = 2 * remainder == count and quotient % 2 == 1
    return quotient + (above_half or odd_at_half)


def _grammar(decimals: int, decimal_mark: str) -> re.Pattern[str]:
    # Without decimals the second group is one that never matches.
    fraction = f"(?:{re.escape(decimal_mark)}([0-9]{{1,{decimals}}}))?" if decimals else "((?!))?"
    return re.compile(f"([+-]?[0-9]+){fraction}")


def _complaint(text: str, currency: Currency, decimal_mark: str) -> str:
    if not text:
        return "There is no amount."
    if len(text) > MAX_AMOUNT_CHARACTERS:
        return f"The amount {quoted(text)} is longer than {MAX_AMOUNT_CHARACTERS} characters."
    finer = re.fullmatch(f"[+-]?[0-9]+{re.escape(decimal_mark)}([0-9]+)", text)
    if finer:
        decimals = f"{len(finer[1])} decimal{'s' if len(finer[1]) > 1 else ''}"
        return f"{quoted(text)} has {decimals}, but {currency.code} has {currency.decimals or 'none'}."
    example = format_amount(-1234 * 10**currency.decimals, currency).replace(".", decimal_mark)
    return f"{quoted(text)} is not an amount such as {example}."
