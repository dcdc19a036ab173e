"""The ledger digest: equal if and only if two ledgers hold the same transactions."""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from txn_svc.ledger.identity import SEPARATOR, canonical, normalise


class DigestRow(NamedTuple):
    booked_on: date
    amount_minor: int
    currency_code: str
    description: str
    stable_id: str | None
    occurrence: int


# In the order in which equal dates and amounts are sorted: currency, normalised description, stable id, occurrence.
_Entry = tuple[str, str, bool, str, int]


class Digest:
    """SHA-256 over one line per transaction, sorted by date, amount, currency, normalised description, id, occurrence.

    Rows are added in the order of (booked_on, amount_minor), which a database gives whatever its collation; the rest of
    the order is made here, so memory holds the rows of one such pair. Another order is refused with ValueError.
    """

    def __init__(self) -> None:
        self._hash = sha256()
        self._key: tuple[date, int] | None = None
        self._group: list[_Entry] = []

    def add(self, row: DigestRow) -> None:
        booked_on, amount_minor, currency_code, description, stable_id, occurrence = row
        key = (booked_on, amount_minor)
        if key != self._key:
            if self._key is not None and key < self._key:
                raise ValueError("Rows must come in the order of their date and amount.")
            self._hash.update(self._lines())
            self._key, self._group = key, []
        entry = (currency_code, normalise(description), stable_id is not None, stable_id or "", occurrence)
        self._group.append(entry)

    def hexdigest(self) -> str:
        """Of all rows so far."""
        whole = self._hash.copy()
        whole.update(self._lines())
        return whole.hexdigest()

    def _lines(self) -> bytes:
        if self._key is None:
            return b""
        if len(self._group) > 1:
            self._group.sort()
        booked_on, amount_minor = self._key
        lines = (
            f"{canonical(booked_on, amount_minor, code, text, stable if has_one else None)}{SEPARATOR}{occurrence}\n"
            for code, text, has_one, stable, occurrence in self._group
        )
        return "".join(lines).encode()


def ledger_digest(rows: Iterable[DigestRow]) -> str:
    """The hexadecimal digest of rows that come in the order of (booked_on, amount_minor)."""
    digest = Digest()
    for row in rows:
        digest.add(row)
    return digest.hexdigest()
