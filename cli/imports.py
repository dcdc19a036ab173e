"""`stori imports list` and `stori imports show`, and an import's outcome."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.accounts import find_account
from cli.exits import Failure
from cli.moments import since as moment
from cli.options import DEFAULT_LIMIT, Account, Json, Limit
from cli.output import Output, protojson
from cli.pages import listed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

STATE_PREFIX = "IMPORT_STATE_"


def imports_list(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed or expired.")] = False,
    since: Annotated[str, typer.Option("--since", help="2026-07-15 (UTC), or back from now: 30m, 24h, 7d, 2w.")] = "",
    account: Account = "",
    limit: Limit = DEFAULT_LIMIT,
    json: Json = False,
) -> None:
    """List your imports, newest first."""
    output = Output(as_json=json)
    try:
        earliest = moment(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    states = [pb.IMPORT_STATE_FAILED, pb.IMPORT_STATE_EXPIRED] if failed else []

    async def work(clients: Clients) -> None:
        account_id = (await find_account(clients, account)).id if account else ""

        async def fetch(token: str, size: int) -> tuple[list[pb.Import], str]:
            request = pb.ListImportsRequest(account_id=account_id, states=states, page_token=token, page_size=size)
            answer = await clients.imports.ListImports(request)
            return _until(earliest, list(answer.imports), answer.next_page_token)

        found = []
        async for one in listed(fetch, limit):
            # The form is a permission to upload; nobody who lists needs it.
            one.ClearField("upload")
            output.document(one)
            found.append(one)
        show_imports(output, found)

    run(work)


def imports_show(
    import_id: Annotated[str, typer.Argument(metavar="ID", help="An import's id, imp_….")],
    limit: Annotated[int, typer.Option("--rows", min=0, help="The most rejected rows to show; 0 shows all.")] = 100,
    json: Json = False,
) -> None:
    """Show one import: how its file was read, what became of it, and the rows that were rejected."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        answer = await clients.imports.BatchGetImports(pb.BatchGetImportsRequest(import_ids=[import_id]))
        [result] = answer.results
        if not result.HasField("statement_import"):
            raise Failure("There is no such import.")
        found = result.statement_import
        found.ClearField("upload")
        rejected = await rejected_rows(clients, found, limit)
        output.document(outcome_document(found, rejected))
        show_outcome(output, found, rejected)

    run(work)


def outcome_document(found: pb.Import, rejected: list[pb.ImportRow]) -> dict[str, Any]:
    return {"statementImport": found, "rejectedRows": [protojson(row) for row in rejected]}


def show_outcome(
    output: Output,
    found: pb.Import,
    rejected: list[pb.ImportRow],
    bases: Collection[int] = tuple(pb.FindingBasis.values()),
) -> None:
    """What became of a file, in words; how it was read, as far as that rests on `bases`."""
    output.say(f"{found.id}  {state_of(found)}  {found.file_name}  (request {found.request_id})")
    if found.failure:
        output.say(found.failure)
    if found.state == pb.IMPORT_STATE_COMPLETED:
        new, known, bad = found.imported_count, found.duplicate_count, found.rejected_count
        output.say(f"{found.row_count} rows: {new} new, {known} already here, {bad} rejected")
    for finding in (each for each in found.findings if each.basis in bases):
        basis = pb.FindingBasis.Name(finding.basis).removeprefix("FINDING_BASIS_").lower()
        output.say(f"{basis}: {finding.message}")
    if rejected:
        rows = [(str(row.line), row.reason, row.column, " | ".join(row.cells)) for row in rejected]
        output.table(("line", "reason", "column", "cells"), rows, right=("line",))


def show_imports(output: Output, found: list[pb.Import]) -> None:
    rows = [
        (
            one.id,
            one.create_time.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ"),
            state_of(one),
            str(one.imported_count),
            str(one.duplicate_count),
            str(one.rejected_count),
            one.file_name,
            one.failure,
        )
        for one in found
    ]
    columns = ("id", "created", "state", "new", "known", "rejected", "file", "failure")
    output.table(columns, rows, right=("new", "known", "rejected"))


async def rejected_rows(clients: Clients, found: pb.Import, limit: int) -> list[pb.ImportRow]:
    if not found.rejected_count:
        return []

    async def fetch(token: str, size: int) -> tuple[list[pb.ImportRow], str]:
        request = pb.ListImportRowsRequest(
            import_id=found.id, outcome=pb.ROW_OUTCOME_REJECT, page_token=token, page_size=size
        )
        answer = await clients.imports.ListImportRows(request)
        return list(answer.rows), answer.next_page_token

    return [row async for row in listed(fetch, limit, "stori imports show --rows")]


def _until(earliest: datetime | None, page: list[pb.Import], token: str) -> tuple[list[pb.Import], str]:
    """The part of a page, newest first, that is not older; what follows an older one is older still."""
    if earliest is None:
        return page, token
    recent = [one for one in page if one.create_time.ToDatetime(UTC) >= earliest]
    return recent, token if len(recent) == len(page) else ""


def state_of(found: pb.Import) -> str:
    return pb.ImportState.Name(found.state).removeprefix(STATE_PREFIX)
