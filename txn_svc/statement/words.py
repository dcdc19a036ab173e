"""The words of statements in several languages: what a column is named, what a debit is called. Data, in words.yaml."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import yaml

from runtime.currency import DECIMALS

MAX_NAME_CHARACTERS: Final = 100
NO_STATUS: Final = "-"
BETWEEN_STATUSES: Final = "|"
# What follows a mark may say how it is drawn.
_MARKS_OF_STATUSES: Final = str.maketrans({BETWEEN_STATUSES: "¦", "\N{VARIATION SELECTOR-16}": ""})
# What stands in front of any text too: refuse is waste in English.
_OF_TEXTS: Final = frozenset(
    {"memo", "refuse", "reservierung", "autorisation", "autorizzazione", "autorizacion", "autorizacao"}
)
# What a holder says of a row, who compares it with papers.
_OF_HOLDERS: Final = frozenset({"reconciled"})
_ZONES: Final = frozenset({"utc", "gmt"})
_NOUN_CHARACTERS: Final = 4
_CURRENCY_WORDS: Final = frozenset({"in", "en", "em", "w", "r", "us", "euro", "euros", "dollars", "円", "元", "원"})

_LISTS: Final = (
    "booked",
    "net",
    "tax",
    "billed",
    "rate",
    "minor",
    "multiples",
    "scale",
    "debit",
    "credit",
    "pending",
    "pending_days",
    "pending_texts",
    "failed",
    "back",
    "posted",
    "yes",
    "no",
    "opening",
    "closing",
    "standing",
    "as_of",
    "total",
    "rows",
    "account",
    "products",
    "kinds",
    "remarks",
    "others",
    "unbooked_kinds",
    "pending_in_brackets",
    "unbooked",
    "bookings",
    "parts",
    "of_parts",
    "periods",
)
_OTHER: Final = re.compile(r"[^\w+-]+|_+")
_YEAR_DIGITS: Final = 4
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_SPELLED: Final = str.maketrans({"ß": "ss", "º": "o", "ª": "a", "ø": "o", "ł": "l", "ı": "i", "đ": "d"})


@dataclass(frozen=True)
class Words:
    """All words plain, as `plain` gives them. `roles` are those that a column of this name may have."""

    roles: Mapping[str, tuple[str, ...]]
    booked: frozenset[str]
    net: frozenset[str]
    tax: frozenset[str]
    billed: frozenset[str]
    rate: frozenset[str]
    minor: frozenset[str]
    multiples: frozenset[str]
    scale: frozenset[str]
    debit: frozenset[str]
    credit: frozenset[str]
    pending: frozenset[str]
    pending_days: frozenset[str]
    pending_texts: frozenset[str]
    failed: frozenset[str]
    back: frozenset[str]
    posted: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    opening: frozenset[str]
    closing: frozenset[str]
    standing: frozenset[str]
    as_of: frozenset[str]
    total: frozenset[str]
    rows: frozenset[str]
    account: frozenset[str]
    products: frozenset[str]
    kinds: frozenset[str]
    remarks: frozenset[str]
    others: frozenset[str]
    unbooked_kinds: frozenset[str]
    pending_in_brackets: frozenset[str]
    unbooked: frozenset[str]
    bookings: frozenset[str]
    parts: frozenset[str]
    of_parts: frozenset[str]
    periods: frozenset[str]
    months: Mapping[str, int]

    @cached_property
    def of_standing(self) -> frozenset[str]:
        """What balances and totals are called."""
        return self.opening | self.closing | self.standing | self.total

    @cached_property
    def total_of_period(self) -> frozenset[str]:
        """What the sum of a period's rows is called beside its name: "January net"."""
        return self.total | self.net

    @cached_property
    def standing_of_period(self) -> frozenset[str]:
        return self.of_standing | self.net

    @cached_property
    def pending_heads(self) -> frozenset[str]:
        """What a description begins with whose row is not booked, where a mark follows."""
        return (self.pending_texts | self.unbooked) - _OF_TEXTS

    @cached_property
    def with_any_behind(self) -> frozenset[str]:
        """What a text may begin with that may say so whatever goes on after it."""
        return self.parts | self.of_parts | self.pending_heads

    @cached_property
    def telling(self) -> frozenset[str]:
        """All that a text may say besides what was bought."""
        return self.standing_of_period | self.with_any_behind


def plain(text: str) -> str:
    """Text as words are compared: without case, accents and marks, one space between words."""
    letters = text[:MAX_NAME_CHARACTERS].casefold()
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFKD", letters.translate(_SPELLED))
        letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(_OTHER.sub(" ", letters).split())


def said(text: str) -> str:
    """As `plain`, without the marks before it that list what belongs to something else."""
    return plain(text).lstrip("-+ ")


