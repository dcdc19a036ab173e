"""Which days the files of an account cover, and whether their balances prove them complete."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple

Proof = Literal["BALANCES_MATCH", "GAP", "CANNOT_TELL"]

PROVED: Final = "BALANCES_MATCH"
# What is known of a day that several files cover: one that proves it is enough, and no other file takes a gap back.
STRONGEST_FIRST: Final[tuple[Proof, ...]] = (PROVED, "GAP", "CANNOT_TELL")


class CoveredFile(NamedTuple):
    """One file: the days of its oldest and newest row, and the balances before and after them where it proves any."""

    from_date: date
    to_date: date
    proof: Proof
    opening_minor: int | None
    closing_minor: int | None


class Period(NamedTuple):
    """Days that are known equally well, both inclusive."""

    from_date: date
    to_date: date
    proof: Proof


@dataclass(slots=True)
class _Morning:
    """Files whose first day begins with it, and those whose last one is over."""

    beginning: list[CoveredFile] = field(default_factory=list)
    over: list[CoveredFile] = field(default_factory=list)


def coverage(files: Iterable[CoveredFile]) -> list[Period]:
    """Periods that do not overlap, ascending.

    One begins on the day after another where the proof differs, and where both are proved but nothing says that their
    balances meet: neither a proved file of both days, nor one that closes with the balance that another opens with.
    """
    return list(_periods(_mornings(files)))


def _mornings(files: Iterable[CoveredFile]) -> list[tuple[int, _Morning]]:
    """By the day's ordinal: the day after the last one of the calendar has no date."""
    mornings: defaultdict[int, _Morning] = defaultdict(_Morning)
    for file in files:
        mornings[file.from_date.toordinal()].beginning.append(file)
        mornings[file.to_date.toordinal() + 1].over.append(file)
    return sorted(mornings.items())


def _periods(mornings: Iterable[tuple[int, _Morning]]) -> Iterator[Period]:
    open_files = Counter[Proof]()
    begun, known = 0, None
    for day, morning in mornings:
        is_joined = _is_joined(open_files, morning)
        open_files.subtract(file.proof for file in morning.over)
        open_files.update(file.proof for file in morning.beginning)
        now = _strongest(open_files)
        if now == known and is_joined:
            continue
        if known is not None:
            yield Period(date.fromordinal(begun), date.fromordinal(day - 1), known)
        begun, known = day, now


def _is_joined(open_files: Counter[Proof], morning: _Morning) -> bool:
    """Whether proved days on both sides of a morning are one period; of other days always."""
    over = [file for file in morning.over if file.proof == PROVED]
    if not open_files[PROVED] or open_files[PROVED] > len(over):
        return True
    closing = {file.closing_minor for file in over}
    return any(file.proof == PROVED and file.opening_minor in closing for file in morning.beginning)


def _strongest(open_files: Counter[Proof]) -> Proof | None:
    return next((proof for proof in STRONGEST_FIRST if open_files[proof]), None)
