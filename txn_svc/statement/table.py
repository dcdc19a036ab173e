"""Where the rows of a file are: how cells are separated, which line is the header, what stands before it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple

from txn_svc.ledger.quoting import quoted
from txn_svc.statement import stray_commas
from txn_svc.statement.amounts import marks
from txn_svc.statement.dates import readings
from txn_svc.statement.format import YEARLESS, Format
from txn_svc.statement.formats import formats, recognise
from txn_svc.statement.lines import TextBytes, read_lines
from txn_svc.statement.model import MAX_LINE_CHARACTERS, MAX_ROW_LINES, Unreadable
from txn_svc.statement.own import STORI, STORI_LINE, STORI_REASON, is_own_export
from txn_svc.statement.records import Record, read_records, split_line
from txn_svc.statement.words import roles_of

# A comma comes last: it also stands in amounts and dates.
DELIMITERS: Final = (";", "\t", "|", ",")
DELIMITER_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# Rows that are looked at to find the columns, and among the first of them the header.
SAMPLE_ROWS: Final = 200
MAX_PREAMBLE_ROWS: Final = 60
MAX_COLUMNS: Final = 500

# The first that are compared with the header.
_ROWS_COMPARED: Final = 20
_ANY_WIDTH: Final = range(1, MAX_COLUMNS + 1)
_LEAST_NAMES: Final = 2
_REJECTS: Final = frozenset({STORI_LINE, STORI_REASON})
_AMOUNTS: Final = frozenset({"amount", "debit", "credit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows are the records after line `header_line`, which is the header where there is one.

    `header` are the names of all columns, made up where the file has none. `own` are the indexes of the columns that
    are not Stori's, in a file of rejects; `widths` how many cells a row may have; `escaped` the indexes of the cells
    that an apostrophe is taken from. `before` are the rows before the header.
    """

    delimiter: str
    header_line: int
    header: tuple[str, ...]
    own: tuple[int, ...]
    widths: range
    escaped: tuple[int, ...]
    format: Format | None
    has_header: bool = True
    is_own_export: bool = False
    before: tuple[Record, ...] = ()

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def line(self) -> int:
        """That of the header, or of the first row where there is none."""
        return self.header_line if self.has_header else self.header_line + 1

    @property
    def names(self) -> tuple[str, ...]:
        """Those that stand in the file."""
        return self.header if self.has_header else ()

    @property
    def has_rejects(self) -> bool:
        return len(self.own) < len(self.header)

    @property
    def row_lines(self) -> int:
        return STORI.row_lines if self.is_own_export else MAX_ROW_LINES

    @property
    def format_id(self) -> str:
        return STORI.id if self.is_own_export else INFERRED if self.format is None else self.format.id

    @property
    def shape(self) -> str:
        """One text for all headers that name the same columns in the same order, those of a file of rejects left out.

        No line break can stand in a name.
        """
        return "\n".join(key(self.header[index]) for index in self.own)

    @property
    def numbers(self) -> frozenset[int]:
        """The columns where a number may stand: all, unless more is known."""
        if self.is_own_export:
            return frozenset(at for name, at in own_places(self).items() if name in STORI.numbers)
        if self.format is None:
            return frozenset(range(self.width))
        roles = self.format.roles
        places = (roles.date, roles.value_date, roles.amount, roles.debit, roles.credit, roles.fee, roles.balance)
        return frozenset(at for at in places if at is not None)

    def name(self, index: int) -> str:
        return self.header[index].strip()


INFERRED: Final = "inferred"
"""The format of a file that is none of those known."""


def key(name: str) -> str:
    return name.strip().casefold()


def find_table(file: TextBytes, format_id: str | None) -> Table:
    """Refuses with Unreadable: EMPTY, UNKNOWN_LAYOUT."""
    first = next(((line, text) for line, text in enumerate(read_lines(file), 1) if text and not text.isspace()), None)
    if first is None:
        raise Unreadable("EMPTY", "The file holds nothing but blank lines.")
    line, text = first
    if len(text) <= MAX_LINE_CHARACTERS:
        for delimiter in DELIMITERS:
            if (table := table_of(split_line(text, delimiter), delimiter, line, format_id)) is not None:
                return _as_wide_as_rows(file, table)
    samples = {delimiter: _sample(file, delimiter) for delimiter in DELIMITERS}
    found = _declared(samples, format_id) or (_inferred(samples) if format_id is None else None)
    if found is None:
        raise Unreadable("UNKNOWN_LAYOUT", _not_known(line, text, format_id))
    return _as_wide_as_rows(file, found)


