"""Rows that only say what the row above them cost in the shop's currency."""

from typing import Final

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import written
from txn_svc.statement.telling import may_tell

_CODE: Final = 3


def other_currency(text: str, minor: int, currency: Currency) -> str | None:
    """The currency in which a description that begins with an amount has just that of its row: "USD 50.00 at 1.08"."""
    if not (may_tell(text) and text[:_CODE].isupper()):
        return None
    found = written(" ".join(text.split(None, 2)[:2]))
    if found is None or not found.currencies or currency.code in found.currencies:
        return None
    figure = "".join(filter(str.isdecimal, found.digits))
    whole = figure if figure != found.digits else figure + "0" * currency.decimals
    return min(found.currencies) if int(whole) == abs(minor) else None


def purchase_sentence(text: str, code: str, currency: Currency) -> str:
    """Said of such a text."""
    return f"{quoted(text)} says that this amount is in {code}; the account is in {currency.code}."
