"""`stori record`, `stori annotate` and `stori delete`: transactions by hand."""

import secrets
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.exits import USAGE, Failure
from cli.money import minor_units
from cli.options import Account, Json
from cli.output import Output
from cli.session import Clients, run
from cli.transactions import show_transactions
from protos.txn.v1 import txn_pb2 as pb


def record(
    account: Account,
    date: Annotated[str, typer.Option("--date", help="The day it was booked, as 2026-07-15.")],
    amount: Annotated[str, typer.Option("--amount", help="Such as -12.50; what was spent is negative.")],
    description: Annotated[str, typer.Option("--description")],
    category: Annotated[str, typer.Option("--category")] = "",
    note: Annotated[str, typer.Option("--note")] = "",
    json: Json = False,
) -> None:
    """Record a transaction by hand: always a new one, also where there are others like it."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        holder = await find_account(clients, account)
        try:
            amount_minor = minor_units(amount, holder.currency_code)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--amount") from None
        request = pb.RecordTransactionRequest(
            account_id=holder.id,
            booked_on=date,
            amount_minor=amount_minor,
            currency_code=holder.currency_code,
            description=description,
            category=category,
            note=note,
            idempotency_key=secrets.token_hex(16),
        )
        show_transactions(output, [(await clients.transactions.RecordTransaction(request)).transaction])

    run(work)


def annotate(
    transaction: Annotated[list[str], typer.Argument(metavar="TXN", help="Ids, txn_…, up to 100.")],
    category: Annotated[str | None, typer.Option("--category", help="An empty one takes it away.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="An empty one takes it away.")] = None,
    json: Json = False,
) -> None:
    """Give transactions a category or a note: all of them or, where one is missing, none."""
    output = Output(as_json=json)
    if category is None and note is None:
        raise Failure("There is nothing to change: give --category or --note.", USAGE)
    request = pb.UpdateTransactionsRequest(transaction_ids=transaction, category=category, note=note)

    async def work(clients: Clients) -> None:
        show_transactions(output, (await clients.transactions.UpdateTransactions(request)).transactions)

    run(work)


def delete(
    transaction: Annotated[str, typer.Argument(metavar="TXN", help="The id of a record made by hand, txn_….")],
    json: Json = False,
) -> None:
    """Take back a transaction that was recorded by hand."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        request = pb.DeleteTransactionRequest(transaction_id=transaction)
        answer = await clients.transactions.DeleteTransaction(request)
        output.document(answer)
        if answer.HasField("transaction"):
            output.say(f"{transaction} stays: {answer.transaction.import_id} brought it too.")
        else:
            output.say(f"{transaction} is gone.")

    run(work)
