"""`stori transactions`."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated

import typer

from cli.accounts import find_account
from cli.filters import BroughtBy, Category, DirectionOption, FromDate, UntilDate, Words, transaction_filter
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


def transactions(
    account: Annotated[list[str], typer.Option("--account", help="An id or a name; may be repeated.")] = [],  # noqa: B006 -- typer reads it, nobody writes it
    from_date: FromDate = "",
    until_date: UntilDate = "",
    text: Words = "",
    category: Category = "",
    direction: DirectionOption = None,
    import_id: BroughtBy = "",
    order: Annotated[Order, typer.Option("--order")] = Order.BOOKED_DESC,
    limit: Limit = DEFAULT_LIMIT,
    json: Json = False,
) -> None:
    """List transactions, of all your accounts unless told otherwise."""
    output = Output(as_json=json)
    only = transaction_filter(from_date, until_date, text, category, direction, import_id)

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
        _show_table(output, found)

    run(work)


def show_transactions(output: Output, found: Collection[pb.Transaction]) -> None:
    for one in found:
        output.document(one)
    _show_table(output, found)


def _show_table(output: Output, found: Collection[pb.Transaction]) -> None:
    output.table(COLUMNS, [_row(one) for one in found], right=("amount",))


def _row(one: pb.Transaction) -> tuple[str, ...]:
    figure = amount(one.amount_minor, one.currency_code)
    return one.booked_on, figure, one.currency_code, one.description, one.category, one.id
