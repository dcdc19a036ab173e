"""`stori summary`: an account's figures by month."""

from typing import Annotated

import typer

from cli.accounts import all_accounts, find_account
from cli.exits import Failure
from cli.money import amount
from cli.options import Json
from cli.output import Output
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

BATCH = 100
FIGURES = ("count", "credits", "debits", "average credit", "average debit", "balance")
COLUMNS = ("account", "month", *FIGURES, "currency")


def summary(
    account: Annotated[list[str], typer.Argument(help="Ids or names; all of yours without one.")] = [],  # noqa: B006 -- typer reads it, nobody writes it
    from_month: Annotated[str, typer.Option("--from", help="First month, as 2026-01.")] = "",
    until_month: Annotated[str, typer.Option("--until", help="Last month, as 2026-12.")] = "",
    json: Json = False,
) -> None:
    """Show balances, totals and averages, by month and in all."""
    output = Output(as_json=json)
    months = pb.MonthRange(from_month=from_month, until_month=until_month)

    async def work(clients: Clients) -> None:
        named = [await find_account(clients, one) for one in account] if account else await all_accounts(clients)
        rows: list[tuple[str, ...]] = []
        for start in range(0, len(named), BATCH):
            batch = named[start : start + BATCH]
            request = pb.BatchGetSummariesRequest(account_ids=[one.id for one in batch], months=months)
            answer = await clients.accounts.BatchGetSummaries(request)
            for one, result in zip(batch, answer.results, strict=True):
                if not result.HasField("summary"):
                    raise Failure(f"There is no account {one.id} any more.")
                output.document(result)
                rows += _rows(one.name, result.summary)
        output.table(COLUMNS, rows, right=FIGURES)

    run(work)


def _rows(name: str, found: pb.Summary) -> list[tuple[str, ...]]:
    months = [_row(name, month.month, month, _closing(month), found.currency_code) for month in found.months]
    return [*months, _row(name, "all", found, found.balance_minor, found.currency_code)]


def _row(
    name: str, month: str, figures: pb.MonthSummary | pb.Summary, balance: int | None, currency: str
) -> tuple[str, ...]:
    credit = figures.average_credit_minor if figures.HasField("average_credit_minor") else None
    debit = figures.average_debit_minor if figures.HasField("average_debit_minor") else None
    minors = (figures.credit_total_minor, figures.debit_total_minor, credit, debit, balance)
    amounts = ("" if minor is None else amount(minor, currency) for minor in minors)
    return name, month, str(figures.transaction_count), *amounts, currency


def _closing(month: pb.MonthSummary) -> int | None:
    return month.closing_balance_minor if month.HasField("closing_balance_minor") else None
