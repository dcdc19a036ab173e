"""Text of an amount cell becomes minor units, whatever its marks, its sign, its parentheses and the currency glued on.

What is left when all that is taken off goes through the one strict grammar of `ledger.money`.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from txn_svc.ledger.money import MAX_AMOUNT_CHARACTERS, AmountError, Currency, DecimalMark, amount_parser
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.currency_signs import SIGNS, meant_by
from txn_svc.statement.padding import bare
from txn_svc.statement.words import plain, words

MAX_CACHED_AMOUNTS: Final = 4_096
MARKS: Final[tuple[DecimalMark, ...]] = (".", ",")

# The hyphen comes last: elsewhere in a set it would be a range.
# The triangles are accountants' in Japan and Korea.
_MINUS: Final = "\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d\u25b2\u25b3-"
_SPACE: Final = " \xa0\u2009\u202f"
_APOSTROPHE: Final = "'\u2019\u02bc"
_GLUED: Final = (
    rf"(?:[A-Za-z]{{1,3}}\$|[SB]/\.?|F\.? ?CFA|[^\W\d_]{{1,2}}\.[^\W\d_]{{1,2}}\.?|[^\W\d_]{{1,4}}\.?|[{SIGNS}])"
)
# Sign and currency in either order before the digits, both or the word for a direction after them; or parentheses, with
# the currency inside or before.
_AMOUNT: Final = re.compile(
    rf"(?:(?P<money_outside>{_GLUED})\s*(?=\())?(?P<open>\()?\s*(?P<before>[+{_MINUS}]?)\s*(?P<money>{_GLUED})?\s*(?P<between>[+{_MINUS}]?)\s*"
    rf"(?P<digits>[0-9.,{_APOSTROPHE}{_SPACE}]*[0-9])"
    rf"\s*(?P<after>[+{_MINUS}]?)\s*(?P<money_after>{_GLUED}(?=\s|$|\)))?\s*(?P<word>[A-Za-z]{{1,3}}\.?)?\s*(?P<close>\))?"
)


def _thousands(mark: DecimalMark, other: str) -> re.Pattern[str]:
    """Digits in groups of three, or of two before the last three as in India, and a fraction after the mark."""
    return re.compile(
        rf"(?P<whole>[0-9]{{1,3}}(?P<mark>[{_SPACE}{_APOSTROPHE}{other}])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*"
        rf"|[0-9]{{1,2}}(?:{other}[0-9]{{2}})*{other}[0-9]{{3}}|[0-9]*)(?:{re.escape(mark)}(?P<fraction>[0-9]+))?"
    )


_THOUSANDS: Final[dict[DecimalMark, re.Pattern[str]]] = {".": _thousands(".", ","), ",": _thousands(",", r"\.")}
# As in "450,-" and "109.–": nothing after the mark.
_DASHED: Final = re.compile(r"(?<=[0-9])([.,])(?:-{1,2}|[\u2010-\u2014\u2212])(?![0-9])")


class Written(NamedTuple):
    """An amount as it is written: `digits` with their marks, `sign` -1, 1 or 0 for none, and what is glued to it.

    `word` is "debit", "credit" or None; `currencies` what a currency beside it may be, none where nothing is said.
    """

    digits: str
    sign: int
    word: str | None
    currencies: frozenset[str]


class OtherCurrencyError(AmountError):
    """The amount names another currency than the account's."""


@lru_cache(maxsize=MAX_CACHED_AMOUNTS)
def written(text: str) -> Written | None:
    """None where text is no amount at all, whatever its decimal mark."""
    text = _DASHED.sub(r"\g<1>00", bare(text))
    if not text or len(text) > MAX_AMOUNT_CHARACTERS:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None or (found["open"] is None) != (found["close"] is None):
        return None
    signs = [sign for sign in (found["before"], found["between"], found["after"]) if sign]
    moneys = [one for one in (found["money_outside"], found["money"], found["money_after"]) if one]
    word = _word(found["word"])
    if word is None and found["word"]:
        moneys.append(found["word"])
    after = found["money_after"]
    if word is None and after and meant_by(after) is None and (word := _word(after)):
        moneys.remove(after)
    if len(signs) + (found["open"] is not None) > 1 or len(moneys) > 1:
        return None
    currencies = meant_by(moneys[0]) if moneys else frozenset[str]()
    if currencies is None:
        return None
    sign = -1 if found["open"] or (signs and signs[0] in _MINUS) else 1 if signs else 0
    return Written(found["digits"], sign, word, currencies)


def marks(text: str) -> frozenset[DecimalMark]:
    """The decimal marks with which text is an amount; empty where it is none.

    Both where it has no mark, and where its only mark stands before three last digits, as in 1.234.
    """
    found = written(text)
    return frozenset() if found is None else _marks_of(found.digits)


@lru_cache(maxsize=64)
def amount_reader(currency: Currency, mark: DecimalMark, *, with_words: bool = False) -> Callable[[str], int]:
    """Minor units with the sign as it is written, none being a plus. `with_words`: a word after it is somebody else's
    to look at; without, it makes the text no amount.

    Refuses with AmountError, OtherCurrencyError.
    """
    parse = amount_parser(currency, mark)

    def read(text: str) -> int:
        try:
            # Most amounts have nothing around them.
            return parse(text)
        except AmountError:
            return read_written(text)

    def read_written(text: str) -> int:
        stripped = bare(text)
        try:
            return parse(stripped)
        except AmountError as error:
            found = written(stripped)
            whole = None if found is None else _THOUSANDS[mark].fullmatch(found.digits)
            if found is None or whole is None or (found.word is not None and not with_words):
                raise error from None
        if found.currencies and currency.code not in found.currencies:
            named = f"is in {min(found.currencies)}" if len(found.currencies) == 1 else "names another currency"
            raise OtherCurrencyError(f"{quoted(text)} {named}; this account is in {currency.code}.")
        digits = re.sub("[^0-9]", "", whole["whole"]) or "0"
        fraction = whole["fraction"] or ""
        # Zeros beyond the currency's decimals change nothing.
        kept = fraction[: currency.decimals] + fraction[currency.decimals :].rstrip("0")
        minor = parse(f"{digits}{mark}{kept}" if kept else digits)
        return -minor if found.sign < 0 else minor

    return read


@lru_cache(maxsize=64)
def balance_reader(currency: Currency, mark: DecimalMark) -> Callable[[str], int]:
    """As `amount_reader`, where a word for debit after it makes a balance negative."""
    read = amount_reader(currency, mark, with_words=True)

    def read_balance(text: str) -> int:
        minor, found = read(text), written(text)
        return -abs(minor) if found is not None and found.word == "debit" else minor

    return read_balance


def is_some(text: str) -> bool:
    """Whether it is an amount other than zero."""
    found = written(text)
    return found is not None and any(digit in "123456789" for digit in found.digits)


def _marks_of(digits: str) -> frozenset[DecimalMark]:
    fitting = frozenset(mark for mark in MARKS if _THOUSANDS[mark].fullmatch(digits))
    # Nobody separates thousands of nothing: 0.123 has a decimal point.
    if len(fitting) > 1 and re.match("0[.,]", digits):
        return frozenset(mark for mark in MARKS if mark == digits[1])
    return fitting


def _word(text: str | None) -> str | None:
    if text is None:
        return None
    word = plain(text)
    return "debit" if word in words().debit else "credit" if word in words().credit else None
