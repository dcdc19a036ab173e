"""Rows of an import, as the service tells them and as a person reads them."""

from collections.abc import Sequence

from cli.money import amount
from cli.output import Output
from cli.pages import listed
from cli.session import Clients
from cli.text import cut
from protos.txn.v1 import txn_pb2 as pb

TEXT_MAX_CHARACTERS = 80


async def rejected_rows(clients: Clients, import_id: str, limit: int) -> list[pb.ImportRow]:
    """The first `limit` in the order of the file, all with 0; says on standard error where more follow."""

    async def fetch(token: str, size: int) -> tuple[list[pb.ImportRow], str]:
        request = pb.ListImportRowsRequest(
            import_id=import_id, outcome=pb.ROW_OUTCOME_REJECT, page_token=token, page_size=size
        )
        answer = await clients.imports.ListImportRows(request)
        return list(answer.rows), answer.next_page_token

    return [row async for row in listed(fetch, limit, "stori imports show --rows")]


async def first_rows(
    clients: Clients, import_id: str, outcome: pb.RowOutcome.ValueType, count: int
) -> list[pb.ImportRow]:
    request = pb.ListImportRowsRequest(import_id=import_id, outcome=outcome, page_size=count)
    return list((await clients.imports.ListImportRows(request)).rows)


def show_rejected(output: Output, found: Sequence[pb.ImportRow]) -> None:
    if found:
        rows = [(str(row.line), row.reason, row.column, _text(row)) for row in found]
        output.table(("line", "reason", "column", "cells"), rows, right=("line",))


def show_read(output: Output, rows: Sequence[pb.ImportRow]) -> None:
    """Rows as one way of reading the file has them."""
    if rows:
        shown = [(str(row.line), row.booked_on, _amount(row), _read_as(row), _text(row)) for row in rows]
        output.table(("line", "booked", "amount", "reads as", "cells"), shown, right=("line", "amount"))


def _read_as(row: pb.ImportRow) -> str:
    return row.reason or row.description


def _amount(row: pb.ImportRow) -> str:
    return amount(row.amount_minor, row.currency_code) if row.HasField("amount_minor") else ""


def _text(row: pb.ImportRow) -> str:
    return cut(" | ".join(row.cells), TEXT_MAX_CHARACTERS)
