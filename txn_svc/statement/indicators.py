"""A column of two words, such as Χ and Π, that may say which amounts are debits in a language that is not listed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from runtime.currency import DECIMALS
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import written
from txn_svc.statement.columns import place_named, places_of, shown_names
from txn_svc.statement.dates import readings
from txn_svc.statement.format import Roles
from txn_svc.statement.words import plain

MAX_COLUMNS: Final = 3
MAX_WORD_CHARACTERS: Final = 20
_MAX_SPELLINGS: Final = 4
_BETWEEN: Final = (": debit=", ", credit=")


class Indicator(NamedTuple):
    """The column, and the words in it, plain."""

    at: int
    debit: str
    credit: str

    def value(self, header: Sequence[str]) -> str:
        """As the finding of SIGN has it: `Type: debit=x, credit=p`."""
        return f"{shown_names(header)[self.at]}{_BETWEEN[0]}{self.debit}{_BETWEEN[1]}{self.credit}"

    def label(self, header: Sequence[str]) -> str:
        column = quoted(shown_names(header)[self.at])
        return f"In {column}, {quoted(self.debit)} is a debit and {quoted(self.credit)} a credit"


def indicator_of(value: str, header: Sequence[str]) -> Indicator | None:
    """Back from its value; None where it is none of a file with this header."""
    name, _, words = value.partition(_BETWEEN[0])
    debit, _, credit = words.partition(_BETWEEN[1])
    at = place_named(name, header)
    return Indicator(at, debit, credit) if at is not None and debit and credit else None


def possible(rows: Iterable[Sequence[str]], roles: Roles) -> tuple[Indicator, ...]:
    """Both ways to take each of the first columns without a role in which each row has one of two words.

    Only the column that is there for it, where there is one.
    """
    taken = {at for _, places in places_of(roles) for at in places if at != roles.indicator}
    pairs = [pair for pair in _pairs(list(zip(*rows, strict=True))) if pair.at not in taken]
    columns = [pair for pair in pairs if pair.at == roles.indicator] or pairs
    return tuple(way for pair in columns[:MAX_COLUMNS] for way in (pair, Indicator(pair.at, *pair[:0:-1])))


def _pairs(columns: Sequence[Sequence[str]]) -> Iterator[Indicator]:
    for at, cells in enumerate(columns):
        texts = set(cells)
        is_of_words = len(texts) <= _MAX_SPELLINGS and all(map(_is_word, texts))
        match sorted({plain(text) for text in texts}) if is_of_words else []:
            case [one, other]:
                yield Indicator(at, one, other)


def _is_word(text: str) -> bool:
    is_short = 0 < len(plain(text)) <= MAX_WORD_CHARACTERS
    return is_short and text.strip().upper() not in DECIMALS and not readings(text) and not written(text)
