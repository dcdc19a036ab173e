"""The layouts that are read, and which of them a header line is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.model import (
    MAX_CATEGORY_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    MAX_LINE_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    MAX_ROW_LINES,
    Unreadable,
)
from txn_svc.statement.records import split_line

DELIMITERS: Final = (",", ";")
# The columns that a file of rejects has besides its layout's: where a row came from, and why it is there.
STORI_LINE: Final = "stori_line"
STORI_REASON: Final = "stori_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names of columns, in any order and case; None for what the layout does not have. Its ids identify nothing.

    `numbers` are the columns of dates, amounts and counts, whose cells nobody escapes; `escaped` are those of text that
    was escaped when the file was written.
    """

    id: str
    columns: tuple[str, ...]
    date: str
    amount: str
    description: str | None
    external_id: str | None
    dates_have_years: bool
    numbers: tuple[str, ...]
    escaped: tuple[str, ...] = ()
    row_lines: int = MAX_ROW_LINES


BRIEF: Final = Layout(
    id="brief",
    columns=("Id", "Date", "Transaction"),
    date="Date",
    amount="Transaction",
    description=None,
    external_id="Id",
    dates_have_years=False,
    numbers=("Date", "Transaction"),
)
PLAIN: Final = Layout(
    id="plain",
    columns=("date", "description", "amount"),
    date="date",
    amount="amount",
    description="description",
    external_id=None,
    dates_have_years=True,
    numbers=("date", "amount"),
)
STORI: Final = Layout(
    id="stori",
    columns=(
        "booked_on",
        "value_on",
        "amount",
        "currency",
        "description",
        "category",
        "note",
        "external_id",
        "occurrence",
    ),
    date="booked_on",
    amount="amount",
    description="description",
    external_id="external_id",
    dates_have_years=True,
    numbers=("booked_on", "value_on", "amount", "occurrence"),
    escaped=("description", "category", "note", "external_id"),
    # Whatever was written is read: each character of its texts may be a line break.
    row_lines=1
    + MAX_DESCRIPTION_CHARACTERS
    + MAX_CATEGORY_CHARACTERS
    + MAX_NOTE_CHARACTERS
    + MAX_EXTERNAL_ID_CHARACTERS,
)
LAYOUTS: Final = (BRIEF, PLAIN, STORI)
FORMAT_IDS: Final[tuple[str, ...]] = tuple(layout.id for layout in LAYOUTS)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file has the columns of its layout: indexes into its rows' cells, and `at` with those of all by name.

    `widths` are how many cells a row may have: in a file of rejects the columns that are not its layout's may be
    missing at the end of a row. `escaped` are the indexes of the cells that an apostrophe is taken from.
    """

    layout: Layout
    delimiter: str
    header_line: int
    header: tuple[str, ...]
    date: int
    amount: int
    description: int | None
    external_id: int | None
    at: dict[str, int]
    has_rejects: bool
    widths: range
    escaped: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def own(self) -> tuple[int, ...]:
        """The indexes of the layout's columns, in the order of the file."""
        return tuple(sorted(self.at.values()))

    @property
    def shape(self) -> str:
        """One text for all headers that name the same columns in the same order, those of a file of rejects left out.

        No line break can stand in a name.
        """
        return "\n".join(_key(self.header[index]) for index in self.own)

    def name(self, index: int) -> str:
        return self.header[index].strip()


def find_columns(header_line: int, text: str, format_id: str | None = None) -> Columns:
    """The layout whose header this line is, of all or of the one. Refuses with Unreadable(UNKNOWN_LAYOUT)."""
    for delimiter in DELIMITERS if len(text) <= MAX_LINE_CHARACTERS else ():
        columns = columns_of(split_line(text, delimiter), delimiter, header_line)
        if columns is not None and format_id in {None, columns.layout.id}:
            return columns
    raise Unreadable(
        "UNKNOWN_LAYOUT", f"{_not_known(header_line, text, format_id)}, separated by commas or semicolons."
    )


def columns_of(header: Sequence[str], delimiter: str, header_line: int = 1) -> Columns | None:
    """Of the layout that has these columns, or these with the two of a file of rejects; None where none has."""
    names = [_key(name) for name in header]
    own = [name for name in names if name not in {STORI_LINE, STORI_REASON}]
    has_rejects = sorted(names) == sorted([*own, STORI_LINE, STORI_REASON])
    for layout in LAYOUTS:
        if sorted(own if has_rejects else names) == sorted(map(_key, layout.columns)):
            return _columns(layout, delimiter, header_line, header, has_rejects=has_rejects)
    return None


def _columns(layout: Layout, delimiter: str, header_line: int, header: Sequence[str], *, has_rejects: bool) -> Columns:
    names = [_key(name) for name in header]
    at = {name: names.index(_key(name)) for name in layout.columns}
    return Columns(
        layout=layout,
        delimiter=delimiter,
        header_line=header_line,
        header=tuple(header),
        date=at[layout.date],
        amount=at[layout.amount],
        description=None if layout.description is None else at[layout.description],
        external_id=None if layout.external_id is None else at[layout.external_id],
        at=at,
        has_rejects=has_rejects,
        widths=range(max(at.values()) + 1, len(header) + 1),
        escaped=tuple(range(len(header))) if has_rejects else tuple(at[name] for name in layout.escaped),
    )


def _not_known(header_line: int, text: str, format_id: str | None) -> str:
    if format_id is None:
        simple = " or ".join(", ".join(layout.columns) for layout in (BRIEF, PLAIN))
        return (
            f"Line {header_line} is no header that Stori knows: {quoted(text)}. "
            f"It reads the columns {simple}, and those of its own export"
        )
    (layout,) = (layout for layout in LAYOUTS if layout.id == format_id)
    return (
        f"Line {header_line} is no header of the format {format_id}: {quoted(text)}. "
        f"That one has the columns {', '.join(layout.columns)}"
    )


def _key(name: str) -> str:
    return name.strip().casefold()