@cache
def words() -> Words:
    source = yaml.safe_load(files(__package__).joinpath("words.yaml").read_text(encoding="utf-8"))
    return Words(
        roles=_roles(source["columns"]),
        months={plain(name): number for number, names in source["months"].items() for name in names},
        # A mark such as ✓ is what it is.
        **{name: frozenset(plain(one) or one for one in _all(source[name])) for name in _LISTS},
    )


def status_of(cell: str) -> str:
    """A status as it is compared; an empty cell has NO_STATUS, one without a word is its marks, as ✓ is.

    No status has BETWEEN_STATUSES in it.
    """
    return plain(cell) or cell.translate(_MARKS_OF_STATUSES).strip()[:MAX_NAME_CHARACTERS] or NO_STATUS


def roles_of(name: str) -> tuple[str, ...]:
    """What a column of this name may be for: by the whole name, or by what a currency or a time zone leave of it.

    Texts are often numbered; of two numbered amounts nothing is known.
    """
    text, known = plain(name), words().roles
    bare = " ".join(word for word in text.split() if not _is_about_currency(word) and word not in _ZONES)
    texts = tuple(role for role in known.get(text.rstrip("0123456789 "), ()) if role == "description")
    return known.get(text) or known.get(bare) or texts


def flag_of(name: str) -> bool | None:
    """Whether a yes in a column of this name says that a row is booked; None where it says neither."""
    text, known = plain(name), words()
    if text in known.posted and text not in _OF_HOLDERS:
        return True
    return False if text in known.pending or text in known.failed or text in known.pending_days else None


def has_word(of: frozenset[str], name: str) -> bool:
    """Whether one of these words stands in the name."""
    return not of.isdisjoint(plain(name).split())


def qualifiers(name: str) -> frozenset[str]:
    """What the name of an amount or a currency says besides that: "Local amount", "Originalbetrag"."""
    said = {_without_noun(word) for word in plain(name).split() if not _is_about_currency(word)}
    return frozenset(said - {""})


def _without_noun(word: str) -> str:
    noun = next((noun for noun in _nouns() if word.endswith(noun)), "")
    return word.removesuffix(noun)


@cache
def _nouns() -> tuple[str, ...]:
    """The words for amounts and currencies, the longest first; the short ones are ends of other words."""
    names = (name for name, roles in words().roles.items() if not {"amount", "currency"}.isdisjoint(roles))
    return tuple(sorted((one for one in names if " " not in one and len(one) >= _NOUN_CHARACTERS), key=len)[::-1])


def begins_with(text: str, phrases: frozenset[str]) -> bool:
    """Whether plain text is one of the phrases or goes on after it."""
    return f"{text} ".startswith(_beginnings(phrases))


@cache
def _beginnings(phrases: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"{phrase} " for phrase in phrases)


def is_only(text: str, phrases: frozenset[str]) -> bool:
    """Whether plain text is one of the phrases, with no more after it than a day, a number or a currency."""
    parts = text.split()
    return any(
        " ".join(parts[:size]) in phrases and all(map(is_about_day, parts[size:])) for size in range(1, len(parts) + 1)
    )


def is_of_period(text: str, phrases: frozenset[str]) -> bool:
    """Whether plain text is one of the phrases with the name of a month, a year or the like before or behind it."""
    parts = text.split()
    others = [at for at, part in enumerate(parts) if not (is_period(part) or is_year_or_day(part))]
    if not others:
        return False
    begin, end = others[0], others[-1] + 1
    return any(map(is_period, parts[:begin] + parts[end:])) and is_only(" ".join(parts[begin:end]), phrases)


def is_about_day(word: str) -> bool:
    return word.isdigit() or word in words().as_of or word in words().months or word.upper() in DECIMALS


def is_period(word: str) -> bool:
    return word in words().months or word in words().periods or _YEAR.fullmatch(word) is not None


def is_year_or_day(word: str) -> bool:
    return len(word) <= _YEAR_DIGITS and word.isdigit()


def _all(source: Mapping[str, Iterable[str]] | Iterable[str]) -> Iterable[str]:
    """The words of a list, or of a list for each language."""
    return (one for words_ in source.values() for one in words_) if isinstance(source, Mapping) else source


def _is_about_currency(word: str) -> bool:
    return word.upper() in DECIMALS or word in _CURRENCY_WORDS


def _roles(columns: Mapping[str, Mapping[str, Iterable[Any]]]) -> dict[str, tuple[str, ...]]:
    found = dict[str, tuple[str, ...]]()
    for role, languages in columns.items():
        for name in {plain(str(one)) for names in languages.values() for one in names}:
            found[name] = (*found.get(name, ()), role)
    return found
