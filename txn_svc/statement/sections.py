"""Lines among the rows that say what the rows below them are: another account's, pending, or another table's."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from txn_svc.statement.amounts import written
from txn_svc.statement.currency_signs import currencies_in
from txn_svc.statement.dates import readings
from txn_svc.statement.records import Record
from txn_svc.statement.words import has_word, is_about_day, plain, words

MAX_TITLE_CHARACTERS: Final = 100
# A word, and what it names.
MAX_TITLE_CELLS: Final = 2

_MAX_ABOVE: Final = 10
# As in a date, an amount or a row that is written in another way.
_FIGURE: Final = re.compile("[0-9][-./,:][0-9]|[;|\t]|,[^ ]")

UNNAMED: Final = "the rows above"
"""The account of the rows before the first line that names one."""


class Sections:
    """Fed with the lines that are no rows, it says of the rows that follow which account they are of, whether they are
    pending, below which title they stand, and whether they are those of another table."""

    def __init__(self, before: Iterable[Record], header: Sequence[str] = ()) -> None:
        """`before`: the lines before the header. `header`: the names of the columns, none where there is none."""
        self.account, self.is_pending, self.part, self.is_other_table = UNNAMED, False, UNNAMED, False
        self._header = [name.strip() for name in header]
        self._above, self._is_told = list[str](), False
        for record in before:
            self.see(record.cells)
        self._first = [] if self._is_told else self._above
        self.part = self._first_part = next(iter(self._first), self.account)
        self.row()

    def row(self) -> None:
        """Between the lines seen before and after it stands a row."""
        self._above, self._is_told = [], False

    def see(self, cells: Sequence[str], *, is_sum: bool = False) -> bool:
        """Whether it is a line that says whose the rows below it are, or whether they are booked."""
        filled = [cell for cell in cells if cell.strip()]
        if not filled or not cells[0].strip() or self._has_names(cells):
            return False
        may_be_title = not is_sum and _may_be_title(filled)
        if may_be_title and len(self._above) < _MAX_ABOVE:
            self._above.append(filled[0].strip())
        if len(filled) > MAX_TITLE_CELLS:
            return False
        if number := _account(filled):
            self.account, self.is_pending, self._is_told = number, False, True
            self.part = number
            return True
        if len(filled) > 1:
            return False
        kind = _title(filled[0])
        self.is_pending = self.is_pending if kind is None else kind == "pending"
        self._is_told = self._is_told or kind is not None
        if kind is None and may_be_title:
            self.part = filled[0].strip()
        return kind is not None

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether it is the header once more."""
        is_it = self._has_names(cells)
        self.is_other_table = self.is_other_table and not is_it
        if is_it and self._above and not self._is_told:
            # With the header come rows of another title, if it is not that of the first ones.
            self.part = next((one for one in self._above if one not in self._first), self._first_part)
            self.is_pending = False
        return is_it

    def _has_names(self, cells: Sequence[str]) -> bool:
        return bool(self._header) and [cell.strip() for cell in cells] == self._header

    def see_names(self, cells: Sequence[str], places: Iterable[int]) -> None:
        """Of a line that is no row, whether it is another header; `places` are those of a row's day and amount."""
        names = [cell.strip() for cell in cells]
        has_names = all(_is_name(names[at]) for at in places)
        self.is_other_table = self.is_other_table or (has_names and all(_is_name(name) for name in names if name))


def _may_be_title(filled: Sequence[str]) -> bool:
    """Whether its first cell may be, however many there are: of two, the other is none that the first is a name of."""
    is_of_figure = len(filled) == MAX_TITLE_CELLS and bool(readings(filled[1]) or written(filled[1]))
    is_page = all(map(is_about_day, plain(filled[0]).split()))
    return not is_of_figure and not is_page and _is_unknown_title(filled[0])


def _account(filled: Sequence[str]) -> str:
    label, _, rest = filled[0].partition(":")
    number = rest.strip() or "".join(filled[1:]).strip()
    is_named = len(filled) > 1 and not (readings(number) or written(number))
    if plain(label) in words().account and number and (is_named or any(map(str.isdigit, number))):
        return number
    return filled[0].strip() if len(filled) == 1 and _is_of_a_currency(filled[0]) else ""


def _is_of_a_currency(title: str) -> bool:
    """Whether it tells accounts by their currency, as in "USD account"."""
    is_said = has_word(words().account, title) and len(currencies_in(title)) == 1
    # With a number it may be a row that is written in another way.
    return is_said and not any(character.isdigit() for character in title)


def _is_name(text: str) -> bool:
    """Whether it may be a column's, and is no word that stands in place of a day."""
    if not any(map(str.isalpha, text)) or any(map(str.isdigit, text)):
        return False
    word, known = plain(text), words()
    return word not in known.pending and word not in known.pending_days


def _is_unknown_title(text: str) -> bool:
    """Whether it may say what the rows below it are, in words that are not known: neither a month nor a sum."""
    is_text = any(map(str.isalpha, text)) and len(text) <= MAX_TITLE_CHARACTERS
    is_figure = bool(_FIGURE.search(text) or readings(text) or written(text))
    return is_text and not is_figure and words().months.keys().isdisjoint(plain(text).split())


def _title(text: str) -> str | None:
    """Whether it calls the rows below it pending or booked, and says nothing else."""
    known, whole = words(), plain(text)
    said = {whole, " ".join(word for word in whole.split() if word not in known.rows)}
    if said & known.pending:
        return "pending"
    return "posted" if said & known.posted or (whole and "" in said) else None
