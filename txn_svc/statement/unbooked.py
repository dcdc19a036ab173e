"""Texts that say that the bank has not booked the row beside which they stand."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.facts import MAX_CACHED_TEXTS
from txn_svc.statement.format import Roles
from txn_svc.statement.words import plain, roles_of, words

UNBOOKED_BELOW: Final = "A line above says that the bank has not booked these rows yet."

_MAX_CHARACTERS: Final = 60
_ENDS_OF_PENDING: Final = frozenset(")]gGtTdD")
_MARKS: Final = (" - ", " – ", ":", "(", ",", ";")


def says_pending(text: str) -> bool:
    """Whether a description begins with a word for that, or ends with one."""
    text = text.strip()
    if _is_pending_text(text.partition(" ")[0]):
        return True
    return text[-1:] in _ENDS_OF_PENDING and _is_pending_text(text.rpartition(" ")[2])


def pending_sentence(text: str) -> str:
    """Said of such a text."""
    return f"{quoted(text)}: the bank has not booked this row yet."


class Remarks:
    """The columns of texts besides the description, each of which may say it: "VOIDED", "declined - no funds".

    Where kinds of bookings have a column, one may well be called "returned"; remarks have a name of their own, or none.
    """

    def __init__(self, names: Sequence[str], roles: Roles) -> None:
        taken = _taken(roles)
        self._words = {at: _words_of(name) for at, name in enumerate(names) if at not in taken}

    def unbooked_at(self, cells: Sequence[str]) -> int | None:
        """The first column that says it."""
        return next((at for at, said in self._words.items() if cells[at] and _is_one_of(said, cells[at])), None)


def _taken(roles: Roles) -> set[int | None]:
    """The columns whose content is known to be something else; a description that is alone may be what it likes."""
    places = (roles.date, roles.value_date, roles.amount, roles.debit, roles.credit, roles.fee, roles.included_fee)
    others = (roles.indicator, roles.currency, roles.balance, roles.external_id, roles.category, roles.account)
    return {*roles.description[:1], *places, *others, roles.status}


def _words_of(name: str) -> frozenset[str]:
    known, text = words(), plain(name)
    is_remark = not text or text in known.remarks or "description" in roles_of(name)
    return known.pending | known.failed if is_remark else known.pending


def _is_one_of(said: frozenset[str], cell: str) -> bool:
    text = cell.strip()
    if not text or len(text) > _MAX_CHARACTERS or not _may_begin_unbooked(text.partition(" ")[0]):
        return False
    return plain(text) in said or plain(min((text.partition(mark)[0] for mark in _MARKS), key=len)) in said


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _may_begin_unbooked(word: str) -> bool:
    """Whether a text that begins with the word may say it: first words are few, and texts are many."""
    return not (parts := plain(word).split()) or parts[0] in words().first_of_unbooked


@lru_cache(maxsize=MAX_CACHED_TEXTS)
def _is_pending_text(word: str) -> bool:
    return plain(word) in words().pending_texts
