"""`stori accounts`."""

from cli.exits import FAILED, Failure
from cli.money import amount
from cli.options import DEFAULT_LIMIT, Json, Limit
from cli.output import Output
from cli.pages import Fetch, listed
from cli.session import Clients, run
from protos.txn.v1 import txn_pb2 as pb

ID_PREFIX = "acct_"


def accounts(json: Json = False, limit: Limit = DEFAULT_LIMIT) -> None:
    """List your accounts, oldest first."""
    output = Output(as_json=json)

    async def work(clients: Clients) -> None:
        show_accounts(output, [one async for one in listed(_pages(clients), limit)])

    run(work)


def show_accounts(output: Output, found: list[pb.Account]) -> None:
    for one in found:
        output.document(one)
    rows = [
        (
            one.id,
            one.name,
            pb.AccountKind.Name(one.kind).removeprefix("ACCOUNT_KIND_"),
            amount(one.balance_minor, one.currency_code),
            one.currency_code,
            "closed" if one.HasField("close_time") else "open",
        )
        for one in found
    ]
    output.table(("id", "name", "kind", "balance", "currency", "state"), rows, right=("balance",))


async def find_account(clients: Clients, wanted: str) -> pb.Account:
    """The account of this id or this name. Raises Failure where it is none or several."""
    if wanted.startswith(ID_PREFIX):
        return (await clients.accounts.GetAccount(pb.GetAccountRequest(account_id=wanted))).account
    found = [one async for one in listed(_pages(clients), 0) if one.name == wanted]
    if len(found) != 1:
        many = f"{len(found)} accounts are named" if found else "There is no account of yours named"
        raise Failure(f"{many} {wanted}; `stori accounts` lists their ids.", FAILED)
    return found[0]


async def all_accounts(clients: Clients) -> list[pb.Account]:
    return [one async for one in listed(_pages(clients), 0)]


def _pages(clients: Clients) -> Fetch[pb.Account]:
    async def fetch(token: str, size: int) -> tuple[list[pb.Account], str]:
        request = pb.ListAccountsRequest(page_token=token, page_size=size, view=pb.ACCOUNT_VIEW_BASIC)
        answer = await clients.accounts.ListAccounts(request)
        return list(answer.accounts), answer.next_page_token

    return fetch
