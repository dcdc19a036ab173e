"""`stori transactions`."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.money import amount
from cli.options import DEFAULT_LIMIT, Json, Limit
from cli.output import Output
from cli.pages import listed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

COLUMNS = ("booked", "amount", "currency", "description", "category", "id")


class Order(StrEnum):
    BOOKED_DESC = "booked-desc"
    BOOKED_ASC = "booked-asc"
    AMOUNT_DESC = "amount-desc"
    AMOUNT_ASC = "amount-asc"


class Direction(StrEnum):
    CREDIT = "credit"
    DEBIT = "debit"


def transactions(
    account: Annotated[list[str], typer.Option("--account", help="An id or a name; may be repeated.")] = [],  # noqa: B006 -- typer reads it, nobody writes it
    from_date: Annotated[str, typer.Option("--from", help="First day, as 2026-07-01.")] = "",
    until_date: Annotated[str, typer.Option("--until", help="Last day, as 2026-07-31.")] = "",
    text: Annotated[str, typer.Option("--text", help="Words of the description, or their beginnings.")] = "",
    category: Annotated[str, typer.Option("--category")] = "",
    direction: Annotated[Direction | None, typer.Option("--direction")] = None,
    import_id: Annotated[str, typer.Option("--import", help="Only what this import brought.")] = "",
    order: Annotated[Order, typer.Option("--order")] = Order.BOOKED_DESC,
    limit: Limit = DEFAULT_LIMIT,
    json: Json = False,
) -> None:
    """List transactions, of all your accounts unless told otherwise."""
    output = Output(as_json=json)
    only = pb.TransactionFilter(
        from_date=from_date,
        until_date=until_date,
        text=text,
        category=category,
        direction=pb.Direction.Value(f"DIRECTION_{direction.name}") if direction else pb.DIRECTION_UNSPECIFIED,
        import_id=import_id,
    )

    async def work(clients: Clients) -> None:
        account_ids = [(await find_account(clients, one)).id for one in account]

        async def fetch(token: str, size: int) -> tuple[list[pb.Transaction], str]:
            request = pb.ListTransactionsRequest(
                account_ids=account_ids,
                filter=only,
                order=pb.TransactionOrder.Value(f"TRANSACTION_ORDER_{order.name}"),
                page_size=size,
                page_token=token,
            )
            answer = await clients.transactions.ListTransactions(request)
            return list(answer.transactions), answer.next_page_token

        found = []
        async for one in listed(fetch, limit):
            output.document(one)
            found.append(one)
        output.table(COLUMNS, [_row(one) for one in found], right=("amount",))

    run(work)


def _row(one: pb.Transaction) -> tuple[str, ...]:
    figure = amount(one.amount_minor, one.currency_code)
    return one.booked_on, figure, one.currency_code, one.description, one.category, one.id
