"""Amounts: minor units on the wire between services, decimal text towards a client."""

import strawberry

from bff.schema.scalars import Decimal
from runtime.currency import DECIMALS
from runtime.refusals import InvalidArgument

MAX_MINOR = 2**63 - 1


@strawberry.type
class Money:
    amount: Decimal
    currency_code: str


def money(minor: int, currency_code: str) -> Money:
    """An amount of minor units; a currency that is not in ISO 4217's table has two decimals."""
    return Money(amount=decimal_text(minor, decimals_in(currency_code)), currency_code=currency_code)


def maybe_money(minor: int | None, currency_code: str) -> Money | None:
    return None if minor is None else money(minor, currency_code)


def decimal_text(minor: int, decimals: int) -> Decimal:
    """Exactly `decimals` digits after the point."""
    if decimals == 0:
        return Decimal(str(minor))
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    sign = "-" if minor < 0 else ""
    return Decimal(f"{sign}{digits[:-decimals]}.{digits[-decimals:]}")


def minor_units(amount: Decimal, decimals: int, field: str) -> int:
    """The minor units of a decimal text. Raises InvalidArgument where it has more decimals, or does not fit int64."""
    whole, _, fraction = amount.partition(".")
    if len(fraction.rstrip("0")) > decimals:
        raise InvalidArgument(
            f"The amount has more than the {decimals} decimals of its currency.",
            reason="TOO_MANY_DECIMALS",
            fields={field: f"at most {decimals} decimals"},
        )
    minor = int(whole + fraction[:decimals].ljust(decimals, "0"))
    if abs(minor) > MAX_MINOR:
        raise InvalidArgument("The amount is too large.", reason="AMOUNT_TOO_LARGE", fields={field: "too large"})
    return minor


def decimals_in(currency_code: str) -> int:
    """The decimals of an account's currency; one that is not in ISO 4217's table has two."""
    return DECIMALS.get(currency_code, 2)


def decimals_of(currency_code: str, field: str) -> int:
    """The decimals of a currency a client names. Raises InvalidArgument for one that is not in ISO 4217's table."""
    try:
        return DECIMALS[currency_code]
    except KeyError:
        raise InvalidArgument(
            "This is not a currency of ISO 4217.", reason="UNKNOWN_CURRENCY", fields={field: "not a currency"}
        ) from None
