"""Transactions put straight into the database, as the importer's commit does."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import psycopg

from local.roles import DatabaseUrls
from runtime.ids import from_id, new_id
from txn_svc.ledger.digest import DigestRow
from txn_svc.ledger.identity import identity


class Booked(NamedTuple):
    booked_on: str
    amount_minor: int
    description: str = ""
    category: str | None = None
    import_id: UUID | None = None
    occurrence: int = 1

    def digest_row(self) -> DigestRow:
        booked_on = date.fromisoformat(self.booked_on)
        return DigestRow(booked_on, self.amount_minor, "USD", self.description, None, self.occurrence)


JULY_AND_AUGUST = (
    Booked("2026-07-15", 6050),
    Booked("2026-07-28", -1030),
    Booked("2026-08-02", -2046),
    Booked("2026-08-13", 1000),
)
"""The brief's file."""

_COLUMNS = "account_id, id, booked_on, amount_minor, description, category, import_id, identity, occurrence"


def book(urls: DatabaseUrls, account_id: str, rows: Sequence[Booked]) -> list[UUID]:
    """Inserts the rows in one transaction; their ids, in the same order and in the order of time."""
    account, ids = from_id("acct", account_id), [new_id() for _ in rows]
    with psycopg.connect(urls.application) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM account WHERE id = %s FOR UPDATE", (account,))
        with cursor.copy(f"COPY transaction ({_COLUMNS}) FROM STDIN") as copy:
            for row_id, row in zip(ids, rows, strict=True):
                day = date.fromisoformat(row.booked_on)
                key = identity(day, row.amount_minor, "USD", row.description)
                values = (row.description, row.category, row.import_id, key, row.occurrence)
                copy.write_row((account, row_id, day, row.amount_minor, *values))
    return ids