def _as_wide_as_rows(file: TextBytes, table: Table) -> Table:
    """With blank columns more or less at the end where that is what all of the first rows have: banks end lines in a
    delimiter more than they did, or less."""
    if table.format is None or table.has_rejects or not table.has_header:
        return table
    records = islice(read_records(file, table.delimiter, _ANY_WIDTH), table.header_line + _ROWS_COMPARED)
    rows = [one.cells for one in records if one.line > table.header_line and is_row(one)]
    widths = {len(cells) for cells in rows}
    width = max(widths, default=0)
    is_blank = not any(map(str.strip, (*table.header[width:], *(cell for row in rows for cell in row[table.width :]))))
    if len(widths) != 1 or not is_blank or width <= table.format.roles.last:
        return table
    header = [*table.header, *[""] * width][:width]
    return replace(table, header=tuple(header), own=tuple(range(width)), widths=range(width, width + 1))


def table_of(header: Sequence[str], delimiter: str, line: int = 1, format_id: str | None = None) -> Table | None:
    """That of a header which is a known one, or one with the two columns of a file of rejects; None for any other."""
    names = [key(name) for name in header]
    # Alone they are no header: there is no column that rows could stand in.
    has_rejects = names.count(STORI_LINE) == names.count(STORI_REASON) == 1 and len(names) > len(_REJECTS)
    own = [index for index, name in enumerate(names) if not has_rejects or name not in _REJECTS]
    of_own = [header[index] for index in own]
    if format_id in {None, STORI.id} and is_own_export(of_own):
        escaped = tuple(index for index in own if names[index] in STORI.escaped)
        return _table(header, delimiter, line, own, None, escaped, is_own_export=True)
    found = recognise(of_own, delimiter) if format_id != STORI.id else None
    if found is not None and format_id in {None, found.id}:
        if not has_rejects:
            header = [*header, *[""] * (found.width - len(header))]
            own = list(range(len(header)))
        return _table(header, delimiter, line, own, _moved(found, own))
    return _table(header, delimiter, line, own, None) if has_rejects and format_id is None else None


def any_table(header: Sequence[str], delimiter: str) -> Table:
    """As `table_of`; where that knows none, every column may mean anything."""
    return table_of(header, delimiter) or _table(header, delimiter, 1, range(len(header)), None)


def _table(
    header: Sequence[str],
    delimiter: str,
    line: int,
    own: Sequence[int],
    known: Format | None,
    escaped: tuple[int, ...] = (),
    *,
    is_own_export: bool = False,
    has_header: bool = True,
    before: tuple[Record, ...] = (),
) -> Table:
    has_rejects = len(own) < len(header)
    return Table(
        delimiter=delimiter,
        header_line=line,
        header=tuple(header),
        own=tuple(own),
        widths=range(max(own) + 1 if has_rejects else len(header), len(header) + 1),
        escaped=tuple(range(len(header))) if has_rejects else escaped,
        format=known,
        is_own_export=is_own_export,
        has_header=has_header,
        before=before,
    )


def _moved(found: Format, own: Sequence[int]) -> Format:
    """Its roles as indexes into rows that have other columns too."""
    return found if list(own) == list(range(len(own))) else found.with_columns_at(own)


def _sample(file: TextBytes, delimiter: str) -> list[Record]:
    return list(islice(read_records(file, delimiter, _ANY_WIDTH), SAMPLE_ROWS))


def _declared(samples: dict[str, list[Record]], format_id: str | None) -> Table | None:
    """Of a known header after a preamble, or of a format without a header, which has to be asked for."""
    for delimiter, records in samples.items():
        for number, record in enumerate(records[:MAX_PREAMBLE_ROWS]):
            table = None if record.fault else table_of(record.cells, delimiter, record.line, format_id)
            if table is not None:
                return _with_preamble(table, records[:number])
    wanted = formats().get(format_id or "")
    if wanted is None or wanted.header:
        return None
    return _table(_made_up(wanted.width), wanted.delimiter, 0, range(wanted.width), wanted, has_header=False)


def _with_preamble(table: Table, before: Sequence[Record]) -> Table:
    return replace(table, before=tuple(before))


def _inferred(samples: dict[str, list[Record]]) -> Table | None:
    delimiter = max(samples, key=lambda one: _score(samples[one]))
    records = samples[delimiter]
    score = _score(records)
    if not score.rows:
        return _of_words(samples)
    width = score.width
    first = next(number for number, record in enumerate(records) if is_row(record) and len(record.cells) == width)
    at = _header_before(records[: min(first, MAX_PREAMBLE_ROWS)], width)
    at = _header_after(records[first:MAX_PREAMBLE_ROWS], first, None if at is None else records[at], width) or at
    if delimiter == ",":
        rows = [record for record in records if len(record.cells) == width and is_row(record)]
        stray_commas.require_none([] if at is None else records[at].cells, rows)
    if at is None:
        before = tuple(records[:first])
        line = records[first].line - 1
        return _table(_made_up(width), delimiter, line, range(width), None, has_header=False, before=before)
    header = (records[at].cells + [""] * width)[:width]
    return _table(header, delimiter, records[at].line, range(width), None, before=tuple(records[:at]))


