"""Which words of a status say that the bank has booked a row, where nobody knows the words."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.facts import MAX_STATUSES, Facts
from txn_svc.statement.format import Roles
from txn_svc.statement.infer import ANSWERED, REMEMBERED, Given, Open, Settled
from txn_svc.statement.model import Finding
from txn_svc.statement.table import Table
from txn_svc.statement.words import BETWEEN_STATUSES, NO_STATUS, flag_of, plain, roles_of, words

# What has more different words, or longer ones, is something else, such as a place.
_MAX_WORDS: Final = 6
_MAX_CHARACTERS: Final = 40
_MAX_CHOICES: Final = 5
# Short for a status where letters stand below.
_OF_LETTERS: Final = frozenset({"st", "sts", "stat", "flag", "clr"})


class Statuses:
    """The words in the column of a file that has the name of a status; none in any other."""

    def __init__(self, table: Table, roles: Roles, found: Facts) -> None:
        self._flagged = _flagged(table, roles, found)
        statuses = found.statuses if not self._flagged and _is_one(table, roles, found) else {}
        known = words()
        self._is_said = not known.posted.isdisjoint(statuses)
        self._is_denied = not (known.pending | known.failed).isdisjoint(statuses)
        decided = known.posted | known.pending | known.failed | known.pending_days
        # Where rows that are booked say so, one that says nothing is booked as well.
        decided |= {NO_STATUS} if self._is_said else set()
        self._unknown = {word: spelled for word, spelled in statuses.items() if word not in decided}

    def settled(self, given: Given, is_proved: Callable[[str], bool]) -> Settled | None:
        """None where known words decide, or there is nothing to tell apart.

        `is_proved` says of a value whether balances show that its rows are those which the bank has booked.
        """
        answer = given.answers.get("STATUS", "")
        if not self._unknown.keys().isdisjoint(answer.split(BETWEEN_STATUSES)):
            return Finding("STATUS", "ANSWERED", answer, ANSWERED)
        before = given.remembered.get("STATUS", "")
        if not self._unknown.keys().isdisjoint(before.split(BETWEEN_STATUSES)):
            return Finding("STATUS", "REMEMBERED", before, REMEMBERED)
        if self._is_said or not 1 < len(self._unknown) <= _MAX_WORDS:
            return None
        values = tuple(BETWEEN_STATUSES.join(some) for some in _choices(self._by_count()))
        # The last are all of them: where a row changes no balance, nothing shows that it is not booked.
        proved = next(filter(is_proved, reversed(values)), None)
        return self._open(values) if proved is None else self._proved(proved)

    def unbooked(self, value: str | None) -> frozenset[str]:
        """The words whose rows count as pending: those that the finding's value does not name.

        Without one, those beside such as say "booked". One that is alone, or alone beside such as say the opposite,
        says it itself.
        """
        unknown = frozenset(self._unknown)
        if self._flagged:
            return self._flagged
        if value is not None:
            return unknown - frozenset(value.split(BETWEEN_STATUSES))
        return unknown if self._is_said or (self._is_denied and len(unknown) > 1) else frozenset()

    def _by_count(self) -> Sequence[str]:
        return sorted(self._unknown, key=lambda word: -self._unknown[word].tally.count)

    def _open(self, values: tuple[str, ...]) -> Open:
        message = "Nothing tells which of the words in the status say that the bank has booked a row."
        labels = tuple(f"Booked are the rows with {self._shown(value)}" for value in values)
        return Open("STATUS", message, values, self._lines(), labels)

    def _proved(self, value: str) -> Finding:
        message = f"The balances follow from the rows with {self._shown(value)}: these are booked."
        return Finding("STATUS", "EVIDENCE", value, message, self._lines())

    def _shown(self, value: str) -> str:
        shown = [
            quoted(self._unknown[word].shown) if word != NO_STATUS else "no word"
            for word in value.split(BETWEEN_STATUSES)
        ]
        return " or ".join(shown)

    def _lines(self) -> tuple[int, ...]:
        """The first of each word."""
        return tuple(sorted(spelled.tally.lines[0] for spelled in self._unknown.values()))


def _is_one(table: Table, roles: Roles, found: Facts) -> bool:
    name = table.header[roles.status] if roles.status is not None and table.has_header else ""
    # A short name may be that of a state as well, or of a number of pieces.
    longest = 1 if plain(name) in _OF_LETTERS else _MAX_CHARACTERS
    is_short = len(found.statuses) < MAX_STATUSES and all(len(word) <= longest for word in found.statuses)
    is_named = "status" in roles_of(name) or flag_of(name) is not None or not name.strip()
    return is_named and is_short and table.format is None


def _flagged(table: Table, roles: Roles, found: Facts) -> frozenset[str]:
    """Of a column such as "Posted" or "Pending", in which there is yes or no: what says that a row is not booked."""
    is_booked = flag_of(table.header[roles.status]) if roles.status is not None and table.format is None else None
    if is_booked is None or not found.statuses.keys() <= words().yes | words().no | {NO_STATUS}:
        return frozenset()
    return words().no | {NO_STATUS} if is_booked else words().yes


def _choices(by_count: Sequence[str]) -> Iterator[Sequence[str]]:
    """Each of the words that most rows have, all but one of the rarest, all; each once."""
    singles = [(word,) for word in by_count[:_MAX_CHOICES]]
    others = [tuple(word for word in by_count if word != rare) for rare in by_count[::-1][:_MAX_CHOICES]]
    yield from dict.fromkeys([*singles, *others, tuple(by_count)])
