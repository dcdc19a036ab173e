"""What every object with an id of its own has."""

import strawberry

from runtime.ids import from_id, prefix_of
from runtime.refusals import InvalidArgument


@strawberry.interface
class Node:
    id: strawberry.ID


def kind_of(node_id: str) -> str | None:
    """The prefix of an id as the services take it; None for any other text."""
    prefix = prefix_of(node_id)
    try:
        return prefix if prefix and from_id(prefix, node_id) else None
    except InvalidArgument:
        return None
