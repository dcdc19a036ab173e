"""The layouts that are read, and which of them a header line is."""

from dataclasses import dataclass
from typing import Final

from txn_svc.ledger.quoting import quoted
from txn_svc.statement.model import MAX_LINE_CHARACTERS, Unreadable
from txn_svc.statement.records import split_line

DELIMITERS: Final = (",", ";")


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of columns, in any order and case; None for what the layout does not have. Its ids identify nothing."""

    columns: tuple[str, ...]
    date: str
    amount: str
    description: str | None
    external_id: str | None
    dates_have_years: bool


BRIEF: Final = Layout(
    columns=("Id", "Date", "Transaction"),
    date="Date",
    amount="Transaction",
    description=None,
    external_id="Id",
    dates_have_years=False,
)
PLAIN: Final = Layout(
    columns=("date", "description", "amount"),
    date="date",
    amount="amount",
    description="description",
    external_id=None,
    dates_have_years=True,
)
LAYOUTS: Final = (BRIEF, PLAIN)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file has the columns of its layout: indexes into its rows' cells."""

    layout: Layout
    delimiter: str
    header_line: int
    header: tuple[str, ...]
    date: int
    amount: int
    description: int | None
    external_id: int | None

    @property
    def width(self) -> int:
        return len(self.header)

    def name(self, index: int) -> str:
        return self.header[index].strip()


def find_columns(header_line: int, text: str) -> Columns:
    """The layout whose header this line is. Refuses with Unreadable(UNKNOWN_LAYOUT)."""
    for delimiter in DELIMITERS if len(text) <= MAX_LINE_CHARACTERS else ():
        header = split_line(text, delimiter)
        names = [_key(cell) for cell in header]
        for layout in LAYOUTS:
            if sorted(names) == sorted(map(_key, layout.columns)):
                return _columns(layout, delimiter, header_line, header)
    known = " or ".join(", ".join(layout.columns) for layout in LAYOUTS)
    raise Unreadable(
        "UNKNOWN_LAYOUT",
        f"Line {header_line} is no header that Stori knows: {quoted(text)}. "
        f"It reads the columns {known}, separated by commas or semicolons.",
    )


def _columns(layout: Layout, delimiter: str, header_line: int, header: list[str]) -> Columns:
    at = {_key(cell): index for index, cell in enumerate(header)}
    return Columns(
        layout=layout,
        delimiter=delimiter,
        header_line=header_line,
        header=tuple(header),
        date=at[_key(layout.date)],
        amount=at[_key(layout.amount)],
        description=None if layout.description is None else at[_key(layout.description)],
        external_id=None if layout.external_id is None else at[_key(layout.external_id)],
    )


def _key(name: str) -> str:
    return name.strip().casefold()
