"""Rows that only say what the row above them cost in the shop's currency."""

from typing import Final

from txn_svc.ledger.money import Currency
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import written
from txn_svc.statement.telling import may_tell

_CODE: Final = 3
_FRACTION: Final = 3
# One is worth as much as the other: the amount is the same in both.
_AT_PAR: Final = tuple(
    frozenset(codes.split())
    for codes in ("USD PAB BSD BMD CUC", "ZAR NAD LSL SZL", "SGD BND", "GBP GIP FKP SHP", "INR BTN")
)


def other_currency(text: str, minor: int, currency: Currency) -> str | None:
    """The currency in which a description that begins with an amount has just that of its row: "USD 50.00 at 1.08"."""
    if not (may_tell(text) and text[:_CODE].isupper()):
        return None
    found = written(" ".join(text.split(None, 2)[:2]))
    if found is None or not found.currencies or currency.code in found.currencies:
        return None
    code, figure = min(found.currencies), "".join(filter(str.isdecimal, found.digits))
    # Without a fraction the words may be a shop's name, such as TOP 10.
    is_amount = found.digits[-_FRACTION:-2] in {".", ","} and int(figure) == abs(minor)
    return code if is_amount and not any({code, currency.code} <= one for one in _AT_PAR) else None


def purchase_sentence(text: str, code: str, currency: Currency) -> str:
    """Said of such a text."""
    return f"{quoted(text)} says that this amount is in {code}; the account is in {currency.code}."
