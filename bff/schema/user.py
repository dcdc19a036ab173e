"""A person, as user_svc knows them."""

from typing import Self

import strawberry

from bff.schema.enums import EmailState, Role
from bff.schema.node import Node
from bff.schema.scalars import DateTime, time_of
from protos.user.v1 import user_pb2
from runtime.call import Caller


@strawberry.type
class User(Node):
    email: str
    email_state: EmailState
    display_name: str
    locale: str
    time_zone: str
    roles: list[Role] = strawberry.field(description="As one's own sign-in states them; empty on anybody else.")
    create_time: DateTime

    @classmethod
    def from_proto(cls, message: user_pb2.User, caller: Caller) -> Self:
        granted = caller.roles if message.subject == caller.subject else frozenset[str]()
        return cls(
            id=strawberry.ID(message.id),
            email=message.email,
            email_state=EmailState(message.email_state),
            display_name=message.display_name,
            locale=message.locale,
            time_zone=message.time_zone,
            roles=[role for role in Role if role.value in granted],
            create_time=time_of(message.create_time),
        )
