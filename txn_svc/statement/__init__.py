"""A bank's file becomes rows: bytes → dialect → columns → values → rows. Pure: no database, no network.

And back: `export` writes transactions, `rejects` the rows that were not understood, each as a file that is read here.
"""

from typing import Final

from txn_svc.statement.layouts import FORMAT_IDS
from txn_svc.statement.model import Finding, RejectedRow, Unreadable, ValidRow
from txn_svc.statement.reader import Statement, read

VERSION: Final = 2
"""Of the reading: raised whenever any file would be read into other rows than before.

Imports of the same bytes share their rows only within one version.
"""

__all__ = ["FORMAT_IDS", "VERSION", "Finding", "RejectedRow", "Statement", "Unreadable", "ValidRow", "read"]