def _of_words(samples: dict[str, list[Record]]) -> Table | None:
    """A header by its names alone, where no row has a date and an amount."""
    for delimiter, records in samples.items():
        for number, record in enumerate(records[:MAX_PREAMBLE_ROWS]):
            if _is_header(record):
                width = len(record.cells)
                return _table(record.cells, delimiter, record.line, range(width), None, before=tuple(records[:number]))
    return None


class _Score(NamedTuple):
    """How well a delimiter divides the rows. `rows` are those that have a date and an amount in `width` cells."""

    is_named: bool
    rows: int
    with_years: int
    width: int


def _score(records: Sequence[Record]) -> _Score:
    widths = Counter(len(record.cells) for record in records if is_row(record))
    width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    is_named = any(len(record.cells) == width and _names(record) >= _LEAST_NAMES for record in records)
    orders = (readings(cell).keys() for record in records if len(record.cells) == width for cell in record.cells)
    return _Score(is_named, rows, sum(bool(one - YEARLESS) for one in orders), width)


def _names(record: Record) -> int:
    return 0 if record.fault else sum(bool(roles_of(cell)) for cell in record.cells if not cell[:1].isdigit())


def is_row(record: Record) -> bool:
    """Whether it has a date and an amount in cells of their own."""
    if record.fault or not _LEAST_NAMES <= len(record.cells) <= MAX_COLUMNS:
        return False
    dates = [bool(readings(cell)) for cell in record.cells]
    return any(dates) and any(marks(cell) for cell, is_date in zip(record.cells, dates, strict=True) if not is_date)


def _header_before(records: Sequence[Record], width: int) -> int | None:
    """The last row whose cells are names of columns; best one of as many cells as the rows have."""
    at = _last(records, lambda record: len(record.cells) == width and _names(record) >= _LEAST_NAMES)
    if at is None and records and len(records[-1].cells) == width and _may_be_names(records[-1].cells):
        at = len(records) - 1
    return _last(records, lambda record: _names(record) >= _LEAST_NAMES) if at is None else at


def _header_after(records: Sequence[Record], first: int, before: Record | None, width: int) -> int | None:
    """The header where the first rows are none: balances above it, which have a date and an amount too.

    They are other columns than those that it names, or have a header of their own, which names no amounts.
    """
    if before is not None and _is_header(before):
        return None
    for number, record in enumerate(records):
        if len(record.cells) == width and _is_header(record):
            above = [one for one in records[:number] if len(one.cells) == width and is_row(one)]
            return None if before is None and any(_fits(one, record) for one in above) else first + number
    return None


def _is_header(record: Record) -> bool:
    """Whether it names a date and an amount, and is no row."""
    names = {role for cell in record.cells for role in roles_of(cell)}
    return not record.fault and not is_row(record) and "date" in names and not names.isdisjoint(_AMOUNTS)


def _fits(record: Record, header: Record) -> bool:
    """Whether a date and an amount stand in the columns that have their names."""
    cells = [(set(roles_of(name)), cell) for name, cell in zip(header.cells, record.cells, strict=True)]
    has_date = any("date" in roles and readings(cell) for roles, cell in cells)
    return has_date and any(not roles.isdisjoint(_AMOUNTS) and marks(cell) for roles, cell in cells)


def _last(records: Sequence[Record], is_it: Callable[[Record], bool]) -> int | None:
    return next((at for at in range(len(records) - 1, -1, -1) if is_it(records[at])), None)


def _may_be_names(cells: Sequence[str]) -> bool:
    named = [cell for cell in cells if any(character.isalpha() for character in cell)]
    return len(named) * 2 > len(cells) and not any(readings(cell) or marks(cell) for cell in cells)


def _made_up(width: int) -> list[str]:
    return [f"column {number}" for number in range(1, width + 1)]


def _not_known(line: int, text: str, format_id: str | None) -> str:
    if format_id is None:
        return (
            f"No row of the first {SAMPLE_ROWS} has a date and an amount in cells of their own, separated by commas, "
            f"semicolons, tabs or vertical bars. Line {line} is {quoted(text)}."
        )
    names = ", ".join(STORI.columns if format_id == STORI.id else formats()[format_id].header)
    return (
        f"Line {line} is no header of the format {format_id}: {quoted(text)}. "
        f"That one has the columns {names}, separated by commas or semicolons."
    )


def own_places(table: Table) -> dict[str, int]:
    """The indexes of the columns of Stori's own export by their names, those that it has."""
    names = [name.strip().casefold() for name in table.header]
    return {name: names.index(name) for name in STORI.columns if name in names}
