"""Which currencies a sign, a code or a name beside an amount or in the name of a column may mean."""

import re
from typing import Final

from runtime.currency import DECIMALS
from txn_svc.statement.words import plain

SIGNS: Final = "$€£¥₹₽₩₪₺₫฿₱₦₴₸₡₲₮₭₼₾৳₵"
_SYMBOLS: Final = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₪": "ILS",
    "₺": "TRY",
    "₫": "VND",
    "฿": "THB",
    "₽": "RUB",
    "₱": "PHP",
    "₦": "NGN",
    "₴": "UAH",
    "₸": "KZT",
    "₡": "CRC",
    "₲": "PYG",
    "₮": "MNT",
    "₭": "LAK",
    "₼": "AZN",
    "₾": "GEL",
    "৳": "BDT",
    "₵": "GHS",
    "đ": "VND",
    "֏": "AMD",
    "円": "JPY",
    "원": "KRW",
    "B/": "PAB",
    "B/.": "PAB",
    "S/": "PEN",
    "S/.": "PEN",
}
_DOLLARS: Final = {
    "R$": "BRL",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "MX$": "MXN",
    "RD$": "DOP",
    "N$": "NAD",
    "NT$": "TWD",
    "J$": "JMD",
    "TT$": "TTD",
    "EC$": "XCD",
}


# A code in a name has capital letters; what is written small may be any word.
_NAMED: Final = re.compile(rf"(?<![A-Za-z])[A-Z]{{3}}(?![A-Za-z])|(?<![A-Za-z])[A-Z]{{1,3}}\$|[{SIGNS}]")
# Plain, as `plain` gives them. Dollars and pesos are many countries', "dólares" those of where others are paid.
_SPELLED: Final = {
    "euro": "EUR",
    "euros": "EUR",
    "dolares": "USD",
    "reais": "BRL",
    "colones": "CRC",
    "soles": "PEN",
    "quetzales": "GTQ",
}
_NAMES: Final = {
    "birr": "ETB",
    "da": "DZD",
    "din": "RSD",
    "frw": "RWF",
    "ksh": "KES",
    "kshs": "KES",
    "tsh": "TZS",
    "ush": "UGX",
    "тг": "KZT",
    "сум": "UZS",
    "дин": "RSD",
    "ден": "MKD",
    "د ك": "KWD",
    "د إ": "AED",
    "ر س": "SAR",
    "ج م": "EGP",
    "euro": "EUR",
    "ft": "HUF",
    "kc": "CZK",
    "r": "ZAR",
    "rm": "MYR",
    "rp": "IDR",
    "sfr": "CHF",
    "tl": "TRY",
    "zl": "PLN",
    "грн": "UAH",
    "лв": "BGN",
    "руб": "RUB",
}
_DOLLARS_AND_PESOS: Final = (
    "USD CAD AUD NZD SGD HKD MXN TWD ARS CLP COP UYU DOP BRL CUP BBD BSD BZD BMD KYD FJD GYD JMD LRD NAD SBD SRD TTD "
    "XCD TOP WST NIO MOP CVE BND SVC ZWG"
)
# What several countries use, or somebody writes so who means one of these.
_OF_SEVERAL: Final = {
    "$": frozenset(_DOLLARS_AND_PESOS.split()),
    "¥": frozenset({"JPY", "CNY"}),
    "元": frozenset({"CNY", "TWD", "HKD", "MOP"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "fr": frozenset({"CHF", "XOF", "XAF", "XPF", "BIF", "CDF", "DJF", "GNF", "KMF", "RWF"}),
    "lei": frozenset({"RON", "MDL"}),
    "bs": frozenset({"BOB", "VES"}),
    "cfa": frozenset({"XOF", "XAF"}),
    "fcfa": frozenset({"XOF", "XAF"}),
    "f cfa": frozenset({"XOF", "XAF"}),
    "rs": frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"}),
    "dm": frozenset({"BAM", "MAD", "AED"}),
}


def meant_by(text: str) -> frozenset[str] | None:
    """The codes of the currencies that it may be; None where it is none."""
    name = text.rstrip(".").upper()
    if name in DECIMALS:
        return frozenset({name})
    word = plain(text)
    if (code := _DOLLARS.get(name) or _SYMBOLS.get(text) or _NAMES.get(word)) is not None:
        return frozenset({code})
    return _OF_SEVERAL["$"] if name.endswith("$") else _OF_SEVERAL.get(word or text)


def currencies_in(name: str) -> frozenset[str]:
    """The currencies that the name of a column says, as in "Betrag (EUR)", "Valor (US$)" or "Montant (euros)"."""
    meant = (meant_by(one) or frozenset() for one in _NAMED.findall(name))
    spelled = (_SPELLED[word] for word in plain(name).split() if word in _SPELLED)
    return frozenset({code for codes in meant if len(codes) == 1 for code in codes} | {*spelled})


def other_sign_in(name: str, code: str) -> str | None:
    """A sign of several currencies in the name of a column, none of which is this one."""
    signs = (sign for sign in name if sign in _OF_SEVERAL)
    return next((sign for sign in signs if code not in _OF_SEVERAL[sign] and not currencies_in(name)), None)
