"""Refusals a person can act on, as part of a mutation's answer."""

from collections.abc import Awaitable
from typing import Final, TypeVar

import strawberry

from bff.errors import USER_ERRORS
from runtime.refusals import InvalidArgument, Refusal

T = TypeVar("T")

IDEMPOTENCY_KEY: Final = "Up to 128 printable characters: a repeat within 7 days returns the first answer."

# Messages whose fields are an input's own here.
_FLATTENED: Final = ("account.", "user.")
_OWN_NAMES: Final = {"from_date": "from", "until_date": "to"}


@strawberry.interface(description="A refusal a person can act on. Each mutation may add its own enum of codes.")
class UserError:
    code: str
    message: str
    path: list[str] = strawberry.field(description='Where in the arguments: ["input", "openingBalance"]')


@strawberry.type
class InputError(UserError):
    pass


async def attempt(change: Awaitable[T]) -> tuple[T | None, list[UserError]]:
    """What a change gives, or why it was refused. Other failures are raised."""
    try:
        return await change, []
    except USER_ERRORS as refusal:
        return None, input_errors(refusal)


def input_errors(refusal: Refusal) -> list[UserError]:
    """One for each field at fault, or one for the whole input."""
    if not refusal.fields:
        return [InputError(code=refusal.reason, message=refusal.message, path=["input"])]
    return [
        InputError(code=refusal.reason, message=_sentence(refusal, field), path=["input", *input_path(field)])
        for field in refusal.fields
    ]


def _sentence(refusal: Refusal, field: str) -> str:
    """The refusal's own sentence, where it has one that is not only a list of fields."""
    if refusal.reason == InvalidArgument.default_reason:
        return f"{input_path(field)[-1]} {refusal.fields[field]}."
    return refusal.message if len(refusal.fields) == 1 else f"{refusal.message} {refusal.fields[field]}"


def input_path(field: str) -> list[str]:
    """`opening_balance_minor` is `openingBalance` here, `user.display_name` `displayName`, and `ids[1]` `ids`, `1`."""
    for prefix in _FLATTENED:
        field = field.removeprefix(prefix)
    parts = field.replace("[", ".").replace("]", "").split(".")
    return [_OWN_NAMES.get(part) or _camel(part.removesuffix("_minor")) for part in parts if part]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
