"""Changes of a person's own profile."""

import strawberry
from google.protobuf.field_mask_pb2 import FieldMask

from bff.context import Context, Info
from bff.schema.refusals import UserError, attempt
from bff.schema.user import User
from protos.user.v1 import user_pb2
from runtime.refusals import NotFound

PROFILE_FIELDS = ("display_name", "locale", "time_zone")


@strawberry.input(description="A field that is left out, or null, stays as it is.")
class ProfileUpdateInput:
    display_name: str | None = None
    locale: str | None = strawberry.field(default=None, description="BCP 47, for example es-MX")
    time_zone: str | None = strawberry.field(default=None, description="IANA, for example America/Mexico_City")

    def to_proto(self) -> user_pb2.UpdateUserRequest:
        changes = {name: value for name in PROFILE_FIELDS if (value := getattr(self, name)) is not None}
        return user_pb2.UpdateUserRequest(user=user_pb2.User(**changes), update_mask=FieldMask(paths=list(changes)))


@strawberry.type
class UserPayload:
    user: User | None
    user_errors: list[UserError]


@strawberry.type
class ProfileMutation:
    @strawberry.mutation
    async def profile_update(self, info: Info, input: ProfileUpdateInput) -> UserPayload:  # noqa: A002
        updated, errors = await attempt(_update(info.context, input.to_proto()))
        info.context.forget()
        return UserPayload(user=updated, user_errors=errors)


async def _update(context: Context, request: user_pb2.UpdateUserRequest) -> User:
    users = context.clients.users
    try:
        answer = await users.UpdateUser(request)
    except NotFound:  # not registered yet: the first call of a person may be this one
        await users.EnsureUser(user_pb2.EnsureUserRequest())
        answer = await users.UpdateUser(request)
    return User.from_proto(answer.user, context.caller)
