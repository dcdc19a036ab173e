"""`strawberry.field` with a name or a description: its own signature then gives `Any`, which mypy refuses."""

from collections.abc import Callable
from typing import Any

import strawberry

Resolver = Callable[..., Any]


def field(*, name: str | None = None, description: str | None = None) -> Callable[[Resolver], Resolver]:
    decorate: Callable[[Resolver], Resolver] = strawberry.field(name=name, description=description)
    return decorate
