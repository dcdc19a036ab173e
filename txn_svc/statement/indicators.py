"""A column of words that may say which amounts are debits: of two, such as Χ and Π, in a language that is not listed;
or of several kinds of bookings."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from runtime.currency import DECIMALS
from txn_svc.ledger.quoting import quoted
from txn_svc.statement.amounts import written
from txn_svc.statement.columns import place_named, places_of, shown_names
from txn_svc.statement.dates import readings
from txn_svc.statement.format import Roles
from txn_svc.statement.words import plain, roles_of, words

MAX_COLUMNS: Final = 3
MAX_WORD_CHARACTERS: Final = 20
MAX_KIND_CHARACTERS: Final = 60
_PAIR: Final = 2
_MAX_SPELLINGS: Final = 4
_BETWEEN: Final = (": debit=", ", credit=")
# No plain word has it.
_OR: Final = "|"
_MOST_KINDS: Final = 12


class Indicator(NamedTuple):
    """The column, and the words in it, plain; several are divided by bars."""

    at: int
    debit: str
    credit: str

    @property
    def debits(self) -> frozenset[str]:
        return frozenset(self.debit.split(_OR))

    @property
    def credits(self) -> frozenset[str]:
        return frozenset(self.credit.split(_OR))

    def value(self, header: Sequence[str]) -> str:
        """As the finding of SIGN has it: `Type: debit=x, credit=p`."""
        return f"{shown_names(header)[self.at]}{_BETWEEN[0]}{self.debit}{_BETWEEN[1]}{self.credit}"

    def label(self, header: Sequence[str]) -> str:
        column = quoted(shown_names(header)[self.at])
        if len(self.debits | self.credits) > _PAIR:
            return f"In {column}, {_listed(self.debit)} are debits, and {_listed(self.credit)} credits"
        return f"In {column}, {quoted(self.debit)} is a debit and {quoted(self.credit)} a credit"


def _listed(words_: str) -> str:
    return ", ".join(map(quoted, words_.split(_OR)))


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


def of_kinds(rows: Iterable[Sequence[str]], roles: Roles, header: Sequence[str]) -> tuple[Indicator, ...]:
    """The column that is named as one of directions or kinds, in which there are more than two words: as far as parts
    of them are known, and the others as debits, which people have more of."""
    taken = {at for _, places in places_of(roles) for at in places if at != roles.indicator}
    free = [at for at, name in enumerate(header) if at not in taken and "indicator" in roles_of(name)]
    columns = list(zip(*rows, strict=True))
    ways = (_by_parts(at, {plain(cell) for cell in columns[at]}) for at in free if columns)
    return tuple(way for way in ways if way is not None)[:MAX_COLUMNS]


def _by_parts(at: int, kinds: set[str]) -> Indicator | None:
    if not _PAIR < len(kinds) <= _MOST_KINDS or "" in kinds or any(len(kind) > MAX_KIND_CHARACTERS for kind in kinds):
        return None
    credits_ = {kind for kind in kinds if _is_credit(kind)}
    if credits_ in (set(), kinds):
        return None
    return Indicator(at, _OR.join(sorted(kinds - credits_)), _OR.join(sorted(credits_)))


def _is_credit(kind: str) -> bool:
    """Whether a part of it says so; what is given back is one, whatever was."""
    parts = set(kind.replace("credit card", "card").split())
    if not parts.isdisjoint(words().back):
        return parts.isdisjoint(words().credit)
    return not {part for part in parts if len(part) > 1}.isdisjoint(words().credit)


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
