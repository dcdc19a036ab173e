"""`stori imports repeat`: a kept file read again, in place of its first reading."""

import secrets
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.answers import Answers, Declined, Unanswered, answers_of, answers_to_proto
from cli.exits import Failure
from cli.following import DEFAULT_SECONDS, Timeout, followed
from cli.imports import ImportId
from cli.options import Json
from cli.outcome import conclude
from cli.output import Output
from cli.review import Format, ReviewOption, Yes, decided, review_of
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb


def imports_repeat(
    import_id: ImportId,
    account: Annotated[str, typer.Option("--account", help="Into this one, by id or name; the same without it.")] = "",
    format_id: Format = "",
    answer: Answers = [],  # noqa: B006 -- typer reads it, nobody writes it
    review: ReviewOption = None,
    yes: Yes = False,
    timeout: Timeout = DEFAULT_SECONDS,
    json: Json = False,
) -> None:
    """Undo an import and read its file again, into another account, in another format or with other answers."""
    output, wanted, given = Output(as_json=json), review_of(review, yes=yes), answers_of(answer)

    async def work(clients: Clients) -> None:
        request = pb.RepeatImportRequest(
            import_id=import_id,
            account_id=(await find_account(clients, account)).id if account else "",
            format_id=format_id,
            answers=answers_to_proto(given),
            review=wanted,
            idempotency_key=secrets.token_hex(16),
        )
        started = (await clients.imports.RepeatImport(request)).statement_import
        read = await followed(clients, output, started, timeout)
        try:
            done = await decided(clients, output, read, timeout, given, yes=yes)
        except Unanswered as unanswered:
            raise Failure(f"Nothing was imported, and {import_id} is as it was.", unanswered.code) from None
        except Declined as declined:
            raise Failure(f"Nothing was imported, and {import_id} stays undone.", declined.code) from None
        await conclude(clients, output, done)

    run(work)
