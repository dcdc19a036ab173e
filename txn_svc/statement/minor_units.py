"""Amounts in hundredths, which are not read: by the name of their column, and as none has a decimal mark."""

import re
from collections.abc import Sequence
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.content import MOST, Content
from txn_svc.statement.model import Unreadable
from txn_svc.statement.words import has_word, plain, words

_CENTS: Final = re.compile("[-+]?[0-9]{1,2}")


def is_minor(name: str, content: Content) -> bool:
    """Whether it holds amounts in minor units."""
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
