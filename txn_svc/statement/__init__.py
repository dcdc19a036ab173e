"""A bank's file becomes rows: bytes → dialect → columns → values → rows. Pure: no database, no network.

And back: `export` writes transactions, `rejects` the rows that were not understood, each as a file that is read here.
"""

from typing import Final

from txn_svc.statement.formats import formats
from txn_svc.statement.model import Finding, Option, Question, RejectedRow, Unreadable, ValidRow
from txn_svc.statement.own import STORI
from txn_svc.statement.reader import Statement, read

VERSION: Final = 9
"""Of the reading: raised whenever any file would be read into other rows than before.

Imports of the same bytes share their rows only within one version.
"""


def format_ids() -> tuple[str, ...]:
    """Of all formats that a file can be said to have."""
    return (*formats(), STORI.id)


__all__ = [
    "VERSION",
    "Finding",
    "Option",
    "Question",
    "RejectedRow",
    "Statement",
    "Unreadable",
    "ValidRow",
    "format_ids",
    "read",
]
