"""The apostrophe that keeps a spreadsheet from taking text for a formula: one is put in front, and one taken away.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from txn_svc.statement.records import Record

_ESCAPE: Final = "'"
# The apostrophe is one of them: text that begins with its own keeps it when one is taken away.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", _ESCAPE)
_NUMBER: Final = re.compile(r"[-+][0-9.,' ]*")


def escape(text: str) -> str:
    return _ESCAPE + text if text.startswith(_DANGEROUS) else text


def escape_number(text: str) -> str:
    """As `escape`, for a cell where a number belongs: what is plainly one, whatever its marks, stays as it is."""
    return text if _NUMBER.fullmatch(text) else escape(text)


def unescape(text: str) -> str:
    return text.removeprefix(_ESCAPE)


class Unescaped:
    """Records as they were before they were escaped; those of a width in `widths` are filled up to the greatest.

    `original` is the last record given, as it stands in the file; None where that one was given unchanged.
    """

    def __init__(self, records: Iterable[Record], escaped: tuple[int, ...], widths: range) -> None:
        self.original: Record | None = None
        self._records = records
        self._escaped = escaped
        self._widths = widths

    def __iter__(self) -> Iterator[Record]:
        widths, width = self._widths, self._widths[-1]
        for record in self._records:
            self.original = None
            cells = record.cells
            if record.fault is None and len(cells) in widths:
                filled = cells if len(cells) == width else cells + [""] * (width - len(cells))
                read = self._unescaped(filled)
                if read is not cells:
                    self.original = record
                    yield Record(record.line, read, None)
                    continue
            yield record

    def _unescaped(self, cells: list[str]) -> list[str]:
        for at in self._escaped:
            if cells[at].startswith(_ESCAPE):
                break
        else:
            return cells
        return [unescape(cell) if at in self._escaped else cell for at, cell in enumerate(cells)]
