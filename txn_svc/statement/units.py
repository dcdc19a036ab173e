"""Amounts in other units than the currency's own, which are not read: hundredths, or thousands."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.content import MOST, Content
from txn_svc.statement.format import Roles
from txn_svc.statement.model import Unreadable
from txn_svc.statement.records import Record
from txn_svc.statement.words import has_word, plain, words

_CENTS: Final = re.compile("[-+]?[0-9]{1,2}")
_FILLED_UP: Final = re.compile("[-+]?0[0-9]{4,}")


def is_minor(name: str, content: Content) -> bool:
    """Whether it holds amounts in minor units: by its name, and as none has a decimal mark."""
    return has_word(words().minor, name) and not any(map(has_mark, content.cells))


def has_mark(cell: str) -> bool:
    return "." in cell or "," in cell


def require_no_cents_apart(names: Sequence[str], contents: Sequence[Content]) -> None:
    """Refuses with Unreadable UNKNOWN_LAYOUT a column of its own for what stands behind the decimal mark."""
    for name, content in zip(names, contents, strict=True):
        cents = sum(bool(_CENTS.fullmatch(cell)) for cell in content.cells)
        if plain(name) in words().minor and content.is_mostly(cents, MOST):
            message = f"{quoted(name.strip())} has what stands behind the decimal mark in a column of its own."
            raise Unreadable("UNKNOWN_LAYOUT", message)


def require_no_scale(names: Sequence[str], contents: Sequence[Content], amounts: Iterable[int]) -> None:
    """Refuses with Unreadable UNKNOWN_LAYOUT amounts without a decimal mark beside a column that says where it would
    stand, or filled up with zeros, as where it stands in one place for all. `amounts` are their columns."""
    without = [at for at in amounts if not any(map(has_mark, contents[at].cells))]
    for name, content in zip(names, contents, strict=True):
        if without and plain(name) in words().scale and all(map(str.isdecimal, content.cells)):
            message = f"{quoted(name.strip())} says how many digits of an amount are decimals, which is not read."
            raise Unreadable("UNKNOWN_LAYOUT", message)
    for at in without:
        if _are_filled_up(contents[at].cells):
            message = (
                f"{quoted(names[at].strip())} has amounts filled up with zeros: where their decimals begin is not said."
            )
            raise Unreadable("UNKNOWN_LAYOUT", message)


def _are_filled_up(cells: Sequence[str]) -> bool:
    """Whether all are as long, and each begins with a zero."""
    is_one_length = len({len(cell) for cell in cells}) == 1
    return is_one_length and all(_FILLED_UP.fullmatch(cell) for cell in cells)


def require_own_units(before: Iterable[Record], names: Iterable[str], first: Record, roles: Roles) -> None:
    """Refuses with Unreadable UNKNOWN_LAYOUT a file that says so above its header, in the name of an amount, or in the
    first line below the header."""
    said = [(record.line, cell) for record in before for cell in record.cells]
    for line, text in (*said, *((first.line - 1, name) for name in names)):
        if _says_multiples(text):
            _refuse(line, text)
    places = (at for at in (roles.amount, roles.debit, roles.credit) if at is not None and at < len(first.cells))
    for text in (first.cells[at] for at in places):
        if _says_multiples(text) or (plain(text) in words().minor and not first.fault):
            _refuse(first.line, text)


def _says_multiples(text: str) -> bool:
    """Words of languages without spaces may stand inside of others."""
    said = plain(text)
    return any(f" {one} " in f" {said} " if one.isascii() else one in said for one in words().multiples)


def _refuse(line: int, text: str) -> None:
    message = f"Line {line} says that amounts are in another unit than the currency's: {quoted(text.strip())}."
    raise Unreadable("UNKNOWN_LAYOUT", message)
