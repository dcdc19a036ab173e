"""What the resolvers of one request share, and nothing of another's."""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import strawberry

from bff.clients import Clients
from bff.loaders import Loaders
from protos.txn.v1 import txn_pb2 as pb
from protos.user.v1 import user_pb2
from runtime.call import Caller
from runtime.ids import from_id, to_id
from runtime.refusals import InvalidArgument, NotFound

MAX_ACCOUNT_PAGES: Final = 5
MAX_OWN_CALLS: Final = 8  # at once: the calls of one request must not queue before those of all others
MAX_MONTHS: Final = 12_000  # a hundred accounts, ten years each
MAX_PERIODS: Final = 12_000  # and as many files, none of which meets the next
_PEOPLE = uuid5(NAMESPACE_URL, "urn:stori:viewer")


@dataclass
class Context:
    """One per request."""

    caller: Caller
    clients: Clients
    loaders: Loaders
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_OWN_CALLS))
    _months: int = 0
    _periods: int = 0

    @property
    def viewer_id(self) -> str:
        """The same for the same person, whether or not user_svc answers."""
        return to_id("viewer", uuid5(_PEOPLE, self.caller.subject))

    def forget(self) -> None:
        """Drops what was loaded: a mutation may have changed it."""
        self.loaders = Loaders(self.clients)

    def spend_months(self, count: int) -> None:
        """Counts the months of an answer, which no document tells beforehand. Raises InvalidArgument for too many."""
        self._months += count
        if self._months > MAX_MONTHS:
            raise InvalidArgument(
                f"The answer would hold more than {MAX_MONTHS:,} months: narrow `fromMonth` and `toMonth`.",
                reason="TOO_MANY_MONTHS",
            )

    def spend_periods(self, count: int) -> None:
        """Counts the periods of coverage in an answer. Raises InvalidArgument for too many."""
        self._periods += count
        if self._periods > MAX_PERIODS:
            raise InvalidArgument(
                f"The answer would hold more than {MAX_PERIODS:,} periods of coverage: ask for fewer accounts at once.",
                reason="TOO_MANY_PERIODS",
            )

    async def me(self) -> user_pb2.User:
        """The caller's own record; the first time anybody asks for it, it is made."""
        try:
            return (await self.clients.users.GetUser(user_pb2.GetUserRequest())).user
        except NotFound:
            return (await self.clients.users.EnsureUser(user_pb2.EnsureUserRequest())).user

    async def accounts(self, view: pb.AccountView.ValueType) -> list[pb.Account]:
        """All the caller's accounts, oldest first; the service bounds how many one may have."""
        found: list[pb.Account] = []
        token = ""
        for _ in range(MAX_ACCOUNT_PAGES):
            request = pb.ListAccountsRequest(page_size=100, page_token=token, view=view)
            page = await self.clients.accounts.ListAccounts(request)
            found.extend(page.accounts)
            token = page.next_page_token
            if not token:
                break
        self.loaders.accounts.prime_many({account.id: account for account in found})
        return found

    async def currency_of(self, account_id: str, field: str = "account_id") -> str:
        """The currency an account's amounts are meant in. Raises what txn_svc does of such an id: NotFound, or
        InvalidArgument, which names `field`."""
        from_id("acct", account_id, field)
        found = await self.loaders.accounts.load(account_id)
        if found is None:
            raise NotFound("There is no such account.", reason="ACCOUNT_NOT_FOUND")
        return str(found.currency_code)


Info = strawberry.Info[Context, None]
