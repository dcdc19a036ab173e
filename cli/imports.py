"""`stori imports list` and `stori imports show`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.asked import how_to_answer
from cli.moments import since as moment
from cli.options import DEFAULT_LIMIT, Account, Json, Limit
from cli.outcome import find_import, show_import, state_of
from cli.output import Output
from cli.pages import listed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

ImportId = Annotated[str, typer.Argument(metavar="ID", help="An import's id, imp_….")]


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
    import_id: ImportId,
    limit: Annotated[int, typer.Option("--rows", min=0, help="The most rejected rows to show; 0 shows all.")] = 100,
    json: Json = False,
) -> None:
    """Show one import: how its file was read, what became of it, and the rows that were rejected."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        found = await find_import(clients, import_id)
        await show_import(clients, output, found, rejected_max=limit)
        for line in _ways_on(found):
            output.say(line)

    run(work)


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


def _ways_on(found: pb.Import) -> list[str]:
    """How it was asked for, where that is not the usual; and, where it waits, what may be done with it."""
    lines = [f"read as {found.format_id}"] if found.format_id else []
    if found.repeats_import_id:
        lines.append(f"reads the file of {found.repeats_import_id} again")
    if found.review:
        lines.append(f"review {pb.Review.Name(found.review).removeprefix('REVIEW_').lower().replace('_', '-')}")
    if found.state == pb.IMPORT_STATE_NEEDS_ANSWER:
        lines.append(how_to_answer(found))
    if found.state == pb.IMPORT_STATE_READY:
        lines.append(f"`stori imports commit {found.id} --plan {found.plan.digest}` commits this plan")
    return lines


def _until(earliest: datetime | None, page: list[pb.Import], token: str) -> tuple[list[pb.Import], str]:
    """The part of a page, newest first, that is not older; what follows an older one is older still."""
    if earliest is None:
        return page, token
    recent = [one for one in page if one.create_time.ToDatetime(UTC) >= earliest]
    return recent, token if len(recent) == len(page) else ""
