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


class Digest:
    """SHA-256 over one line per transaction, sorted by date, amount, currency, normalised description, id, occurrence.

    Rows are added in the order of (booked_on, amount_minor), which a database gives whatever its collation; the rest of
    the order is made here, so memory holds the rows of one such pair. Another order is refused with ValueError.
    """

    def __init__(self) -> None:
        self._hash = sha256()
        self._key: tuple[date, int] | None = None
        self._group: list[DigestRow] = []

    def add(self, row: DigestRow) -> None:
        key = (row.booked_on, row.amount_minor)
        if key != self._key:
            if self._key is not None and key < self._key:
                raise ValueError("Rows must come in the order of their date and amount.")
            self._hash.update(_lines(self._group))
            self._key, self._group = key, []
        self._group.append(row._replace(description=normalise(row.description)))

    def hexdigest(self) -> str:
        """Of all rows so far."""
        whole = self._hash.copy()
        whole.update(_lines(self._group))
        return whole.hexdigest()


def ledger_digest(rows: Iterable[DigestRow]) -> str:
    """The hexadecimal digest of rows that come in the order of (booked_on, amount_minor)."""
    digest = Digest()
    for row in rows:
        digest.add(row)
    return digest.hexdigest()


def _lines(group: list[DigestRow]) -> bytes:
    return "".join(_line(row) for row in sorted(group, key=_order)).encode()


def _order(row: DigestRow) -> tuple[str, str, bool, str, int]:
    return row.currency_code, row.description, row.stable_id is not None, row.stable_id or "", row.occurrence


def _line(row: DigestRow) -> str:
    content = canonical(row.booked_on, row.amount_minor, row.currency_code, row.description, row.stable_id)
    return f"{content}{SEPARATOR}{row.occurrence}\n"
