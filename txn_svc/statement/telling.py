"""Which texts may say more of a row than what was bought: a balance, a sum, a part of another, that it is not booked.

Told by their first words, of which there are few: each text is looked at as a whole only where these leave it open.
"""

from functools import cache
from typing import Final

from runtime.currency import DECIMALS
from txn_svc.statement.words import is_about_day, is_period, is_year_or_day, said, words

MAX_CACHED_TEXTS: Final = 4_096


def may_tell(text: str) -> bool:
    """Whether it has to be looked at."""
    return text != "" and _FIRST[text.partition(" ")[0]] and _FIRST_TWO[" ".join(text.split(None, 2)[:2])]


class _First(dict[str, bool]):
    """Whether a text that begins with the word may tell."""

    def __missing__(self, word: str) -> bool:
        first = said(word).partition(" ")[0]
        return _kept(self, word, may=not first or first in _firsts() or is_year_or_day(first))


class _FirstTwo(dict[str, bool]):
    """Whether a text that begins with the two words may."""

    def __missing__(self, beginning: str) -> bool:
        return _kept(self, beginning, may=_may_begin(*[*said(beginning).split(), "", ""][:2]))


_FIRST: Final = _First()
_FIRST_TWO: Final = _FirstTwo()


def _kept(cached: dict[str, bool], text: str, *, may: bool) -> bool:
    if len(cached) >= MAX_CACHED_TEXTS:
        cached.clear()
    cached[text] = may
    return may


def _may_begin(first: str, second: str) -> bool:
    if not second or is_about_day(second) or is_period(second) or first in words().with_any_behind:
        return True
    is_of_period = is_period(first) or is_year_or_day(first)
    return (is_of_period and second in _firsts()) or f"{first} {second}" in _first_twos()


@cache
def _firsts() -> frozenset[str]:
    firsts = frozenset(phrase.split()[0] for phrase in words().telling)
    return firsts | words().months.keys() | words().periods | {code.casefold() for code in DECIMALS}


@cache
def _first_twos() -> frozenset[str]:
    return frozenset(" ".join(phrase.split()[:2]) for phrase in words().telling)
