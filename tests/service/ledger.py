"""Transactions brought into an account as a person brings them: as a statement that is uploaded and imported."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from protos.txn.v1 import txn_pb2
from tests.service.importing import account, get, post, start
from tests.service.messaging import eventually
from tests.service.txn import Client
from txn_svc.ledger.digest import DigestRow
from txn_svc.ledger.money import currency, format_amount


class Booked(NamedTuple):
    booked_on: str
    amount_minor: int
    description: str = ""

    def digest_row(self) -> DigestRow:
        """As the first of its content in an account in USD."""
        return DigestRow(date.fromisoformat(self.booked_on), self.amount_minor, "USD", self.description, None, 1)


JULY_AND_AUGUST = (
    Booked("2026-07-15", 6050),
    Booked("2026-07-28", -1030),
    Booked("2026-08-02", -2046),
    Booked("2026-08-13", 1000),
)
"""The brief's file."""


async def book(client: Client, account_id: str, rows: Sequence[Booked]) -> list[str]:
    """Imports the rows as one file, which must all be new; their ids in the same order. An importer must be running."""
    content = _statement((await account(client, account_id)).currency_code, rows)
    started = await start(client, account_id, content)
    assert await post(started.upload, content) == 204

    async def is_done() -> bool:
        seen = await get(client, started.id)
        assert seen is not None
        assert seen.state != txn_pb2.IMPORT_STATE_FAILED, seen.failure
        return seen.state == txn_pb2.IMPORT_STATE_COMPLETED

    # Asked again and again, because a stream tells of one import at most twice a second.
    await eventually(is_done)
    created = await _created(client, started.id)
    assert len(created) == len(rows)
    return created


def _statement(currency_code: str, rows: Sequence[Booked]) -> bytes:
    text = io.StringIO()
    writer, unit = csv.writer(text, lineterminator="\n"), currency(currency_code)
    writer.writerow(["date", "description", "amount"])
    writer.writerows([row.booked_on, row.description, format_amount(row.amount_minor, unit)] for row in rows)
    return text.getvalue().encode()


async def _created(client: Client, import_id: str) -> list[str]:
    found, token = list[str](), ""
    while True:
        request = txn_pb2.ListImportRowsRequest(
            import_id=import_id, outcome=txn_pb2.ROW_OUTCOME_CREATE, page_size=100, page_token=token
        )
        page = await client.imports.ListImportRows(request)
        found += [row.transaction_id for row in page.rows]
        token = page.next_page_token
        if not token:
            return found
