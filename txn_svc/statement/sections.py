"""Lines among the rows that say what the rows below them are: another account's, or pending."""

from collections.abc import Iterable, Sequence
from typing import Final

from txn_svc.statement.amounts import currencies_in
from txn_svc.statement.records import Record
from txn_svc.statement.words import has_word, plain, words

UNNAMED: Final = "the rows above"
"""The account of the rows before the first line that names one."""


class Sections:
    """Fed with the lines that are no rows, it says of the rows that follow which account they are of and whether
    they are pending."""

    def __init__(self, before: Iterable[Record]) -> None:
        """`before`: the lines before the header."""
        self.account, self.is_pending = UNNAMED, False
        for record in before:
            self.see(record.cells)

    def see(self, cells: Sequence[str]) -> bool:
        """Whether it is such a line."""
        filled = [cell for cell in cells if cell.strip()]
        if not filled or not cells[0].strip() or len(filled) > 2:  # noqa: PLR2004 -- a word and what it names
            return False
        if number := _account(filled):
            self.account, self.is_pending = number, False
            return True
        kind = _title(filled[0]) if len(filled) == 1 else None
        self.is_pending = self.is_pending if kind is None else kind == "pending"
        return kind is not None


def _account(filled: Sequence[str]) -> str:
    label, _, rest = filled[0].partition(":")
    number = rest.strip() or "".join(filled[1:]).strip()
    if plain(label) in words().account and any(character.isdigit() for character in number):
        return number
    return filled[0].strip() if len(filled) == 1 and _is_of_a_currency(filled[0]) else ""


def _is_of_a_currency(title: str) -> bool:
    """Whether it tells accounts by their currency, as in "USD account"."""
    is_said = has_word(words().account, title) and len(currencies_in(title)) == 1
    # With a number it may be a row that is written in another way.
    return is_said and not any(character.isdigit() for character in title)


def _title(text: str) -> str | None:
    """Whether it calls the rows below it pending or booked, and says nothing else."""
    known, whole = words(), plain(text)
    said = {whole, " ".join(word for word in whole.split() if word not in known.rows)}
    if said & known.pending:
        return "pending"
    return "posted" if said & known.posted or (whole and "" in said) else None
