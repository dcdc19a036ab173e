"""`stori export`, `stori imports rejects` and `stori imports original`: CSV files out of Stori."""

from collections.abc import AsyncIterable
from pathlib import Path

from cli.accounts import find_account
from cli.filters import BroughtBy, Category, DirectionOption, FromDate, UntilDate, Words, transaction_filter
from cli.imports import ImportId
from cli.options import Account
from cli.output import note
from cli.saving import Force, OutputFile, destination, save
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb


def export(
    account: Account,
    from_date: FromDate = "",
    until_date: UntilDate = "",
    text: Words = "",
    category: Category = "",
    direction: DirectionOption = None,
    import_id: BroughtBy = "",
    output: OutputFile = "",
    force: Force = False,
) -> None:
    """Write an account's transactions as CSV; imported into an empty account, it gives the same ledger."""
    path = destination(output, force=force)
    only = transaction_filter(from_date, until_date, text, category, direction, import_id)

    async def work(clients: Clients) -> None:
        holder = await find_account(clients, account)
        request = pb.ExportTransactionsRequest(account_id=holder.id, filter=only)
        await _write(clients.transactions.ExportTransactions(request), path, force=force)

    run(work)


def imports_rejects(import_id: ImportId, output: OutputFile = "", force: Force = False) -> None:
    """Write the rejected rows of an import as CSV, each with its line and reason: to mend and to import again."""
    _export_import(import_id, pb.IMPORT_PART_REJECTS, output, force=force)


def imports_original(import_id: ImportId, output: OutputFile = "", force: Force = False) -> None:
    """Write the file of an import as it was received."""
    _export_import(import_id, pb.IMPORT_PART_ORIGINAL, output, force=force)


def _export_import(import_id: str, part: pb.ImportPart.ValueType, output: str, *, force: bool) -> None:
    path = destination(output, force=force)
    request = pb.ExportImportRequest(import_id=import_id, part=part)

    async def work(clients: Clients) -> None:
        await _write(clients.imports.ExportImport(request), path, force=force)

    run(work)


async def _write(
    answers: AsyncIterable[pb.ExportTransactionsResponse | pb.ExportImportResponse], path: Path | None, *, force: bool
) -> None:
    size = await save((answer.data async for answer in answers), path, force=force)
    if path is not None:
        note(f"{path}: {size} bytes")
