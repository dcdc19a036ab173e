"""The columns that Stori itself writes: those of its export, and the two of a file of rejects."""

from collections.abc import Sequence
from typing import Final

from txn_svc.statement.model import (
    MAX_CATEGORY_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_EXTERNAL_ID_CHARACTERS,
    MAX_NOTE_CHARACTERS,
)

# The columns that a file of rejects has besides its own: where a row came from, and why it is there.
STORI_LINE: Final = "stori_line"
STORI_REASON: Final = "stori_reason"

# As a spreadsheet writes them too, whatever the case.
TRUE: Final = "true"
FALSE: Final = "false"


class STORI:
    """The layout of Stori's own export. `escaped` are the columns whose text was escaped when the file was written."""

    id: Final = "stori"
    columns: Final = (
        "booked_on",
        "value_on",
        "amount",
        "currency",
        "description",
        "category",
        "note",
        "external_id",
        "occurrence",
        "has_stable_id",
    )
    # What exports did not have from the beginning; one without it is read as well.
    later: Final = frozenset({"has_stable_id"})
    numbers: Final = frozenset({"booked_on", "value_on", "amount", "occurrence"})
    escaped: Final = frozenset({"description", "category", "note", "external_id"})
    # Whatever was written is read: each character of its texts may be a line break.
    row_lines: Final = (
        1 + MAX_DESCRIPTION_CHARACTERS + MAX_CATEGORY_CHARACTERS + MAX_NOTE_CHARACTERS + MAX_EXTERNAL_ID_CHARACTERS
    )


def is_own_export(header: Sequence[str]) -> bool:
    """Whether these are its columns, in any order and case."""
    names = [name.strip().casefold() for name in header]
    return len(set(names)) == len(names) and {*STORI.columns} - STORI.later <= {*names} <= {*STORI.columns}
