"""Lines become rows of cells, as RFC 4180 has it, with a bound on how much an unbalanced quote can take."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal, NamedTuple

from txn_svc.statement.lines import read_lines
from txn_svc.statement.model import MAX_LINE_CHARACTERS, MAX_ROW_LINES

_BEGINNING_CHARACTERS: Final = 80
# Each row may read ahead as far as a row may reach: without a bound on lines that are read again, a file of broken
# quotes would cost that many times its length.
_MAX_LINES_PUT_BACK: Final = 1_000_000


class Record(NamedTuple):
    """The cells of the row that starts on physical line `line`; with a fault, only the beginning of its text."""

    line: int
    cells: list[str]
    fault: Literal["UNBALANCED_QUOTE", "TOO_LONG"] | None


def read_records(file: BinaryIO, delimiter: str, widths: range, row_lines: int = MAX_ROW_LINES) -> Iterator[Record]:
    """All rows that are not blank, the header included.

    A quote is at fault that is not closed within `row_lines` and MAX_LINE_CHARACTERS, that is followed by text, or
    that closes on another line without giving as many cells as `widths` has. The row is then its first line alone: what
    follows are rows of their own. In a file of very many faults `row_lines` falls to MAX_ROW_LINES.
    """
    lines, put_back, parser = read_lines(file), deque[str](), _QuoteParser(delimiter)
    line, lines_put_back = 0, 0
    while (text := put_back.popleft() if put_back else next(lines, None)) is not None:
        line += 1
        if len(text) > MAX_LINE_CHARACTERS:
            yield Record(line, [text[:_BEGINNING_CHARACTERS] + "…"], "TOO_LONG")
        elif '"' not in text:
            if text and not text.isspace():
                yield Record(line, text.split(delimiter), None)
        else:
            cells, taken = parser.parse(text), list[str]()
            if cells is None:
                bound = row_lines if lines_put_back < _MAX_LINES_PUT_BACK else min(row_lines, MAX_ROW_LINES)
                cells = _parse_over_lines(text, delimiter, bound, taken, put_back, lines)
            if not cells or (taken and len(cells) not in widths):
                put_back.extendleft(reversed(taken))
                lines_put_back += len(taken)
                yield Record(line, [text[:_BEGINNING_CHARACTERS]], "UNBALANCED_QUOTE")
            else:
                yield Record(line, cells, None)
                line += len(taken)


def split_line(text: str, delimiter: str) -> list[str]:
    """The cells of a line that stands alone; empty where its quotes do not balance."""
    return _QuoteParser(delimiter).parse(text) or []


def _parse_over_lines(
    text: str, delimiter: str, row_lines: int, taken: list[str], put_back: deque[str], lines: Iterator[str]
) -> list[str]:
    """The cells of a row of several lines, empty where they do not balance; the lines after `text` go to `taken`."""

    def supply() -> Iterator[str]:
        characters = len(text)
        yield text + "\n"
        while len(taken) + 1 < row_lines:
            following = put_back.popleft() if put_back else next(lines, None)
            if following is None:
                return
            taken.append(following)
            characters += len(following) + 1
            if characters > MAX_LINE_CHARACTERS:
                return
            yield following + "\n"

    try:
        # Strict: that the lines end within quotes is an error.
        return next(csv.reader(supply(), delimiter=delimiter, strict=True))
    except csv.Error:
        return []


class _QuoteParser:
    """One csv reader for all rows: making one costs more than using it."""

    def __init__(self, delimiter: str) -> None:
        self._feed = deque[str]()
        # An empty feed raises IndexError through the reader, where an exhausted iterator would be its end.
        self._reader = csv.reader(iter(self._feed.popleft, None), delimiter=delimiter, strict=True)

    def parse(self, row: str) -> list[str] | None:
        """The cells of a row; empty where text follows a closing quote, None where a quote is still open."""
        self._feed.append(row)
        try:
            return next(self._reader)
        except IndexError:
            return None
        except csv.Error:
            self._feed.clear()
            return []
