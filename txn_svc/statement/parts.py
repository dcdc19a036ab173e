"""Rows that list the parts of the row above them, as their texts say and their amounts show."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.facts import amount_places
from txn_svc.statement.model import RejectedRow, ValidRow
from txn_svc.statement.reading import Reading
from txn_svc.statement.rejecting import rejected
from txn_svc.statement.standing import Listed, More, Part
from txn_svc.statement.telling import may_tell
from txn_svc.statement.words import begins_with, said, words

_LEAST_PARTS: Final = 2
_MAX_HELD: Final = 100
# A day has a zero before it, or a year behind.
_NUMBERED: Final = re.compile("(?<![0-9/])([1-9][0-9]?)(?:/| (?:of|von|de|sur|di|van) )([1-9][0-9]?)(?![0-9/])")


def may_be_part(text: str) -> bool:
    """Whether a description has the number of a part in it, as 1/2, or begins with a word for one."""
    return _NUMBERED.search(text) is not None or (may_tell(text) and _begins_so(text))


def without_parts(parts: Iterable[Part | Listed], reading: Reading) -> Iterator[Part]:
    """The parts, with rejects in place of the rows that may be parts, if together they are the row above the first of
    them; the text that goes on after these goes with them."""
    whole: Part | None = None
    held = list[Listed | More]()
    for part in parts:
        # Most are rows that say nothing of it.
        if type(part) is ValidRow and not held:
            whole = part
            yield part
            continue
        if isinstance(part, Listed | More) and _goes_on(part, held):
            held.append(part)
            continue
        if held:
            yield from _judged(whole, held, reading)
            held = []
        row = part.row if isinstance(part, Listed) else part
        whole = whole if isinstance(row, More) else row
        yield row
    yield from _judged(whole, held, reading)


def _goes_on(part: Listed | More, held: Sequence[Listed | More]) -> bool:
    if isinstance(part, More):
        return bool(held)
    texts = [*(one.row.description for one in held if isinstance(one, Listed)), part.row.description]
    return len(held) < _MAX_HELD and (all(map(_begins_so, texts)) or bool(_of(texts)))


def _of(texts: Sequence[str]) -> set[str]:
    """Of how many parts they are the first ones, by their numbers."""
    numbered = ((at, _NUMBERED.findall(text)) for at, text in enumerate(texts, start=1))
    return set.intersection(*({of for one, of in found if int(one) == at <= int(of)} for at, found in numbered))


def _begins_so(text: str) -> bool:
    return begins_with(said(text), words().of_parts)


def _judged(whole: Part | None, held: Sequence[Listed | More], reading: Reading) -> Iterator[Part]:
    rows = [part.row for part in held if isinstance(part, Listed)]
    texts = [row.description for row in rows]
    are_all = len(rows) >= _LEAST_PARTS and (str(len(rows)) in _of(texts) or all(map(_begins_so, texts)))
    if are_all and isinstance(whole, ValidRow) and whole.amount_minor == sum(row.amount_minor for row in rows):
        return (_rejected(row, reading) for row in rows)
    return (part.row if isinstance(part, Listed) else part for part in held)


def _rejected(row: ValidRow, reading: Reading) -> RejectedRow:
    text = quoted(row.description.strip())
    reason = f"{text} is a part of the row above it, as those beside it: together they have its amount."
    return rejected(row, "BAD_AMOUNT", reason, reading.table.name(amount_places(reading.roles)[0]))
