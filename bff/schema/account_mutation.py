"""Changes of accounts."""

from typing import Any

import strawberry
from google.protobuf.field_mask_pb2 import FieldMask

from bff.context import Context, Info
from bff.schema.account import Account
from bff.schema.enums import AccountKind
from bff.schema.fields import field
from bff.schema.money import decimals_in, decimals_of, minor_units
from bff.schema.refusals import IDEMPOTENCY_KEY, UserError, attempt
from bff.schema.scalars import Date, Decimal
from protos.txn.v1 import txn_pb2 as pb
from runtime.ids import from_id
from runtime.refusals import InvalidArgument


@strawberry.input
class AccountOpenInput:
    name: str
    kind: AccountKind
    currency_code: str = strawberry.field(description="ISO 4217")
    opening_balance: Decimal | None = None
    opening_date: Date | None = None
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def to_proto(self) -> pb.OpenAccountRequest:
        opening_minor = 0
        if self.opening_balance is not None:
            decimals = decimals_of(self.currency_code, "currency_code")
            opening_minor = minor_units(self.opening_balance, decimals, "opening_balance")
        return pb.OpenAccountRequest(
            name=self.name,
            kind=pb.AccountKind.ValueType(self.kind.value),
            currency_code=self.currency_code,
            opening_balance_minor=opening_minor,
            opening_date=self.opening_date or "",
            idempotency_key=self.idempotency_key or "",
        )


@strawberry.input(description="A field that is left out stays as it is.")
class AccountUpdateInput:
    account_id: strawberry.ID
    name: str | None = strawberry.field(default=None, description="Null: as it is.")
    opening_balance: Decimal | None = strawberry.field(
        default=None, description="Before the first transaction, or at the beginning of openingDate. Null: as it is."
    )
    opening_date: Date | None = strawberry.field(
        default=strawberry.UNSET, description="Null removes it: the balance is that before the first transaction."
    )

    async def to_proto(self, context: Context) -> pb.UpdateAccountRequest:
        """Raises NotFound and InvalidArgument."""
        from_id("acct", self.account_id, "account_id")
        changes: dict[str, Any] = {}
        if self.name is not None:
            changes["name"] = self.name
        if self.opening_balance is not None:
            decimals = decimals_in(await context.currency_of(self.account_id))
            changes["opening_balance_minor"] = minor_units(self.opening_balance, decimals, "opening_balance")
        if self.opening_date is not strawberry.UNSET:
            changes["opening_date"] = self.opening_date or ""
        if not changes:
            raise InvalidArgument("There is nothing to change.", reason="NOTHING_TO_CHANGE")
        return pb.UpdateAccountRequest(
            account=pb.Account(id=self.account_id, **changes), update_mask=FieldMask(paths=list(changes))
        )


@strawberry.input
class AccountIdInput:
    account_id: strawberry.ID


@strawberry.type
class AccountPayload:
    account: Account | None
    user_errors: list[UserError]


@strawberry.type
class AccountMutation:
    @strawberry.mutation
    async def account_open(self, info: Info, input: AccountOpenInput) -> AccountPayload:  # noqa: A002
        opened, errors = await attempt(_open(info.context, input))
        info.context.forget()
        return AccountPayload(account=opened, user_errors=errors)

    @strawberry.mutation
    async def account_update(self, info: Info, input: AccountUpdateInput) -> AccountPayload:  # noqa: A002
        updated, errors = await attempt(_update(info.context, input))
        info.context.forget()
        return AccountPayload(account=updated, user_errors=errors)

    @field(description="Nothing may be added to a closed account; it can be reopened.")
    async def account_close(self, info: Info, input: AccountIdInput) -> AccountPayload:  # noqa: A002
        closed, errors = await attempt(_close(info.context, input))
        info.context.forget()
        return AccountPayload(account=closed, user_errors=errors)

    @strawberry.mutation
    async def account_reopen(self, info: Info, input: AccountIdInput) -> AccountPayload:  # noqa: A002
        reopened, errors = await attempt(_reopen(info.context, input))
        info.context.forget()
        return AccountPayload(account=reopened, user_errors=errors)


async def _open(context: Context, given: AccountOpenInput) -> Account:
    request = given.to_proto()
    # Registers whoever comes for the first time: the mails about an account need a holder with an address.
    await context.me()
    return Account.from_proto((await context.clients.accounts.OpenAccount(request)).account)


async def _update(context: Context, given: AccountUpdateInput) -> Account:
    request = await given.to_proto(context)
    return Account.from_proto((await context.clients.accounts.UpdateAccount(request)).account)


async def _close(context: Context, given: AccountIdInput) -> Account:
    request = pb.CloseAccountRequest(account_id=given.account_id)
    return Account.from_proto((await context.clients.accounts.CloseAccount(request)).account)


async def _reopen(context: Context, given: AccountIdInput) -> Account:
    request = pb.ReopenAccountRequest(account_id=given.account_id)
    return Account.from_proto((await context.clients.accounts.ReopenAccount(request)).account)
