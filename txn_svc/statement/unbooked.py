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
_MARKS_OF_TEXTS: Final = (" - ", " – ", ": ")
_MARKS: Final = (*_MARKS_OF_TEXTS, " (")
_BRACKETS: Final = {")": "(", "]": "["}


def says_pending(text: str, minor: int) -> bool:
    """Whether a description begins or ends with a word for that; beside a credit, "cancelled" is what it gives back."""
    said_ = _pending_words(text.strip())
    return said_ != "" and not (minor > 0 and said_ in words().failed)


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
        return next(chain(said, kinds, (at for at in self._texts if _in_brackets(cells[at].rstrip()))), None)


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
    said = plain(_before_mark(text, _MARKS) or text)
    of, _, rest = said.partition(" ")
    return said in known.unbooked or (of in known.bookings and rest in known.unbooked)


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_unbooked_kind(cell: str) -> bool:
    """Of a kind of bookings, in which a word may say what became of it: "Kartenzahlung abgelehnt"."""
    text = plain(cell[-_MAX_CHARACTERS:])
    last = text.rpartition(" ")[2]
    # A credit memo is one that was booked.
    return _is_unbooked(cell) or text in words().unbooked_kinds or (last in words().unbooked and last != "memo")


def _pending_words(text: str) -> str:
    """Those with which it begins or ends; empty where there are none."""
    return (_beginning(text) if may_tell(text) else "") or _ending(text)


def _beginning(text: str) -> str:
    whole, head = plain(text), plain(_before_mark(text, _MARKS_OF_TEXTS))
    if head in words().pending_heads:
        return head
    return whole.partition(" ")[0] if begins_with(whole, words().pending_texts) else ""


def _ending(text: str) -> str:
    if text[-1:] not in ENDS_OF_UNBOOKED:
        return ""
    last = text.rpartition(" ")[2]
    return _in_brackets(text) or (plain(last) if _is_pending_word(last) else "")


def _in_brackets(text: str) -> str:
    opening = _BRACKETS.get(text[-1:])
    said_ = "" if opening is None else plain(text[text.rfind(opening) + 1 :])
    return said_ if said_ in words().pending_in_brackets | words().pending_heads else ""


def _before_mark(text: str, marks: Sequence[str]) -> str:
    """What a mark sets apart at the beginning; empty where there is none."""
    return min((text.partition(mark)[0] for mark in marks if mark in text), key=len, default="")


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_pending_word(word: str) -> bool:
    return plain(word) in words().pending_texts
