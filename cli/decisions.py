"""`stori imports commit`, `stori imports discard` and `stori imports decide`: what becomes of a plan that waits."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.exits import USAGE, Failure
from cli.following import DEFAULT_SECONDS, Timeout
from cli.imports import ImportId
from cli.options import Json
from cli.outcome import ASSUMED, conclude, ended_otherwise, find_import, import_document, show_import
from cli.output import Output
from cli.question import can_ask
from cli.review import Yes, agreed, committed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb


class Outcome(StrEnum):
    CREATE = "create"
    DUPLICATE = "duplicate"
    REJECT = "reject"


def imports_commit(
    import_id: ImportId,
    plan: Annotated[str, typer.Option("--plan", metavar="DIGEST", help="Commit exactly this plan.")] = "",
    yes: Yes = False,
    timeout: Timeout = DEFAULT_SECONDS,
    json: Json = False,
) -> None:
    """Commit an import that waits: the plan that is named, or that you are shown."""
    output = Output(as_json=json)
    if not plan and not yes and not can_ask():
        raise Failure("Nobody can be asked here: name the plan by --plan, or take whatever it is by --yes.", USAGE)

    async def work(clients: Clients) -> None:
        found = await find_import(clients, import_id)
        if not plan and not yes:
            if found.state != pb.IMPORT_STATE_READY:
                raise ended_otherwise(found)
            found = await agreed(clients, output, found, timeout)
        else:
            found = await committed(clients, output, found, plan or found.plan.digest, timeout)
        await conclude(clients, output, found)

    run(work)


def imports_discard(import_id: ImportId, json: Json = False) -> None:
    """End an import that waits; nothing of it is booked."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        answer = await clients.imports.DiscardImport(pb.DiscardImportRequest(import_id=import_id))
        output.document(import_document(answer.statement_import))
        output.say(f"{import_id} is discarded. Nothing was imported.")

    run(work)


def imports_decide(
    import_id: ImportId,
    line: Annotated[
        int, typer.Argument(metavar="LINE", min=1, max=2**63 - 1, help="The line of the file; 1 is the first.")
    ],
    outcome: Annotated[Outcome, typer.Argument(help="create books a duplicate as one more; reject leaves a row out.")],
    json: Json = False,
) -> None:
    """Decide about one row of an import that waits; shows the new plan."""
    output = Output(as_json=json)
    request = pb.DecideImportRowRequest(
        import_id=import_id, line=line, outcome=pb.RowOutcome.Value(f"ROW_OUTCOME_{outcome.name}")
    )

    async def work(clients: Clients) -> None:
        decided = (await clients.imports.DecideImportRow(request)).statement_import
        await show_import(clients, output, decided, ASSUMED)
        output.say(f"The plan is {decided.plan.digest} now.")

    run(work)
