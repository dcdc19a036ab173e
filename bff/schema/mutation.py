"""The root of every change."""

import strawberry
from google.protobuf.field_mask_pb2 import FieldMask

from bff.context import Context, Info
from bff.schema.account import Account
from bff.schema.enums import AccountKind, Review
from bff.schema.fields import field
from bff.schema.imports import Import
from bff.schema.money import decimals_of, minor_units
from bff.schema.refusals import UserError, attempt
from bff.schema.scalars import Date, Decimal
from bff.schema.user import User
from protos.txn.v1 import txn_pb2 as pb
from protos.user.v1 import user_pb2
from runtime.refusals import NotFound

PROFILE_FIELDS = ("display_name", "locale", "time_zone")
_KEY = "Up to 128 printable characters: a repeat within 7 days returns the first answer."


@strawberry.input
class AccountOpenInput:
    name: str
    kind: AccountKind
    currency_code: str = strawberry.field(description="ISO 4217")
    opening_balance: Decimal | None = None
    opening_date: Date | None = None
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)

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


@strawberry.input
class ImportStartInput:
    account_id: strawberry.ID
    file_name: str
    size_bytes: int
    review: Review | None = Review.NEVER
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)

    def to_proto(self) -> pb.StartImportRequest:
        return pb.StartImportRequest(
            account_id=self.account_id,
            file_name=self.file_name,
            size_bytes=self.size_bytes,
            review=pb.Review.ValueType((self.review or Review.NEVER).value),
            idempotency_key=self.idempotency_key or "",
        )


@strawberry.input(description="A field that is left out, or null, stays as it is.")
class ProfileUpdateInput:
    display_name: str | None = None
    locale: str | None = strawberry.field(default=None, description="BCP 47, for example es-MX")
    time_zone: str | None = strawberry.field(default=None, description="IANA, for example America/Mexico_City")

    def to_proto(self) -> user_pb2.UpdateUserRequest:
        changes = {name: value for name in PROFILE_FIELDS if (value := getattr(self, name)) is not None}
        return user_pb2.UpdateUserRequest(user=user_pb2.User(**changes), update_mask=FieldMask(paths=list(changes)))


@strawberry.type
class AccountPayload:
    account: Account | None
    user_errors: list[UserError]


@strawberry.type
class ImportPayload:
    statement_import: Import | None = strawberry.field(name="import")
    user_errors: list[UserError]


@strawberry.type
class UserPayload:
    user: User | None
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def account_open(self, info: Info, input: AccountOpenInput) -> AccountPayload:  # noqa: A002
        opened, errors = await attempt(_open_account(info.context, input))
        info.context.forget()
        return AccountPayload(account=opened, user_errors=errors)

    @field(description="Announces a file; `import.upload` is the form with which to post it.")
    async def import_start(self, info: Info, input: ImportStartInput) -> ImportPayload:  # noqa: A002
        started, errors = await attempt(_start_import(info.context, input))
        info.context.forget()
        return ImportPayload(statement_import=started, user_errors=errors)

    @strawberry.mutation
    async def profile_update(self, info: Info, input: ProfileUpdateInput) -> UserPayload:  # noqa: A002
        updated, errors = await attempt(_update_profile(info.context, input.to_proto()))
        info.context.forget()
        return UserPayload(user=updated, user_errors=errors)


async def _open_account(context: Context, given: AccountOpenInput) -> Account:
    request = given.to_proto()
    # Registers whoever comes for the first time: the mails about an account need a holder with an address.
    await context.me()
    return Account.from_proto((await context.clients.accounts.OpenAccount(request)).account)


async def _start_import(context: Context, given: ImportStartInput) -> Import:
    return Import.from_proto((await context.clients.imports.StartImport(given.to_proto())).statement_import)


async def _update_profile(context: Context, request: user_pb2.UpdateUserRequest) -> User:
    users = context.clients.users
    try:
        answer = await users.UpdateUser(request)
    except NotFound:  # not registered yet: the first call of a person may be this one
        await users.EnsureUser(user_pb2.EnsureUserRequest())
        answer = await users.UpdateUser(request)
    return User.from_proto(answer.user, context.caller)
