"""Lines become rows of cells, as RFC 4180 has it, with a bound on how much an unbalanced quote can take."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from txn_svc.statement.lines import TextBytes, Undecodable, read_lines
from txn_svc.statement.model import MAX_LINE_CHARACTERS, MAX_ROW_LINES

_BEGINNING_CHARACTERS: Final = 80
# Each row may read ahead as far as a row may reach: without a bound on lines that are read again, a file of broken
# quotes would cost that many times its length.
_MAX_LINES_PUT_BACK: Final = 250_000
_DATE: Final = re.compile(
    r"\s*([0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}|[0-9]{1,2}[-/][0-9]{1,2}|[0-9]{1,2}\.[0-9]{1,2}\.|[0-9]{8}"
    r"|[0-9]{1,2}[-. ]*[^\W\d_]{3,}[-. ]*[0-9]{0,4})([ T][0-9:.]+Z?)?\s*"
)

# All that `str.isspace` knows.
_SPACES: Final = "".join(character for character in map(chr, range(0x3001)) if character.isspace())

Fault = Literal["UNBALANCED_QUOTE", "TOO_LONG", "BAD_ENCODING"]


class Record(NamedTuple):
    """The cells of the row that starts on physical line `line`; with a fault, one with the beginning of its text.

    With BAD_ENCODING the text has each byte that is no text written out, as \\xE9.
    """

    line: int
    cells: list[str]
    fault: Fault | None


def read_records(file: TextBytes, delimiter: str, widths: range, row_lines: int = MAX_ROW_LINES) -> Iterator[Record]:
    """All rows that are not blank, the header included, of a file in UTF-8 or such a view of it.

    A row of as many cells as `widths` has, all empty, is blank: spreadsheets write them by the million.

    A quote is at fault that is not closed within `row_lines` and MAX_LINE_CHARACTERS, that is followed by text, or
    that closes on another line without giving as many cells as `widths` has, or with a date on it where the first line
    has one. The row is then its first line alone: what follows are rows of their own. A quote inside a cell that does
    not begin with one is text. In a file of very many faults `row_lines` falls to MAX_ROW_LINES, and of even
    more to 1. A row with bytes that are no text has the fault BAD_ENCODING, on whichever of its lines they stand.
    """
    lines, put_back, blank = read_lines(file), deque[str](), delimiter + _SPACES
    quoted = _QuotedRows(lines, put_back, delimiter, widths, row_lines)
    # The last row that was blank: of many, most are the same.
    line, empty = 0, ""
    while (text := put_back.popleft() if put_back else next(lines, None)) is not None:
        line += 1
        if not text or text == empty:
            continue
        if len(text) > MAX_LINE_CHARACTERS:
            yield Record(line, [text[:_BEGINNING_CHARACTERS] + "…"], "TOO_LONG")
        elif '"' in text:
            yield quoted.record(line, text)
            line += quoted.lines_after
        elif type(text) is Undecodable:
            yield Record(line, [str(text)], "BAD_ENCODING")
        elif text[0] not in blank or text.strip(blank) or _has_too_many(text, delimiter, widths):
            yield Record(line, text.split(delimiter), None)
        else:
            empty = text


def _has_too_many(text: str, delimiter: str, widths: range) -> bool:
    """Whether text of nothing but delimiters and spaces has other cells than a row, and is no blank line."""
    return text.count(delimiter) + 1 not in widths and not text.isspace()


def split_line(text: str, delimiter: str) -> list[str]:
    """The cells of a line that stands alone; empty where its quotes do not balance."""
    return _QuoteParser(delimiter).parse(text) or []


class _QuotedRows:
    """Rows with quotes, which may reach over lines; `lines_after` are how many the last record had after its first."""

    def __init__(
        self, lines: Iterator[str], put_back: deque[str], delimiter: str, widths: range, row_lines: int
    ) -> None:
        self.lines_after = 0
        self._lines = lines
        self._put_back = put_back
        self._delimiter = delimiter
        self._widths = widths
        self._row_lines = row_lines
        self._lines_put_back = 0
        self._parser = _QuoteParser(delimiter)

    def record(self, line: int, text: str) -> Record:
        self.lines_after = 0
        cells = self._parser.parse(text)
        if cells is None:
            return self._over_lines(line, text)
        if type(text) is Undecodable:
            return Record(line, [str(text)], "BAD_ENCODING")
        return Record(line, cells, None) if cells else _unbalanced(line, text)

    def _over_lines(self, line: int, text: str) -> Record:
        bound, following = self._bound(), list[str]()
        cells = self._parse(text, following, bound) if bound > 1 else []
        if len(cells) not in self._widths or self._has_rows(text, following):
            self._put_back.extendleft(reversed(following))
            self._lines_put_back += len(following)
            return _unbalanced(line, text)
        self.lines_after = len(following)
        if any(type(part) is Undecodable for part in (text, *following)):
            return Record(line, ["\n".join((text, *following))], "BAD_ENCODING")
        return Record(line, cells, None)

    def _parse(self, text: str, following: list[str], bound: int) -> list[str]:
        """The cells of a row of several lines, empty where they do not balance; those after `text` are added."""

        def supply() -> Iterator[str]:
            characters = len(text)
            yield text + "\n"
            while len(following) + 1 < bound:
                line = self._put_back.popleft() if self._put_back else next(self._lines, None)
                if line is None:
                    return
                following.append(line)
                characters += len(line) + 1
                if characters > MAX_LINE_CHARACTERS:
                    return
                yield line + "\n"

        try:
            # Strict: that the lines end within quotes is an error.
            return next(csv.reader(supply(), delimiter=self._delimiter, strict=True))
        except csv.Error:
            return []

    def _bound(self) -> int:
        if self._lines_put_back < _MAX_LINES_PUT_BACK:
            return self._row_lines
        return min(self._row_lines, MAX_ROW_LINES) if self._lines_put_back < 2 * _MAX_LINES_PUT_BACK else 1

    def _has_rows(self, text: str, following: list[str]) -> bool:
        """Whether two unbalanced quotes have swallowed what stands between them.

        The second is in a row too: a line that only ends a text has no date where rows have it, whatever it holds.
        """
        if self._row_lines > MAX_ROW_LINES:
            # The texts of such a layout may hold anything, and are quoted as they should be.
            return False
        dates = [at for at, cell in enumerate(text.split(self._delimiter)) if _DATE.fullmatch(cell)]
        last = following[-1].split(self._delimiter)
        return any(at < len(last) and _DATE.fullmatch(last[at]) for at in dates)


def _unbalanced(line: int, text: str) -> Record:
    if type(text) is Undecodable:
        return Record(line, [str(text)], "BAD_ENCODING")
    return Record(line, [text[:_BEGINNING_CHARACTERS]], "UNBALANCED_QUOTE")


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
