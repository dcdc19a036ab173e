"""What a statement is read into, and how it is refused."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

# The bounds of a file. A row over one of them is rejected, with the beginning of its cells; a file of more lines is
# refused.
MAX_LINE_CHARACTERS: Final = 65_536
MAX_ROW_LINES: Final = 20
MAX_CELLS_KEPT: Final = 64
# A page of a hundred rejects has to fit a gRPC message of 4 MB, at up to four bytes a character.
MAX_CHARACTERS_KEPT: Final = 4_000
MAX_DESCRIPTION_CHARACTERS: Final = 500
MAX_CATEGORY_CHARACTERS: Final = 100
MAX_NOTE_CHARACTERS: Final = 1_000
MAX_EXTERNAL_ID_CHARACTERS: Final = 200
MAX_LINES: Final = 50_000_000
# A file is refused in which more rows than these are rejected, and most.
MAX_REJECTED_ROWS: Final = 100_000

MAX_FINDING_LINES: Final = 10

# Of a question: rows that show what an answer would make of them.
MAX_OPTION_ROWS: Final = 5
MAX_OPTIONS: Final = 12

# Of a proof: places where something is missing that are named; all are counted.
MAX_GAPS: Final = 10

Property = Literal[
    "ENCODING",
    "DELIMITER",
    "HEADER",
    "COLUMNS",
    "DATE_ORDER",
    "YEAR",
    "DECIMAL_MARK",
    "SIGN",
    "STATUS",
    "CURRENCY",
    "ACCOUNT",
    "OVERLAP",
    "BALANCE",
]
Basis = Literal["DECLARED", "REMEMBERED", "EVIDENCE", "ASSUMPTION", "ANSWERED"]
ReasonCode = Literal[
    "NO_DATE",
    "BAD_DATE",
    "BAD_AMOUNT",
    "BAD_ENCODING",
    "UNBALANCED_QUOTE",
    "CELL_COUNT",
    "OTHER_CURRENCY",
    "OTHER_ACCOUNT",
    "PENDING",
    "TOO_LONG",
]
Verdict = Literal["BALANCES_MATCH", "GAP", "CANNOT_TELL"]
Direction = Literal["ASCENDING", "DESCENDING"]
FailureCode = Literal["EMPTY", "NOT_A_STATEMENT", "TOO_LARGE", "UNREADABLE", "UNKNOWN_LAYOUT", "NO_ROWS"]


@dataclass(frozen=True, slots=True)
class Finding:
    """How the file was read: what, on which ground, decided by which lines (at most 10; 1 is the file's first)."""

    property: Property
    basis: Basis
    value: str
    message: str
    lines: tuple[int, ...] = ()


# Rows are named tuples and not dataclasses: a frozen dataclass costs as much to make as all parsing of its row.
class ValidRow(NamedTuple):
    """`line` is where the row starts; `cells` are as they stand in the file, line breaks inside a cell being LF.

    `occurrence` says which of equal transactions it is where the file does; None leaves the numbering of twins to who
    takes the rows. `category` and `note` are None where the file has none. `has_stable_id` says that `external_id`,
    which is not empty then, is this one transaction's for ever.
    """

    line: int
    cells: tuple[str, ...]
    booked_on: date
    value_on: date | None
    amount_minor: int
    description: str
    external_id: str | None
    category: str | None
    note: str | None
    occurrence: int | None
    has_stable_id: bool = False


class RejectedRow(NamedTuple):
    """`reason` is a sentence for a person; `column` is the header of the cell it is about, None for the whole row.

    `cells` are at most 64 of at most 4,000 characters together, and only the beginning of a row that has no end. Where
    they had more, the longest are cut and end in “…”, so that no cut cell can be taken for a number.
    """

    line: int
    cells: tuple[str, ...]
    reason_code: ReasonCode
    reason: str
    column: str | None


Row = ValidRow | RejectedRow


class KnownRow(NamedTuple):
    """A row that is not booked again; `reason` says what it is taken for."""

    row: ValidRow
    reason: str


@dataclass(frozen=True, slots=True)
class Option:
    """An answer; `id` is the value that the finding of its property would have, `rows` some rows as they would read."""

    id: str
    label: str
    rows: tuple[ValidRow | KnownRow | RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What the file leaves open; there is at most one of a property, and at least two options."""

    property: Property
    message: str
    options: tuple[Option, ...]


class Total(NamedTuple):
    """A balance that stands outside of the rows, in a preamble or a footer, and its line."""

    balance_minor: int
    line: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two lines bookings of `missing_minor` together are missing; of a row there that was rejected, its line.

    Positive is money that came in.
    """

    after_line: int
    before_line: int
    missing_minor: int
    rejected_line: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether running balances, or opening and closing totals, show that no row of a file is missing.

    `opening_minor` and `closing_minor` are the balances before its oldest and after its newest row; both are None where
    the file cannot tell. `direction` is the order of its rows, None where no chain of balances gives one. `gaps` are
    the first MAX_GAPS of `gap_count`. `first_on` and `last_on` are the days of the oldest and newest row, None without
    a row.
    """

    verdict: Verdict
    message: str
    opening_minor: int | None
    closing_minor: int | None
    direction: Direction | None
    gaps: tuple[Gap, ...]
    gap_count: int
    first_on: date | None
    last_on: date | None
    lines: tuple[int, ...] = ()


class Unreadable(Exception):
    """The file as a whole is refused; the message is a sentence for a person that says what and where."""

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(message)
        self.code: FailureCode = code
        self.message = message
