"""A bank's file becomes rows: bytes → dialect → columns → values → rows. Pure: no database, no network."""

from txn_svc.statement.model import Finding, RejectedRow, Unreadable, ValidRow
from txn_svc.statement.reader import Statement, read

__all__ = ["Finding", "RejectedRow", "Statement", "Unreadable", "ValidRow", "read"]
