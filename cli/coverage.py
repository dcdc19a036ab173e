"""`stori coverage`: which days an account's imports cover."""

from typing import Annotated

import typer

from cli.accounts import find_account
from cli.options import Json
from cli.output import Output
from cli.proof import PROOFS
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

COLUMNS = ("from", "to", "proof")


def coverage(
    account: Annotated[str, typer.Argument(help="An account's id or name.")],
    json: Json = False,
) -> None:
    """Show which days imports cover, and whether the balances in their files prove them complete."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        found = await find_account(clients, account)
        answer = await clients.accounts.ListCoverage(pb.ListCoverageRequest(account_id=found.id))
        output.document(answer)
        output.table(COLUMNS, [(one.from_date, one.to_date, PROOFS[one.proof]) for one in answer.periods])

    run(work)
