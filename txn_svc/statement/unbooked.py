"""Texts that say that the bank has not booked the row beside which they stand, or has booked it with another one."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.format import Roles
from txn_svc.statement.telling import MAX_CACHED_TEXTS, may_tell
from txn_svc.statement.words import begins_with, plain, roles_of, said, words

UNBOOKED_BELOW: Final = "A line above says that the bank has not booked these rows yet."

# The last characters of a text that may end with a word for that.
ENDS_OF_UNBOOKED: Final = frozenset(")]gGtTdD \t")

_MAX_CHARACTERS: Final = 60
# What follows them in a remark is the reason.
_MARKS: Final = (" - ", " – ", " (", ": ")
_BRACKETS: Final = {")": "(", "]": "["}


def says_pending(text: str) -> bool:
    """Whether a description begins with a word for that, or ends with one."""
    text = text.strip()
    return (may_tell(text) and _begins_pending(text)) or _ends_pending(text)


def pending_sentence(text: str) -> str:
    """Said of such a text."""
    return f"{quoted(text)}: the bank has not booked this row yet."


def is_part(text: str) -> bool:
    """Whether a description says that the row is a part of the one above it."""
    return may_tell(text) and begins_with(said(text), words().parts)


def part_sentence(text: str) -> str:
    """Said of such a text."""
    return f"{quoted(text)} is what a part of the row above it is called: both together would count it twice."


class Remarks:
    """The columns besides the description in which a remark may say it: "VOIDED", "declined - no funds".

    They have the name of one or none, or go on with the description, or name the kind of the booking. Columns of other
    names may mean anything by it.
    """

    def __init__(self, names: Sequence[str], roles: Roles) -> None:
        taken = _taken(roles)
        free = ((at, plain(name)) for at, name in enumerate(names) if at not in taken)
        self._places = {at for at, name in free if not name or name in words().remarks} | {*roles.description[1:]}
        self._texts = roles.description[1:]
        self._kinds = [at for at, name in enumerate(names) if at not in taken and "indicator" in roles_of(name)]

    def unbooked_at(self, cells: Sequence[str]) -> int | None:
        """A column that says it."""
        said = (at for at in self._places if _is_unbooked(cells[at]))
        kinds = (at for at in self._kinds if _is_unbooked_kind(cells[at]))
        return next(chain(said, kinds, (at for at in self._texts if _ends_pending(cells[at].rstrip()))), None)


def _taken(roles: Roles) -> set[int | None]:
    """The columns whose content is known to be something else."""
    places = (roles.date, roles.value_date, roles.amount, roles.debit, roles.credit, roles.fee, roles.included_fee)
    others = (roles.currency, roles.balance, roles.external_id, roles.category, roles.account, roles.status)
    return {*roles.description[:1], *places, *others}


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_unbooked(cell: str) -> bool:
    text, known = cell.strip(), words()
    if not text or len(text) > _MAX_CHARACTERS:
        return False
    said = plain(_before_mark(text) or text)
    of, _, rest = said.partition(" ")
    return said in known.unbooked or (of in known.bookings and rest in known.unbooked)


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_unbooked_kind(cell: str) -> bool:
    """Of a kind of bookings, in which a word may say what became of it: "Kartenzahlung abgelehnt"."""
    last = plain(cell[-_MAX_CHARACTERS:]).rpartition(" ")[2]
    return _is_unbooked(cell) or last in words().unbooked


def _begins_pending(text: str) -> bool:
    return begins_with(plain(text), words().pending_texts) or plain(_before_mark(text)) in words().pending_heads


def _ends_pending(text: str) -> bool:
    if text[-1:] not in ENDS_OF_UNBOOKED:
        return False
    if text[-1] in _BRACKETS:
        return plain(text[text.rfind(_BRACKETS[text[-1]]) + 1 :]) in words().pending_in_brackets
    return _is_pending_word(text.rpartition(" ")[2])


def _before_mark(text: str) -> str:
    """What a mark sets apart at the beginning; empty where there is none."""
    return min((text.partition(mark)[0] for mark in _MARKS if mark in text), key=len, default="")


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_pending_word(word: str) -> bool:
    return plain(word) in words().pending_texts
