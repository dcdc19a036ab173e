"""`stori account`: one account opened, changed, closed and opened again."""

import secrets
from enum import StrEnum
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from cli.accounts import find_account, show_accounts
from cli.exits import USAGE, Failure
from cli.money import minor_units
from cli.options import Json
from cli.output import Output
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

Named = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its id or its name.")]
OpeningBalance = Annotated[str, typer.Option("--opening-balance", help="Such as 100.00; a debt is negative.")]
OpeningDate = Annotated[str, typer.Option("--opening-date", help="The day it was so, as 2026-07-01.")]


class Kind(StrEnum):
    DEBIT = "debit"
    CREDIT = "credit"


def account_open(
    name: Annotated[str, typer.Argument(help="How you call it.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217, such as USD.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What your bank calls it.")] = Kind.DEBIT,
    opening_balance: OpeningBalance = "",
    opening_date: OpeningDate = "",
    json: Json = False,
) -> None:
    """Open an account."""
    output, currency = Output(as_json=json), currency.upper()
    request = pb.OpenAccountRequest(
        name=name,
        kind=pb.AccountKind.Value(f"ACCOUNT_KIND_{kind.name}"),
        currency_code=currency,
        opening_balance_minor=_opening_minor(opening_balance or "0", currency, "--opening-balance or --currency"),
        opening_date=opening_date,
        idempotency_key=secrets.token_hex(16),
    )

    async def work(clients: Clients) -> None:
        show_accounts(output, [(await clients.accounts.OpenAccount(request)).account])

    run(work)


def account_update(
    account: Named,
    name: Annotated[str, typer.Option("--name", help="How you call it from now on.")] = "",
    opening_balance: OpeningBalance = "",
    opening_date: OpeningDate = "",
    no_opening_date: Annotated[
        bool, typer.Option("--no-opening-date", help="The opening balance is that before the first transaction.")
    ] = False,
    json: Json = False,
) -> None:
    """Change an account's name or what it opened with."""
    output = Output(as_json=json)
    if opening_date and no_opening_date:
        raise Failure("--opening-date and --no-opening-date exclude each other.", USAGE)
    given = {
        "name": bool(name),
        "opening_balance_minor": bool(opening_balance),
        "opening_date": bool(opening_date) or no_opening_date,
    }
    mask = FieldMask(paths=[path for path, is_given in given.items() if is_given])
    if not mask.paths:
        raise Failure("There is nothing to change: give --name, --opening-balance or --opening-date.", USAGE)

    async def work(clients: Clients) -> None:
        found = await find_account(clients, account)
        changed = pb.Account(id=found.id, name=name, opening_date=opening_date)
        if opening_balance:
            changed.opening_balance_minor = _opening_minor(opening_balance, found.currency_code, "--opening-balance")
        request = pb.UpdateAccountRequest(account=changed, update_mask=mask)
        show_accounts(output, [(await clients.accounts.UpdateAccount(request)).account])

    run(work)


def account_close(account: Named, json: Json = False) -> None:
    """Close an account: nothing can be added to it any more."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        request = pb.CloseAccountRequest(account_id=(await find_account(clients, account)).id)
        show_accounts(output, [(await clients.accounts.CloseAccount(request)).account])

    run(work)


def account_reopen(account: Named, json: Json = False) -> None:
    """Open a closed account again."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        request = pb.ReopenAccountRequest(account_id=(await find_account(clients, account)).id)
        show_accounts(output, [(await clients.accounts.ReopenAccount(request)).account])

    run(work)


def _opening_minor(text: str, currency: str, option: str) -> int:
    try:
        return minor_units(text, currency)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
