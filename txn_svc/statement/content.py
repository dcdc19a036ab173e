"""What the cells of one column are, in the first rows of a file."""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from runtime.currency import DECIMALS
from txn_svc.statement.amounts import is_some, marks
from txn_svc.statement.dates import readings
from txn_svc.statement.padding import is_dash
from txn_svc.statement.words import plain, status_of, words

MOST: Final = 0.8
_HALF: Final = 0.5
_MAX_WORDS: Final = 12
_MAX_LETTERS: Final = 4
_LEAST_COUNTED: Final = 3
_MAX_COUNTER_DIGITS: Final = 18
_MAX_ACCOUNTS: Final = 10
_MAX_OWN: Final = 5
_LEAST_ROWS_OF_ONE: Final = 4
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_NUMBER: Final = re.compile(f"{_IBAN.pattern}|[0-9]{{8,18}}")
_NUMERIC: Final = ("amount", "debit", "credit", "fee", "balance")


@dataclass(slots=True)
class Content:
    """What the cells of one column are, in the sample; in `cells` a dash is nothing."""

    cells: list[str] = field(default_factory=list)
    filled: int = 0
    dates: int = 0
    amounts: int = 0
    currencies: int = 0
    debits: int = 0
    credits: int = 0
    pending: int = 0
    pending_days: int = 0
    failed: int = 0
    posted: int = 0
    answers: int = 0
    texts: Counter[str] = field(default_factory=Counter)

    def add(self, cell: str) -> None:
        text = cell.strip()
        self.cells.append("" if is_dash(text) else text)
        if not text:
            return
        self.filled += 1
        is_date = bool(readings(text))
        self.dates += is_date
        self.amounts += not is_date and bool(marks(text))
        self.currencies += text in DECIMALS
        word = plain(text)
        self.debits += word in words().debit
        self.credits += word in words().credit
        self.pending += word in words().pending
        self.pending_days += word in words().pending_days
        self.failed += word in words().failed
        self.posted += word in words().posted
        self.answers += status_of(text) in words().yes | words().no
        self.texts[word] += 1

    @property
    def has_other_figures(self) -> bool:
        """Whether most of it is figures, and neither a date nor an amount."""
        return not (self.dates or self.amounts) and self.is_mostly(sum(map(_is_of_digits, self.cells)), MOST)

    @property
    def has_letters(self) -> bool:
        """Whether there are any in most of it."""
        return self.is_mostly(sum(any(map(str.isalpha, cell)) for cell in self.cells))

    def is_mostly(self, count: int, share: float = _HALF) -> bool:
        return self.filled > 0 and count >= self.filled * share

    @property
    def is_full_of_amounts(self) -> bool:
        """Whether hardly a row is without one; a column of zeros only says nothing."""
        return self.filled >= len(self.cells) * MOST and any(map(is_some, self.cells))

    @property
    def is_direction(self) -> bool:
        return self.is_mostly(self.debits + self.credits, MOST) and len(self.texts) <= _MAX_WORDS

    @property
    def tells_directions(self) -> bool:
        """Whether it is one that is not the same in each row: a name is needed to know what that one is about."""
        is_one_sided = not (self.debits and self.credits)
        return self.is_direction and not (is_one_sided and self.filled == len(self.cells))

    @property
    def is_status(self) -> bool:
        if self.is_mostly(self.dates):
            return self.pending + self.pending_days > 0
        return (self.pending > 0 or (self.failed > 0 and self.posted > 0)) and len(self.texts) <= _MAX_WORDS

    @property
    def is_flag(self) -> bool:
        """Whether there is nothing but yes and no in it."""
        return self.filled > 0 and self.answers == self.filled

    @property
    def is_of_letters(self) -> bool:
        """Whether there are few letters in it, each alone."""
        return 1 < len(self.texts) <= _MAX_LETTERS and all(len(text) == 1 and text.isalpha() for text in self.texts)

    @property
    def is_of_marks(self) -> bool:
        """Whether there are few marks in it, one of which says yes or no, as ✓ does."""
        statuses = {status_of(cell) for cell in self.cells if cell}
        is_few = 1 < len(statuses) <= _MAX_LETTERS and not any(map(plain, statuses))
        return is_few and not statuses.isdisjoint(words().yes | words().no)

    @property
    def is_one_text(self) -> bool:
        """Whether the same stands in each of some rows."""
        return self.filled >= _LEAST_COUNTED and len(self.texts) == 1

    def names_several_accounts(self, *, has_name: bool) -> bool:
        """Whether each row has one of few account numbers: an IBAN, or in a column without a name one of digits."""
        pattern = _IBAN if has_name else _NUMBER
        is_few = 1 < len(self.texts) <= _MAX_OWN and len(self.texts) * _LEAST_ROWS_OF_ONE <= self.filled
        return is_few and all(pattern.fullmatch(cell.replace(" ", "")) for cell in self.cells)

    @property
    def is_counter(self) -> bool:
        """Whole numbers, each by one more or less than the one before: they number the rows."""
        whole = [
            int(cell) for cell in self.cells if cell.isascii() and cell.isdigit() and len(cell) < _MAX_COUNTER_DIGITS
        ]
        steps = {two - one for one, two in pairwise(whole)}
        return len(whole) == len(self.cells) and len(whole) >= _LEAST_COUNTED and steps in ({1}, {-1})

    def may_be(self, role: str) -> bool:
        if role in {"date", "value_date"}:
            return self.is_mostly(self.dates) or (role == "value_date" and not self.filled)
        if role in _NUMERIC:
            # Beside another column of amounts, a dash says that there is none.
            filled = self.filled if role == "amount" else sum(map(bool, self.cells))
            return self.amounts >= filled * _HALF if filled else role != "amount"
        if role == "currency":
            return self.is_mostly(self.currencies)
        if role == "indicator":
            return self.is_direction
        if role == "description":
            return not self.is_mostly(self.dates, MOST) and not (
                self.is_mostly(self.amounts, MOST) and not self.is_mostly(self.dates)
            )
        # As many accounts as rows are those of others.
        is_few = len(self.texts) <= _MAX_ACCOUNTS or len(self.texts) * _LEAST_ROWS_OF_ONE <= self.filled
        return role != "account" or is_few


def _is_of_digits(cell: str) -> bool:
    """Whether there are more of them than half of its letters and digits."""
    return _HALF * sum(map(str.isalnum, cell)) < sum(map(str.isdigit, cell))
