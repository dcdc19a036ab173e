"""`stori verify`: are the kept figures what the transactions give?"""

from typing import Annotated

import typer

from cli.accounts import all_accounts, find_account
from cli.exits import FAILED, Failure
from cli.options import Json
from cli.output import Output
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

# The server reads every transaction of the account.
SECONDS = 30.0
COLUMNS = ("account", "figure", "kept", "computed")


def verify(
    account: Annotated[list[str], typer.Argument(help="Ids or names; all of yours without one.")] = [],  # noqa: B006 -- typer reads it, nobody writes it
    json: Json = False,
) -> None:
    """Recompute accounts from their transactions; ends with 1 and names each figure that differs."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        named = [await find_account(clients, one) for one in account] if account else await all_accounts(clients)
        wrong: list[tuple[str, ...]] = []
        for one in named:
            request = pb.VerifyAccountRequest(account_id=one.id)
            answer = await clients.accounts.VerifyAccount(request, timeout=SECONDS)
            output.document(answer)
            wrong += [(one.name, found.figure, found.kept, found.computed) for found in answer.differences]
            if not answer.differences:
                output.say(f"{one.name}: {answer.transaction_count} transactions, all figures agree")
        if wrong:
            output.table(COLUMNS, wrong, right=("kept", "computed"))
            raise Failure("Figures differ from what the transactions give.", FAILED)

    run(work)
